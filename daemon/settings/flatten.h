/* SPDX-License-Identifier: MIT */
/* From the settings' text to the flat list, and the -o options over it. In the settings reader only; nothing is given
 * back. */
#pragma once

#include <stddef.h>

#include "base/attr.h"
#include "settings/items.h"
#include "settings/scan.h"
#include "settings/types.h"

/* Runs libconfig over s->text. 0; -EINVAL with s->problem. */
int flatten_text(struct scan *s, struct items *ret) must_check;

/* Puts each option, the later over the earlier, in the place of the setting it names, or before all. 0 or -ENOMEM. What is
 * wrong with an option is for the parent to find out, as with any setting. */
int flatten_options(struct items *f, const struct settings_override *options, size_t options_n) must_check;
