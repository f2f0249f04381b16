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
#include "admission/table.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#define WORD_BITS 64

/* Slots beyond those that may be admitted at once: an admission that is about to be refused holds one, and shall not
 * be the reason why another finds none. */
#define SPARE_SLOTS 64

/* The number of slots that one table_repair() looks at to count words anew: two whole tables. */
#define REPAIR_LOOKS (2 * (uint64_t)(TABLE_SLOTS_MAX + SPARE_SLOTS))

struct table_words {
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
	return (sizeof(struct table_words) + words_for(slots) * sizeof(uint64_t) + 63) & ~(size_t)63;
}

static size_t caps_offset(uint32_t slots)
{
	return slots_offset(slots) + (size_t)words_for(slots) * WORD_BITS * sizeof(struct table_slot);
}

size_t table_bytes(uint32_t slots)
{
	return caps_offset(slots) + caps_bytes(slots);
}

void table_init(struct table *t, void *memory, uint32_t slots, uint64_t secret)
{
	assert(slots > 0 && slots <= TABLE_SLOTS_MAX);
	t->sessions_max = slots;
	t->bitmap_n = words_for(slots);
	t->words = memory;
	t->slots = (struct table_slot *)(void *)((char *)memory + slots_offset(slots));
	caps_init(&t->caps, (char *)memory + caps_offset(slots), slots, secret);
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

static bool try_claim(const struct table *t, uint32_t index, uint32_t owner)
{
	uint32_t nobody = 0;

	raise_to(&t->words->scan_end, index + 1); /* first: a slot that is owned is always within a scan */
	if (!atomic_compare_exchange_strong(&t->slots[index].owner, &nobody, owner))
		return false;
	atomic_fetch_or(&t->words->used[index / WORD_BITS], bit_of(index));
	return true;
}

static void give_up(const struct table *t, struct table_slot *slot)
{
	uint32_t index = table_index(t, slot);

	atomic_fetch_add(&slot->generation, 1);
	atomic_fetch_and(&t->words->used[index / WORD_BITS], ~bit_of(index));
	lower_to(&t->words->first_word, index / WORD_BITS);
	atomic_store(&slot->owner, 0); /* last: until here it is found and freed should we die */
}

/* A free slot of 64. NULL: none is free. */
static struct table_slot *claim_in(const struct table *t, uint32_t word, uint32_t owner)
{
	uint64_t free_bits = ~atomic_load(&t->words->used[word]);

	for (; free_bits != 0; free_bits &= free_bits - 1) {
		uint32_t index = word * WORD_BITS + (uint32_t)__builtin_ctzll(free_bits);

		if (try_claim(t, index, owner))
			return &t->slots[index];
	}
	return NULL;
}

/* The lowest free slot, or nearly, so that little of a large table is ever touched. NULL: none is free. */
static struct table_slot *claim(const struct table *t, uint32_t owner)
{
	uint32_t hint = atomic_load(&t->words->first_word);
	uint32_t first = hint < t->bitmap_n ? hint : 0;

	for (uint32_t i = 0; i < t->bitmap_n; i++) {
		uint32_t word = (first + i) % t->bitmap_n;
		struct table_slot *slot = claim_in(t, word, owner);

		if (!slot)
			continue;
		/* Should somebody give up a lower one just now, it is found when all above are taken. */
		if (word != first)
			atomic_compare_exchange_strong(&t->words->first_word, &hint, word);
		return slot;
	}
	return NULL;
}

static void put(_Atomic uint32_t *word, uint32_t value)
{
	atomic_store_explicit(word, value, memory_order_relaxed);
}

static void put_long(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_relaxed);
}

/* Whatever was left there: nobody else's word is relied on. */
static void fill(struct table_slot *slot, const struct table_request *r)
{
	caps_begin(slot, r->row);
	put(&slot->pool, r->pool);
	slot->peer = r->peer;
	put_long(&slot->started_ns, r->now_ns);
	put_long(&slot->active_ns, r->now_ns);
	put_long(&slot->in_bytes, 0);
	put_long(&slot->out_bytes, 0);
	put_long(&slot->owed_bytes, 0);
	put(&slot->kill, 0);
	put(&slot->over, 0);
}

/* ---- sessions ---- */

enum refusal table_admit(const struct table *t, const struct table_request *r, struct table_slot **ret)
{
	struct table_slot *slot;
	enum refusal refused;

	assert(r->owner != 0 && r->owner != TABLE_LOST && r->row < TABLE_ROWS_MAX);
	/* First a look: a flood of those who are to be refused costs next to nothing. */
	refused = caps_look(&t->caps, r);
	if (refused != REFUSED_NOT)
		return refused;
	slot = claim(t, r->owner);
	if (!slot)
		return REFUSED_TOTAL;
	fill(slot, r);
	refused = caps_count(&t->caps, slot, r);
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

/* Unless another process has written there. */
static bool is_held(const struct table_slot *slot, const struct table_request *r)
{
	return atomic_load(&slot->owner) == r->owner;
}

/* Others read the peer at any time: while its family says that it is not known, they do not look at the rest. */
enum refusal table_name(const struct table *t, struct table_slot *slot, const struct table_request *r)
{
	enum refusal refused;

	if (!is_held(slot, r))
		return REFUSED_SOURCE;
	refused = caps_count_source(&t->caps, slot, r);
	if (refused != REFUSED_NOT)
		return refused;
	slot->peer.port = r->peer.port;
	slot->peer.scope = r->peer.scope;
	memcpy(slot->peer.bytes, r->peer.bytes, sizeof(slot->peer.bytes));
	__atomic_store_n(&slot->peer.family, r->peer.family, __ATOMIC_RELEASE);
	return REFUSED_NOT;
}

enum refusal table_become(const struct table *t, struct table_slot *slot, const struct table_request *r)
{
	assert(r->row < TABLE_ROWS_MAX);
	if (!is_held(slot, r))
		return REFUSED_SESSIONS;
	return r->row == table_row_of(slot) ? REFUSED_NOT : caps_move(&t->caps, slot, r);
}

void table_uncount(const struct table *t, struct table_slot *slot)
{
	(void)caps_release(&t->caps, slot); /* its owner is alive: nothing is in doubt */
}

enum refusal table_recount(const struct table *t, struct table_slot *slot, const struct table_request *r)
{
	return is_held(slot, r) ? caps_count(&t->caps, slot, r) : REFUSED_SESSIONS;
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

void table_release(const struct table *t, struct table_slot *slot, uint32_t owner)
{
	if (atomic_load(&slot->owner) != owner)
		return;
	if (caps_release(&t->caps, slot))
		give_up(t, slot);
	else
		atomic_store(&slot->owner, TABLE_LOST);
}

uint32_t table_release_owner(const struct table *t, uint32_t owner)
{
	uint32_t end = table_scan_end(t);
	uint32_t n = 0;

	assert(owner != 0);
	for (uint32_t i = 0; i < end; i++)
		if (atomic_load(&t->slots[i].owner) == owner) {
			table_release(t, &t->slots[i], owner);
			n++;
		}
	if (n)
		table_repair(t);
	return n;
}

bool table_repair(const struct table *t)
{
	uint32_t end = table_scan_end(t);
	struct caps_recount from = { .slots = t->slots, .slots_n = end, .looks_left = REPAIR_LOOKS };
	bool whole = true;

	for (uint32_t i = 0; i < end; i++) {
		struct table_slot *slot = &t->slots[i];

		if (atomic_load(&slot->owner) != TABLE_LOST)
			continue;
		if (caps_repair(&t->caps, slot, &from))
			give_up(t, slot);
		else
			whole = false;
	}
	return whole;
}

/* ---- lists ---- */

uint32_t table_slots(const struct table *t)
{
	return t->bitmap_n * WORD_BITS;
}

uint32_t table_scan_end(const struct table *t)
{
	uint32_t end = atomic_load(&t->words->scan_end), most = table_slots(t);

	return end < most ? end : most;
}

struct table_slot *table_slot_at(const struct table *t, uint32_t index)
{
	assert(index < table_slots(t));
	return &t->slots[index];
}

uint32_t table_row_of(const struct table_slot *slot)
{
	uint32_t row = atomic_load_explicit(&slot->row, memory_order_relaxed);

	return row < TABLE_ROWS_MAX ? row : TABLE_ROWS_MAX;
}

/* The address's family is read last, as it is written last: until it is known the rest means nothing. */
static struct addr peer_of(const struct table_slot *slot)
{
	uint16_t family = __atomic_load_n(&slot->peer.family, __ATOMIC_ACQUIRE);
	struct addr peer;

	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return (struct addr){ .family = AF_UNSPEC };
	peer = slot->peer;
	peer.family = family;
	return peer;
}

bool table_look(const struct table *t, uint32_t index, struct table_view *ret)
{
	const struct table_slot *slot = &t->slots[index];

	assert(index < table_slots(t));
	*ret = (struct table_view){ .owner = atomic_load(&slot->owner) };
	if (ret->owner == 0 || ret->owner == TABLE_LOST)
		return false;
	ret->generation = atomic_load(&slot->generation);
	ret->row = table_row_of(slot);
	ret->pool = atomic_load(&slot->pool);
	ret->over = atomic_load(&slot->over) != 0;
	ret->peer = peer_of(slot);
	ret->started_ns = atomic_load(&slot->started_ns);
	ret->active_ns = atomic_load(&slot->active_ns);
	ret->in_bytes = atomic_load(&slot->in_bytes);
	ret->out_bytes = atomic_load(&slot->out_bytes);
	return ret->row < TABLE_ROWS_MAX && atomic_load(&slot->owner) && atomic_load(&slot->generation) == ret->generation;
}

uint32_t table_index(const struct table *t, const struct table_slot *slot)
{
	return (uint32_t)(slot - t->slots);
}

uint32_t table_count(const struct table *t)
{
	return caps_total(&t->caps);
}

uint32_t table_row_count(const struct table *t, uint32_t row)
{
	return caps_of_row(&t->caps, row);
}
