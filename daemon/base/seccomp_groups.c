/* SPDX-License-Identifier: MIT */
/* System calls that several kinds of processes make. */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/seccomp.h"

const struct seccomp_row seccomp_groups[] = {
	/* The loop, the log. */
	{ SECCOMP_ROW(SECCOMP_BASIC, close) },
	{ SECCOMP_ROW(SECCOMP_BASIC, epoll_ctl) },
	{ SECCOMP_ROW(SECCOMP_BASIC, epoll_pwait) }, /* what epoll_wait(3) is on newer machines */
#ifdef SYS_epoll_pwait2
	{ SECCOMP_ROW(SECCOMP_BASIC, epoll_pwait2), .number = SYS_epoll_pwait2 },
#endif
	{ SECCOMP_ROW(SECCOMP_BASIC, epoll_wait) },
	{ SECCOMP_ROW(SECCOMP_BASIC, poll) },
	{ SECCOMP_ROW(SECCOMP_BASIC, ppoll) },
	{ SECCOMP_ROW(SECCOMP_BASIC, ppoll_time64) },
	{ SECCOMP_ROW(SECCOMP_BASIC, read) },
	{ SECCOMP_ROW(SECCOMP_BASIC, recv) },
	{ SECCOMP_ROW(SECCOMP_BASIC, recvfrom) },
	{ SECCOMP_ROW(SECCOMP_BASIC, recvmsg) },
	{ SECCOMP_ROW(SECCOMP_BASIC, restart_syscall) }, /* made by the kernel, after a stop */
	{ SECCOMP_ROW(SECCOMP_BASIC, send) },
	{ SECCOMP_ROW(SECCOMP_BASIC, sendmsg) },
	{ SECCOMP_ROW(SECCOMP_BASIC, sendto) },
	{ SECCOMP_ROW(SECCOMP_BASIC, write) },

	/* Where the C library has no quicker way: some machines' clocks cannot be read without the kernel. */
	{ SECCOMP_ROW(SECCOMP_BASIC, clock_gettime) },
	{ SECCOMP_ROW(SECCOMP_BASIC, clock_gettime64) },
	{ SECCOMP_ROW(SECCOMP_BASIC, getpid) },
	{ SECCOMP_ROW(SECCOMP_BASIC, getrandom) },
	{ SECCOMP_ROW(SECCOMP_BASIC, gettimeofday) },

	/* Memory: given back, or for what the C library takes; never to be executed. */
	{ SECCOMP_ROW(SECCOMP_BASIC, brk) },
	{ SECCOMP_ROW(SECCOMP_BASIC, futex) },
	{ SECCOMP_ROW(SECCOMP_BASIC, madvise) },
	{ SECCOMP_ROW(SECCOMP_BASIC, mmap), .ifs = { { 2, PROT_EXEC, 0 } } },
	{ SECCOMP_ROW(SECCOMP_BASIC, mmap2), .ifs = { { 2, PROT_EXEC, 0 } } },
	{ SECCOMP_ROW(SECCOMP_BASIC, munmap) },

	/* The end, an assertion's too: that is a line, and a signal to itself. */
	{ SECCOMP_ROW(SECCOMP_BASIC, exit) },
	{ SECCOMP_ROW(SECCOMP_BASIC, exit_group) },
	{ SECCOMP_ROW(SECCOMP_BASIC, gettid) },
	{ SECCOMP_ROW(SECCOMP_BASIC, rt_sigaction) },
	{ SECCOMP_ROW(SECCOMP_BASIC, rt_sigprocmask) },
	{ SECCOMP_ROW(SECCOMP_BASIC, rt_sigreturn) },
	{ SECCOMP_ROW(SECCOMP_BASIC, tgkill), .ifs = { { 0, SECCOMP_INT, SECCOMP_OWN_PID } } },
	{ SECCOMP_ROW(SECCOMP_BASIC, writev) },

	/* Reading files, and moving about in them. */
	{ SECCOMP_ROW(SECCOMP_NAMING, access) },
	{ SECCOMP_ROW(SECCOMP_NAMING, faccessat) },
	{ SECCOMP_ROW(SECCOMP_NAMING, faccessat2) },
	{ SECCOMP_ROW(SECCOMP_NAMING, fcntl) },
	{ SECCOMP_ROW(SECCOMP_NAMING, fcntl64) },
	{ SECCOMP_ROW(SECCOMP_NAMING, fstat) },
	{ SECCOMP_ROW(SECCOMP_NAMING, fstat64) },
	{ SECCOMP_ROW(SECCOMP_NAMING, fstatat64) },
	{ SECCOMP_ROW(SECCOMP_NAMING, fstatfs) },
	{ SECCOMP_ROW(SECCOMP_NAMING, getdents64) },
	{ SECCOMP_ROW(SECCOMP_NAMING, lseek) },
	{ SECCOMP_ROW(SECCOMP_NAMING, _llseek) },
	{ SECCOMP_ROW(SECCOMP_NAMING, lstat) },
	{ SECCOMP_ROW(SECCOMP_NAMING, newfstatat) },
	{ SECCOMP_ROW(SECCOMP_NAMING, open) },
	{ SECCOMP_ROW(SECCOMP_NAMING, openat) },
	{ SECCOMP_ROW(SECCOMP_NAMING, pread64) },
	{ SECCOMP_ROW(SECCOMP_NAMING, readlink) },
	{ SECCOMP_ROW(SECCOMP_NAMING, readlinkat) },
	{ SECCOMP_ROW(SECCOMP_NAMING, readv) },
	{ SECCOMP_ROW(SECCOMP_NAMING, stat) },
	{ SECCOMP_ROW(SECCOMP_NAMING, statfs) },
	{ SECCOMP_ROW(SECCOMP_NAMING, statx) },
	{ SECCOMP_ROW(SECCOMP_NAMING, mremap) }, /* to make room for a long one */
	/* Modules of the name service: loaded when the first name is asked for, */
	{ SECCOMP_ROW(SECCOMP_NAMING, mmap), .ifs = { { 2, PROT_WRITE, 0 } } },
	{ SECCOMP_ROW(SECCOMP_NAMING, mmap2), .ifs = { { 2, PROT_WRITE, 0 } } },
	{ SECCOMP_ROW(SECCOMP_NAMING, mprotect), .ifs = { { 2, PROT_EXEC, 0 } } },
	/* with daemons of their own, */
	{ SECCOMP_ROW(SECCOMP_NAMING, bind) },
	{ SECCOMP_ROW(SECCOMP_NAMING, connect) },
	{ SECCOMP_ROW(SECCOMP_NAMING, getpeername) },
	{ SECCOMP_ROW(SECCOMP_NAMING, getsockname) },
	{ SECCOMP_ROW(SECCOMP_NAMING, getsockopt) },
	{ SECCOMP_ROW(SECCOMP_NAMING, ioctl), .ifs = { { 1, SECCOMP_INT, FIONREAD } } },
	{ SECCOMP_ROW(SECCOMP_NAMING, pselect6) },
	{ SECCOMP_ROW(SECCOMP_NAMING, pselect6_time64) },
	{ SECCOMP_ROW(SECCOMP_NAMING, recvmmsg) },
	{ SECCOMP_ROW(SECCOMP_NAMING, recvmmsg_time64) },
	{ SECCOMP_ROW(SECCOMP_NAMING, select) },
	{ SECCOMP_ROW(SECCOMP_NAMING, sendmmsg) },
	{ SECCOMP_ROW(SECCOMP_NAMING, setsockopt) },
	{ SECCOMP_ROW(SECCOMP_NAMING, shutdown) },
	{ SECCOMP_ROW(SECCOMP_NAMING, socket), .ifs = { { 0, SECCOMP_INT, AF_UNIX } } },
	/* and what they like to know. */
	{ SECCOMP_ROW(SECCOMP_NAMING, clock_nanosleep) },
	{ SECCOMP_ROW(SECCOMP_NAMING, clock_nanosleep_time64) },
	{ SECCOMP_ROW(SECCOMP_NAMING, epoll_create1) },
	{ SECCOMP_ROW(SECCOMP_NAMING, eventfd2) },
	{ SECCOMP_ROW(SECCOMP_NAMING, futex_time64) },
	{ SECCOMP_ROW(SECCOMP_NAMING, getegid) },
	{ SECCOMP_ROW(SECCOMP_NAMING, geteuid) },
	{ SECCOMP_ROW(SECCOMP_NAMING, getgid) },
	{ SECCOMP_ROW(SECCOMP_NAMING, getppid) },
	{ SECCOMP_ROW(SECCOMP_NAMING, getuid) },
	{ SECCOMP_ROW(SECCOMP_NAMING, nanosleep) },
	{ SECCOMP_ROW(SECCOMP_NAMING, pipe2) },
	{ SECCOMP_ROW(SECCOMP_NAMING, sched_getaffinity) },
	{ SECCOMP_ROW(SECCOMP_NAMING, sched_yield) },
	{ SECCOMP_ROW(SECCOMP_NAMING, sysinfo) },
	{ SECCOMP_ROW(SECCOMP_NAMING, time) },
	{ SECCOMP_ROW(SECCOMP_NAMING, timerfd_create) },
	{ SECCOMP_ROW(SECCOMP_NAMING, timerfd_settime) },
	{ SECCOMP_ROW(SECCOMP_NAMING, timerfd_settime64) },
	{ SECCOMP_ROW(SECCOMP_NAMING, uname) },
	/* No module has a good reason for these. */
	{ SECCOMP_ROW(SECCOMP_NAMING, bpf), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, execve), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, execveat), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, io_uring_setup), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, keyctl), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, mount), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, perf_event_open), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, process_vm_readv), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, process_vm_writev), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, ptrace), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, setns), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, unshare), .error = SECCOMP_KILL },
	{ SECCOMP_ROW(SECCOMP_NAMING, userfaultfd), .error = SECCOMP_KILL },
};

const size_t seccomp_groups_n = array_n(seccomp_groups);
