/* SPDX-License-Identifier: MIT */
/* tcpmux (RFC 1078): the client names a service, and the connection goes on as one of that service. */
#pragma once

#include <stddef.h>

#include "service/line.h"
#include "service/service.h"

struct tcpmux_state {
	struct line line;
	bool listing;    /* answering HELP */
	size_t listed_n; /* names already said */
};

svc_input_fn tcpmux_input;
