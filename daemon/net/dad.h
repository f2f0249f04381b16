/* SPDX-License-Identifier: MIT */
/* Duplicate address detection (RFC 4862, 5.4): an address of IPv6 cannot be bound until nobody else has claimed it. */
#pragma once

#include <stdbool.h>

#include "base/addr.h"

/* Whether this host has the address, but is still finding out whether it is alone with it. False where nobody says. */
bool dad_is_tentative(const struct addr *a);
