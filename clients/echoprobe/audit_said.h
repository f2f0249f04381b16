/* SPDX-License-Identifier: MIT */
/* Rules that are about how a server answers, whatever it says, and those of RFC 868. Pure. */
#pragma once

#include "echoprobe/audit_rule.h"

/* Datagrams. */
audit_judge_fn audit_said_once;         /* not twice                                               */
audit_judge_fn audit_said_source;       /* from where it was asked                                 */
audit_judge_fn audit_said_something;    /* at all                                                  */
audit_judge_fn audit_said_nothing;      /* no answer                                               */
audit_judge_fn audit_said_nothing_seen; /* likewise, of a service that never answers               */
audit_judge_fn audit_said_not_longer;   /* than what was said to it                                */

/* Connections. */
audit_judge_fn audit_said_no_data;
audit_judge_fn audit_said_ends;    /* the server ended it                                          */
audit_judge_fn audit_said_whole;   /* it said something, and ended without a reset                 */
audit_judge_fn audit_said_refused; /* it said something, or ended in whichever way               */

/* RFC 868. */
audit_judge_fn audit_said_time;
audit_judge_fn audit_said_epoch;
