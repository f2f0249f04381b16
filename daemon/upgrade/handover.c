/* SPDX-License-Identifier: MIT */
/*
 * All that a supervisor knows, written as text by one program and restored by the next.
 *
 * Flow: one table a structure says which of its members go, in both directions. A generation is a line, followed by its
 * limits, pools, listeners and processes.
 */
#include "upgrade/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "generation/child.h"
#include "generation/generation.h"
#include "upgrade/handover_fields.h"
#include "upgrade/handover_text.h"

#define WRITE(w, kind, fields, from) handover_text_write(w, kind, fields, array_n(fields), from)
#define READ(rest, fields, to) handover_text_read(rest, fields, array_n(fields), to)

/* ---- save ---- */

static const struct handover_text_field of_image[] = {
	HANDOVER_TEXT_FIELD(handover_image, fd, FD),
	HANDOVER_TEXT_FIELD(handover_image, path, TEXT),
	HANDOVER_TEXT_FIELD(handover_image, dumpable, NUMBER),
	HANDOVER_TEXT_FIELD(handover_image, layout, NUMBER),
};

static void write_generation(struct handover_text_writer *w, const char *kind, const struct generation *g)
{
	size_t pools_n = SETTINGS_POOLS_MAX;

	WRITE(w, kind, of_generation, g);
	if (g->limits) {
		WRITE(w, "key", of_key, g->limits);
		WRITE(w, "limits", of_limits, g->limits);
	}
	while (pools_n && !g->pools[pools_n - 1].name[0])
		pools_n--;
	for (size_t i = 0; i < pools_n; i++)
		WRITE(w, "pool", of_pool, &g->pools[i]);
	for (size_t i = 0; i < g->listeners_n; i++)
		WRITE(w, "listener", of_listener, &g->listeners[i]);
	for (const struct child *c = g->children; c; c = c->next)
		WRITE(w, "child", of_child, c);
}

static void write_all(struct handover_text_writer *w, const struct handover *h, const struct handover_image *image)
{
	const struct listener *control = control_listener(h->control);
	const struct fleet *f = h->fleet;

	handover_text_begin(w);
	WRITE(w, "image", of_image, image);
	WRITE(w, "fleet", of_fleet, f);
	WRITE(w, "shared", of_shared, f);
	for (uint32_t i = 0; i < f->pool_names.n; i++)
		WRITE(w, "pool_name", of_pool_name, f->pool_names.names[i]);
	for (uint32_t i = 0; i < f->labels.n; i++)
		WRITE(w, "label", of_label, f->labels.names[i]);
	for (size_t i = 0; i < f->passed.n; i++)
		WRITE(w, "passed", of_passed, &f->passed.sockets[i]);
	WRITE(w, "control", of_control, h->control);
	if (control)
		WRITE(w, "control_socket", of_control_socket, control);
	for (const struct generation *g = f->draining; g; g = g->next)
		write_generation(w, "draining", g);
	write_generation(w, "current", f->current);
}

int handover_write(const struct handover *h, const struct handover_image *image, struct handover_parcel *ret)
{
	int copy = dup(ret->state_fd); /* fclose(3) closes it */
	struct handover_text_writer w = { .to = copy < 0 ? NULL : fdopen(copy, "w") };

	if (!w.to) {
		int r = -errno;
		if (copy >= 0)
			close(copy);
		return r;
	}
	write_all(&w, h, image);
	int r = handover_text_end(&w);
	if (fclose(w.to) == EOF && r == 0)
		r = -errno;
	if (r < 0) {
		free(w.fds);
		return r;
	}
	ret->fds = w.fds;
	ret->fds_n = w.fds_n;
	return 0;
}

/* ---- restore ---- */

/* One restoring. */
static struct {
	struct handover_text_reader reader;
	struct handover_image image;
	struct fleet *f;
	struct control *control;
	struct generation *g; /* whose lines are read */
	struct generation **last_draining;
	struct limits_memory key; /* of the limits that follow */
	bool has_key;
	uint32_t pools_n;
	bool only_try, is_strange; /* the shared memory has another layout */
	int unused[2];             /* memory of that layout: only the program before can use it */
	size_t unused_n;
} restoring;

int handover_open(char *text, struct handover_image *ret, struct text *why)
{
	unsigned version = 0;
	char *rest = NULL;
	int r = handover_text_open(&restoring.reader, text, &version);

	if (r == -EPROTO)
		text_addf(why, "the program that runs hands over a state of version %u, and this one takes version %d",
			  version, HANDOVER_TEXT_VERSION);
	else if (r == 0) {
		const char *kind = handover_text_next(&restoring.reader, &rest);
		if (!kind || strcmp(kind, "image") != 0 || READ(rest, of_image, &restoring.image) < 0)
			r = -EINVAL;
	}
	if (r == -EINVAL)
		text_add(why, "what the program that runs hands over is not whole");
	if (r == 0)
		*ret = restoring.image;
	return r;
}

/* A descriptor that is said to be open; -1 is fine. Whatever has none any more is left out, but for the memory that all
 * share. */
static int check(int fd)
{
	return fd < 0 || fcntl(fd, F_GETFD) >= 0 ? 0 : -EBADF;
}

/* Memory of another layout stays open as long as the program before may come back for it. */
static void put_aside(int fd)
{
	if (fd >= 0 && restoring.unused_n < array_n(restoring.unused))
		restoring.unused[restoring.unused_n++] = fd;
}

static int take_fleet(char *rest)
{
	struct fleet *f = restoring.f;
	int r = READ(rest, of_fleet, f);

	if (r < 0)
		return r;
	restoring.is_strange = restoring.image.layout != shared_layout();
	if (check(f->shared_fd) < 0 || check(f->life[0]) < 0 || check(f->life[1]) < 0)
		return -EBADF;
	if (!restoring.is_strange)
		return f->shared_fd < 0 ? -EINVAL : 0;
	put_aside(f->shared_fd); /* those who use it have it mapped */
	f->shared_fd = -1;
	return fleet_share(f);
}

static int take_shared(char *rest)
{
	struct fleet *f = restoring.f;

	if (restoring.is_strange) /* what it says is of the old one */
		return 0;
	if (READ(rest, of_shared, f) < 0 || f->shared_fd < 0 || f->shared || f->records.n > SHARED_RECORDS_MAX)
		return -EINVAL;
	return fleet_share(f);
}

static int take_pool_name(char *rest)
{
	struct pool_name name;

	if (READ(rest, of_pool_name, &name) < 0)
		return -EINVAL;
	return restoring.is_strange || pool_deaths_add_pool(&restoring.f->pool_names, name.name) != POOL_DEATHS_NOBODY
		       ? 0
		       : -EINVAL;
}

static int take_label(char *rest)
{
	struct labels *l = &restoring.f->labels;

	if (l->n == TABLE_ROWS_MAX || READ(rest, of_label, l->names[l->n]) < 0)
		return -EINVAL;
	l->newest[l->n++] = restoring.f->generations;
	return 0;
}

static int take_passed(char *rest)
{
	struct adopt *a = &restoring.f->passed;

	if (a->n == ADOPT_MAX || READ(rest, of_passed, &a->sockets[a->n]) < 0)
		return -EINVAL;
	if (check(a->sockets[a->n].fd) == 0)
		a->n++;
	return 0;
}

static int take_control(char *rest)
{
	return READ(rest, of_control, restoring.control);
}

static int take_control_socket(char *rest)
{
	struct listener l = { .fd = -1 };

	if (READ(rest, of_control_socket, &l) < 0)
		return -EINVAL;
	return check(l.fd) < 0 ? 0 : control_restore(restoring.control, &l);
}

static int take_generation(char *rest)
{
	struct generation *g = generation_alloc(restoring.f);

	if (!g)
		return -ENOMEM;
	restoring.g = g;
	restoring.pools_n = 0;
	g->listeners = calloc(LISTENER_MAX, sizeof(*g->listeners));
	if (!g->listeners)
		return -ENOMEM;
	int *const fds[] = { &g->questions[0], &g->questions[1], &g->metrics_fd };
	int r = READ(rest, of_generation, g);

	for (size_t i = 0; r == 0 && i < array_n(fds); i++)
		if (check(*fds[i]) < 0)
			*fds[i] = -1;
	generation_place_gauges(g);
	return r == 0 && g->phase > GENERATION_ENDING ? -EINVAL : r;
}

static int take_draining(char *rest)
{
	int r = take_generation(rest);

	if (r == 0) {
		memset(&restoring.g->rows, 0xff, sizeof(restoring.g->rows)); /* it does not say which it had */
		*restoring.last_draining = restoring.g;
		restoring.last_draining = &restoring.g->next;
	}
	return r;
}

static int take_current(char *rest)
{
	int r = take_generation(rest);

	restoring.f->current = restoring.g;
	if (restoring.g && restoring.g->phase == GENERATION_SERVING)
		restoring.g->phase = GENERATION_HANDED_OVER;
	return r;
}

static int take_key(char *rest)
{
	restoring.has_key = READ(rest, of_key, &restoring.key) == 0;
	return restoring.has_key ? 0 : -EINVAL;
}

static int take_limits(char *rest)
{
	struct limits_memory l = { .fd = -1, .key = restoring.key.key };

	if (!restoring.g || READ(rest, of_limits, &l) < 0 || l.shape.bytes < RATE_LIMITS_BYTES_MIN)
		return -EINVAL;
	if (check(l.fd) < 0)
		return 0;
	if (restoring.is_strange) {
		put_aside(l.fd);
		return 0;
	}
	return restoring.has_key ? limits_memory_attach(&l, &restoring.g->limits) : -EINVAL;
}

static int take_pool(char *rest)
{
	if (!restoring.g || restoring.pools_n == SETTINGS_POOLS_MAX)
		return -EINVAL;
	return READ(rest, of_pool, &restoring.g->pools[restoring.pools_n++]);
}

static int take_listener(char *rest)
{
	struct generation *g = restoring.g;

	if (!g || g->listeners_n == LISTENER_MAX)
		return -EINVAL;
	struct listener *l = &g->listeners[g->listeners_n++];
	if (READ(rest, of_listener, l) < 0 || l->pool >= SETTINGS_POOLS_MAX || l->row >= TABLE_ROWS_MAX)
		return -EINVAL;
	labels_add(&g->rows, l->row);
	g->used[l->pool] = true;
	g->listeners_n -= check(l->fd) < 0;
	return 0;
}

static int take_child(char *rest)
{
	struct child like = { 0 };

	if (!restoring.g || READ(rest, of_child, &like) < 0 || like.pid <= 1 || like.record >= SHARED_RECORDS_MAX ||
	    (like.pool >= SETTINGS_POOLS_MAX && like.pool != CHILD_RESOLVER && like.pool != CHILD_METRICS))
		return -EINVAL;
	if (check(like.channel.fd) < 0)
		like.channel.fd = -1;
	return restoring.only_try ? 0 : child_adopt(restoring.g, &like, restoring.is_strange);
}

static const struct {
	const char *kind;
	int (*take)(char *rest);
} kinds[] = {
	{ "fleet", take_fleet },
	{ "shared", take_shared },
	{ "pool_name", take_pool_name },
	{ "label", take_label },
	{ "passed", take_passed },
	{ "control", take_control },
	{ "control_socket", take_control_socket },
	{ "draining", take_draining },
	{ "current", take_current },
	{ "key", take_key },
	{ "limits", take_limits },
	{ "pool", take_pool },
	{ "listener", take_listener },
	{ "child", take_child },
};

/* Before anything else: the rest has its place in it. */
static bool is_about_shared_memory(const char *kind)
{
	return strcmp(kind, "fleet") == 0 || strcmp(kind, "shared") == 0;
}

static int take_line(const char *kind, char *rest)
{
	if (!restoring.f->shared && !is_about_shared_memory(kind))
		return -EINVAL;
	for (size_t i = 0; i < array_n(kinds); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			return kinds[i].take(rest);
	return -EINVAL;
}

int handover_restore(const struct handover *h, bool only_try, struct text *why)
{
	struct fleet *f = h->fleet;
	char *rest = NULL;
	int r = 0;

	restoring.f = f;
	restoring.control = h->control;
	restoring.only_try = only_try;
	restoring.last_draining = &f->draining;
	restoring.g = NULL;
	restoring.has_key = false;
	restoring.unused_n = 0;
	for (const char *kind; r == 0 && (kind = handover_text_next(&restoring.reader, &rest));) {
		r = take_line(kind, rest);
		if (r < 0)
			text_addf(why, "cannot take over a %s: %s", kind, strerror(-r));
	}
	if (r == 0 && !f->current) {
		text_add(why, "nothing serves that could be taken over");
		r = -EINVAL;
	}
	return r;
}

void handover_close_unused(void)
{
	while (restoring.unused_n)
		fd_close(&restoring.unused[--restoring.unused_n]);
}
