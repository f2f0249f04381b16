/* SPDX-License-Identifier: MIT */
/* Access lists: two lists of prefixes, of which the most specific one that holds the peer wins. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

struct acl {
	const struct prefix *allow; /* borrowed; NULL: none */
	size_t allow_n;
	const struct prefix *deny;
	size_t deny_n;
};

/* Without any list everybody may; with `deny` alone all but those; with `allow` only those, less what `deny` holds more
 * specifically (equally specific: deny). A UNIX socket's peer is always allowed: its path's mode says who. */
bool acl_allows(const struct acl *a, const struct addr *peer);

/* Whether any of the prefixes holds the peer: a list that trusts those in it, and an empty one nobody. A UNIX socket's peer
 * is trusted, as above. */
bool acl_trusts(const struct prefix *list, size_t n, const struct addr *peer);
