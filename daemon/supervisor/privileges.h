/* SPDX-License-Identifier: MIT */
/* From root to the service's user, for good. */
#pragma once

#include "base/attr.h"
#include "base/text.h"
#include "settings/settings.h"

/* As root: becomes settings' user and group (the user's own where only the user is said), keeping CAP_NET_BIND_SERVICE
 * alone. Not as root: nothing. 0; or -errno, with the sentence that says what was not possible. Afterwards the process is
 * not dumpable. */
int privileges_drop(const struct settings *s, struct text *why) must_check;
