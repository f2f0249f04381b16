/* SPDX-License-Identifier: MIT */
/*
 * The supervisor's whole knowledge, saved as text by one program and restored by the next.
 *
 * Flow: one table a structure says which of its members go, in both directions. A generation is a line, followed by its
 * limits, pools, listeners and processes.
 */
#include "supervisor/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "supervisor/control.h"
#include "supervisor/generation.h"
#include "supervisor/saved_fields.h"

#define WRITE(w, kind, fields, from) state_write(w, kind, fields, array_n(fields), from)
#define READ(rest, fields, to) state_read(rest, fields, array_n(fields), to)

/* ---- save ---- */

static void write_generation(struct state_writer *w, const char *kind, const struct generation *g)
{
	size_t pools_n = SETTINGS_POOLS_MAX;

	WRITE(w, kind, of_generation, g);
	if (g->limiting) {
		WRITE(w, "key", of_key, g->limiting);
		WRITE(w, "limits", of_limits, g->limiting);
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

static void write_all(struct state_writer *w, const struct supervisor *s)
{
	struct saved_image image = { .fd = s->upgrade.image_fd,
				     .dumpable = prctl(PR_GET_DUMPABLE) == 1,
				     .layout = shared_layout() };
	struct text path = TEXT_OVER(image.path);
	const struct listener *control = control_listener(&s->control);

	text_add(&path, s->upgrade.path);
	state_begin(w);
	WRITE(w, "image", of_image, &image);
	WRITE(w, "supervisor", of_supervisor, s);
	WRITE(w, "shared", of_shared, s);
	for (uint32_t i = 0; i < s->census.n; i++)
		WRITE(w, "census", of_census, s->census.names[i]);
	for (uint32_t i = 0; i < s->labels.n; i++)
		WRITE(w, "label", of_label, s->labels.names[i]);
	for (size_t i = 0; i < s->passed.n; i++)
		WRITE(w, "passed", of_passed, &s->passed.sockets[i]);
	if (control)
		WRITE(w, "control", of_control, control);
	for (const struct generation *g = s->draining; g; g = g->next)
		write_generation(w, "draining", g);
	write_generation(w, "current", s->current);
}

int saved_write(const struct supervisor *s, int to, int **ret_fds, size_t *ret_n)
{
	int copy = dup(to); /* fclose(3) closes it */
	struct state_writer w = { .to = copy < 0 ? NULL : fdopen(copy, "w") };

	if (!w.to) {
		int r = -errno;
		if (copy >= 0)
			close(copy);
		return r;
	}
	write_all(&w, s);
	int r = state_end(&w);
	if (fclose(w.to) == EOF && r == 0)
		r = -errno;
	if (r < 0) {
		free(w.fds);
		return r;
	}
	*ret_fds = w.fds;
	*ret_n = w.fds_n;
	return 0;
}

/* ---- restore ---- */

/* One restoring. */
static struct {
	struct state_reader reader;
	struct saved_image image;
	struct supervisor *s;
	struct generation *g; /* whose lines are read */
	struct generation **last_draining;
	struct limiting key; /* of the limits that follow */
	bool has_key;
	uint32_t pools_n;
	bool only_try, is_strange; /* the shared memory has another layout */
} saved;

int saved_open(char *text, struct saved_image *ret, struct text *why)
{
	unsigned version = 0;
	char *rest = NULL;
	int r = state_open(&saved.reader, text, &version);

	if (r == -EPROTO)
		text_addf(why, "the program that runs hands over a state of version %u, and this one takes version %d",
			  version, STATE_VERSION);
	else if (r == 0) {
		const char *kind = state_next(&saved.reader, &rest);
		if (!kind || strcmp(kind, "image") != 0 || READ(rest, of_image, &saved.image) < 0)
			r = -EINVAL;
	}
	if (r == -EINVAL)
		text_add(why, "what the program that runs hands over is not whole");
	if (r == 0)
		*ret = saved.image;
	return r;
}

/* A descriptor that is said to be open; -1 is fine. Whatever has none any more is left out, but for the memory that all
 * share. */
static int check(int fd)
{
	return fd < 0 || fcntl(fd, F_GETFD) >= 0 ? 0 : -EBADF;
}

static int take_supervisor(char *rest)
{
	struct supervisor *s = saved.s;
	int r = READ(rest, of_supervisor, s);

	if (r < 0)
		return r;
	saved.is_strange = saved.image.layout != shared_layout();
	if (check(s->shared_fd) < 0 || check(s->life[0]) < 0 || check(s->life[1]) < 0)
		return -EBADF;
	if (!saved.is_strange)
		return s->shared_fd < 0 ? -EINVAL : 0;
	s->shared_fd = -1; /* those who use the old one have it mapped */
	return supervisor_share(s);
}

static int take_shared(char *rest)
{
	struct supervisor *s = saved.s;

	if (saved.is_strange) /* what it says is of the old one */
		return 0;
	if (READ(rest, of_shared, s) < 0 || s->shared_fd < 0 || s->shared || s->records.n > SHARED_RECORDS_MAX)
		return -EINVAL;
	return supervisor_share(s);
}

static int take_census(char *rest)
{
	struct census_name name;

	if (READ(rest, of_census, &name) < 0)
		return -EINVAL;
	return saved.is_strange || pool_deaths_row(&saved.s->census, name.name) != POOL_DEATHS_NOBODY ? 0 : -EINVAL;
}

static int take_label(char *rest)
{
	struct labels *l = &saved.s->labels;

	if (l->n == TABLE_ROWS_MAX || READ(rest, of_label, l->names[l->n]) < 0)
		return -EINVAL;
	l->newest[l->n++] = saved.s->generations;
	return 0;
}

static int take_passed(char *rest)
{
	struct adopt *a = &saved.s->passed;

	if (a->n == ADOPT_MAX || READ(rest, of_passed, &a->sockets[a->n]) < 0)
		return -EINVAL;
	if (check(a->sockets[a->n].fd) == 0)
		a->n++;
	return 0;
}

static int take_control(char *rest)
{
	struct listener l = { .fd = -1 };

	if (READ(rest, of_control, &l) < 0)
		return -EINVAL;
	return check(l.fd) < 0 ? 0 : control_restore(&saved.s->control, &l);
}

static int take_generation(char *rest)
{
	struct generation *g = generation_alloc(saved.s);

	if (!g)
		return -ENOMEM;
	saved.g = g;
	saved.pools_n = 0;
	g->listeners = calloc(LISTENER_MAX, sizeof(*g->listeners));
	if (!g->listeners)
		return -ENOMEM;
	int *const fds[] = { &g->questions[0], &g->questions[1], &g->metrics_fd };
	int r = READ(rest, of_generation, g);

	for (size_t i = 0; r == 0 && i < array_n(fds); i++)
		if (check(*fds[i]) < 0)
			*fds[i] = -1;
	generation_place_gauges(g);
	return r;
}

static int take_draining(char *rest)
{
	int r = take_generation(rest);

	if (r == 0) {
		memset(&saved.g->rows, 0xff, sizeof(saved.g->rows)); /* it does not say which it had */
		*saved.last_draining = saved.g;
		saved.last_draining = &saved.g->next;
	}
	return r;
}

static int take_current(char *rest)
{
	int r = take_generation(rest);

	saved.s->current = saved.g;
	return r;
}

static int take_key(char *rest)
{
	saved.has_key = READ(rest, of_key, &saved.key) == 0;
	return saved.has_key ? 0 : -EINVAL;
}

static int take_limits(char *rest)
{
	struct limiting l = { .fd = -1, .key = saved.key.key };

	if (!saved.g || READ(rest, of_limits, &l) < 0 || l.shape.bytes < RATE_LIMITS_BYTES_MIN)
		return -EINVAL;
	if (saved.is_strange || check(l.fd) < 0)
		return 0;
	return saved.has_key ? limiting_attach(&l, &saved.g->limiting) : -EINVAL;
}

static int take_pool(char *rest)
{
	if (!saved.g || saved.pools_n == SETTINGS_POOLS_MAX)
		return -EINVAL;
	return READ(rest, of_pool, &saved.g->pools[saved.pools_n++]);
}

static int take_listener(char *rest)
{
	struct generation *g = saved.g;

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

	if (!saved.g || READ(rest, of_child, &like) < 0 || like.pid <= 1 || like.record >= SHARED_RECORDS_MAX ||
	    (like.pool >= SETTINGS_POOLS_MAX && like.pool != CHILD_RESOLVER && like.pool != CHILD_METRICS))
		return -EINVAL;
	if (check(like.channel.fd) < 0)
		like.channel.fd = -1;
	return saved.only_try ? 0 : child_adopt(saved.g, &like, saved.is_strange);
}

static const struct {
	const char *kind;
	int (*take)(char *rest);
} kinds[] = {
	{ "supervisor", take_supervisor }, { "shared", take_shared },   { "census", take_census },
	{ "label", take_label },           { "passed", take_passed },   { "control", take_control },
	{ "draining", take_draining },     { "current", take_current }, { "key", take_key },
	{ "limits", take_limits },         { "pool", take_pool },       { "listener", take_listener },
	{ "child", take_child },
};

/* Before anything else: the rest has its place in it. */
static bool is_about_shared_memory(const char *kind)
{
	return strcmp(kind, "supervisor") == 0 || strcmp(kind, "shared") == 0;
}

static int take(const char *kind, char *rest)
{
	if (!saved.s->shared && !is_about_shared_memory(kind))
		return -EINVAL;
	for (size_t i = 0; i < array_n(kinds); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			return kinds[i].take(rest);
	return -EINVAL;
}

int saved_restore(struct supervisor *s, bool only_try, struct text *why)
{
	char *rest = NULL;
	int r = 0;

	saved.s = s;
	saved.only_try = only_try;
	saved.last_draining = &s->draining;
	for (const char *kind; r == 0 && (kind = state_next(&saved.reader, &rest));) {
		r = take(kind, rest);
		if (r < 0)
			text_addf(why, "cannot take over a %s: %s", kind, strerror(-r));
	}
	if (r == 0 && !s->current) {
		text_add(why, "nothing serves that could be taken over");
		r = -EINVAL;
	}
	return r;
}
