/* SPDX-License-Identifier: MIT */
/* The impairment of a listener's answers at this moment: by the settings, or by what was said since. */
#pragma once

#include "session/impair.h"
#include "worker/worker.h"

/* NULL: they are not, which costs two words looked at. Else the settings' rules, or, in *storage, what was said of them: not
 * where the listener may be reached by others who are not listed. */
const struct impair_rules *impairing_rules(const struct worker *w, const struct listener *l, struct impair_rules *storage);

/* The number of a request for which something is to be drawn. */
uint64_t impairing_number(const struct worker *w, const struct listener *l);

/* Counts n answers. */
void impairing_count(const struct worker *w, const struct listener *l, enum impaired what, uint64_t n);
