/* SPDX-License-Identifier: MIT */
/* One socket takes the place of another of ours at the same port. */
#include "net/replace.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

#include "net/why.h"

bool replace_is_due(const struct listener *l, const struct listener *old)
{
	return l->transport == old->transport && l->transport & ((unsigned)TRANSPORT_TCP | TRANSPORT_UDP) &&
	       !listener_is_passed(l) && !listener_is_passed(old) && l->address.port && l->address.port == old->address.port;
}

/* A group of several sockets stays one: it is open to the same user only. */
static bool is_group(const struct listener *l)
{
	return l->transport == TRANSPORT_UDP && l->settings && l->settings->socket.shards > 1;
}

int replace_share(const struct listener *l, bool on, struct text *why)
{
	int value = on || is_group(l), r = 0;

	if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &value, sizeof(value)) < 0) {
		r = -errno;
		text_addf(why, "cannot share the port of %s: ", l->label);
		why_add_error(why, r);
	}
	return r;
}

/* A socket of an interface that does not exist gets no new connection; those that it has stay where they are. Only a socket
 * that has no interface may be given one without CAP_NET_RAW. */
static int turn_away_tcp(const struct listener *l)
{
	int nowhere = INT_MAX;

	return setsockopt(l->fd, SOL_SOCKET, SO_BINDTOIFINDEX, &nowhere, sizeof(nowhere)) < 0 ? -errno : 0;
}

/* A connected socket gets what its peer sends, here: itself. It may still answer anybody. */
static int turn_away_udp(const struct listener *l)
{
	struct addr self = l->address;
	struct sockaddr_storage sa;
	socklen_t n = 0;

	if (addr_is_any(&self)) {
		self = self.family == AF_INET ? addr_loopback_v4 : addr_loopback_v6;
		self.port = l->address.port;
	}
	int r = addr_to_sockaddr(&self, l->socket_family, &sa, &n);
	return r < 0 ? r : connect(l->fd, (const struct sockaddr *)&sa, n) < 0 ? -errno : 0;
}

int replace_turn_away(const struct listener *l)
{
	return l->transport == TRANSPORT_UDP ? turn_away_udp(l) : turn_away_tcp(l);
}

int replace_turn_back(const struct listener *l)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	return connect(l->fd, &nobody, sizeof(nobody)) < 0 ? -errno : 0;
}

bool replace_is_empty(const struct listener *l)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };

	return poll(&p, 1, 0) <= 0 || !(p.revents & POLLIN);
}
