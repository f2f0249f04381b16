/* SPDX-License-Identifier: MIT */
/* The services that an audit knows, and where it looks for them. Pure. */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"
#include "echoprobe/plan.h"

/* In the order of the report. */
enum audit_service {
	AUDIT_ECHO,
	AUDIT_DISCARD,
	AUDIT_DAYTIME,
	AUDIT_TIME,
	AUDIT_CHARGEN,
	AUDIT_QOTD,
	AUDIT_HOSTNAME,
	AUDIT_TCPMUX,
	AUDIT_INFO,
	AUDIT_STAMP,
	AUDIT_STAMP_AUTH, /* authenticated */
	AUDIT_SERVICES_N
};

struct audit_ports {
	uint16_t port[AUDIT_SERVICES_N][2]; /* by service, and PLAN_UDP or PLAN_TCP; 0: it is not asked for */
};

const char *audit_service_name(enum audit_service s);

/* The plan's -p: nothing, "+OFFSET" to all services' own ports, or a list as "echo=7007,time/udp=3737" of those alone that
 * are audited. 0, or -EINVAL and the sentence. */
int audit_ports_read(const struct plan *plan, struct audit_ports *ret, struct text *why) must_check;
