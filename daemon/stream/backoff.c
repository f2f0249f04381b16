/* SPDX-License-Identifier: MIT */
/* Exponential back-off: how long to wait after the kernel has run out of something, and how often to say so. */
#include "stream/backoff.h"

uint64_t backoff_fail(struct backoff *b)
{
	b->wait_ns = b->wait_ns ? b->wait_ns * 2 : BACKOFF_FIRST_NS;
	if (b->wait_ns > BACKOFF_LAST_NS)
		b->wait_ns = BACKOFF_LAST_NS;
	return b->wait_ns;
}

bool backoff_may_log(struct backoff *b, uint64_t now_ns)
{
	if (b->logged_ns && now_ns - b->logged_ns < BACKOFF_SILENT_NS)
		return false;
	b->logged_ns = now_ns;
	return true;
}

void backoff_succeed(struct backoff *b)
{
	if (b->wait_ns)
		b->wait_ns = 0;
}
