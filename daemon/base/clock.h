/* SPDX-License-Identifier: MIT */
/* The only file that reads a clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/attr.h"

#define CLOCK_MS_NS UINT64_C(1000000)
#define CLOCK_S_NS UINT64_C(1000000000)
#define CLOCK_NEVER UINT64_MAX /* a deadline that does not come */

/* On machines of 32 bits too, where config.h sees to it: it comes first in every file (Makefile.am). */
_Static_assert(sizeof(time_t) == 8 && sizeof(off_t) == 8, "this file was compiled without config.h");

enum clock_state {
	CLOCK_UNKNOWN,        /* the kernel does not say (ProtectClock=, a container) */
	CLOCK_UNSYNCHRONISED, /* STA_UNSYNC: nobody disciplines the clock             */
	CLOCK_SYNCHRONISED,
};

/* The wall clock's quality as the kernel knows it, from adjtimex(2), read-only. */
struct clock_status {
	enum clock_state state;
	int64_t max_error_us; /* 0 where unknown                                             */
	int tai_offset_s;     /* TAI - UTC; 0 where nobody has told the kernel               */
	bool failed;          /* TIME_ERROR for another reason than an undisciplined clock      */
	bool leap_insert;     /* STA_INS: a second is inserted at the end of this UTC day    */
	bool leap_delete;     /* STA_DEL                                                     */
};

/* Nanoseconds of CLOCK_MONOTONIC: what every deadline is made of. Never fails. */
uint64_t clock_mono_ns(void);

/* The wall clock, UTC. Never fails. */
struct timespec clock_wall(void);

/* libc's zone is UTC from here on, nobody's environment shows in an answer, and gmtime(3) opens no file: what it reads once
 * it has read now. 0 or -errno. */
int clock_leave_zone(void) must_check;

/* Reads the clock's status. Never fails: what cannot be read is CLOCK_UNKNOWN. */
struct clock_status clock_status_now(void);

/* a + b, CLOCK_NEVER where either is CLOCK_NEVER or the sum does not fit. */
uint64_t clock_add(uint64_t a_ns, uint64_t b_ns);
