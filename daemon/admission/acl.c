/* SPDX-License-Identifier: MIT */
/* Access lists: finds the most specific prefix of each list that holds the peer, and lets the more specific one decide. */
#include "admission/acl.h"

#include <sys/socket.h>

#define HELD_BY_NONE (-1)

/* The length of the longest prefix in the list that holds the peer. */
static int longest(const struct prefix *list, size_t n, const struct addr *peer)
{
	int best = HELD_BY_NONE;

	for (size_t i = 0; i < n; i++)
		if (list[i].bits > best && prefix_holds(&list[i], peer))
			best = list[i].bits;
	return best;
}

bool acl_trusts(const struct prefix *list, size_t n, const struct addr *peer)
{
	return peer->family == AF_UNIX || longest(list, n, peer) != HELD_BY_NONE;
}

bool acl_allows(const struct acl *a, const struct addr *peer)
{
	int allowed, denied;

	if (peer->family == AF_UNIX)
		return true;
	allowed = longest(a->allow, a->allow_n, peer);
	denied = longest(a->deny, a->deny_n, peer);
	if (allowed == HELD_BY_NONE && denied == HELD_BY_NONE)
		return a->allow_n == 0;
	return allowed > denied;
}
