/* SPDX-License-Identifier: MIT */
/* The services that an audit knows, and where it looks for them. */
#include "echoprobe/audit_ports.h"

#include <errno.h>
#include <string.h>

#include "echoprobe/units.h"

#define ENTRY_MAX 64

/* The services' ports of IANA; 0: it has none. */
static const struct {
	const char *name;
	uint16_t port;
} services[AUDIT_SERVICES_N] = {
	[AUDIT_ECHO] = { "echo", 7 },
	[AUDIT_DISCARD] = { "discard", 9 },
	[AUDIT_DAYTIME] = { "daytime", 13 },
	[AUDIT_TIME] = { "time", 37 },
	[AUDIT_CHARGEN] = { "chargen", 19 },
	[AUDIT_QOTD] = { "qotd", 17 },
	[AUDIT_HOSTNAME] = { "hostname", 101 },
	[AUDIT_TCPMUX] = { "tcpmux", 1 },
	[AUDIT_INFO] = { "info", 0 },
	[AUDIT_STAMP] = { "stamp", 862 },
	[AUDIT_STAMP_AUTH] = { "stamp-auth", 862 },
};

const char *audit_service_name(enum audit_service s)
{
	return services[s].name;
}

static int set_all(uint64_t offset, struct audit_ports *ret)
{
	for (unsigned i = 0; i < AUDIT_SERVICES_N; i++) {
		uint64_t port = services[i].port + offset;

		if (services[i].port == 0)
			continue;
		if (port > UINT16_MAX)
			return -ERANGE;
		ret->port[i][PLAN_UDP] = ret->port[i][PLAN_TCP] = (uint16_t)port;
	}
	return 0;
}

/* "echo=7007", "echo/udp=7007": the words before and behind the slash, and the port. */
static int set_one(char *entry, struct audit_ports *ret)
{
	char *port = strchr(entry, '='), *transport = NULL;
	uint64_t number = 0;

	if (!port)
		return -EINVAL;
	*port++ = '\0';
	transport = strchr(entry, '/');
	if (transport)
		*transport++ = '\0';
	if (units_number(port, 1, UINT16_MAX, &number) < 0)
		return -EINVAL;
	if (transport && strcmp(transport, "udp") != 0 && strcmp(transport, "tcp") != 0)
		return -EINVAL;
	for (unsigned i = 0; i < AUDIT_SERVICES_N; i++) {
		if (strcmp(entry, services[i].name) != 0)
			continue;
		if (!transport || strcmp(transport, "udp") == 0)
			ret->port[i][PLAN_UDP] = (uint16_t)number;
		if (!transport || strcmp(transport, "tcp") == 0)
			ret->port[i][PLAN_TCP] = (uint16_t)number;
		return 0;
	}
	return -EINVAL;
}

static int set_list(const char *list, struct audit_ports *ret)
{
	int r = 0;

	while (r == 0 && list) {
		const char *comma = strchr(list, ',');
		char entry[ENTRY_MAX];
		struct text t = TEXT_OVER(entry);

		text_add_bytes(&t, list, comma ? (size_t)(comma - list) : strlen(list));
		r = t.cut ? -EINVAL : set_one(entry, ret);
		list = comma ? comma + 1 : NULL;
	}
	return r;
}

int audit_ports_read(const struct plan *plan, struct audit_ports *ret, struct text *why)
{
	struct audit_ports ports = { 0 };
	uint64_t offset = 0;
	int r = 0;

	if (!plan->port)
		r = set_all(0, &ports);
	else if (plan->port[0] == '+') {
		r = units_number(plan->port + 1, 0, UINT16_MAX, &offset);
		if (r == 0)
			r = set_all(offset, &ports);
	} else
		r = set_list(plan->port, &ports);
	if (r < 0) {
		text_addf(why,
			  "-p of audit takes +OFFSET, or services and their ports as echo=7007,time/udp=3737, and %s is "
			  "neither",
			  plan->port);
		return -EINVAL;
	}
	for (unsigned i = 0; plan->transport_said && i < AUDIT_SERVICES_N; i++)
		ports.port[i][plan->transport == PLAN_UDP ? PLAN_TCP : PLAN_UDP] = 0;
	*ret = ports;
	return 0;
}
