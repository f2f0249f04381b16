/* SPDX-License-Identifier: MIT */
/* Session children of the fork model whose acceptor has died. */
#include "supervisor/orphans.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/log.h"

/* Ours, and not waited for: its pid is nobody else's. */
static bool is_our_child(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* The pid of an orphan that serves the slot's session, or 0. */
static pid_t orphan_of(const struct generation *g, const struct table_slot *slot)
{
	pid_t owner = (pid_t)atomic_load(&slot->owner);

	if (!owner || slot->pool / SETTINGS_POOLS_MAX != g->number || child_find(g->supervisor, owner))
		return 0;
	return is_our_child(owner) ? owner : 0;
}

uint32_t orphans_count(const struct generation *g)
{
	struct table *t = shared_table(g->supervisor->shared);
	uint32_t n = 0;

	for (uint32_t i = 0; g->orphaned && i < table_scan_end(t); i++)
		n += orphan_of(g, table_slot_at(t, i)) != 0;
	return n;
}

void orphans_signal(struct generation *g, int sig, enum kill_mark mark)
{
	struct table *t = shared_table(g->supervisor->shared);

	for (uint32_t i = 0; g->orphaned && i < table_scan_end(t); i++) {
		struct table_slot *slot = table_slot_at(t, i);
		pid_t orphan = orphan_of(g, slot);

		if (!orphan)
			continue;
		if (mark != KILL_NOT)
			table_mark(slot, atomic_load(&slot->generation), mark);
		kill(orphan, sig);
	}
}

void orphans_check_lives(struct generation *g, uint64_t now_ns, bool was_stopped)
{
	struct table *t = shared_table(g->supervisor->shared);

	for (uint32_t i = 0; g->orphaned && i < table_scan_end(t); i++) {
		struct table_slot *slot = table_slot_at(t, i);
		pid_t orphan = orphan_of(g, slot);

		if (!orphan)
			continue;
		if (was_stopped)
			atomic_store(&slot->beat_ns, now_ns);
		else if (now_ns > atomic_load(&slot->beat_ns) + WORKER_BEATS_MISSED_NS) {
			log_say(LOG_LEVEL_WARNING, "stuck", "the process %d of a session shows no sign of life: killed",
				(int)orphan);
			kill(orphan, SIGKILL);
		}
	}
}
