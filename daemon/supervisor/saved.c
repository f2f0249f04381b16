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
#include "supervisor/limiting.h"
#include "supervisor/state.h"

/* ---- what goes ---- */

static const struct state_field of_image[] = {
	STATE_FIELD(saved_image, fd, FD),
	STATE_FIELD(saved_image, path, TEXT),
	STATE_FIELD(saved_image, dumpable, NUMBER),
	STATE_FIELD(saved_image, layout, NUMBER),
};
static const struct state_field of_supervisor[] = {
	STATE_FIELD(supervisor, shared_fd, FD),
	STATE_FIELD(supervisor, life[0], FD),
	STATE_FIELD(supervisor, life[1], FD),
	STATE_FIELD(supervisor, user, TEXT),
	STATE_FIELD(supervisor, group, TEXT),
	STATE_FIELD(supervisor, generations, NUMBER),
	STATE_FIELD(supervisor, started.tv_sec, NUMBER),
	STATE_FIELD(supervisor, started.tv_nsec, NUMBER),
	STATE_FIELD(supervisor, started_ns, NUMBER),
	STATE_FIELD(supervisor, lost_told, NUMBER),
	STATE_FIELD(supervisor, control.standard, TEXT),
};
struct label {
	char name[LISTENER_LABEL_MAX];
};
static const struct state_field of_label[] = {
	STATE_FIELD(label, name, TEXT),
};
static const struct state_field of_passed[] = {
	STATE_FIELD(adopt_socket, fd, FD),
	STATE_FIELD(adopt_socket, number, NUMBER),
	STATE_FIELD(adopt_socket, name, TEXT),
	STATE_FIELD(adopt_socket, transport, NUMBER),
	STATE_FIELD(adopt_socket, family, NUMBER),
	STATE_FIELD(adopt_socket, address, BYTES),
	STATE_FIELD(adopt_socket, path, TEXT),
	STATE_FIELD(adopt_socket, dual_stack, NUMBER),
	STATE_FIELD(adopt_socket, accepting, NUMBER),
};
static const struct state_field of_control[] = {
	STATE_FIELD(listener, fd, FD),
	STATE_FIELD(listener, path, TEXT),
	STATE_FIELD(listener, path_dev, NUMBER),
	STATE_FIELD(listener, path_ino, NUMBER),
};
static const struct state_field of_generation[] = {
	STATE_FIELD(generation, number, NUMBER),      STATE_FIELD(generation, questions[0], FD),
	STATE_FIELD(generation, questions[1], FD),    STATE_FIELD(generation, metrics_fd, FD),
	STATE_FIELD(generation, metrics_at, BYTES),   STATE_FIELD(generation, drain_timeout_ns, NUMBER),
	STATE_FIELD(generation, deadline_ns, NUMBER), STATE_FIELD(generation, orphaned, NUMBER),
	STATE_FIELD(generation, drain_asked, NUMBER), STATE_FIELD(generation, ending, NUMBER),
	STATE_FIELD(generation, serving, NUMBER),
};
static const struct state_field of_limits[] = {
	STATE_FIELD(limiting, fd, FD),
	STATE_FIELD(limiting, shape.bytes, NUMBER),
	STATE_FIELD(limiting, shape.source_bits_v4, NUMBER),
	STATE_FIELD(limiting, shape.source_bits_v6, NUMBER),
};
static const struct state_field of_pool[] = {
	STATE_FIELD(pool, name, TEXT),
	STATE_FIELD(pool, model, NUMBER),
};
static const struct state_field of_listener[] = {
	STATE_FIELD(listener, fd, FD),
	STATE_FIELD(listener, transport, NUMBER),
	STATE_FIELD(listener, address, BYTES),
	STATE_FIELD(listener, socket_family, NUMBER),
	STATE_FIELD(listener, dual_stack, NUMBER),
	STATE_FIELD(listener, path, TEXT),
	STATE_FIELD(listener, path_dev, NUMBER),
	STATE_FIELD(listener, path_ino, NUMBER),
	STATE_FIELD(listener, label, TEXT),
	STATE_FIELD(listener, key, TEXT),
	STATE_FIELD(listener, pool, NUMBER),
	STATE_FIELD(listener, row, NUMBER),
	STATE_FIELD(listener, shard, NUMBER),
	STATE_FIELD(listener, receive_buffer_got, NUMBER),
	STATE_FIELD(listener, passed_fd, NUMBER),
	STATE_FIELD(listener, from_store, NUMBER),
	STATE_FIELD(listener, stored, NUMBER),
};
static const struct state_field of_child[] = {
	STATE_FIELD(child, channel.fd, FD),     STATE_FIELD(child, pid, NUMBER),   STATE_FIELD(child, pool, NUMBER),
	STATE_FIELD(child, record, NUMBER),     STATE_FIELD(child, ready, NUMBER), STATE_FIELD(child, drained, NUMBER),
	STATE_FIELD(child, started_ns, NUMBER), STATE_FIELD(child, told, NUMBER),
};

#define WRITE(w, kind, fields, from) state_write(w, kind, fields, array_n(fields), from)
#define READ(rest, fields, to) state_read(rest, fields, array_n(fields), to)

/* ---- save ---- */

static void write_generation(struct state_writer *w, const char *kind, const struct generation *g)
{
	size_t pools_n = SETTINGS_POOLS_MAX;

	WRITE(w, kind, of_generation, g);
	if (g->limiting)
		WRITE(w, "limits", of_limits, g->limiting);
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
	if (saved.is_strange)
		s->shared_fd = -1; /* those who use the old one have it mapped */
	return shared_map(&s->shared_fd, &s->shared);
}

static int take_label(char *rest)
{
	struct labels *l = &saved.s->labels;

	if (l->n == TABLE_ROWS_MAX || READ(rest, of_label, l->names[l->n]) < 0)
		return -EINVAL;
	l->n++;
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

static int take_limits(char *rest)
{
	struct limiting l = { .fd = -1 };

	if (!saved.g || READ(rest, of_limits, &l) < 0 || l.shape.bytes < LIMITS_BYTES_MIN)
		return -EINVAL;
	return saved.is_strange || check(l.fd) < 0 ? 0 : limiting_attach(&l.shape, l.fd, &saved.g->limiting);
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
	{ "supervisor", take_supervisor }, { "label", take_label },       { "passed", take_passed },
	{ "control", take_control },       { "draining", take_draining }, { "current", take_current },
	{ "limits", take_limits },         { "pool", take_pool },         { "listener", take_listener },
	{ "child", take_child },
};

static int take(const char *kind, char *rest)
{
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
		if (!s->shared && strcmp(kind, "supervisor") != 0)
			r = -EINVAL;
		else
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
