/* SPDX-License-Identifier: MIT */
/* The bounds of the settings reader. The parent's clock is the one that counts; these hold if the parent is stopped. */
#include "settings/bounds.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/landlock.h"
#include "base/seccomp.h"

/* Address space: what this process uses now, and its own part on top. A reload forks the child from a supervisor that has
 * tables mapped. Without /proc (an empty root) nobody knows how large these are: then time alone is bounded. */
static rlim_t memory_limit(void)
{
	cleanup_fd int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char line[128] = "";

	if (fd < 0 || read(fd, line, sizeof(line) - 1) <= 0)
		return RLIM_INFINITY;
	return strtoull(line, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE) + BOUNDS_MEMORY_BYTES;
}

/* Never more than was allowed before: raising it would fail, and leave the old one. */
static void limit(int what, rlim_t soft)
{
	struct rlimit l = { .rlim_cur = soft, .rlim_max = soft }, had;

	if (getrlimit(what, &had) == 0 && had.rlim_max < soft)
		l.rlim_cur = l.rlim_max = had.rlim_max;
	(void)setrlimit(what, &l);
}

static void limit_resources(void)
{
	limit(RLIMIT_CPU, BOUNDS_TIME_MS / 1000);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_FSIZE, 0); /* it writes a pipe, never a file */
	if (!SECCOMP_SANITIZED) /* AddressSanitizer maps terabytes of address space that it does not use */
		limit(RLIMIT_AS, memory_limit());
}

/* The supervisor's handlers and ignored signals are not for this process. */
static void take_signals(void)
{
	sigset_t none;

	for (int s = 1; s < SIGRTMIN; s++)
		(void)signal(s, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* The settings may name any file: all can be read that the user can. */
static int fence(void)
{
	static const char *const anywhere[] = { "/", NULL };
	struct landlock f = { .readable = anywhere };

	return landlock_enter(&f);
}

/* Names of services (`port = "echo"`) are asked of the name service. */
static int filter_calls(void)
{
	struct seccomp_list l = { .groups = SECCOMP_BASIC | SECCOMP_NAMING, .others = SECCOMP_NAMING_OTHERS };

	return seccomp_allow_only(&l);
}

int bounds_enter(void)
{
	int r;

	take_signals();
	limit_resources();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = fence();
	if (r == 0 || r == -ENOSYS)
		r = filter_calls();
	return r == -ENOSYS ? 0 : r;
}
