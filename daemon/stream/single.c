/* SPDX-License-Identifier: MIT */
/*
 * The single model: a process that has one session and ends with its connection.
 *
 * Process: it drains from its first line on. Nobody asks how full it is, so it writes no record. As a child of the fork
 * model it tells its acceptor when the connection outlives its session.
 */
#include <unistd.h>

#include "worker/worker.h"
#include "stream/models.h"
#include "stream/sessions.h"

static void ended(struct worker *w)
{
	uint64_t one = 1;

	if (w->lingering_n && w->over_fd >= 0)
		(void)!write(w->over_fd, &one, sizeof(one));
}

const struct worker_model single_model = {
	.is_single = true,
	.ended = ended,
	.look = sessions_look,
	.end = sessions_end_all,
};

const struct worker_model forked_model = {
	.is_single = true,
	.is_reaped = true,
	.ended = ended,
	.look = sessions_look,
	.end = sessions_end_all,
};
