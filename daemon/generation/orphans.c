/* SPDX-License-Identifier: MIT */
/* Session children of the fork model whose acceptor has died. */
#include "generation/orphans.h"

#include <signal.h>

#include "base/log.h"
#include "generation/child.h"

#define KILLED_AT_ONCE 64 /* for want of a sign of life: any number of slots may name one orphan, a line each */

/* The pid of an orphan that serves the slot's session, or 0. The slot only says where to look: a worker could name any
 * process there. Signalled is nobody but a child of ours that is neither a worker nor the one that tries another program. */
static pid_t orphan_of(const struct generation *g, const struct table_view *session)
{
	struct fleet *f = g->fleet;
	pid_t owner = session->owner <= INT32_MAX ? (pid_t)session->owner : 0;

	if (owner <= 1 || shared_pool_unpack(session->pool).generation != g->number || !child_is_ours(owner))
		return 0;
	return fleet_child(f, owner) || owner == f->checker ? 0 : owner;
}

/* The pid of the next orphan from slot *at on: *ret is its session, and *at then the slot behind it. 0: there is none. */
static pid_t next_orphan(const struct generation *g, uint32_t *at, struct table_view *ret)
{
	const struct table *t = &g->fleet->table;

	for (uint32_t end = g->orphaned ? table_scan_end(t) : 0; *at < end;) {
		pid_t orphan = table_look(t, (*at)++, ret) ? orphan_of(g, ret) : 0;

		if (orphan)
			return orphan;
	}
	return 0;
}

bool orphans_are_left(const struct generation *g)
{
	struct table_view session;
	uint32_t at = 0;

	return next_orphan(g, &at, &session) != 0;
}

void orphans_signal(struct generation *g, int sig, enum kill_mark mark)
{
	struct table_view session;
	uint32_t at = 0;
	pid_t orphan;

	while ((orphan = next_orphan(g, &at, &session)) != 0) {
		if (mark != KILL_NOT)
			table_mark(table_slot_at(&g->fleet->table, at - 1), session.generation, mark);
		kill(orphan, sig);
	}
}

void orphans_check_lives(struct generation *g, uint64_t now_ns, bool was_stopped)
{
	struct table_view session;
	unsigned killed_n = 0;
	uint32_t at = 0;
	pid_t orphan;

	while (killed_n < KILLED_AT_ONCE && (orphan = next_orphan(g, &at, &session)) != 0) {
		struct table_slot *slot = table_slot_at(&g->fleet->table, at - 1);

		if (was_stopped)
			atomic_store(&slot->beat_ns, now_ns);
		else if (!worker_beat_is_recent(atomic_load(&slot->beat_ns), now_ns)) {
			log_say(LOG_LEVEL_WARNING, "stuck", "the process %d of a session shows no sign of life: killed",
				(int)orphan);
			kill(orphan, SIGKILL);
			killed_n++;
		}
	}
}
