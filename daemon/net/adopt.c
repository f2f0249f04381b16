/* SPDX-License-Identifier: MIT */
/*
 * Sockets that systemd passes: matched to listeners.
 *
 * Flow: passed_take (passed.c looks at each descriptor) → adopt_plan, for every generation: each socket finds its listener,
 * each (listener, transport) then has passed sockets, or its own.
 */
#include "net/adopt.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/fd.h"
#include "base/siphash.h"
#include "settings/public_rules.h"

/* One planning. */
struct matching {
	struct adopt *passed;
	const struct settings *settings;
	const struct adopt_said *said;
	const struct listener_settings *owner[ADOPT_MAX]; /* of each passed socket; NULL: nobody's, or the store's */
	struct listener storage[LISTENER_MAX];
	struct listener_list planned; /* what would be bound if nothing had been passed */
};

static bool is_stored(const struct adopt_socket *s)
{
	return strncmp(s->name, ADOPT_STORED, strlen(ADOPT_STORED)) == 0;
}

static void add_socket(struct text *t, const struct adopt_socket *s)
{
	text_addf(t, "descriptor %d (%s, %s ", s->number, s->name, service_transport_name(s->transport));
	if (s->family == AF_UNIX)
		text_add(t, s->path);
	else
		addr_add_text_port(t, &s->address);
	text_add(t, ")");
}

static bool same_place(const struct listener *l, const struct adopt_socket *s)
{
	if (l->transport != s->transport || l->socket_family != s->family)
		return false;
	return s->family == AF_UNIX ? strcmp(l->path, s->path) == 0 : addr_same(&l->address, &s->address);
}

/* The one listener that has an entry at the socket's address; NULL if there is none. */
static const struct listener_settings *find_by_place(const struct matching *m, const struct adopt_socket *s)
{
	for (size_t i = 0; i < m->planned.n; i++)
		if (same_place(&m->planned.at[i], s))
			return m->planned.at[i].settings;
	return NULL;
}

/* `name`, or a listener's label for the socket: "echo/tcp", as logs and metrics call it. */
static bool is_called(const struct adopt_socket *s, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(s->name, name, n) != 0)
		return false;
	return s->name[n] == '\0' ||
	       (s->name[n] == '/' && strcmp(s->name + n + 1, service_transport_name(s->transport)) == 0);
}

/* The listeners that have a socket's name. */
struct named {
	unsigned n;                            /* with its transport                             */
	const struct listener_settings *first; /* of these                                       */
	const struct listener_settings *other; /* one without its transport; NULL: there is none */
};

/* The listeners that are called as the socket, or by_service those whose service is. */
static struct named find_by_name(const struct matching *m, const struct adopt_socket *s, bool by_service)
{
	struct named found = { 0 };

	for (size_t i = 0; i < m->settings->listeners_n; i++) {
		const struct listener_settings *l = &m->settings->listeners[i];
		if (!l->enabled || !is_called(s, by_service ? l->service->name : l->name))
			continue;
		if (!(l->transports & s->transport))
			found.other = l;
		else if (!found.n++)
			found.first = l;
	}
	return found;
}

/* Whether the socket's listener may serve it. The settings were judged by the addresses they say; a unit may say another. */
static bool is_allowed(const struct matching *m, const struct adopt_socket *s, const struct listener_settings *l,
		       struct text *refused)
{
	const char *danger = "";
	struct public_socket socket = {
		.transport = s->transport,
		.is_public = s->family != AF_UNIX && !addr_is_loopback(&s->address),
	};
	enum public_rule p = public_rules_of(m->settings, l, socket, &danger);
	struct text *to = p == PUBLIC_REFUSED ? refused : m->said->notices;

	if (p == PUBLIC_ALLOWED || s->fd < 0)
		return true;
	add_socket(to, s);
	text_addf(to, " of listener %s is reached by others: `allow` %s\n", l->name, danger);
	return p != PUBLIC_REFUSED;
}

/* The listener of a service that the settings have none of, not even one that is switched off. */
static const struct listener_settings *find_spare(const struct matching *m, const struct adopt_socket *s)
{
	const struct settings *all = m->settings;

	for (size_t i = 0; i < all->listeners_n + all->spares_n; i++) {
		const struct listener_settings *l = &all->listeners[i];
		bool is_spare = i >= all->listeners_n;

		if (is_called(s, l->service->name) && (!is_spare || (l->enabled && (l->service->possible & s->transport))))
			return is_spare ? l : NULL;
	}
	return NULL;
}

/* Does as match_one(), where the settings say nothing of the socket. */
static bool match_spare(struct matching *m, size_t i, struct text *refused)
{
	const struct adopt_socket *s = &m->passed->sockets[i];
	const struct listener_settings *spare = find_spare(m, s);

	if (spare && !spare->unfit) {
		m->owner[i] = spare;
		add_socket(m->said->notices, s);
		text_addf(m->said->notices, " is served by the defaults of %s: the settings have no such listener\n",
			  spare->service->name);
		return is_allowed(m, s, spare, refused);
	}
	add_socket(refused, s);
	if (spare)
		text_addf(refused, " matches no listener, and one of %s must be written: its %s\n", spare->service->name,
			  spare->unfit);
	else
		text_add(refused, " matches no listener, by name or by address\n");
	return false;
}

/* Finds its owner, whether or not it may serve the socket. False: it is refused, in a line. */
static bool match_one(struct matching *m, size_t i, struct text *refused)
{
	const struct adopt_socket *s = &m->passed->sockets[i];
	const struct listener_settings *there = find_by_place(m, s);
	struct named named = find_by_name(m, s, false);

	if (!named.n && !named.other)
		named = find_by_name(m, s, true);
	if ((named.n > 1 || (!named.n && !named.other)) && there)
		named = (struct named){ .n = 1, .first = there };
	if (named.n == 1) {
		m->owner[i] = named.first;
		return is_allowed(m, s, m->owner[i], refused);
	}
	if (!named.n && !named.other)
		return match_spare(m, i, refused);
	add_socket(refused, s);
	if (named.n > 1)
		text_addf(refused, " could be for %u listeners: give it the name of one (FileDescriptorName=)\n", named.n);
	else
		text_addf(refused, " is named after listener %s, which has no such transport\n", named.other->name);
	return false;
}

static int match_all(struct matching *m)
{
	char ignored[256];
	struct text nothing = TEXT_OVER(ignored);

	for (size_t i = 0; i < m->settings->listeners_n; i++) {
		const struct listener_settings *l = &m->settings->listeners[i];
		int r = l->enabled ? listener_plan(m->settings, l, &m->planned) : 0;

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < m->passed->n; i++) {
		struct adopt_socket *s = &m->passed->sockets[i];

		if (is_stored(s))
			continue;
		/* One that is closed only keeps its listener from binding. */
		bool served = match_one(m, i, s->fd < 0 ? &nothing : m->said->refused);
		s->refused = s->fd >= 0 && !served;
	}
	return 0;
}

static struct listener like(const struct adopt_socket *s)
{
	struct listener l = {
		.transport = s->transport,
		.address = s->address,
		.socket_family = s->family,
		.dual_stack = s->dual_stack,
		.origin = ORIGIN_PASSED,
		.passed_fd = s->fd,
	};

	memcpy(l.path, s->path, sizeof(l.path));
	return l;
}

/* The very socket that would have been bound was passed. */
static bool is_passed(const struct matching *m, const struct listener *l)
{
	for (size_t i = 0; i < m->passed->n; i++)
		if (m->owner[i] == l->settings && same_place(l, &m->passed->sockets[i]))
			return true;
	return false;
}

static bool has_passed(const struct matching *m, const struct listener_settings *s, enum transport t)
{
	for (size_t i = 0; i < m->passed->n; i++)
		if (m->owner[i] == s && m->passed->sockets[i].transport == t)
			return true;
	return false;
}

void adopt_stored_name(const struct listener *l, struct text *ret)
{
	static const struct siphash_key fixed; /* the same in the next life */

	text_addf(ret, ADOPT_STORED "%016" PRIx64, siphash(&fixed, l->key, strlen(l->key)));
}

/* A listener that would be bound is taken from the store if it was bound before. */
static void take_stored(struct matching *m, struct listener *l)
{
	char storage[64];
	struct text name = TEXT_OVER(storage);

	adopt_stored_name(l, &name);
	for (size_t i = 0; i < m->passed->n; i++) {
		struct adopt_socket *s = &m->passed->sockets[i];
		if (s->fd < 0 || s->transport != l->transport || strcmp(s->name, name.at) != 0)
			continue;
		l->passed_fd = s->fd;
		l->origin = ORIGIN_STORED;
		l->stored = true;
		l->address = s->address;
		s->used = true;
	}
}

static int add_passed(struct matching *m, struct listener_list *list)
{
	for (size_t i = 0; i < m->passed->n; i++) {
		struct listener l = like(&m->passed->sockets[i]);
		if (!m->owner[i] || l.passed_fd < 0 || m->passed->sockets[i].refused)
			continue;
		m->passed->sockets[i].used = true;
		int r = listener_plan_passed(m->settings, m->owner[i], &l, list);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A line, or where there is no room, nothing. */
static void add_notice(const struct listener *l, struct text *notices)
{
	char storage[LISTENER_LABEL_MAX + sizeof(l->path) + 64];
	struct text line = TEXT_OVER(storage);

	text_addf(&line, "%s: a socket was passed, so ", l->label);
	listener_add_where(&line, l);
	text_add(&line, " is not bound\n");
	text_add(notices, line.at);
}

/* The listeners of the settings that got no socket, each once; nothing where none was passed at all: that is said
 * otherwise. */
static void add_closed(const struct matching *m, struct text *notices)
{
	char storage[1024];
	struct text line = TEXT_OVER(storage);
	const char *last = "";

	for (size_t i = 0; m->passed->n && i < m->planned.n; i++) {
		const struct listener *l = &m->planned.at[i];

		/* A listener's sockets of one transport stand in a row. */
		if (has_passed(m, l->settings, l->transport) || strcmp(last, l->label) == 0)
			continue;
		text_addf(&line, "%s%s", line.len ? " " : "closed, no socket was passed: ", l->label);
		last = l->label;
	}
	if (line.len)
		text_addf(notices, "%s%s\n", line.at, line.cut ? " ..." : "");
}

static int add_own(struct matching *m, struct listener_list *list, struct text *notices)
{
	for (size_t i = 0; i < m->planned.n; i++) {
		struct listener *l = &m->planned.at[i];

		if (has_passed(m, l->settings, l->transport)) {
			if (is_passed(m, l))
				continue;
			add_notice(l, notices);
			continue;
		}
		if (m->settings->activation == SETTINGS_ACTIVATION_ONLY)
			continue;
		if (list->n == list->max)
			return -E2BIG;
		take_stored(m, l);
		list->at[list->n++] = *l;
	}
	return 0;
}

int adopt_plan(struct adopt *a, const struct settings *s, struct listener_list *list, const struct adopt_said *said)
{
	static struct matching m; /* large, and never cleared as a whole: a page that is touched is copied with every fork */

	m.passed = a;
	m.settings = s;
	m.said = said;
	m.planned = (struct listener_list){ .at = m.storage, .max = LISTENER_MAX };
	for (size_t i = 0; i < a->n; i++) {
		a->sockets[i].used = a->sockets[i].refused = false;
		m.owner[i] = NULL;
	}
	int r = match_all(&m);
	if (r == 0)
		r = add_passed(&m, list);
	if (r == 0)
		r = add_own(&m, list, said->notices);
	if (r == 0 && s->activation == SETTINGS_ACTIVATION_ONLY)
		add_closed(&m, said->notices);
	if (r == -E2BIG)
		text_addf(said->why, "too many sockets: at most %zu", list->max);
	return r;
}

void adopt_end(struct adopt *a, int fd)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->sockets[i].fd == fd)
			fd_close(&a->sockets[i].fd);
}

void adopt_drop_stored(struct adopt *a, void (*removed)(const char *name))
{
	for (size_t i = 0; i < a->n; i++) {
		struct adopt_socket *s = &a->sockets[i];
		if (s->fd < 0 || !is_stored(s))
			continue;
		/* One that is used is a listener's copy by now. */
		if (!s->used)
			removed(s->name);
		fd_close(&s->fd);
	}
}
