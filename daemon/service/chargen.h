/* SPDX-License-Identifier: MIT */
/* chargen (RFC 864): lines of printing characters, for ever. */
#pragma once

#include <stdint.h>

#include "service/service.h"

/* The stream's place in the pattern. */
struct chargen_state {
	uint8_t line;   /* 0..94: the character it begins with, counted from ' '    */
	uint8_t column; /* 0..73: 72 characters, CR, LF                             */
};

svc_open_fn chargen_open;
svc_input_fn chargen_input;
