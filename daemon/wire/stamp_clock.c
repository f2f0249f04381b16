/* SPDX-License-Identifier: MIT */
/* Time stamps and Error Estimates of STAMP, in whole numbers: nothing is rounded but where the form has no place for it. */
#include "wire/stamp_clock.h"

#define S_NS UINT64_C(1000000000)
#define SECONDS_1900_TO_1970 INT64_C(2208988800)
#define ERA_S (INT64_C(1) << 32)

#define SYNCHRONISED 0x8000
#define IN_PTP_FORM 0x4000
#define SCALE_AT 8
#define SCALE_MAX 63
#define MULTIPLIER_MAX 255

static int64_t epoch_of(enum stamp_form form)
{
	return form == STAMP_NTP ? SECONDS_1900_TO_1970 : 0;
}

uint64_t stamp_clock_write(const struct timespec *t, enum stamp_form form)
{
	uint64_t seconds = (uint32_t)((uint64_t)t->tv_sec + (uint64_t)epoch_of(form));
	uint64_t ns = (uint64_t)t->tv_nsec;

	return seconds << 32 | (form == STAMP_NTP ? (ns << 32) / S_NS : ns);
}

struct timespec stamp_clock_read(uint64_t stamp, enum stamp_form form, const struct timespec *near)
{
	uint32_t seconds = (uint32_t)(stamp >> 32), rest = (uint32_t)stamp;
	/* A fraction is brought to the nearest nanosecond: writing rounds down, and what was written is read as the same. */
	uint64_t ns = form == STAMP_NTP ? (rest * S_NS + (UINT64_C(1) << 31)) >> 32 : rest;
	/* The distance from `near`, at most half an era either way. */
	int32_t ahead = (int32_t)(seconds - (uint32_t)((uint64_t)near->tv_sec + (uint64_t)epoch_of(form)));

	return (struct timespec){ .tv_sec = near->tv_sec + ahead + (time_t)(ns / S_NS), .tv_nsec = (long)(ns % S_NS) };
}

uint16_t stamp_error_write(const struct stamp_error *e)
{
	uint64_t seconds = e->error_ns / S_NS;
	/* In 2^-32 s, or from 68 years on in seconds; rounded up. */
	bool is_long = seconds >= UINT32_MAX / 2;
	uint64_t units = is_long ? seconds + 1 : (seconds << 32) + (((e->error_ns % S_NS) << 32) + S_NS - 1) / S_NS;
	unsigned scale = is_long ? 32 : 0;

	for (; units > MULTIPLIER_MAX; scale++)
		units = (units + 1) / 2; /* rounding up at each halving is rounding up once */
	if (units == 0)
		units = 1;
	return (uint16_t)((e->is_synchronised ? SYNCHRONISED : 0) | (e->form == STAMP_PTP ? IN_PTP_FORM : 0) |
			  scale << SCALE_AT | units);
}

struct stamp_error stamp_error_read(uint16_t estimate)
{
	unsigned scale = estimate >> SCALE_AT & SCALE_MAX, multiplier = estimate & MULTIPLIER_MAX;
	struct stamp_error e = {
		.is_synchronised = (estimate & SYNCHRONISED) != 0,
		.form = (estimate & IN_PTP_FORM) != 0 ? STAMP_PTP : STAMP_NTP,
		.is_valid = multiplier != 0,
		.error_ns = UINT64_MAX,
	};
	/* Up to 2^33 s its nanoseconds have a place in 64 bits. */
	unsigned whole = scale > 32 ? scale - 32 : 0, halves = scale < 32 ? 32 - scale : 0;

	if (scale <= 32)
		e.error_ns = (multiplier * S_NS + (UINT64_C(1) << halves) - 1) >> halves;
	else if ((uint64_t)multiplier << whole < UINT64_MAX / S_NS)
		e.error_ns = ((uint64_t)multiplier << whole) * S_NS;
	return e;
}
