/* SPDX-License-Identifier: MIT */
/* Whether clients still reach a listener's socket, and how it is bound anew where they do not. */
#include "net/health.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "net/unixpath.h"

bool health_is_ended(int fd, bool listens)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };
	int accepts = 1;
	socklen_t n = sizeof(accepts);

	if (listens && (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &n) < 0 || !accepts))
		return true;
	/* An error alone ends nothing: reading clears it. A UNIX socket that was shut down still says that it listens. */
	return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLRDHUP | POLLNVAL);
}

/* The kernel knows it by a number, and names none for one that is gone. It may have several names, of which one is told. */
static bool has_interface(const struct listener *l)
{
	const char *wanted = l->settings->socket.interface;
	char name[IFNAMSIZ] = "";
	socklen_t n = sizeof(name);

	if (getsockopt(l->fd, SOL_SOCKET, SO_BINDTODEVICE, name, &n) < 0)
		return errno != ENODEV;
	return listener_is_passed(l) || strcmp(name, wanted) == 0 ||
	       (name[0] && wanted[0] && if_nametoindex(name) == if_nametoindex(wanted));
}

enum loss health_of(const struct listener *l)
{
	if (health_is_ended(l->fd, l->transport & TRANSPORT_SESSIONS))
		return LOSS_ENDED;
	if (l->socket_family == AF_UNIX)
		return listener_is_passed(l) || unixpath_is_there(l) ? LOSS_NONE : LOSS_FILE;
	return has_interface(l) ? LOSS_NONE : LOSS_INTERFACE;
}

const char *health_text(enum loss loss)
{
	static const char *const texts[] = {
		[LOSS_NONE] = "it is well",
		[LOSS_ENDED] = "another process has ended the socket",
		[LOSS_FILE] = "the socket's file is gone, or another is there",
		[LOSS_INTERFACE] = "its interface is gone, or another has its name",
	};

	return texts[loss];
}

int health_adjust(struct listener *l, struct text *why)
{
	return health_of(l) == LOSS_ENDED ? 0 : listener_adjust(l, why);
}

/* ---- anew ---- */

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
	p.passed_fd = 0;
	p.from_store = p.stored = p.kept = p.renamed = false;
	p.path_dev = p.path_ino = 0;
	p.replaces = true; /* open it, to be bound in a second step */
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

int health_restore(struct listener *l, struct text *why)
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
	fresh.replaces = false;
	listener_drop(l);
	*l = fresh;
	return 0;
}
