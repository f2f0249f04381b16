/* SPDX-License-Identifier: MIT */
/*
 * The session table: slots, claimed and given up without a lock, whoever is killed meanwhile. What they count for is
 * in caps.c.
 *
 * Flow: claim a slot (its owner says whose it is), count the session, and on refusal, or at the end, take the counts
 * back and give the slot up. A slot is its owner's until the last step, so whoever finds the slot of a dead process
 * finishes what that had begun.
 * Owns: nothing but the layout of the caller's memory: this header, a bitmap, the slots, the counts.
 */
#include <assert.h>
#include <string.h>

#include "session/caps.h"
#include "session/table.h"

#define WORD_BITS 64

/* Slots beyond those that may be admitted at once: an admission that is about to be refused holds one, and shall not
 * be the reason why another finds none. */
#define SPARE_SLOTS 64

struct table {
	uint32_t sessions_max; /* what may be admitted at once   */
	uint32_t words;        /* of the bitmap: 64 slots each   */
	_Alignas(64) _Atomic uint32_t scan_end;
	_Atomic uint32_t first_word; /* where in the bitmap a search begins: most likely nothing is free before */
	/* A bit is set only while its slot is owned: by the owner after claiming, cleared before giving up. So a
	 * search that passes over set bits misses no free slot for long, and one that is not set is still to be
	 * claimed. */
	_Alignas(64) _Atomic uint64_t used[];
	/* Then the slots, then the counts. No pointers: another program may map the same memory elsewhere. */
};

static uint32_t words_for(uint32_t slots)
{
	return (slots + SPARE_SLOTS + WORD_BITS - 1) / WORD_BITS;
}

static size_t slots_offset(uint32_t slots)
{
	return (sizeof(struct table) + words_for(slots) * sizeof(uint64_t) + 63) & ~(size_t)63;
}

static size_t caps_offset(uint32_t slots)
{
	return slots_offset(slots) + (size_t)words_for(slots) * WORD_BITS * sizeof(struct table_slot);
}

size_t table_bytes(uint32_t slots)
{
	return caps_offset(slots) + caps_bytes(slots);
}

static struct table_slot *slot_of(const struct table *t, uint32_t index)
{
	return (struct table_slot *)(void *)((char *)t + slots_offset(t->sessions_max)) + index;
}

static struct caps *caps_of(const struct table *t)
{
	return (struct caps *)(void *)((char *)t + caps_offset(t->sessions_max));
}

struct table *table_init(void *memory, uint32_t slots, uint64_t secret)
{
	struct table *t = memory;

	assert(slots > 0 && slots <= TABLE_SLOTS_MAX);
	t->sessions_max = slots;
	t->words = words_for(slots);
	caps_init(caps_of(t), slots, secret);
	return t;
}

/* ---- slots ---- */

static void raise_to(_Atomic uint32_t *word, uint32_t least)
{
	uint32_t was = atomic_load(word);

	while (was < least && !atomic_compare_exchange_weak(word, &was, least))
		continue;
}

static void lower_to(_Atomic uint32_t *word, uint32_t most)
{
	uint32_t was = atomic_load(word);

	while (was > most && !atomic_compare_exchange_weak(word, &was, most))
		continue;
}

static uint64_t bit_of(uint32_t index)
{
	return UINT64_C(1) << index % WORD_BITS;
}

static bool try_claim(struct table *t, uint32_t index, uint32_t owner)
{
	uint32_t nobody = 0;

	raise_to(&t->scan_end, index + 1); /* first: a slot that is owned is always within a scan */
	if (!atomic_compare_exchange_strong(&slot_of(t, index)->owner, &nobody, owner))
		return false;
	atomic_fetch_or(&t->used[index / WORD_BITS], bit_of(index));
	return true;
}

static void give_up(struct table *t, struct table_slot *slot)
{
	uint32_t index = table_index(t, slot);

	atomic_fetch_add(&slot->generation, 1);
	atomic_fetch_and(&t->used[index / WORD_BITS], ~bit_of(index));
	lower_to(&t->first_word, index / WORD_BITS);
	atomic_store(&slot->owner, 0); /* last: until here it is found and freed should we die */
}

/* A free slot of 64. NULL: none is free. */
static struct table_slot *claim_in(struct table *t, uint32_t word, uint32_t owner)
{
	uint64_t free_bits = ~atomic_load(&t->used[word]);

	for (; free_bits != 0; free_bits &= free_bits - 1) {
		uint32_t index = word * WORD_BITS + (uint32_t)__builtin_ctzll(free_bits);

		if (try_claim(t, index, owner))
			return slot_of(t, index);
	}
	return NULL;
}

/* The lowest free slot, or nearly, so that little of a large table is ever touched. NULL: none is free. */
static struct table_slot *claim(struct table *t, uint32_t owner)
{
	uint32_t first = atomic_load(&t->first_word);

	for (uint32_t i = 0; i < t->words; i++) {
		uint32_t word = (first + i) % t->words;
		struct table_slot *slot = claim_in(t, word, owner);

		if (slot == NULL)
			continue;
		/* Should somebody give up a lower one just now, it is found when all above are taken. */
		if (word != first)
			atomic_compare_exchange_strong(&t->first_word, &first, word);
		return slot;
	}
	return NULL;
}

static void fill(struct table_slot *slot, const struct table_request *r)
{
	slot->row = slot->row_next = r->row;
	slot->pool = r->pool;
	slot->peer = r->peer;
	slot->started_ns = r->now_ns;
	slot->active_ns = r->now_ns;
	slot->in_bytes = slot->out_bytes = slot->owed_bytes = 0;
	slot->kill = slot->over = 0;
}

/* ---- sessions ---- */

enum refusal table_admit(struct table *t, const struct table_request *r, struct table_slot **ret)
{
	struct table_slot *slot;
	enum refusal refused;

	assert(r->owner != 0 && r->owner != TABLE_LOST && r->row < TABLE_ROWS_MAX);
	/* First a look: a flood of those who are to be refused costs next to nothing. */
	refused = caps_look(caps_of(t), r);
	if (refused != REFUSED_NOT)
		return refused;
	slot = claim(t, r->owner);
	if (slot == NULL)
		return REFUSED_TOTAL;
	fill(slot, r);
	refused = caps_count(caps_of(t), slot, r);
	if (refused != REFUSED_NOT)
		table_release(t, slot, r->owner);
	else
		*ret = slot;
	return refused;
}

bool table_hand_over(struct table_slot *slot, uint32_t from, uint32_t to)
{
	uint32_t owner = from;

	assert(from != 0 && to != 0 && to != TABLE_LOST);
	return atomic_compare_exchange_strong(&slot->owner, &owner, to) || owner == to;
}

/* Others read the peer at any time: while its family says that it is not known, they do not look at the rest. */
enum refusal table_name(struct table *t, struct table_slot *slot, const struct table_request *r)
{
	enum refusal refused;

	assert(atomic_load(&slot->owner) == r->owner && r->row == slot->row && slot->peer.family == AF_UNSPEC);
	refused = caps_count_source(caps_of(t), slot, r);
	if (refused != REFUSED_NOT)
		return refused;
	slot->peer.port = r->peer.port;
	slot->peer.scope = r->peer.scope;
	memcpy(slot->peer.bytes, r->peer.bytes, sizeof(slot->peer.bytes));
	__atomic_store_n(&slot->peer.family, r->peer.family, __ATOMIC_RELEASE);
	return REFUSED_NOT;
}

enum refusal table_become(struct table *t, struct table_slot *slot, const struct table_request *r)
{
	assert(atomic_load(&slot->owner) == r->owner && r->row < TABLE_ROWS_MAX);
	return r->row == slot->row ? REFUSED_NOT : caps_move(caps_of(t), slot, r);
}

/* In the word: whose session is meant, and why. */
#define MARK_BITS 8

void table_mark(struct table_slot *slot, uint32_t generation, uint32_t mark)
{
	assert(mark != 0 && mark >> MARK_BITS == 0);
	atomic_store(&slot->kill, generation << MARK_BITS | mark);
}

uint32_t table_mark_of(const struct table_slot *slot)
{
	uint32_t word = atomic_load(&slot->kill), generation = atomic_load(&slot->generation);

	return word >> MARK_BITS == generation << MARK_BITS >> MARK_BITS ? word & ((1u << MARK_BITS) - 1) : 0;
}

void table_unmark(struct table_slot *slot)
{
	atomic_store(&slot->kill, 0);
}

void table_release(struct table *t, struct table_slot *slot, uint32_t owner)
{
	if (atomic_load(&slot->owner) != owner)
		return;
	if (caps_release(caps_of(t), slot))
		give_up(t, slot);
	else
		atomic_store(&slot->owner, TABLE_LOST);
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
	table_repair(t);
	return n;
}

bool table_repair(struct table *t)
{
	uint32_t end = table_scan_end(t);
	bool whole = true;

	for (uint32_t i = 0; i < end; i++) {
		struct table_slot *slot = slot_of(t, i);

		if (atomic_load(&slot->owner) != TABLE_LOST)
			continue;
		if (caps_repair(caps_of(t), slot, slot_of(t, 0), end))
			give_up(t, slot);
		else
			whole = false;
	}
	return whole;
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
	return caps_total(caps_of(t));
}

uint32_t table_row_count(const struct table *t, uint32_t row)
{
	return caps_of_row(caps_of(t), row);
}
