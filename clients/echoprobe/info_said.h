/* SPDX-License-Identifier: MIT */
/* The words of an info server about what it saw of a packet, and where that differs from what was sent. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "echoprobe/result.h"

/* A member that it does not say is unknown. */
struct info_said {
	struct addr client; /* with its port; AF_UNSPEC: not said */
	struct result_value ttl, dscp, ecn, fragment_bytes, length;
	bool limited; /* this source met a budget of the server's in the last minute: what is missing is policy, not path */
};

/* A member whose value is another than what was sent. */
struct info_change {
	enum info_member { INFO_ADDRESS, INFO_PORT, INFO_DSCP, INFO_ECN, INFO_LENGTH } member;
	int64_t sent, seen; /* not of INFO_ADDRESS */
};
#define INFO_CHANGES_MAX 5

/* The object of result_info.json: 0, or -EBADMSG where it is none. */
int info_said_read(const char *json, struct info_said *ret) must_check;

/* The number of differences. A port that differs is said only where the address does not. */
size_t info_said_changes(const struct result *r, const struct info_said *said, struct info_change ret[INFO_CHANGES_MAX]);

const char *info_member_name(enum info_member member);
