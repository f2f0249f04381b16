/* SPDX-License-Identifier: MIT */
/* The keys of `impair` by themselves, as "drop=5%": for who changes them while the daemon runs, and for messages. */
#pragma once

#include "base/attr.h"
#include "base/text.h"
#include "session/impair.h"

/* Sets one key by "KEY=VALUE", within the bounds of the settings. 0; or -EINVAL, and `why` says what is wrong with it (what
 * is allowed), and nothing is changed. */
int impair_keys_set(struct impair_rules *r, const char *said, struct text *why) must_check;

/* Adds the keys that are not the default, with a blank between them: "drop=5% delay=20ms"; "nothing": there are none. */
void impair_keys_add(struct text *t, const struct impair_rules *r);
