/* SPDX-License-Identifier: MIT */
/* The system calls of each role, beside those that every process makes (base/seccomp_groups.c). */
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

static const struct seccomp_row rows[] = {
	/* Sessions and datagrams, on sockets that were given or accepted. No socket is made but the pair for a lookup. */
	{ SECCOMP_ROW(SERVES, accept4) },
	{ SECCOMP_ROW(SERVES, getpeername) },
	{ SECCOMP_ROW(SERVES, getsockname) },
	{ SECCOMP_ROW(SERVES, getsockopt) },
	{ SECCOMP_ROW(SERVES, ioctl), .ifs = { { 1, SECCOMP_INT, SIOCOUTQ } } },
	{ SECCOMP_ROW(SERVES, recvmmsg) },
	{ SECCOMP_ROW(SERVES, recvmmsg_time64) },
	{ SECCOMP_ROW(SERVES, sendmmsg) },
	{ SECCOMP_ROW(SERVES, setsockopt) },
	{ SECCOMP_ROW(SERVES, shutdown) },
	{ SECCOMP_ROW(SERVES, socketpair),
	  .ifs = { { 0, SECCOMP_INT, AF_UNIX }, { 1, SECCOMP_INT, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC } } },

	/* HTTP. */
	{ SECCOMP_ROW(METRICS, accept4) },
	{ SECCOMP_ROW(METRICS, fcntl) },
	{ SECCOMP_ROW(METRICS, fcntl64) },
	{ SECCOMP_ROW(METRICS, getpeername) },
	{ SECCOMP_ROW(METRICS, getsockname) },
	{ SECCOMP_ROW(METRICS, getsockopt) },
	{ SECCOMP_ROW(METRICS, mremap) },
	{ SECCOMP_ROW(METRICS, setsockopt) },
	{ SECCOMP_ROW(METRICS, shutdown) },
	{ SECCOMP_ROW(METRICS, time) },

	/* A process a session: made as fork(2) makes it, in no namespace of its own. */
	{ SECCOMP_ROW(ACCEPTOR, clone), .ifs = { { CLONE_FLAGS_AT, SECCOMP_INT & ~(uint64_t)FORK_TIDS, SIGCHLD } } },
	{ SECCOMP_ROW(ACCEPTOR, close_range), .number = SYS_close_range },
	{ SECCOMP_ROW(ACCEPTOR, kill), .ifs = { { 0, SIGN_BIT, 0 }, { 1, SECCOMP_INT, SIGUSR1 } } },
	{ SECCOMP_ROW(ACCEPTOR, kill), .ifs = { { 0, SIGN_BIT, 0 }, { 1, SECCOMP_INT, SIGKILL } } },
	{ SECCOMP_ROW(ACCEPTOR, set_robust_list) },
	{ SECCOMP_ROW(ACCEPTOR, wait4) },
	{ SECCOMP_ROW(ACCEPTOR, waitid) },

	/* Name servers, and the addresses of this host. */
	{ SECCOMP_ROW(RESOLVER, socket), .ifs = { { 0, SECCOMP_INT, AF_INET } } },
	{ SECCOMP_ROW(RESOLVER, socket), .ifs = { { 0, SECCOMP_INT, AF_INET6 } } },
	{ SECCOMP_ROW(RESOLVER, socket),
	  .ifs = { { 0, SECCOMP_INT, AF_NETLINK }, { 2, SECCOMP_INT, 0 } } }, /* NETLINK_ROUTE */
};

void role_calls(enum sandbox_role role, struct seccomp_list *ret)
{
	*ret = (struct seccomp_list){
		.groups = role == SANDBOX_RESOLVER ? SECCOMP_BASIC | SECCOMP_NAMING : SECCOMP_BASIC,
		.rows = rows,
		.rows_n = array_n(rows),
		.who = 1u << role,
		.others = role == SANDBOX_RESOLVER ? SECCOMP_NAMING_OTHERS : 0,
	};
}
