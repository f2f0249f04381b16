/* SPDX-License-Identifier: MIT */
/* The only file that reads a clock. */
#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/timex.h>

uint64_t clock_mono_ns(void)
{
	struct timespec ts;
	int r = clock_gettime(CLOCK_MONOTONIC, &ts);

	assert(r == 0);
	return (uint64_t)ts.tv_sec * CLOCK_S_NS + (uint64_t)ts.tv_nsec;
}

struct timespec clock_wall(void)
{
	struct timespec ts;
	int r = clock_gettime(CLOCK_REALTIME, &ts);

	assert(r == 0);
	return ts;
}

int clock_leave_zone(void)
{
	if (setenv("TZ", "UTC0", 1) < 0)
		return -errno;
	tzset();
	return 0;
}

struct clock_status clock_status_now(void)
{
	struct timex tx = { .modes = 0 }; /* nothing is set, so no privilege is needed */
	struct clock_status s = { .state = CLOCK_UNKNOWN };
	int r = adjtimex(&tx);

	if (r < 0)
		return s;
	s.state = (tx.status & STA_UNSYNC) != 0 ? CLOCK_UNSYNCHRONISED : CLOCK_SYNCHRONISED;
	s.max_error_us = tx.maxerror;
	s.tai_offset_s = tx.tai;
	/* The kernel answers TIME_ERROR for an unsynchronised clock too; that alone is no failure. */
	s.failed = r == TIME_ERROR && (s.state == CLOCK_SYNCHRONISED || (tx.status & STA_CLOCKERR) != 0);
	s.leap_insert = (tx.status & STA_INS) != 0;
	s.leap_delete = (tx.status & STA_DEL) != 0;
	return s;
}

uint64_t clock_add(uint64_t a_ns, uint64_t b_ns)
{
	uint64_t sum;

	/* CLOCK_NEVER is the largest number, so any sum with it but + 0 overflows, and + 0 is CLOCK_NEVER itself. */
	return __builtin_add_overflow(a_ns, b_ns, &sum) ? CLOCK_NEVER : sum;
}
