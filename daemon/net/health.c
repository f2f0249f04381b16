/* SPDX-License-Identifier: MIT */
/* Whether clients still reach a listener's socket. */
#include "net/health.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "net/unixpath.h"

bool health_is_ended(int fd, bool listens)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };
	int accepts = 1;
	socklen_t n = sizeof(accepts);

	/* A call that fails says nothing about the socket. */
	if (listens && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &n) == 0 && !accepts)
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
