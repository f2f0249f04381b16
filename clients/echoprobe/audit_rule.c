/* SPDX-License-Identifier: MIT */
/* The table of rules. */
#include "echoprobe/audit_rule.h"

#include "echoprobe/audit_echo.h"
#include "echoprobe/audit_lines.h"
#include "echoprobe/audit_said.h"
#include "echoprobe/audit_stamp.h"

#define RULE(identifier, of, over, document, part, text, said, function)                                                    \
	{ .id = identifier,                                                                                                 \
	  .service = AUDIT_##of,                                                                                            \
	  .transport = PLAN_##over,                                                                                         \
	  .reference = document,                                                                                            \
	  .section = part,                                                                                                  \
	  .sentence = text,                                                                                                 \
	  .ask = AUDIT_ASK_##said,                                                                                          \
	  .judge = function },
const struct audit_rule audit_rules[] = {
#include "echoprobe/audit_rules.def"
};
const size_t audit_rules_n = array_n(audit_rules);
_Static_assert(array_n(audit_rules) <= AUDIT_RULES_MAX, "more rules than there are findings");
