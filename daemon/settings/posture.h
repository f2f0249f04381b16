/* SPDX-License-Identifier: MIT */
/*
 * What a listener can do to others when everybody may ask it: the rules that keep a daemon safe that was only switched on.
 */
#pragma once

#include <stdbool.h>

#include "settings/private.h"

enum posture { POSTURE_FINE, POSTURE_WARNED, POSTURE_REFUSED };

/* How a listener without an `allow` list stands over a transport, on a loopback address or on one that others reach: itself,
 * and as the way to those that it names. *ret_why says it to the administrator, but for POSTURE_FINE. */
enum posture posture_of(const struct settings *all, const struct listener_settings *l, enum transport t, bool is_public,
			const char **ret_why);

/* Reports how all enabled listeners stand. */
void posture_check(struct draft *d);
