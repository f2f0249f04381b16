/* SPDX-License-Identifier: MIT */
/* The making of a listener's socket: its kind, and Multipath TCP where that is wanted and the kernel has it. */
#include "net/make.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/users.h"

static int kind_of(enum transport t)
{
	if (t & TRANSPORT_DATAGRAMS)
		return SOCK_DGRAM;
	return t == TRANSPORT_UNIXPACKET ? SOCK_SEQPACKET : SOCK_STREAM;
}

bool make_wants_multipath(const struct listener *l)
{
	return l->transport == TRANSPORT_TCP && l->settings->socket.mptcp;
}

bool make_is_multipath(int fd)
{
	int protocol = 0;
	socklen_t n = sizeof(protocol);

	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &n) == 0 && protocol == IPPROTO_MPTCP;
}

/* The kernel was built without it, or it is switched off (net.mptcp.enabled). */
static bool has_none(int err)
{
	return err == EPROTONOSUPPORT || err == ENOPROTOOPT || err == EINVAL;
}

/* Of Multipath TCP. Beneath it is a socket of TCP, which the kernel makes with the first option. Of root it would stay
 * root's for good, and a reload could not put another in its place (replace.h): privileges_give() reaches the one on top
 * alone. */
static int make_multipath(const struct listener *l, int kind)
{
	uid_t uid = USERS_NOBODY_SAID;
	gid_t gid = USERS_NO_GROUP;
	int on = 1;

	if (geteuid() == 0)
		(void)!users_find(settings_user(l->all), &uid, &gid); /* of whom there is none is said where he is needed */
	if (users_act_as(uid, gid) < 0)
		return -EPERM;
	int fd = socket(l->socket_family, kind, IPPROTO_MPTCP), r = fd < 0 ? -errno : 0;
	if (r == 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) {
		r = -errno;
		fd_close(&fd);
	}
	users_act_end();
	return r < 0 ? r : fd;
}

int make_socket(const struct listener *l)
{
	int kind = kind_of(l->transport) | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd = make_wants_multipath(l) ? make_multipath(l, kind) : -EPROTONOSUPPORT;

	if (fd >= 0 || !has_none(-fd))
		return fd;
	fd = socket(l->socket_family, kind, 0);
	return fd < 0 ? -errno : fd;
}
