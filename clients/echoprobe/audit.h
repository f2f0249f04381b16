/* SPDX-License-Identifier: MIT */
/*
 * The audit: asks a server of these protocols, anybody's, what shows whether it keeps to the rules, one question at a time.
 *
 * Flow: for each host, the rules in their order (audit_rules.def); what is said for one is said once for all that are about
 * the same answer. A service that is not there is asked no more. The judgement is pure (audit_said.h, audit_lines.h, …).
 */
#pragma once

#include "echoprobe/probe.h"

extern const struct probe_session audit_session;
