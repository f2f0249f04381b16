/* SPDX-License-Identifier: MIT */
/*
 * Manners: how much may be sent to whom without a word that it is allowed. Pure.
 *
 * A public address is one that is not loopback, link-local, of RFC 1918, RFC 4193 (ULA) or RFC 6598 (CGNAT).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/text.h"
#include "echoprobe/plan.h"

#define MANNERS_PUBLIC_RATE 100         /* packets a second to a public address, all flows together */
#define MANNERS_INTERVAL_NS CLOCK_MS_NS /* a shorter one needs --flood, to whomever                 */

bool manners_is_public(const struct addr *a);

/* 0, or -EPERM and the sentence that says which option would allow it. */
int manners_check(const struct plan *plan, const struct addr *target, struct text *why) must_check;

/* Whether an ICMP message says "administratively prohibited" (RFC 792, 1812, 4443): then nothing more is sent there. */
bool manners_is_prohibition(int family, uint8_t type, uint8_t code);
