/* SPDX-License-Identifier: MIT */
/* System calls that several kinds of processes make. */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/seccomp.h"

const struct seccomp_rule seccomp_groups[] = {
	/* The loop, the log. */
	{ SECCOMP_RULE(SECCOMP_BASIC, close) },
	{ SECCOMP_RULE(SECCOMP_BASIC, epoll_ctl) },
	{ SECCOMP_RULE(SECCOMP_BASIC, epoll_pwait) }, /* what epoll_wait(3) is on newer machines */
#ifdef SYS_epoll_pwait2
	{ SECCOMP_RULE(SECCOMP_BASIC, epoll_pwait2), .number = SYS_epoll_pwait2 },
#endif
	{ SECCOMP_RULE(SECCOMP_BASIC, epoll_wait) },
	{ SECCOMP_RULE(SECCOMP_BASIC, poll) },
	{ SECCOMP_RULE(SECCOMP_BASIC, ppoll) },
	{ SECCOMP_RULE(SECCOMP_BASIC, ppoll_time64) },
	{ SECCOMP_RULE(SECCOMP_BASIC, read) },
	{ SECCOMP_RULE(SECCOMP_BASIC, recv) },
	{ SECCOMP_RULE(SECCOMP_BASIC, recvfrom) },
	{ SECCOMP_RULE(SECCOMP_BASIC, recvmsg) },
	{ SECCOMP_RULE(SECCOMP_BASIC, restart_syscall) }, /* made by the kernel, after a stop */
	{ SECCOMP_RULE(SECCOMP_BASIC, send) },
	{ SECCOMP_RULE(SECCOMP_BASIC, sendmsg) },
	{ SECCOMP_RULE(SECCOMP_BASIC, sendto) },
	{ SECCOMP_RULE(SECCOMP_BASIC, write) },

	/* Some machines' clocks cannot be read without the kernel. */
	{ SECCOMP_RULE(SECCOMP_BASIC, clock_gettime) },
	{ SECCOMP_RULE(SECCOMP_BASIC, clock_gettime64) },
	{ SECCOMP_RULE(SECCOMP_BASIC, getpid) },
	{ SECCOMP_RULE(SECCOMP_BASIC, getrandom) },
	{ SECCOMP_RULE(SECCOMP_BASIC, gettimeofday) },

	/* Memory: given back, or for what the C library takes; never to be executed. */
	{ SECCOMP_RULE(SECCOMP_BASIC, brk) },
	{ SECCOMP_RULE(SECCOMP_BASIC, futex) },
	{ SECCOMP_RULE(SECCOMP_BASIC, madvise) },
	{ SECCOMP_RULE(SECCOMP_BASIC, mmap), .ifs = { { 2, PROT_EXEC, 0 } } },
	{ SECCOMP_RULE(SECCOMP_BASIC, mmap2), .ifs = { { 2, PROT_EXEC, 0 } } },
	{ SECCOMP_RULE(SECCOMP_BASIC, munmap) },

	/* The end, an assertion's too: that is a line, and a signal to itself. */
	{ SECCOMP_RULE(SECCOMP_BASIC, exit) },
	{ SECCOMP_RULE(SECCOMP_BASIC, exit_group) },
	{ SECCOMP_RULE(SECCOMP_BASIC, gettid) },
	{ SECCOMP_RULE(SECCOMP_BASIC, rt_sigaction) },
	{ SECCOMP_RULE(SECCOMP_BASIC, rt_sigprocmask) },
	{ SECCOMP_RULE(SECCOMP_BASIC, rt_sigreturn) },
	{ SECCOMP_RULE(SECCOMP_BASIC, tgkill), .ifs = { { 0, SECCOMP_INT, SECCOMP_OWN_PID } } },
#ifndef __GLIBC__ /* musl ends by a signal to its one thread */
	{ SECCOMP_RULE(SECCOMP_BASIC, tkill), .ifs = { { 0, SECCOMP_INT, SECCOMP_OWN_PID } } },
#endif
	{ SECCOMP_RULE(SECCOMP_BASIC, writev) },

	/* Reading files, and moving about in them. */
	{ SECCOMP_RULE(SECCOMP_NAMING, access) },
	{ SECCOMP_RULE(SECCOMP_NAMING, faccessat) },
	{ SECCOMP_RULE(SECCOMP_NAMING, faccessat2) },
	{ SECCOMP_RULE(SECCOMP_NAMING, fcntl) },
	{ SECCOMP_RULE(SECCOMP_NAMING, fcntl64) },
	{ SECCOMP_RULE(SECCOMP_NAMING, fstat) },
	{ SECCOMP_RULE(SECCOMP_NAMING, fstat64) },
	{ SECCOMP_RULE(SECCOMP_NAMING, fstatat64) },
	{ SECCOMP_RULE(SECCOMP_NAMING, fstatfs) },
	{ SECCOMP_RULE(SECCOMP_NAMING, getdents64) },
	{ SECCOMP_RULE(SECCOMP_NAMING, lseek) },
	{ SECCOMP_RULE(SECCOMP_NAMING, _llseek) },
	{ SECCOMP_RULE(SECCOMP_NAMING, lstat) },
	{ SECCOMP_RULE(SECCOMP_NAMING, newfstatat) },
	{ SECCOMP_RULE(SECCOMP_NAMING, open) },
	{ SECCOMP_RULE(SECCOMP_NAMING, openat) },
	{ SECCOMP_RULE(SECCOMP_NAMING, pread64) },
	{ SECCOMP_RULE(SECCOMP_NAMING, readlink) },
	{ SECCOMP_RULE(SECCOMP_NAMING, readlinkat) },
	{ SECCOMP_RULE(SECCOMP_NAMING, readv) },
	{ SECCOMP_RULE(SECCOMP_NAMING, stat) },
	{ SECCOMP_RULE(SECCOMP_NAMING, statfs) },
	{ SECCOMP_RULE(SECCOMP_NAMING, statx) },
	{ SECCOMP_RULE(SECCOMP_NAMING, mremap) }, /* to make room for a long one */
	/* Modules of the name service: loaded when the first name is asked for, */
	{ SECCOMP_RULE(SECCOMP_NAMING, mmap), .ifs = { { 2, PROT_WRITE, 0 } } },
	{ SECCOMP_RULE(SECCOMP_NAMING, mmap2), .ifs = { { 2, PROT_WRITE, 0 } } },
	{ SECCOMP_RULE(SECCOMP_NAMING, mprotect), .ifs = { { 2, PROT_EXEC, 0 } } },
	/* with daemons of their own, */
	{ SECCOMP_RULE(SECCOMP_NAMING, bind) },
	{ SECCOMP_RULE(SECCOMP_NAMING, connect) },
	{ SECCOMP_RULE(SECCOMP_NAMING, getpeername) },
	{ SECCOMP_RULE(SECCOMP_NAMING, getsockname) },
	{ SECCOMP_RULE(SECCOMP_NAMING, getsockopt) },
	{ SECCOMP_RULE(SECCOMP_NAMING, ioctl), .ifs = { { 1, SECCOMP_INT, FIONREAD } } },
	{ SECCOMP_RULE(SECCOMP_NAMING, pselect6) },
	{ SECCOMP_RULE(SECCOMP_NAMING, pselect6_time64) },
	{ SECCOMP_RULE(SECCOMP_NAMING, recvmmsg) },
	{ SECCOMP_RULE(SECCOMP_NAMING, recvmmsg_time64) },
	{ SECCOMP_RULE(SECCOMP_NAMING, select) },
	{ SECCOMP_RULE(SECCOMP_NAMING, sendmmsg) },
	{ SECCOMP_RULE(SECCOMP_NAMING, setsockopt) },
	{ SECCOMP_RULE(SECCOMP_NAMING, shutdown) },
	{ SECCOMP_RULE(SECCOMP_NAMING, socket), .ifs = { { 0, SECCOMP_INT, AF_UNIX } } },
	/* and what they like to know. */
	{ SECCOMP_RULE(SECCOMP_NAMING, clock_nanosleep) },
	{ SECCOMP_RULE(SECCOMP_NAMING, clock_nanosleep_time64) },
	{ SECCOMP_RULE(SECCOMP_NAMING, epoll_create1) },
	{ SECCOMP_RULE(SECCOMP_NAMING, eventfd2) },
	{ SECCOMP_RULE(SECCOMP_NAMING, futex_time64) },
	{ SECCOMP_RULE(SECCOMP_NAMING, getegid) },
	{ SECCOMP_RULE(SECCOMP_NAMING, geteuid) },
	{ SECCOMP_RULE(SECCOMP_NAMING, getgid) },
	{ SECCOMP_RULE(SECCOMP_NAMING, getppid) },
	{ SECCOMP_RULE(SECCOMP_NAMING, getuid) },
	{ SECCOMP_RULE(SECCOMP_NAMING, nanosleep) },
	{ SECCOMP_RULE(SECCOMP_NAMING, pipe2) },
	{ SECCOMP_RULE(SECCOMP_NAMING, sched_getaffinity) },
	{ SECCOMP_RULE(SECCOMP_NAMING, sched_yield) },
	{ SECCOMP_RULE(SECCOMP_NAMING, sysinfo) },
	{ SECCOMP_RULE(SECCOMP_NAMING, time) },
	{ SECCOMP_RULE(SECCOMP_NAMING, timerfd_create) },
	{ SECCOMP_RULE(SECCOMP_NAMING, timerfd_settime) },
	{ SECCOMP_RULE(SECCOMP_NAMING, timerfd_settime64) },
	{ SECCOMP_RULE(SECCOMP_NAMING, uname) },
	/* No module has a good reason for these. */
	{ SECCOMP_RULE(SECCOMP_NAMING, bpf), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, execve), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, execveat), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, io_uring_setup), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, keyctl), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, mount), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, perf_event_open), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, process_vm_readv), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, process_vm_writev), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, ptrace), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, setns), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, unshare), .error = SECCOMP_KILL },
	{ SECCOMP_RULE(SECCOMP_NAMING, userfaultfd), .error = SECCOMP_KILL },
};

const size_t seccomp_groups_n = array_n(seccomp_groups);
