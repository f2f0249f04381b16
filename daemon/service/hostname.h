/* SPDX-License-Identifier: MIT */
/* hostname (RFC 953): answers one question about a host's name or address, or lists the host table. */
#pragma once

#include "service/hostlist.h"
#include "service/line.h"
#include "service/service.h"

struct hostname_state {
	struct line line;
	enum { HOSTNAME_READS, HOSTNAME_ASKS, HOSTNAME_LISTS } stage;
	enum lookup_kind asked; /* what was asked of the resolver            */
	struct addr asked_addr; /* LOOKUP_BY_ADDRESS                         */
	struct hostlist list;
};

svc_input_fn hostname_input;
svc_answer_fn hostname_answer;
