/* SPDX-License-Identifier: MIT */
/* System calls that several kinds of processes make. */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/calls.h"

const struct calls_row calls_groups[] = {
	/* The loop, the log. */
	{ CALLS_ROW(CALLS_BASIC, close) },
	{ CALLS_ROW(CALLS_BASIC, epoll_ctl) },
	{ CALLS_ROW(CALLS_BASIC, epoll_pwait) }, /* what epoll_wait(3) is on newer machines */
#ifdef SYS_epoll_pwait2
	{ CALLS_ROW(CALLS_BASIC, epoll_pwait2), .number = SYS_epoll_pwait2 },
#endif
	{ CALLS_ROW(CALLS_BASIC, epoll_wait) },
	{ CALLS_ROW(CALLS_BASIC, poll) },
	{ CALLS_ROW(CALLS_BASIC, ppoll) },
	{ CALLS_ROW(CALLS_BASIC, ppoll_time64) },
	{ CALLS_ROW(CALLS_BASIC, read) },
	{ CALLS_ROW(CALLS_BASIC, recv) },
	{ CALLS_ROW(CALLS_BASIC, recvfrom) },
	{ CALLS_ROW(CALLS_BASIC, recvmsg) },
	{ CALLS_ROW(CALLS_BASIC, restart_syscall) }, /* made by the kernel, after a stop */
	{ CALLS_ROW(CALLS_BASIC, send) },
	{ CALLS_ROW(CALLS_BASIC, sendmsg) },
	{ CALLS_ROW(CALLS_BASIC, sendto) },
	{ CALLS_ROW(CALLS_BASIC, write) },

	/* Where the C library has no quicker way: some machines' clocks cannot be read without the kernel. */
	{ CALLS_ROW(CALLS_BASIC, clock_gettime) },
	{ CALLS_ROW(CALLS_BASIC, clock_gettime64) },
	{ CALLS_ROW(CALLS_BASIC, getpid) },
	{ CALLS_ROW(CALLS_BASIC, getrandom) },
	{ CALLS_ROW(CALLS_BASIC, gettimeofday) },

	/* Memory: given back, or for what the C library takes; never to be executed. */
	{ CALLS_ROW(CALLS_BASIC, brk) },
	{ CALLS_ROW(CALLS_BASIC, futex) },
	{ CALLS_ROW(CALLS_BASIC, madvise) },
	{ CALLS_ROW(CALLS_BASIC, mmap), .ifs = { { 2, PROT_EXEC, 0 } } },
	{ CALLS_ROW(CALLS_BASIC, mmap2), .ifs = { { 2, PROT_EXEC, 0 } } },
	{ CALLS_ROW(CALLS_BASIC, munmap) },

	/* The end, an assertion's too: that is a line, and a signal to itself. */
	{ CALLS_ROW(CALLS_BASIC, exit) },
	{ CALLS_ROW(CALLS_BASIC, exit_group) },
	{ CALLS_ROW(CALLS_BASIC, gettid) },
	{ CALLS_ROW(CALLS_BASIC, rt_sigaction) },
	{ CALLS_ROW(CALLS_BASIC, rt_sigprocmask) },
	{ CALLS_ROW(CALLS_BASIC, rt_sigreturn) },
	{ CALLS_ROW(CALLS_BASIC, tgkill), .ifs = { { 0, CALLS_INT, CALLS_OWN_PID } } },
	{ CALLS_ROW(CALLS_BASIC, writev) },

	/* Reading files, and moving about in them. */
	{ CALLS_ROW(CALLS_NAMING, access) },
	{ CALLS_ROW(CALLS_NAMING, faccessat) },
	{ CALLS_ROW(CALLS_NAMING, faccessat2) },
	{ CALLS_ROW(CALLS_NAMING, fcntl) },
	{ CALLS_ROW(CALLS_NAMING, fcntl64) },
	{ CALLS_ROW(CALLS_NAMING, fstat) },
	{ CALLS_ROW(CALLS_NAMING, fstat64) },
	{ CALLS_ROW(CALLS_NAMING, fstatat64) },
	{ CALLS_ROW(CALLS_NAMING, fstatfs) },
	{ CALLS_ROW(CALLS_NAMING, getdents64) },
	{ CALLS_ROW(CALLS_NAMING, lseek) },
	{ CALLS_ROW(CALLS_NAMING, _llseek) },
	{ CALLS_ROW(CALLS_NAMING, lstat) },
	{ CALLS_ROW(CALLS_NAMING, newfstatat) },
	{ CALLS_ROW(CALLS_NAMING, open) },
	{ CALLS_ROW(CALLS_NAMING, openat) },
	{ CALLS_ROW(CALLS_NAMING, pread64) },
	{ CALLS_ROW(CALLS_NAMING, readlink) },
	{ CALLS_ROW(CALLS_NAMING, readlinkat) },
	{ CALLS_ROW(CALLS_NAMING, readv) },
	{ CALLS_ROW(CALLS_NAMING, stat) },
	{ CALLS_ROW(CALLS_NAMING, statfs) },
	{ CALLS_ROW(CALLS_NAMING, statx) },
	{ CALLS_ROW(CALLS_NAMING, mremap) }, /* to make room for a long one */
	/* Modules of the name service: loaded when the first name is asked for, */
	{ CALLS_ROW(CALLS_NAMING, mmap), .ifs = { { 2, PROT_WRITE, 0 } } },
	{ CALLS_ROW(CALLS_NAMING, mmap2), .ifs = { { 2, PROT_WRITE, 0 } } },
	{ CALLS_ROW(CALLS_NAMING, mprotect), .ifs = { { 2, PROT_EXEC, 0 } } },
	/* with daemons of their own, */
	{ CALLS_ROW(CALLS_NAMING, bind) },
	{ CALLS_ROW(CALLS_NAMING, connect) },
	{ CALLS_ROW(CALLS_NAMING, getpeername) },
	{ CALLS_ROW(CALLS_NAMING, getsockname) },
	{ CALLS_ROW(CALLS_NAMING, getsockopt) },
	{ CALLS_ROW(CALLS_NAMING, ioctl), .ifs = { { 1, CALLS_INT, FIONREAD } } },
	{ CALLS_ROW(CALLS_NAMING, pselect6) },
	{ CALLS_ROW(CALLS_NAMING, pselect6_time64) },
	{ CALLS_ROW(CALLS_NAMING, recvmmsg) },
	{ CALLS_ROW(CALLS_NAMING, recvmmsg_time64) },
	{ CALLS_ROW(CALLS_NAMING, select) },
	{ CALLS_ROW(CALLS_NAMING, sendmmsg) },
	{ CALLS_ROW(CALLS_NAMING, setsockopt) },
	{ CALLS_ROW(CALLS_NAMING, shutdown) },
	{ CALLS_ROW(CALLS_NAMING, socket), .ifs = { { 0, CALLS_INT, AF_UNIX } } },
	/* and what they like to know. */
	{ CALLS_ROW(CALLS_NAMING, clock_nanosleep) },
	{ CALLS_ROW(CALLS_NAMING, clock_nanosleep_time64) },
	{ CALLS_ROW(CALLS_NAMING, epoll_create1) },
	{ CALLS_ROW(CALLS_NAMING, eventfd2) },
	{ CALLS_ROW(CALLS_NAMING, futex_time64) },
	{ CALLS_ROW(CALLS_NAMING, getegid) },
	{ CALLS_ROW(CALLS_NAMING, geteuid) },
	{ CALLS_ROW(CALLS_NAMING, getgid) },
	{ CALLS_ROW(CALLS_NAMING, getppid) },
	{ CALLS_ROW(CALLS_NAMING, getuid) },
	{ CALLS_ROW(CALLS_NAMING, nanosleep) },
	{ CALLS_ROW(CALLS_NAMING, pipe2) },
	{ CALLS_ROW(CALLS_NAMING, sched_getaffinity) },
	{ CALLS_ROW(CALLS_NAMING, sched_yield) },
	{ CALLS_ROW(CALLS_NAMING, sysinfo) },
	{ CALLS_ROW(CALLS_NAMING, time) },
	{ CALLS_ROW(CALLS_NAMING, timerfd_create) },
	{ CALLS_ROW(CALLS_NAMING, timerfd_settime) },
	{ CALLS_ROW(CALLS_NAMING, timerfd_settime64) },
	{ CALLS_ROW(CALLS_NAMING, uname) },
	/* No module has a good reason for these. */
	{ CALLS_ROW(CALLS_NAMING, bpf), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, execve), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, execveat), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, io_uring_setup), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, keyctl), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, mount), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, perf_event_open), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, process_vm_readv), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, process_vm_writev), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, ptrace), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, setns), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, unshare), .error = CALLS_KILL },
	{ CALLS_ROW(CALLS_NAMING, userfaultfd), .error = CALLS_KILL },
};

const size_t calls_groups_n = array_n(calls_groups);
