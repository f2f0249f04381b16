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

static const struct seccomp_rule rules[] = {
	/* Sessions and datagrams, on sockets that were given or accepted. No socket is made but the pair for a lookup. */
	{ SECCOMP_RULE(SERVES, accept4) },
	{ SECCOMP_RULE(SERVES, getpeername) },
	{ SECCOMP_RULE(SERVES, getsockname) },
	{ SECCOMP_RULE(SERVES, getsockopt) },
	{ SECCOMP_RULE(SERVES, ioctl), .ifs = { { 1, SECCOMP_INT, SIOCOUTQ } } },
	{ SECCOMP_RULE(SERVES, ioctl), .ifs = { { 1, SECCOMP_INT, SIOCGIFNAME } } },
	{ SECCOMP_RULE(SERVES, recvmmsg) },
	{ SECCOMP_RULE(SERVES, recvmmsg_time64) },
	{ SECCOMP_RULE(SERVES, sendmmsg) },
	{ SECCOMP_RULE(SERVES, setsockopt) },
	{ SECCOMP_RULE(SERVES, shutdown) },
	{ SECCOMP_RULE(SERVES, socketpair),
	  .ifs = { { 0, SECCOMP_INT, AF_UNIX }, { 1, SECCOMP_INT, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC } } },

	/* HTTP. */
	{ SECCOMP_RULE(METRICS, accept4) },
	{ SECCOMP_RULE(METRICS, fcntl) },
	{ SECCOMP_RULE(METRICS, fcntl64) },
	{ SECCOMP_RULE(METRICS, getpeername) },
	{ SECCOMP_RULE(METRICS, getsockname) },
	{ SECCOMP_RULE(METRICS, getsockopt) },
	{ SECCOMP_RULE(METRICS, mremap) },
	{ SECCOMP_RULE(METRICS, setsockopt) },
	{ SECCOMP_RULE(METRICS, shutdown) },
	{ SECCOMP_RULE(METRICS, time) },

	/* A process a session: made as fork(2) makes it, in no namespace of its own. */
	{ SECCOMP_RULE(ACCEPTOR, clone), .ifs = { { CLONE_FLAGS_AT, SECCOMP_INT & ~(uint64_t)FORK_TIDS, SIGCHLD } } },
#ifndef __GLIBC__ /* musl makes it otherwise */
	{ SECCOMP_RULE(ACCEPTOR, fork) },
#endif
	{ SECCOMP_RULE(ACCEPTOR, close_range), .number = SYS_close_range },
	{ SECCOMP_RULE(ACCEPTOR, kill), .ifs = { { 0, SIGN_BIT, 0 }, { 1, SECCOMP_INT, SIGUSR1 } } },
	{ SECCOMP_RULE(ACCEPTOR, kill), .ifs = { { 0, SIGN_BIT, 0 }, { 1, SECCOMP_INT, SIGKILL } } },
	{ SECCOMP_RULE(ACCEPTOR, set_robust_list) },
	{ SECCOMP_RULE(ACCEPTOR, wait4) },
	{ SECCOMP_RULE(ACCEPTOR, waitid) },

	/* Name servers, and the addresses of this host. */
	{ SECCOMP_RULE(RESOLVER, socket), .ifs = { { 0, SECCOMP_INT, AF_INET } } },
	{ SECCOMP_RULE(RESOLVER, socket), .ifs = { { 0, SECCOMP_INT, AF_INET6 } } },
	{ SECCOMP_RULE(RESOLVER, socket),
	  .ifs = { { 0, SECCOMP_INT, AF_NETLINK }, { 2, SECCOMP_INT, 0 } } }, /* NETLINK_ROUTE */
};

void role_calls(enum sandbox_role role, struct seccomp_list *ret)
{
	*ret = (struct seccomp_list){
		.groups = role == SANDBOX_RESOLVER ? SECCOMP_BASIC | SECCOMP_NAMING : SECCOMP_BASIC,
		.rules = rules,
		.rules_n = array_n(rules),
		.who = 1u << role,
		.others = role == SANDBOX_RESOLVER ? SECCOMP_NAMING_OTHERS : 0,
	};
}
