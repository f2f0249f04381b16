/* SPDX-License-Identifier: MIT */
/* The rules of STAMP, of packets of both modes. Pure. */
#pragma once

#include "echoprobe/audit_rule.h"

audit_judge_fn audit_stamp_length;
audit_judge_fn audit_stamp_sender;
audit_judge_fn audit_stamp_zero;
audit_judge_fn audit_stamp_error;
audit_judge_fn audit_stamp_times;
audit_judge_fn audit_stamp_padding; /* the value of a padding TLV */
audit_judge_fn audit_stamp_hmac;
audit_judge_fn audit_stamp_sender_authenticated;
