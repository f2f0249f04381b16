/* SPDX-License-Identifier: MIT */
/*
 * The session table: one slot a session, in memory shared by all processes, claimed when a connection is admitted.
 *
 * It is what caps count, what `sessions` lists and `kill` marks. Nobody locks: a slot is claimed and freed by
 * compare-and-swap, counts are atomic. The process that owns a slot writes it; the supervisor frees the slots of a process
 * that is gone, so caps stay exact whoever dies.
 *
 * Any process can write any of these words, though, if it is taken over. So none is believed: what says where another is
 * (a row, a place among the sources, where a scan ends) is read once and checked, here and in caps.c; what must not change
 * (sizes, the secret) is in struct table, which each process has inherited for its own. Wrong words make wrong counts.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "admission/caps.h"
#include "admission/refusal.h"
#include "admission/slot.h"

#define TABLE_SLOTS_MAX 1048576

#define TABLE_VERSION 4 /* bumped when the meaning of a word in its memory changes: shared_layout() */

/* A process's own, but for what it points to; the words stay private to table.c. */
struct table {
	uint32_t sessions_max; /* what may be admitted at once  */
	uint32_t bitmap_n;     /* words of 64 slots each        */
	struct table_words *words;
	struct table_slot *slots;
	struct caps caps;
};

/* Bytes of memory for a table of `slots`; mapped shared, zeroed and aligned to 64 by the caller. */
size_t table_bytes(uint32_t slots);

/* A table in such memory, or the one that is there already: then with the same slots and secret, which keys the hash of
 * sources. */
void table_init(struct table *t, void *memory, uint32_t slots, uint64_t secret);

/* Claims a slot under all caps, or says which one refuses (REFUSED_TOTAL, REFUSED_SESSIONS, REFUSED_SOURCE). A UNIX
 * socket's peer has no source cap, and neither has one that is not known yet (AF_UNSPEC). *ret is set on REFUSED_NOT only.
 * Never more than a cap are admitted, whatever happens at once. */
enum refusal table_admit(const struct table *t, const struct table_request *r, struct table_slot **ret);

/* Gives a slot to another process (the fork model's child). Both parent and child call it, the child first of all it
 * does: then there is no moment when the death of either leaves the slot to the wrong one. False: `from` no longer has
 * it. The parent may ignore that, a child that is not the owner then has lost its slot and ends. */
bool table_hand_over(struct table_slot *slot, uint32_t from, uint32_t to);

/* PROXY protocol: a session that was admitted without a peer is r->peer's, and from now on counts under the caps per source
 * (REFUSED_SOURCE); row and total stay as they are. On refusal the slot stays as it was. */
enum refusal table_name(const struct table *t, struct table_slot *slot, const struct table_request *r);

/* tcpmux: counts the session under r->row and its caps (row_max, row_per_source) instead of its own; the total and the
 * source's total stay as they are. On refusal the slot stays as it was. */
enum refusal table_become(const struct table *t, struct table_slot *slot, const struct table_request *r);

/* For the owner: no cap counts the session any more, though it has the slot; and again, as when it was admitted. On refusal
 * the caller gives up the slot. */
void table_uncount(const struct table *t, struct table_slot *slot);
enum refusal table_recount(const struct table *t, struct table_slot *slot, const struct table_request *r);

/* Asks the owner to end the session that had this slot when it was of this generation, never another that has it by now.
 * mark: why, 1 to 255. */
void table_mark(struct table_slot *slot, uint32_t generation, uint32_t mark);

/* For the owner: whether its session is to end, and why; 0: no. */
uint32_t table_mark_of(const struct table_slot *slot);

/* The owner will not, unless it is asked again. */
void table_unmark(struct table_slot *slot);

/* Frees a slot, also for a process that is gone. Harmless when `owner` does not hold it. */
void table_release(const struct table *t, struct table_slot *slot, uint32_t owner);

/* Frees every slot of a process that is gone, completing what it was doing when it died, then table_repair(). How
 * many there were. Call it before the pid can belong to another (before it is waited for: waitid(2) with WNOWAIT). */
uint32_t table_release_owner(const struct table *t, uint32_t owner);

/* Puts right what killed processes left in doubt: whether a count that they were just changing was changed. False:
 * that was not possible now, because others were changing the same counts, or there is more than is done at once; those
 * are too high by one until a later call. One process calls it and table_release_owner(), the supervisor; others give up a
 * dead process's slot with table_release(). */
bool table_repair(const struct table *t);

/* For lists: slots 0..table_slots(t)-1 (some more than may be admitted); table_scan_end() is above every index ever used,
 * and no more than table_slots(). */
uint32_t table_slots(const struct table *t);
uint32_t table_scan_end(const struct table *t);
struct table_slot *table_slot_at(const struct table *t, uint32_t index);

/* A session as it was a moment ago, copied: it stays as it was checked. */
struct table_view {
	uint32_t owner, generation;
	uint32_t row; /* below TABLE_ROWS_MAX */
	uint32_t pool;
	bool over;
	struct addr peer; /* of AF_INET, AF_INET6, AF_UNIX or AF_UNSPEC */
	uint64_t started_ns, active_ns, in_bytes, out_bytes;
};

/* False: nobody has the slot, it changed hands meanwhile, or it says what cannot be. */
bool table_look(const struct table *t, uint32_t index, struct table_view *ret);

/* The row that a slot says, or TABLE_ROWS_MAX: it says none. */
uint32_t table_row_of(const struct table_slot *slot);

uint32_t table_index(const struct table *t, const struct table_slot *slot);

uint32_t table_count(const struct table *t);
uint32_t table_row_count(const struct table *t, uint32_t row);
