/* SPDX-License-Identifier: MIT */
/* The bounds of the settings reader. The parent's clock is the one that counts; these hold if the parent is stopped. */
#include "settings/bounds.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/landlock.h"
#include "base/rlimit.h"
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

static void limit_resources(void)
{
	(void)rlimit_lower(RLIMIT_CPU, BOUNDS_TIME_MS / 1000);
	(void)rlimit_lower(RLIMIT_CORE, 0);
	(void)rlimit_lower(RLIMIT_NPROC, 0);
	(void)rlimit_lower(RLIMIT_FSIZE, 0); /* it writes a pipe, never a file */
	if (!SECCOMP_SANITIZED)              /* AddressSanitizer maps terabytes of address space that it does not use */
		(void)rlimit_lower(RLIMIT_AS, memory_limit());
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
