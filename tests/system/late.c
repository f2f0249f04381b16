/* SPDX-License-Identifier: MIT */
/*
 * Makes the late half of an upgrade long, or fail: loaded in front of the C library (LD_PRELOAD), it does nothing but in a
 * program that takes over. Each fork of that one's first process takes LATE_MS, 100 unless said; the one that LATE_FAILS
 * counts, from 1, fails.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pid_t supervisor;
static int forks_n, fails_at;

static __attribute__((constructor)) void begin(void)
{
	const char *mode = getenv("ECHOTIMED_UPGRADE"), *fails = getenv("LATE_FAILS");

	/* For who asks whether this program can be given anything in front. */
	if (getenv("SAY_LATE"))
		(void)!write(1, "late\n", 5);
	if (mode && strncmp(mode, "go ", 3) == 0)
		supervisor = getpid();
	fails_at = fails ? atoi(fails) : 0;
}

static pid_t late(const char *name)
{
	const char *said = getenv("LATE_MS");
	long ms = said ? atol(said) : 100;
	const struct timespec while_we_wait = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	pid_t (*next)(void) = (pid_t(*)(void))dlsym(RTLD_NEXT, name);

	if (supervisor && getpid() == supervisor) {
		nanosleep(&while_we_wait, NULL);
		if (++forks_n == fails_at) {
			errno = EAGAIN;
			return -1;
		}
	}
	return next();
}

pid_t fork(void)
{
	return late("fork");
}

pid_t _Fork(void)
{
	return late("_Fork");
}
