/* SPDX-License-Identifier: MIT */
/* The words of an info server about what it saw. */
#include "echoprobe/info_said.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "echoprobe/units.h"

static struct result_value number(const json_t *said, const char *name)
{
	const json_t *v = json_object_get(said, name);

	return json_is_integer(v) ? RESULT_KNOWN(json_integer_value(v)) : (struct result_value){ 0 };
}

/* A number, or a name as "ect0". */
static struct result_value ecn(const json_t *said)
{
	const char *name = json_string_value(json_object_get(said, "ecn"));
	uint8_t bits = 0;

	if (name && units_ecn(name, &bits) == 0)
		return RESULT_KNOWN(bits);
	return number(said, "ecn");
}

static struct addr client(const json_t *said)
{
	const char *text = json_string_value(json_object_get(said, "client"));
	struct result_value port = number(said, "client_port");
	struct addr a = { 0 };

	if (!text || addr_parse(text, &a) < 0)
		a.family = AF_UNSPEC;
	if (port.known && port.value >= 0 && port.value <= UINT16_MAX)
		a.port = (uint16_t)port.value;
	return a;
}

int info_said_read(const char *json, struct info_said *ret)
{
	json_t *said = json_loads(json, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(said)) {
		json_decref(said);
		return -EBADMSG;
	}
	*ret = (struct info_said){
		.client = client(said),
		.ttl = number(said, "ttl"),
		.dscp = number(said, "dscp"),
		.ecn = ecn(said),
		.fragment_bytes = number(said, "fragment_bytes"),
		.length = number(said, "length"),
		.limited = json_is_true(json_object_get(said, "limited")),
	};
	json_decref(said);
	return 0;
}

struct changes {
	struct info_change *at;
	size_t n;
};

static void compare(struct changes *c, enum info_member member, int64_t sent, struct result_value seen)
{
	if (seen.known && seen.value != sent)
		c->at[c->n++] = (struct info_change){ .member = member, .sent = sent, .seen = seen.value };
}

size_t info_said_changes(const struct result *r, const struct info_said *said, struct info_change ret[INFO_CHANGES_MAX])
{
	const struct addr *sent = &r->source.addr, *seen = &said->client;
	struct changes c = { .at = ret };

	if (sent->family != AF_UNSPEC && seen->family != AF_UNSPEC) {
		/* Of connections the source is that of the first, and each has a port of its own. */
		bool one_port = r->plan->transport == PLAN_UDP || r->total.tally->packets.sent == 1;

		if (!addr_same_host(sent, seen))
			c.at[c.n++] = (struct info_change){ .member = INFO_ADDRESS };
		else if (one_port)
			compare(&c, INFO_PORT, sent->port, RESULT_KNOWN(seen->port));
	}
	compare(&c, INFO_DSCP, r->plan->dscp, said->dscp);
	compare(&c, INFO_ECN, r->plan->ecn, said->ecn);
	if (r->plan->transport == PLAN_UDP)
		compare(&c, INFO_LENGTH, r->plan->size_bytes, said->length);
	return c.n;
}

const char *info_member_name(enum info_member member)
{
	static const char *const names[] = {
		[INFO_ADDRESS] = "address", [INFO_PORT] = "port",     [INFO_DSCP] = "dscp",
		[INFO_ECN] = "ecn",         [INFO_LENGTH] = "length",
	};

	return names[member];
}
