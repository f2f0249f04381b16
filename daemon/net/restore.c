/* SPDX-License-Identifier: MIT */
/* A listener that clients do not reach any more is bound anew. */
#include "net/restore.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "net/health.h"
#include "net/listener.h"
#include "net/unixpath.h"

int restore_adjust(struct listener *l, struct text *why)
{
	return health_of(l) == LOSS_ENDED ? 0 : listener_adjust(l, why);
}

/* A datagram socket that was ended stays bound until the last process closes it. Another is let in beside it, of its user
 * alone (replace.h), where there is no other way: asked to share, the kernel does not look at all who are there. */
static int bind_beside(const struct listener *old, struct listener *fresh, struct text *why)
{
	size_t said_n = why->len;
	int on = 1, r = listener_bind(fresh, why);

	if (r != -EADDRINUSE || fresh->transport != TRANSPORT_UDP)
		return r;
	why->len = said_n;
	(void)setsockopt(old->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	(void)setsockopt(fresh->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	return listener_bind(fresh, why);
}

/* The same listener, as it was planned. */
static struct listener planned(const struct listener *l)
{
	struct listener p = *l;

	p.fd = -1;
	p.origin = ORIGIN_BOUND;
	p.arrival = ARRIVAL_REPLACES; /* open it, to be bound in a second step */
	p.stored = false;
	p.path_dev = p.path_ino = 0;
	return p;
}

/* `ss -K` takes a datagram socket's interface from it, and nothing else. */
static bool put_back(struct listener *l)
{
	const char *interface = l->settings->socket.interface;

	return l->transport == TRANSPORT_UDP && l->loss == LOSS_INTERFACE &&
	       setsockopt(l->fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface) + 1) == 0 &&
	       health_of(l) == LOSS_NONE;
}

int restore_bind(struct listener *l, struct text *why)
{
	struct listener fresh = planned(l);

	if (put_back(l))
		return 0;
	int r = listener_open(&fresh, why);
	if (r < 0)
		return r;
	if (l->socket_family == AF_UNIX)
		unixpath_remove(l); /* a file of ours that leads to what was ended */
	r = bind_beside(l, &fresh, why);
	if (r == 0 && health_of(&fresh) != LOSS_NONE) { /* or it would be bound anew again and again */
		text_addf(why, "%s is lost as soon as it is bound: %s", l->label, health_text(health_of(&fresh)));
		r = -EAGAIN;
	}
	if (r < 0) {
		listener_close(&fresh);
		return r;
	}
	fresh.arrival = ARRIVAL_OPENED;
	listener_drop(l);
	*l = fresh;
	return 0;
}
