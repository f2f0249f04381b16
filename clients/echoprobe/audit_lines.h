/* SPDX-License-Identifier: MIT */
/* The rules of services that answer with text: RFC 864, 865, 867, 953, 1078, and info. Pure. */
#pragma once

#include "echoprobe/audit_rule.h"

audit_judge_fn audit_lines_printable; /* printable characters, spaces, CR and LF alone */
audit_judge_fn audit_lines_pieces;    /* a line that comes in pieces is answered, when it is whole */
audit_judge_fn audit_lines_daytime;

/* RFC 864. */
audit_judge_fn audit_lines_chargen_length;
audit_judge_fn audit_lines_chargen_unasked;
audit_judge_fn audit_lines_chargen_pattern;

/* RFC 865. */
audit_judge_fn audit_lines_quote_length;

/* RFC 953. */
audit_judge_fn audit_lines_illegal;
audit_judge_fn audit_lines_no_name;
audit_judge_fn audit_lines_no_address;
audit_judge_fn audit_lines_version;

/* RFC 1078. */
audit_judge_fn audit_lines_mux_no;
audit_judge_fn audit_lines_mux_help;

audit_judge_fn audit_lines_object;
