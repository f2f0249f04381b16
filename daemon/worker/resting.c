/* SPDX-License-Identifier: MIT */
/* A listener's socket in a worker that brings nothing but events. */
#include "worker/resting.h"

bool resting_is_due(struct resting *r, struct worker *w, bool brought)
{
	if (!rest_is_due(&r->rest, brought, w->loop.now_ns))
		return false;
	loop_set_timer(&w->loop, &r->over, r->rest.until_ns);
	channel_send(w->channel.fd, CHANNEL_LOST);
	return true;
}

void resting_go_on(struct resting *r, struct worker *w)
{
	rest_begin(&r->rest, w->loop.now_ns);
	loop_set_timer(&w->loop, &r->over, r->rest.until_ns);
}
