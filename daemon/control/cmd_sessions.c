/* SPDX-License-Identifier: MIT */
/*
 * Clients that are served, and those that are refused: the answers to `sessions`, `kill` and `limits`.
 *
 * Flow: the session table and the notes about refusals are shared memory that workers write all the while; what changes
 * while it is looked at, or cannot be, is passed over. asking.at is where the look has come to.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "control/json_out.h"
#include "control/command.h"
#include "generation/generation.h"
#include "generation/orphans.h"
#include "generation/child.h"

#define SLOTS_AT_ONCE 4096 /* looked at before others get their turn */
#define LATELY_NS (60 * CLOCK_S_NS)

/* --- sessions ----------------------------------------------------------------------------------------------------- */

/* False: nobody has the slot, its session is over, or its listener is none of ours. */
static bool look_at(const struct fleet *f, uint32_t index, struct table_view *ret)
{
	return table_look(&f->table, index, ret) && !ret->over && ret->row < f->labels.n;
}

/* The generation whose session it is; NULL: it is gone, and so is the session. */
static struct generation *generation_of(const struct fleet *f, uint32_t pool)
{
	uint32_t number = shared_pool_unpack(pool).generation;
	struct generation *all[] = { f->current, f->coming };

	for (size_t i = 0; i < array_n(all); i++)
		if (all[i] && all[i]->number == number)
			return all[i];
	for (struct generation *g = f->draining; g; g = g->next)
		if (g->number == number)
			return g;
	return NULL;
}

static uint64_t ms_since(uint64_t then_ns)
{
	uint64_t now_ns = clock_mono_ns();

	return now_ns > then_ns ? (now_ns - then_ns) / CLOCK_MS_NS : 0;
}

static void add_session(const struct fleet *f, uint32_t slot, const struct table_view *v, struct text *to)
{
	const struct generation *g = generation_of(f, v->pool);
	char id_storage[32], peer_storage[ADDR_TEXT_MAX];
	struct text id = TEXT_OVER(id_storage), peer = TEXT_OVER(peer_storage);

	text_addf(&id, "%u.%u", slot, v->generation);
	addr_add_text_port(&peer, &v->peer);
	json_out_begin(to, "session");
	json_out_text(to, "id", id.at);
	json_out_text(to, "listener", f->labels.names[v->row]);
	json_out_text(to, "peer", peer.at);
	json_out_text(to, "pool", g ? g->pools[shared_pool_unpack(v->pool).pool].name : "");
	json_out_number(to, "generation", shared_pool_unpack(v->pool).generation);
	json_out_number(to, "process", v->owner);
	json_out_number(to, "age_ms", ms_since(v->started_ns));
	json_out_number(to, "idle_ms", ms_since(v->active_ns));
	json_out_number(to, "received_bytes", v->in_bytes);
	json_out_number(to, "sent_bytes", v->out_bytes);
	json_out_end(to);
}

enum command_state cmd_sessions(struct asking *a, struct text *to)
{
	uint32_t end = table_scan_end(&a->fleet->table);

	for (unsigned n = 0; n < SLOTS_AT_ONCE; n++) {
		struct table_view seen;

		if (a->at >= end)
			return COMMAND_DONE;
		uint32_t slot = (uint32_t)a->at++;
		if (look_at(a->fleet, slot, &seen)) {
			add_session(a->fleet, slot, &seen, to);
			return COMMAND_MORE;
		}
	}
	return COMMAND_MORE;
}

enum command_state cmd_kill(struct asking *a, struct text *to maybe_unused)
{
	struct fleet *f = a->fleet;
	const struct table *t = &f->table;
	struct table_view seen;
	uint32_t slot, generation;

	if (request_parse_id(a->request->words[1], &slot, &generation) < 0)
		return command_fail(a, "%s is no id of a session", a->request->words[1]);
	if (slot >= table_scan_end(t) || !look_at(f, slot, &seen) || seen.generation != generation)
		return command_fail(a, "there is no session %s (any more)", a->request->words[1]);
	struct generation *g = generation_of(f, seen.pool);
	if (!g)
		return command_fail(a, "session %s is ending", a->request->words[1]);
	table_mark(table_slot_at(t, slot), generation, KILL_KILLED);
	for (struct child *c = g->children; c; c = c->next)
		if (c->pool == shared_pool_unpack(seen.pool).pool)
			child_tell(c, CHANNEL_LOOK);
	orphans_signal(g, SIGUSR1, KILL_NOT);
	text_addf(&a->said, "session %s of %s from ", a->request->words[1], f->labels.names[seen.row]);
	addr_add_text_port(&a->said, &seen.peer);
	text_add(&a->said, " ends");
	return COMMAND_DONE;
}

/* --- refusals ------------------------------------------------------------------------------------------------------- */

static void add_refusals(const struct fleet *f, uint32_t row, enum refusal why, struct text *to)
{
	const struct counters *sum = &f->rates.sum[row], *gained = &f->rates.gained[row];
	uint64_t refused = atomic_load(&sum->refused[why]), spared = atomic_load(&sum->dry_run[why]);

	if (!refused && !spared)
		return;
	json_out_begin(to, "refusals");
	json_out_text(to, "listener", f->labels.names[row]);
	json_out_text(to, "reason", refusal_name(why));
	json_out_number(to, "count", refused);
	json_out_number(to, "per_s", counter_rates_per_s(&f->rates, atomic_load(&gained->refused[why])));
	json_out_number(to, "dry_run", spared);
	json_out_number(to, "dry_run_per_s", counter_rates_per_s(&f->rates, atomic_load(&gained->dry_run[why])));
	json_out_end(to);
}

static void add_offender(const struct fleet *f, const struct offence *o, uint64_t count, struct text *to)
{
	static const struct rate_sketch_shape whole = { .source_bits_v4 = 32, .source_bits_v6 = 128 };
	const struct rate_sketch_shape *shape = f->current->limits ? &f->current->limits->shape : &whole;
	struct prefix source = { .addr = o->source };
	char storage[ADDR_TEXT_MAX];
	struct text where = TEXT_OVER(storage);

	source.bits = o->source.family == AF_INET ? shape->source_bits_v4 : shape->source_bits_v6;
	if (o->source.family == AF_INET || o->source.family == AF_INET6)
		prefix_add_text(&where, &source);
	else
		addr_add_text(&where, &o->source);
	json_out_begin(to, "offender");
	json_out_text(to, "source", where.at);
	json_out_text(to, "listener", f->labels.names[o->row]);
	json_out_text(to, "reason", refusal_name(o->why));
	json_out_number(to, "count", count);
}

/* Adds a worker's recent notes. False: there is no such worker. */
static bool add_notes(const struct fleet *f, uint64_t record, uint64_t place, struct text *to)
{
	const struct offenders *notes = &f->shared->offenders[record];
	uint64_t now_ns = clock_mono_ns();
	struct offender o;

	if (record >= f->records.n)
		return false;
	if (!offenders_read(notes, (uint32_t)place, &o) || now_ns > o.last_ns + LATELY_NS)
		return true;
	if (o.offence.row >= f->labels.n)
		return true;
	add_offender(f, &o.offence, o.count, to);
	json_out_number(to, "last_ms", ms_since(o.last_ns));
	json_out_end(to);
	return true;
}

/* First the reasons, listener by listener; then the notes, worker by worker: a source may be in those of several. */
enum command_state cmd_limits(struct asking *a, struct text *to)
{
	const struct fleet *f = a->fleet;

	for (size_t before = to->len; to->len == before; a->at++) {
		if (a->part == 0 && a->at / REFUSALS_N >= f->labels.n) {
			a->part = 1;
			a->at = 0;
		}
		if (a->part == 0)
			add_refusals(f, (uint32_t)(a->at / REFUSALS_N), (enum refusal)(a->at % REFUSALS_N), to);
		else if (!f->current || !add_notes(f, a->at / OFFENDERS_N, a->at % OFFENDERS_N, to))
			return COMMAND_DONE;
		if (a->at % SLOTS_AT_ONCE == SLOTS_AT_ONCE - 1) {
			a->at++;
			return COMMAND_MORE;
		}
	}
	return COMMAND_MORE;
}
