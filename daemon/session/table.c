/* SPDX-License-Identifier: MIT */
/*
 * The session table: slots, the counts that caps are held against, and what puts both right when a process is killed.
 *
 * Flow: claim a slot (its owner says whose it is), count the session one cap at a time, writing each down in `counted`; on
 * refusal, and at the end, take back what is written down, then give the slot up. So whoever finds the slot of a dead
 * process knows what to undo, whatever it was doing.
 * Owns: nothing but the layout of the caller's memory: this header, a bitmap, the slots, the source counts.
 */
#include <assert.h>
#include <sys/socket.h>

#include "session/sources.h"
#include "session/table.h"

#define WORD_BITS 64

/* Slots beyond those that may be admitted at once: an admission that is about to be refused holds one, and shall not be
 * the reason why another finds none. */
#define SPARE_SLOTS 64

/* In `counted`, one bit a count. */
enum counted {
	COUNTED_TOTAL = 1,
	COUNTED_ROW = 2,
	COUNTED_ROW_NEXT = 4,
	COUNTED_SOURCE = 8,
	COUNTED_SOURCE_ROW = 16,
	COUNTED_SOURCE_ROW_NEXT = 32,
};

/* Places in a slot's source_at. */
enum { AT_SOURCE, AT_SOURCE_ROW, AT_SOURCE_ROW_NEXT };

struct table {
	uint32_t sessions_max; /* what may be admitted at once                       */
	uint32_t words;        /* of the bitmap: 64 slots each                       */
	/* No pointers: another program may map the same memory elsewhere. */
	_Alignas(64) _Atomic uint32_t total;
	_Atomic uint32_t scan_end;
	_Atomic uint32_t rows[TABLE_ROWS_MAX];
	/* A bit is set only while its slot is owned: by the owner after claiming, cleared before giving up. So a search
	 * may trust neither, but skips most of what is taken, and no slot is ever lost. */
	_Alignas(64) _Atomic uint64_t used[];
};

static uint32_t words_for(uint32_t slots)
{
	return (slots + SPARE_SLOTS + WORD_BITS - 1) / WORD_BITS;
}

static size_t aligned(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

static size_t slots_offset(uint32_t slots)
{
	return aligned(sizeof(struct table) + words_for(slots) * sizeof(uint64_t));
}

static size_t sources_offset(uint32_t slots)
{
	return slots_offset(slots) + (size_t)words_for(slots) * WORD_BITS * sizeof(struct table_slot);
}

size_t table_bytes(uint32_t slots)
{
	return sources_offset(slots) + sources_bytes(slots);
}

struct table *table_init(void *memory, uint32_t slots, uint64_t secret)
{
	struct table *t = memory;

	assert(slots > 0 && slots <= TABLE_SLOTS_MAX);
	t->sessions_max = slots;
	t->words = words_for(slots);
	sources_init((char *)memory + sources_offset(slots), slots, secret);
	return t;
}

/* ---- slots ---- */

static struct table_slot *slot_of(const struct table *t, uint32_t index)
{
	return (struct table_slot *)(void *)((char *)t + slots_offset(t->sessions_max)) + index;
}

static struct sources *sources_of(const struct table *t)
{
	return (struct sources *)(void *)((char *)t + sources_offset(t->sessions_max));
}

static void raise_to(_Atomic uint32_t *word, uint32_t least)
{
	uint32_t was = atomic_load(word);

	while (was < least && !atomic_compare_exchange_weak(word, &was, least))
		continue;
}

static bool try_claim(struct table *t, uint32_t index, uint32_t owner)
{
	struct table_slot *slot = slot_of(t, index);
	uint32_t nobody = 0;

	raise_to(&t->scan_end, index + 1); /* first: a slot that is owned is always within a scan */
	if (!atomic_compare_exchange_strong(&slot->owner, &nobody, owner))
		return false;
	atomic_fetch_or(&t->used[index / WORD_BITS], UINT64_C(1) << index % WORD_BITS);
	return true;
}

/* The lowest free slot, so that little of a large table is ever touched. NULL: none is free. */
static struct table_slot *claim(struct table *t, uint32_t owner)
{
	for (uint32_t word = 0; word < t->words; word++) {
		uint64_t free_bits = ~atomic_load(&t->used[word]);

		for (; free_bits != 0; free_bits &= free_bits - 1) {
			uint32_t index = word * WORD_BITS + (uint32_t)__builtin_ctzll(free_bits);

			if (try_claim(t, index, owner))
				return slot_of(t, index);
		}
	}
	return NULL;
}

static void fill(struct table_slot *slot, const struct table_request *r)
{
	slot->row = slot->row_next = r->row;
	slot->pool = r->pool;
	slot->peer = r->peer;
	slot->started_ns = r->now_ns;
	atomic_store(&slot->active_ns, r->now_ns);
	atomic_store(&slot->in_bytes, 0);
	atomic_store(&slot->out_bytes, 0);
	atomic_store(&slot->owed_bytes, 0);
	atomic_store(&slot->kill, 0);
}

/* ---- counts ---- */

/* Counts and writes down that it did, with nothing in between. Compared and swapped, not added and taken back: so no
 * count is ever above its cap, not even for a moment in which another would be refused for it. */
static bool count_up(_Atomic uint32_t *count, uint32_t cap, struct table_slot *slot, uint32_t bit)
{
	uint32_t was = atomic_load(count);

	do {
		if (cap != 0 && was >= cap)
			return false;
	} while (!atomic_compare_exchange_weak(count, &was, was + 1));
	atomic_fetch_or(&slot->counted, bit);
	return true;
}

/* Takes a count back if it is written down: struck out first, so that no death makes it happen twice. */
static void count_down(struct table *t, struct table_slot *slot, uint32_t bit)
{
	if ((atomic_fetch_and(&slot->counted, ~bit) & bit) == 0)
		return;
	switch ((enum counted)bit) {
	case COUNTED_TOTAL:
		atomic_fetch_sub(&t->total, 1);
		break;
	case COUNTED_ROW:
		atomic_fetch_sub(&t->rows[slot->row], 1);
		break;
	case COUNTED_ROW_NEXT:
		atomic_fetch_sub(&t->rows[slot->row_next], 1);
		break;
	case COUNTED_SOURCE:
		sources_remove(sources_of(t), slot->source_at[AT_SOURCE]);
		break;
	case COUNTED_SOURCE_ROW:
		sources_remove(sources_of(t), slot->source_at[AT_SOURCE_ROW]);
		break;
	case COUNTED_SOURCE_ROW_NEXT:
		sources_remove(sources_of(t), slot->source_at[AT_SOURCE_ROW_NEXT]);
		break;
	}
}

/* One source count: in all rows (group 0) or in one (1 + row). A source without a cap is counted where there is room: a
 * later cap shall find it. */
static bool count_source(struct table *t, struct table_slot *slot, const struct table_request *r, uint32_t bit)
{
	unsigned bits = r->peer.family == AF_INET ? r->source_bits_v4 : r->source_bits_v6;
	struct addr prefix = addr_masked(&r->peer, bits);
	bool over_all = bit == COUNTED_SOURCE;
	uint32_t cap = over_all ? r->per_source : r->row_per_source;
	uint64_t key = sources_key(sources_of(t), &prefix, over_all ? 0 : 1 + r->row);
	uint32_t place = over_all ? AT_SOURCE : bit == COUNTED_SOURCE_ROW ? AT_SOURCE_ROW : AT_SOURCE_ROW_NEXT;

	if (r->peer.family != AF_INET && r->peer.family != AF_INET6)
		return true;
	if (!sources_add(sources_of(t), key, cap, &slot->source_at[place]))
		return cap == 0;
	atomic_fetch_or(&slot->counted, bit);
	if (!sources_over(sources_of(t), key, cap))
		return true;
	count_down(t, slot, bit);
	return false;
}

static enum refusal count_session(struct table *t, struct table_slot *slot, const struct table_request *r)
{
	uint32_t total = r->total != 0 && r->total < t->sessions_max ? r->total : t->sessions_max;

	if (!count_up(&t->total, total, slot, COUNTED_TOTAL))
		return REFUSED_TOTAL;
	if (!count_up(&t->rows[r->row], r->row_max, slot, COUNTED_ROW))
		return REFUSED_SESSIONS;
	if (!count_source(t, slot, r, COUNTED_SOURCE) || !count_source(t, slot, r, COUNTED_SOURCE_ROW))
		return REFUSED_SOURCE;
	return REFUSED_NOT;
}

/* ---- sessions ---- */

enum refusal table_admit(struct table *t, const struct table_request *r, struct table_slot **ret)
{
	struct table_slot *slot = claim(t, r->owner);
	enum refusal refused;

	assert(r->owner != 0 && r->row < TABLE_ROWS_MAX);
	if (slot == NULL)
		return REFUSED_TOTAL;
	fill(slot, r);
	refused = count_session(t, slot, r);
	if (refused != REFUSED_NOT)
		table_release(t, slot, r->owner);
	else
		*ret = slot;
	return refused;
}

bool table_hand_over(struct table_slot *slot, uint32_t from, uint32_t to)
{
	uint32_t owner = from;

	assert(from != 0 && to != 0);
	return atomic_compare_exchange_strong(&slot->owner, &owner, to) || owner == to;
}

/* What is counted under the next row is what the session is, in one store. */
static void settle_row(struct table_slot *slot)
{
	uint32_t counted = atomic_load(&slot->counted);
	uint32_t next = counted & ~(uint32_t)(COUNTED_ROW_NEXT | COUNTED_SOURCE_ROW_NEXT);

	if (counted & COUNTED_ROW_NEXT)
		next |= COUNTED_ROW;
	if (counted & COUNTED_SOURCE_ROW_NEXT)
		next |= COUNTED_SOURCE_ROW;
	slot->row = slot->row_next;
	slot->source_at[AT_SOURCE_ROW] = slot->source_at[AT_SOURCE_ROW_NEXT];
	atomic_store(&slot->counted, next);
}

enum refusal table_become(struct table *t, struct table_slot *slot, const struct table_request *r)
{
	enum refusal refused = REFUSED_NOT;

	assert(atomic_load(&slot->owner) == r->owner && r->row < TABLE_ROWS_MAX);
	if (r->row == slot->row)
		return REFUSED_NOT;
	slot->row_next = r->row;
	if (!count_up(&t->rows[r->row], r->row_max, slot, COUNTED_ROW_NEXT))
		refused = REFUSED_SESSIONS;
	else if (!count_source(t, slot, r, COUNTED_SOURCE_ROW_NEXT))
		refused = REFUSED_SOURCE;
	if (refused != REFUSED_NOT) {
		count_down(t, slot, COUNTED_ROW_NEXT);
		return refused;
	}
	count_down(t, slot, COUNTED_ROW);
	count_down(t, slot, COUNTED_SOURCE_ROW);
	settle_row(slot);
	return REFUSED_NOT;
}

void table_release(struct table *t, struct table_slot *slot, uint32_t owner)
{
	uint32_t index = table_index(t, slot);

	if (atomic_load(&slot->owner) != owner)
		return;
	for (uint32_t counted = COUNTED_TOTAL; counted <= COUNTED_SOURCE_ROW_NEXT; counted <<= 1)
		count_down(t, slot, counted);
	atomic_fetch_add(&slot->generation, 1);
	atomic_fetch_and(&t->used[index / WORD_BITS], ~(UINT64_C(1) << index % WORD_BITS));
	atomic_store(&slot->owner, 0); /* last: until here it is found and freed should we die */
}

uint32_t table_release_owner(struct table *t, uint32_t owner)
{
	uint32_t end = table_scan_end(t);
	uint32_t n = 0;

	assert(owner != 0);
	for (uint32_t i = 0; i < end; i++)
		if (atomic_load(&slot_of(t, i)->owner) == owner) {
			table_release(t, slot_of(t, i), owner);
			n++;
		}
	return n;
}

/* ---- lists ---- */

uint32_t table_slots(const struct table *t)
{
	return t->words * WORD_BITS;
}

uint32_t table_scan_end(const struct table *t)
{
	return atomic_load(&t->scan_end);
}

struct table_slot *table_slot_at(struct table *t, uint32_t index)
{
	assert(index < table_slots(t));
	return slot_of(t, index);
}

uint32_t table_index(const struct table *t, const struct table_slot *slot)
{
	return (uint32_t)(slot - slot_of(t, 0));
}

uint32_t table_count(const struct table *t)
{
	return atomic_load(&t->total);
}

uint32_t table_row_count(const struct table *t, uint32_t row)
{
	return atomic_load(&t->rows[row]);
}
