/* SPDX-License-Identifier: MIT */
/* The rules of an audit: a row of audit_rules.def each. */
#pragma once

#include "echoprobe/audit_ask.h"
#include "echoprobe/audit_heard.h"
#include "echoprobe/audit_ports.h"

/* Finds what is wrong; f is AUDIT_KEPT before. It is not asked about a server that was not reached, nor about a datagram
 * whose answer is due from one that never answered. */
typedef void audit_judge_fn(const struct audit_heard *h, struct audit_finding *f);

struct audit_rule {
	const char *id;
	enum audit_service service;
	enum plan_transport transport;
	const char *reference; /* the document, "RFC 862", or "own": a rule of robustness of ours */
	const char *section;
	const char *sentence;
	enum audit_ask_name ask; /* rules in a row with the same one are about one answer */
	audit_judge_fn *judge;
};

#define AUDIT_RULES_MAX 128

extern const struct audit_rule audit_rules[];
extern const size_t audit_rules_n;
