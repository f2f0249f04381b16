/* SPDX-License-Identifier: MIT */
/* A generation's listeners: planned, opened or taken over from the generation before, closed. */
#include "generation/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "net/others.h"
#include "net/replace.h"
#include "net/restore.h"
#include "net/shards.h"
#include "generation/log_refusals.h"

static void log_lines(enum log_level level, struct text *lines)
{
	char *rest = NULL;

	for (char *line = strtok_r(lines->at, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		log_say(level, "passed", "%s", line);
}

static bool serves(const struct generation *g, const struct adopt_socket *s)
{
	for (size_t i = 0; g && i < g->listeners_n; i++)
		if (listener_is_passed(&g->listeners[i]) && g->listeners[i].passed_fd == s->fd)
			return true;
	return false;
}

/* A socket is refused alone, and the others serve; but a reload takes nothing away that serves, and nothing but refused
 * sockets is no service. 0; -EINVAL: why is the first line of the refusals. */
static int admission_refused(const struct generation *g, struct text *refused, struct text *why)
{
	const struct adopt *a = &g->fleet->passed;
	bool is_loss = refused->len && !g->listeners_n;

	for (size_t i = 0; i < a->n; i++)
		is_loss |= a->sockets[i].refused && serves(g->fleet->current, &a->sockets[i]);
	if (!is_loss) {
		log_lines(LOG_LEVEL_ERROR, refused);
		return 0;
	}
	text_add_bytes(why, refused->at, strcspn(refused->at, "\n"));
	return -EINVAL;
}

/* Rows that a generation has whose processes may count there. */
static void add_used(const struct generation *g, struct labels_rows *to)
{
	const struct fleet *f = g->fleet;

	labels_add_all(to, &g->rows);
	if (f->current)
		labels_add_all(to, &f->current->rows);
	for (const struct generation *other = f->draining; other; other = other->next)
		labels_add_all(to, &other->rows);
}

/* The row is about to be another listener's: what was to be told of it later is logged now, and it starts from nothing. */
static void forget_row(struct fleet *f, uint32_t row)
{
	struct counters sum;

	if (row >= f->labels.n)
		return; /* nobody's yet */
	shared_sum_row(f->shared, f->records.n, row, &sum);
	log_refusals(f, row, &sum, CLOCK_NEVER);
	counter_rates_forget(&f->rates, row);
	shared_forget_row(f->shared, f->records.n, row);
}

/* The row that the label has, or one that nobody uses any more. */
static int find_row(struct generation *g, const char *label, uint32_t *ret)
{
	struct fleet *f = g->fleet;
	struct labels_rows used = { 0 };
	int r = 0;

	if (!labels_find(&f->labels, label, ret)) {
		add_used(g, &used);
		r = labels_spare(&f->labels, &used, ret);
		if (r < 0)
			return r;
		forget_row(f, *ret);
		r = labels_give(&f->labels, *ret, label);
	}
	if (r < 0)
		return r;
	labels_add(&g->rows, *ret);
	f->labels.newest[*ret] = g->number;
	return 0;
}

int sockets_plan(struct generation *g, struct text *why)
{
	char storage[2048], refusals[2048];
	struct text notices = TEXT_OVER(storage), refused = TEXT_OVER(refusals);
	int r;

	g->listeners = calloc(LISTENER_MAX, sizeof(*g->listeners));
	if (!g->listeners) {
		text_add(why, "out of memory");
		return -ENOMEM;
	}
	struct listener_list list = { .at = g->listeners, .max = LISTENER_MAX };
	r = adopt_plan(&g->fleet->passed, g->settings, &list, &(struct adopt_said){ why, &notices, &refused });
	g->listeners_n = list.n;
	if (r == 0)
		r = admission_refused(g, &refused, why);
	if (r < 0)
		return r;
	log_lines(LOG_LEVEL_NOTICE, &notices);
	for (size_t i = 0; i < g->listeners_n; i++) {
		struct listener *l = &g->listeners[i];
		r = find_row(g, l->label, &l->row);
		if (r < 0) {
			text_addf(why,
				  "too many names of listeners: at most %d at once, with those of generations that drain",
				  TABLE_ROWS_MAX);
			return r;
		}
		g->used[l->pool] = true;
		if (l->settings->service->traits & SVC_LOOKS_UP)
			g->resolvers_wanted = g->settings->resolver.processes;
	}
	return 0;
}

static const struct listener *find_kept(const struct generation *g, const struct listener *l)
{
	for (size_t i = 0; g && i < g->listeners_n; i++)
		if (g->listeners[i].fd >= 0 && strcmp(g->listeners[i].key, l->key) == 0)
			return &g->listeners[i];
	return NULL;
}

/* The same socket, with its queue, under another descriptor. */
static int keep(struct listener *l, const struct listener *old, struct text *why)
{
	l->fd = fcntl(old->fd, F_DUPFD_CLOEXEC, 3);
	if (l->fd < 0) {
		text_addf(why, "cannot keep the socket of %s: %s", l->label, strerror(errno));
		return -errno;
	}
	l->address = old->address;
	l->socket_family = old->socket_family;
	l->dual_stack = old->dual_stack;
	memcpy(l->path, old->path, sizeof(l->path));
	l->path_dev = old->path_dev;
	l->path_ino = old->path_ino;
	l->receive_buffer_got = old->receive_buffer_got;
	l->stored = old->stored;
	l->arrival = strcmp(l->label, old->label) == 0 ? ARRIVAL_KEPT : ARRIVAL_RENAMED;
	l->retry = old->retry;
	if (old->cure != CURE_DONE) {
		l->loss = old->loss;
		l->cure = old->cure;
	}
	return restore_adjust(l, why);
}

/* True: the old socket has no successor in g. */
static bool goes(const struct generation *g, const struct listener *old)
{
	for (size_t i = 0; i < g->listeners_n; i++)
		if (strcmp(g->listeners[i].key, old->key) == 0)
			return false;
	return old->fd >= 0;
}

static bool replaces_any(const struct generation *g, const struct generation *before, const struct listener *l)
{
	for (size_t i = 0; before && i < before->listeners_n; i++)
		if (replace_is_due(l, &before->listeners[i]) && goes(g, &before->listeners[i]))
			return true;
	return false;
}

/* True: the socket is new in a group of shards that goes on. */
static bool joins(const struct generation *before, const struct listener *l)
{
	return l->shard && find_kept(before, shards_first(l));
}

/* True: the old socket leaves a group of shards that goes on in g. */
static bool leaves(const struct generation *g, const struct listener *old)
{
	return old->shard && goes(g, old) && !goes(g, shards_first(old));
}

static bool is_replaced(const struct generation *g, const struct listener *old)
{
	if (leaves(g, old))
		return true;
	for (size_t i = 0; i < g->listeners_n; i++)
		if (g->listeners[i].arrival == ARRIVAL_REPLACES && replace_is_due(&g->listeners[i], old))
			return goes(g, old);
	return false;
}

int sockets_open(struct generation *g, const struct generation *before, struct text *why)
{
	for (size_t i = 0; i < g->listeners_n; i++) {
		struct listener *l = &g->listeners[i];
		const struct listener *old = find_kept(before, l);

		if (!old && (joins(before, l) || replaces_any(g, before, l)))
			l->arrival = ARRIVAL_REPLACES;
		if (!old)
			shards_follow(l);
		int r = old ? keep(l, old, why) : listener_open(l, why);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Old and new may be bound side by side, or may not any more. */
static int share(const struct generation *g, const struct generation *before, bool on, struct text *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < before->listeners_n; i++)
		if (is_replaced(g, &before->listeners[i]))
			r = replace_share(&before->listeners[i], on, why);
	for (size_t i = 0; r == 0 && i < g->listeners_n; i++)
		if (g->listeners[i].arrival == ARRIVAL_REPLACES)
			r = replace_share(&g->listeners[i], on, why);
	return r;
}

static size_t add_inodes(const struct generation *g, uint64_t *to)
{
	struct stat st;
	size_t n = 0;

	for (size_t i = 0; i < g->listeners_n; i++)
		if (g->listeners[i].fd >= 0 && fstat(g->listeners[i].fd, &st) == 0)
			to[n++] = st.st_ino;
	return n;
}

/* Looks for sockets of others beside those that share a port with one of ours: nobody else was there before. */
static int look_for_others(const struct generation *g, const struct generation *before, struct text *why)
{
	uint64_t ours[2 * LISTENER_MAX];
	size_t n = add_inodes(g, ours);
	int r = 0;

	n += add_inodes(before, ours + n);
	for (size_t i = 0; r == 0 && i < g->listeners_n; i++)
		if (g->listeners[i].arrival == ARRIVAL_REPLACES && g->listeners[i].transport == TRANSPORT_UDP)
			r = others_look(&g->listeners[i], ours, n, why);
	return r;
}

/* Turns new clients away from the sockets of a transport that give way to others, or back to them. */
static void turn(const struct generation *g, const struct generation *before, enum transport transport, bool away)
{
	for (size_t i = 0; i < before->listeners_n; i++) {
		const struct listener *old = &before->listeners[i];

		if (old->transport != transport || !is_replaced(g, old))
			continue;
		int r = away ? replace_turn_away(old) : replace_turn_back(old);
		if (r < 0)
			log_say(LOG_LEVEL_NOTICE, "reload", "%s moves, and its last clients may be lost: %s", old->label,
				strerror(-r));
	}
}

int sockets_replace(struct generation *g, const struct generation *before, struct text *why)
{
	char storage[256];
	struct text ignored = TEXT_OVER(storage);
	int r = share(g, before, true, why);

	for (size_t i = 0; r == 0 && i < g->listeners_n; i++)
		if (g->listeners[i].arrival == ARRIVAL_REPLACES) {
			shards_follow(&g->listeners[i]);
			r = listener_bind(&g->listeners[i], why);
		}
	/* At once: while both share the port the kernel deals clients to both, and where they cease to it may go back to the
	 * old one with a client that it had dealt to the new one: his datagrams would change places. */
	if (r == 0)
		turn(g, before, TRANSPORT_UDP, true);
	int unshared = share(g, before, false, r < 0 ? &ignored : why);
	r = r < 0 ? r : unshared;
	if (r == 0)
		r = look_for_others(g, before, why);
	/* A client that TCP turned away cannot be turned back: this comes last. */
	turn(g, before, r < 0 ? TRANSPORT_UDP : TRANSPORT_TCP, r == 0);
	return r;
}

bool sockets_are_replaced(const struct generation *g, const struct generation *before)
{
	for (size_t i = 0; i < before->listeners_n; i++)
		if (is_replaced(g, &before->listeners[i]) && !replace_is_empty(&before->listeners[i]))
			return false;
	return true;
}

/* Sets back what the new settings changed of a socket that both generations have. */
static void set_back(const struct listener *old)
{
	struct listener l = *old; /* the same descriptor */
	char storage[256];
	struct text why = TEXT_OVER(storage);

	if (old->settings && restore_adjust(&l, &why) < 0)
		log_say(LOG_LEVEL_WARNING, "reload", "%s", why.at);
}

void sockets_abandon(struct generation *g, const struct generation *before)
{
	for (size_t i = 0; before && i < g->listeners_n; i++) {
		const struct listener *old = listener_is_kept(&g->listeners[i]) ? find_kept(before, &g->listeners[i]) : NULL;
		if (old)
			set_back(old);
	}
	sockets_close(g, before);
}

void sockets_close(struct generation *g, const struct generation *after)
{
	for (size_t i = 0; g->listeners && i < g->listeners_n; i++) {
		if (find_kept(after, &g->listeners[i]))
			listener_drop(&g->listeners[i]);
		else
			listener_close(&g->listeners[i]);
	}
	g->listeners_n = 0;
}
