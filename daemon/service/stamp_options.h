/* SPDX-License-Identifier: MIT */
/* The options that a listener's settings have for stamp. Filled by settings/, read-only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/stamp_clock.h"
#include "wire/stamp_hmac.h"

enum stamp_counting { STAMP_STATELESS, STAMP_STATEFUL };
enum stamp_senders { STAMP_LISTED, STAMP_OPEN };
enum stamp_timescale { STAMP_UTC, STAMP_TAI };

struct stamp_options {
	enum stamp_counting mode;
	enum stamp_senders sessions;
	enum stamp_form timestamp;
	enum stamp_timescale ptp_timescale;
	const uint16_t *ssids; /* those that are answered; none: all         */
	size_t ssids_n;
	const struct stamp_hmac *key; /* NULL: unauthenticated packets are answered, else authenticated ones alone */
	uint32_t sessions_max;        /* at once, that are counted */
};
