/* SPDX-License-Identifier: MIT */
/* The system calls of each role, beside those that every process makes (base/calls.c). */
#include "worker/role_calls.h"

#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define ACCEPTOR (1u << SANDBOX_ACCEPTOR)
#define RESOLVER (1u << SANDBOX_RESOLVER)
#define METRICS (1u << SANDBOX_METRICS)
#define SERVES (1u << SANDBOX_WORKER | 1u << SANDBOX_INETD | ACCEPTOR)

#define SIGN_BIT 0x80000000u
#define FORK_TIDS (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)

#ifdef __s390__
#define CLONE_FLAGS_AT 1
#else
#define CLONE_FLAGS_AT 0
#endif

static const struct calls_row rows[] = {
	/* Sessions and datagrams, on the sockets that it was given or accepts. It makes none but the pair for a lookup. */
	{ CALLS_ROW(SERVES, accept4) },
	{ CALLS_ROW(SERVES, getpeername) },
	{ CALLS_ROW(SERVES, getsockname) },
	{ CALLS_ROW(SERVES, getsockopt) },
	{ CALLS_ROW(SERVES, ioctl), .ifs = { { 1, CALLS_INT, SIOCOUTQ } } },
	{ CALLS_ROW(SERVES, recvmmsg) },
	{ CALLS_ROW(SERVES, recvmmsg_time64) },
	{ CALLS_ROW(SERVES, sendmmsg) },
	{ CALLS_ROW(SERVES, setsockopt) },
	{ CALLS_ROW(SERVES, shutdown) },
	{ CALLS_ROW(SERVES, socketpair),
	  .ifs = { { 0, CALLS_INT, AF_UNIX }, { 1, CALLS_INT, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC } } },

	/* HTTP. */
	{ CALLS_ROW(METRICS, accept4) },
	{ CALLS_ROW(METRICS, fcntl) },
	{ CALLS_ROW(METRICS, fcntl64) },
	{ CALLS_ROW(METRICS, getpeername) },
	{ CALLS_ROW(METRICS, getsockname) },
	{ CALLS_ROW(METRICS, getsockopt) },
	{ CALLS_ROW(METRICS, mremap) },
	{ CALLS_ROW(METRICS, setsockopt) },
	{ CALLS_ROW(METRICS, shutdown) },
	{ CALLS_ROW(METRICS, time) },

	/* A process a session: made as fork(2) makes it, in no namespace of its own. */
	{ CALLS_ROW(ACCEPTOR, clone), .ifs = { { CLONE_FLAGS_AT, CALLS_INT & ~(uint64_t)FORK_TIDS, SIGCHLD } } },
	{ CALLS_ROW(ACCEPTOR, close_range), .number = SYS_close_range },
	{ CALLS_ROW(ACCEPTOR, kill), .ifs = { { 0, SIGN_BIT, 0 }, { 1, CALLS_INT, SIGUSR1 } } },
	{ CALLS_ROW(ACCEPTOR, kill), .ifs = { { 0, SIGN_BIT, 0 }, { 1, CALLS_INT, SIGKILL } } },
	{ CALLS_ROW(ACCEPTOR, set_robust_list) },
	{ CALLS_ROW(ACCEPTOR, wait4) },
	{ CALLS_ROW(ACCEPTOR, waitid) },

	/* Name servers, and the addresses of this host. */
	{ CALLS_ROW(RESOLVER, socket), .ifs = { { 0, CALLS_INT, AF_INET } } },
	{ CALLS_ROW(RESOLVER, socket), .ifs = { { 0, CALLS_INT, AF_INET6 } } },
	{ CALLS_ROW(RESOLVER, socket), .ifs = { { 0, CALLS_INT, AF_NETLINK }, { 2, CALLS_INT, 0 } } }, /* NETLINK_ROUTE */
};

void role_calls(enum sandbox_role role, struct calls_list *ret)
{
	*ret = (struct calls_list){
		.groups = role == SANDBOX_RESOLVER ? CALLS_BASIC | CALLS_NAMING : CALLS_BASIC,
		.rows = rows,
		.rows_n = array_n(rows),
		.who = 1u << role,
		.others = role == SANDBOX_RESOLVER ? CALLS_NAMING_OTHERS : 0,
	};
}
