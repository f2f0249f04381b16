/* SPDX-License-Identifier: MIT */
/* Back-off: a source of events that brings nothing rests for a while instead of being tried again at once. */
#include "base/rest.h"

void rest_begin(struct rest *r, uint64_t now_ns)
{
	if (now_ns > r->until_ns + REST_FORGOTTEN_NS)
		r->rests = 0;
	uint64_t ns = REST_FIRST_NS << r->rests;
	r->in_vain = 0;
	r->rests += ns < REST_LAST_NS;
	r->until_ns = now_ns + ns;
}

bool rest_is_due(struct rest *r, bool brought, uint64_t now_ns)
{
	if (brought) {
		if (r->in_vain)
			r->in_vain = 0;
		return false;
	}
	if (++r->in_vain < REST_AFTER)
		return false;
	rest_begin(r, now_ns);
	return true;
}
