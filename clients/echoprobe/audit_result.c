/* SPDX-License-Identifier: MIT */
/* The findings of an audit at one host. */
#include "echoprobe/audit_result.h"

bool audit_result_has(const struct audit_result *r, size_t i)
{
	return r->ports.port[audit_rules[i].service][audit_rules[i].transport] != 0;
}

size_t audit_result_count(const struct audit_result *r, enum audit_verdict v)
{
	size_t n = 0;

	for (size_t i = 0; i < audit_rules_n; i++)
		n += audit_result_has(r, i) && r->findings[i].verdict == v;
	return n;
}
