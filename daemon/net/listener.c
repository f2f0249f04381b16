/* SPDX-License-Identifier: MIT */
/*
 * Listeners: from what the settings say to open sockets.
 *
 * Flow: plan (which sockets there will be), open (socket, options, bind, listen), adjust (after a reload), close.
 */
#include "net/listener.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/fd.h"
#include "net/dad.h"
#include "net/health.h"
#include "net/make.h"
#include "net/shards.h"
#include "net/sockopt.h"
#include "net/unixpath.h"
#include "net/why.h"

/* ---- plan ---- */

struct plan {
	const struct settings *all;
	const struct listener_settings *settings;
	struct listener_list *list;
	int result;
};

/* Has this host IPv6 at all, or this address? Tried, not guessed. */
static bool host_has(const struct addr *a)
{
	struct sockaddr_storage sa;
	socklen_t n;
	cleanup_fd int fd = socket(a->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && addr_to_sockaddr(a, a->family, &sa, &n) == 0 && bind(fd, (const struct sockaddr *)&sa, n) == 0;
}

/* Options that an open socket can still be given (listener_adjust) are not in it. */
static void write_key(struct listener *l)
{
	const struct socket_settings *w = &l->settings->socket;
	struct text key = TEXT_OVER(l->key);

	/* A listener may change its name and its service; only sockets of port 0 cannot be told apart by their place. */
	bool same_place = l->socket_family == AF_UNIX || l->address.port != 0;
	text_addf(&key, "%s ", same_place ? service_transport_name(l->transport) : l->label);
	listener_add_where(&key, l);
	if (l->socket_family == AF_INET6)
		text_add(&key, l->dual_stack ? " both" : " v6only");
	if (l->socket_family != AF_UNIX && w->interface[0] != '\0')
		text_addf(&key, " %s", w->interface);
	if (make_wants_multipath(l))
		text_add(&key, " mptcp");
	if (l->shard)
		text_addf(&key, " shard %u", (unsigned)l->shard);
	if (listener_is_passed(l)) /* several may be bound to one place (SO_REUSEPORT) */
		text_addf(&key, " passed %d", l->passed_fd);
	assert(!key.cut);
}

/* Adds a listener of which transport, address and family are set. */
static void add(struct plan *p, struct listener *l)
{
	const struct listener_settings *s = p->settings;
	struct text label = TEXT_OVER(l->label);

	if (p->list->n == p->list->max)
		p->result = -E2BIG;
	if (p->result < 0)
		return;
	l->fd = -1;
	l->settings = s;
	l->all = p->all;
	l->pool = l->transport & TRANSPORT_DATAGRAMS ? s->pool_datagram : s->pool_stream;
	text_addf(&label, "%s/%s", s->name, service_transport_name(l->transport));
	write_key(l);
	p->list->at[p->list->n++] = *l;
}

static void add_ip(struct plan *p, enum transport transport, const struct addr *a, bool dual_stack)
{
	struct listener l = { .transport = transport, .address = *a, .socket_family = a->family, .dual_stack = dual_stack };

	l.address.port = p->settings->port;
	do
		add(p, &l);
	while (transport == TRANSPORT_UDP && ++l.shard < p->settings->socket.shards);
}

static void add_unix(struct plan *p, enum transport transport)
{
	struct listener l = { .transport = transport, .address = { .family = AF_UNIX }, .socket_family = AF_UNIX };

	p->result = text_copy(l.path, sizeof(l.path), p->settings->path);
	add(p, &l);
}

static void add_any(struct plan *p, enum transport transport)
{
	bool dual_stack = !p->settings->socket.v6only;

	if (!dual_stack || host_has(&addr_any_v6))
		add_ip(p, transport, &addr_any_v6, dual_stack);
	else
		add_ip(p, transport, &addr_any_v4, false);
}

static void add_address(struct plan *p, enum transport transport, const struct listener_address *a)
{
	switch (a->kind) {
	case LISTENER_ADDRESS_ANY:
		add_any(p, transport);
		break;
	case LISTENER_ADDRESS_LOOPBACK:
		add_ip(p, transport, &addr_loopback_v4, false);
		if (host_has(&addr_loopback_v6))
			add_ip(p, transport, &addr_loopback_v6, false);
		break;
	case LISTENER_ADDRESS_ONE:
		/* "::" reads IPv4 too if it is asked to. */
		add_ip(p, transport, &a->addr,
		       !p->settings->socket.v6only && a->addr.family == AF_INET6 && addr_is_any(&a->addr));
		break;
	}
}

int listener_plan(const struct settings *all, const struct listener_settings *s, struct listener_list *list)
{
	struct plan p = { .all = all, .settings = s, .list = list };
	size_t before = list->n;

	for (unsigned t = TRANSPORT_TCP; t <= TRANSPORT_UNIXPACKET; t <<= 1) {
		if ((s->transports & t) == 0)
			continue;
		if (t & TRANSPORT_UNIXES)
			add_unix(&p, (enum transport)t);
		else
			for (size_t i = 0; i < s->addresses_n; i++)
				add_address(&p, (enum transport)t, &s->addresses[i]);
	}
	if (p.result < 0)
		list->n = before;
	return p.result;
}

int listener_plan_passed(const struct settings *all, const struct listener_settings *s, const struct listener *like,
			 struct listener_list *list)
{
	struct plan p = { .all = all, .settings = s, .list = list };
	struct listener l = *like;

	add(&p, &l);
	return p.result;
}

/* ---- open ---- */

/* "cannot bind echo/tcp to 127.0.0.1:7: " */
static void begin_why(struct text *why, const struct listener *l, const char *what, const char *preposition)
{
	text_addf(why, "cannot %s %s %s ", what, l->label, preposition);
	listener_add_where(why, l);
	text_add(why, ": ");
}

/* A step that gave -errno. Returns it. */
static int failed(struct text *why, const struct listener *l, const char *what, int r)
{
	begin_why(why, l, what, "on");
	why_add_error(why, r);
	return r;
}

/* Advice on what a user can do about it, where that is known. */
static const char *advice(const struct listener *l, int r)
{
	if (r == -EACCES && l->address.port < 1024)
		return " (ports below 1024 need root or CAP_NET_BIND_SERVICE)";
	if (r == -EINVAL && addr_is_link_local(&l->address) && !l->address.scope)
		return " (it is on every link: say on which interface, with \"%eth0\" behind it)";
	if (r == -EADDRNOTAVAIL && dad_is_tentative(&l->address))
		return " (this host has it, but is still checking that no other does: try again in a few seconds; "
		       "freebind = true binds it at once)";
	return r == -EADDRNOTAVAIL ? " (this host does not have it; freebind = true binds it nevertheless)" : "";
}

int listener_not_bound(const struct listener *l, int r, struct text *why)
{
	begin_why(why, l, "bind", "to");
	why_add_error(why, r);
	text_add(why, advice(l, r));
	return r;
}

static int bind_ip(struct listener *l, struct text *why)
{
	struct sockaddr_storage sa;
	socklen_t n = 0;
	int r = addr_to_sockaddr(&l->address, l->socket_family, &sa, &n);

	if (r == 0 && bind(l->fd, (const struct sockaddr *)&sa, n) < 0)
		r = -errno;
	if (r < 0)
		return listener_not_bound(l, r, why);
	n = sizeof(sa);
	if (getsockname(l->fd, (struct sockaddr *)&sa, &n) < 0)
		return failed(why, l, "open", -errno);
	l->address = addr_from_sockaddr((const struct sockaddr *)&sa, n);
	return 0;
}

/* unixpath.c's reason, made a sentence. */
static int with_path(struct text *why, const struct listener *l, int r, const struct text *reason)
{
	if (r == 0)
		return 0;
	begin_why(why, l, "bind", "to");
	text_add(why, reason->at);
	return r;
}

static int bind_path(struct listener *l, struct text *why)
{
	char storage[128];
	struct text reason = TEXT_OVER(storage);

	return with_path(why, l, unixpath_bind(l, &reason), &reason);
}

/* Also for a socket that listens already: it then has the new backlog, and whoever waited in the old one still does. */
static int start_listening(const struct listener *l, struct text *why)
{
	uint32_t backlog = l->settings->socket.backlog;

	if (l->transport & TRANSPORT_DATAGRAMS || listen(l->fd, backlog < INT_MAX ? (int)backlog : INT_MAX) == 0)
		return 0;
	return failed(why, l, "listen with", -errno);
}

static int failed_option(struct text *why, const struct listener *l, const char *option, int r)
{
	char storage[64];
	struct text what = TEXT_OVER(storage);

	text_addf(&what, "set %s of", option);
	r = failed(why, l, storage, r);
	if (r == -ENODEV)
		text_addf(why, " (interface = \"%s\")", l->settings->socket.interface);
	return r;
}

static int set_shared(const struct listener *l, struct text *why)
{
	int r = shards_share(l);

	return r < 0 ? failed_option(why, l, "SO_REUSEPORT", r) : 0;
}

int listener_bind(struct listener *l, struct text *why)
{
	int r = l->shard ? set_shared(l, why) : 0;

	if (r == 0)
		r = l->socket_family == AF_UNIX ? bind_path(l, why) : bind_ip(l, why);
	if (r == 0 && !l->shard && l->arrival != ARRIVAL_REPLACES) /* else when it has the place alone: replace_share() */
		r = set_shared(l, why);
	return r == 0 ? start_listening(l, why) : r;
}

/* The steps after socket(), up to a socket that serves. Options come before bind: no datagram is queued, and no connection
 * made, without them. */
static int open_steps(struct listener *l, struct text *why)
{
	const char *option = "";
	int r = sockopt_set_fixed(l, &option);

	if (r == 0)
		r = sockopt_set_adjustable(l, &option);
	if (r < 0)
		return failed_option(why, l, option, r);
	return l->arrival == ARRIVAL_REPLACES ? 0 : listener_bind(l, why);
}

/* A copy of the passed socket, so that a reload may make another. */
static int open_passed(struct listener *l, struct text *why)
{
	const char *option = "";
	int r;

	l->fd = fcntl(l->passed_fd, F_DUPFD_CLOEXEC, 3);
	if (l->fd < 0)
		return failed(why, l, "take over", -errno);
	r = fd_set_nonblocking(l->fd);
	if (r < 0)
		return failed(why, l, "take over", r);
	r = sockopt_set_passed(l, &option);
	if (r == 0)
		r = sockopt_set_adjustable(l, &option);
	if (r < 0)
		return failed_option(why, l, option, r);
	if (listener_is_passed(l))
		return 0;
	r = set_shared(l, why);
	return r == 0 ? start_listening(l, why) : r;
}

int listener_open(struct listener *l, struct text *why)
{
	struct addr planned = l->address;
	int r;

	assert(l->fd < 0);
	/* A stored socket that was ended, or whose file is gone, can be reached by nobody. */
	if (l->origin == ORIGIN_STORED && (health_is_ended(l->passed_fd, l->transport & TRANSPORT_SESSIONS) ||
					   (l->socket_family == AF_UNIX && !unixpath_recognise(l)))) {
		l->origin = ORIGIN_BOUND;
		l->stored = false; /* the new one takes its place there */
	}
	if (l->origin != ORIGIN_BOUND) {
		r = open_passed(l, why);
		if (r < 0)
			listener_drop(l);
		return r;
	}
	l->fd = make_socket(l);
	if (l->fd < 0)
		return failed(why, l, "open", l->fd);
	r = open_steps(l, why);
	if (r < 0) {
		listener_close(l);
		l->address = planned;
	}
	return r;
}

int listener_adjust(struct listener *l, struct text *why)
{
	char storage[128];
	struct text reason = TEXT_OVER(storage);
	const char *option = "";
	int r = sockopt_set_adjustable(l, &option);

	if (r < 0)
		return failed_option(why, l, option, r);
	r = set_shared(l, why);
	if (r < 0)
		return r;
	/* The queue's length of a socket that was passed is its unit's affair. */
	if (!listener_is_passed(l))
		r = start_listening(l, why);
	return r < 0 || l->socket_family != AF_UNIX ? r : with_path(why, l, unixpath_apply(l, &reason), &reason);
}

/* ---- the rest ---- */

void listener_close(struct listener *l)
{
	/* In this order: while we have the socket nobody else takes the path for a dead one. */
	if (l->socket_family == AF_UNIX)
		unixpath_remove(l);
	listener_drop(l);
}

void listener_drop(struct listener *l)
{
	fd_close(&l->fd);
}

uint32_t listener_waiting(const struct listener *l)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	/* Of a listening socket tcpi_unacked is the length of its queue. */
	if (l->transport != TRANSPORT_TCP || getsockopt(l->fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return 0;
	return info.tcpi_unacked;
}

void listener_add_where(struct text *t, const struct listener *l)
{
	if (l->socket_family == AF_UNIX)
		text_add(t, l->path);
	else
		addr_add_text_port(t, &l->address);
}

int listener_prepare_session(const struct listener *l, int fd)
{
	return sockopt_set_session(l, fd);
}
