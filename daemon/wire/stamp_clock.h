/* SPDX-License-Identifier: MIT */
/*
 * The moments of STAMP packets in both forms, and how wrong they may be (RFC 8762 section 4.2.1, RFC 4656 section 4.1.2,
 * RFC 8186 section 2.3).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum stamp_form {
	STAMP_NTP, /* seconds since 1900 modulo 2^32, and fractions of 2^-32 s    */
	STAMP_PTP, /* seconds since 1970 modulo 2^32, and nanoseconds (PTPv2 truncated) */
};

/* The eight octets of a time stamp, as a number. */
uint64_t stamp_clock_write(const struct timespec *t, enum stamp_form form);

/* The moment of a time stamp, in the era that brings it nearest to `near`: right before and after 2036 and 2106. A PTP stamp
 * with a second of nanoseconds or more counts what it says. */
struct timespec stamp_clock_read(uint64_t stamp, enum stamp_form form, const struct timespec *near);

/* An Error Estimate: Multiplier * 2^Scale * 2^-32 seconds. */
struct stamp_error {
	bool is_synchronised; /* S: to UTC, by an external source                             */
	enum stamp_form form; /* Z: of the sender's time stamps                               */
	bool is_valid;        /* false: its Multiplier was 0, which makes a packet a wrong one */
	uint64_t error_ns;    /* rounded up; UINT64_MAX: more than that                       */
};

/* The two octets with the least Scale that holds the error; never less than the error, never with a Multiplier of 0. */
uint16_t stamp_error_write(const struct stamp_error *e);
struct stamp_error stamp_error_read(uint16_t estimate);
