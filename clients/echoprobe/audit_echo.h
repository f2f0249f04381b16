/* SPDX-License-Identifier: MIT */
/* The rules of RFC 862. Pure. */
#pragma once

#include "echoprobe/audit_rule.h"

audit_judge_fn audit_echo_same;       /* a datagram: its answer is the same, or there is none though others have one */
audit_judge_fn audit_echo_stream;     /* as far as anything came back, it is what was sent                       */
audit_judge_fn audit_echo_half_close; /* all came back, then the server ended                                   */
audit_judge_fn audit_echo_urgent;     /* none is missing                                                         */
