/* SPDX-License-Identifier: MIT */
/* The findings of an audit at one host. */
#pragma once

#include <time.h>

#include "echoprobe/audit_rule.h"
#include "echoprobe/result.h"
#include "echoprobe/target.h"

struct audit_result {
	const struct plan *plan;
	struct target target;
	struct audit_ports ports; /* rules of others than these are not in the report */
	struct timespec started_at;
	uint64_t duration_ns;
	enum result_end ended_by;                       /* RESULT_COUNT: all rules were tried            */
	struct audit_finding findings[AUDIT_RULES_MAX]; /* in the order of audit_rules */
};

/* Whether rule i is in the report. */
bool audit_result_has(const struct audit_result *r, size_t i);

/* The number of rules that have that verdict. */
size_t audit_result_count(const struct audit_result *r, enum audit_verdict v);
