/* SPDX-License-Identifier: MIT */
/*
 * Counts sessions under their caps, exactly, whoever is killed in the middle of it.
 *
 * Flow of one count: `begun` is written into the slot, the word is changed, `begun` becomes `done` in one store.
 * Taking back: `done` becomes `begun`, the word is changed, `begun` is struck out. Only a slot that shows `begun`
 * without a living owner is in doubt.
 */
#include "admission/caps.h"

#include <sys/socket.h>

#include "admission/atomic_count.h"

/* In a slot's `counted`: a bit a count, done; the same bit shifted by BEGUN: begun. */
enum counted {
	COUNTED_TOTAL = 1,
	COUNTED_ROW = 2,
	COUNTED_ROW_NEXT = 4,
	COUNTED_SOURCE = 8,
	COUNTED_SOURCE_ROW = 16,
	COUNTED_SOURCE_ROW_NEXT = 32,
};
#define BEGUN 8
#define COUNTED_END 64 /* above the last bit */

/* Above those bits `counted` has a number, raised before a row or a place among the sources is changed that no bit speaks of
 * yet. Who reads `counted`, what it speaks of, and the same number again has read what belongs together. */
#define EDITION (UINT32_C(1) << 16)

/* The number of times a word in doubt is counted anew before those who change it meanwhile may finish. */
#define REPAIR_TRIES 16

struct caps_words {
	_Alignas(64) _Atomic uint64_t total;
	_Alignas(64) _Atomic uint64_t rows[TABLE_ROWS_MAX];
	/* The sources follow. */
};

size_t caps_bytes(uint32_t sessions)
{
	return sizeof(struct caps_words) + sources_bytes(sessions);
}

void caps_init(struct caps *c, void *memory, uint32_t sessions, uint64_t secret)
{
	c->sessions_max = sessions;
	c->words = memory;
	sources_init(&c->sources, c->words + 1, sessions, secret);
}

/* The place in the slot's source_at. */
static unsigned place_of(uint32_t bit)
{
	return bit == COUNTED_SOURCE ? 0 : bit == COUNTED_SOURCE_ROW ? 1 : 2;
}

static _Atomic uint64_t *row_word(const struct caps *c, uint32_t row)
{
	return row < TABLE_ROWS_MAX ? &c->words->rows[row] : NULL;
}

/* The word that a count of a slot is, or is to be, in. NULL: the slot names none; another process has written there. */
static _Atomic uint64_t *word_of(const struct caps *c, const struct table_slot *slot, uint32_t bit)
{
	switch ((enum counted)bit) {
	case COUNTED_TOTAL:
		return &c->words->total;
	case COUNTED_ROW:
		return row_word(c, atomic_load(&slot->row));
	case COUNTED_ROW_NEXT:
		return row_word(c, atomic_load(&slot->row_next));
	default:
		return sources_word(&c->sources, atomic_load(&slot->source_at[place_of(bit)]));
	}
}

/* ---- one count ---- */

static void begin(struct table_slot *slot, uint32_t bit)
{
	atomic_fetch_or(&slot->counted, bit << BEGUN);
}

static void give_up(struct table_slot *slot, uint32_t bit)
{
	atomic_fetch_and(&slot->counted, ~(bit << BEGUN));
}

/* From begun to done, or back, in one store. */
static void turn(struct table_slot *slot, uint32_t bit)
{
	atomic_fetch_xor(&slot->counted, bit | bit << BEGUN);
}

static bool count_up(const struct caps *c, struct table_slot *slot, uint32_t bit, uint32_t cap)
{
	_Atomic uint64_t *word = word_of(c, slot, bit);
	bool counted;

	begin(slot, bit);
	counted = word && atomic_count_up(word, cap);
	if (counted)
		turn(slot, bit);
	else
		give_up(slot, bit);
	return counted;
}

static void count_down(const struct caps *c, struct table_slot *slot, uint32_t bit)
{
	_Atomic uint64_t *word;

	if ((atomic_load(&slot->counted) & bit) == 0)
		return;
	word = word_of(c, slot, bit);
	turn(slot, bit);
	if (word)
		atomic_count_down(word);
	give_up(slot, bit);
}

static uint64_t key_of(const struct caps *c, const struct table_request *r, uint32_t bit)
{
	struct addr source = addr_source(&r->peer, r->source_bits_v4, r->source_bits_v6);

	return sources_key(&c->sources, &source, bit == COUNTED_SOURCE ? 0 : 1 + r->row);
}

/* A source without a cap is counted too, where there is room: a later cap shall find it. */
static bool count_source(const struct caps *c, struct table_slot *slot, const struct table_request *r, uint32_t bit)
{
	uint32_t cap = bit == COUNTED_SOURCE ? r->per_source : r->row_per_source;
	uint64_t key = key_of(c, r, bit);

	if (r->is_exempt || (r->peer.family != AF_INET && r->peer.family != AF_INET6))
		return true;
	begin(slot, bit);
	if (!sources_add(&c->sources, key, cap, &slot->source_at[place_of(bit)])) {
		give_up(slot, bit);
		return cap == 0;
	}
	turn(slot, bit);
	if (!sources_over(&c->sources, key, cap))
		return true;
	count_down(c, slot, bit);
	return false;
}

/* ---- a session's counts ---- */

static uint32_t total_cap(const struct caps *c, const struct table_request *r)
{
	return r->total != 0 && r->total < c->sessions_max ? r->total : c->sessions_max;
}

enum refusal caps_look(const struct caps *c, const struct table_request *r)
{
	if (caps_total(c) >= total_cap(c, r))
		return REFUSED_TOTAL;
	return r->row_max != 0 && caps_of_row(c, r->row) >= r->row_max ? REFUSED_SESSIONS : REFUSED_NOT;
}

enum refusal caps_count_source(const struct caps *c, struct table_slot *slot, const struct table_request *r)
{
	if (!count_source(c, slot, r, COUNTED_SOURCE))
		return REFUSED_SOURCE;
	if (count_source(c, slot, r, COUNTED_SOURCE_ROW))
		return REFUSED_NOT;
	count_down(c, slot, COUNTED_SOURCE);
	return REFUSED_SOURCE;
}

enum refusal caps_count(const struct caps *c, struct table_slot *slot, const struct table_request *r)
{
	if (!count_up(c, slot, COUNTED_TOTAL, total_cap(c, r)))
		return REFUSED_TOTAL;
	if (!count_up(c, slot, COUNTED_ROW, r->row_max))
		return REFUSED_SESSIONS;
	return caps_count_source(c, slot, r);
}

void caps_begin(struct table_slot *slot, uint32_t row)
{
	/* Whatever was left there: nobody else's word is relied on. */
	atomic_store(&slot->counted, (atomic_load(&slot->counted) / EDITION + 1) * EDITION);
	atomic_store_explicit(&slot->row, row, memory_order_release);
	atomic_store_explicit(&slot->row_next, row, memory_order_release);
}

/* The session is from now on what is counted under the next row. */
static void settle(struct table_slot *slot)
{
	uint32_t counted = atomic_fetch_add(&slot->counted, EDITION) + EDITION;
	uint32_t next = counted & ~(uint32_t)(COUNTED_ROW_NEXT | COUNTED_SOURCE_ROW_NEXT);

	if (counted & COUNTED_ROW_NEXT)
		next |= COUNTED_ROW;
	if (counted & COUNTED_SOURCE_ROW_NEXT)
		next |= COUNTED_SOURCE_ROW;
	slot->row = slot->row_next;
	slot->source_at[place_of(COUNTED_SOURCE_ROW)] = slot->source_at[place_of(COUNTED_SOURCE_ROW_NEXT)];
	atomic_store(&slot->counted, next);
}

enum refusal caps_move(const struct caps *c, struct table_slot *slot, const struct table_request *r)
{
	atomic_fetch_add(&slot->counted, EDITION);
	slot->row_next = r->row;
	if (!count_up(c, slot, COUNTED_ROW_NEXT, r->row_max))
		return REFUSED_SESSIONS;
	if (!count_source(c, slot, r, COUNTED_SOURCE_ROW_NEXT)) {
		count_down(c, slot, COUNTED_ROW_NEXT);
		return REFUSED_SOURCE;
	}
	count_down(c, slot, COUNTED_ROW);
	count_down(c, slot, COUNTED_SOURCE_ROW);
	settle(slot);
	return REFUSED_NOT;
}

bool caps_release(const struct caps *c, struct table_slot *slot)
{
	uint32_t doubtful = atomic_load(&slot->counted) >> BEGUN & (COUNTED_END - 1);

	for (uint32_t bit = COUNTED_TOTAL; bit < COUNTED_END; bit <<= 1)
		count_down(c, slot, bit);
	return doubtful == 0;
}

/* ---- words in doubt ---- */

/* Adds the slot's counts that are in a word. False: its owner is just counting there, or the slot changed meanwhile. */
static bool recount_slot(const struct caps *c, const struct table_slot *slot, const _Atomic uint64_t *word, uint32_t *n)
{
	uint32_t counted = atomic_load(&slot->counted);

	if (counted % EDITION == 0)
		return true;
	for (uint32_t bit = COUNTED_TOTAL; bit < COUNTED_END; bit <<= 1) {
		if ((counted & (bit | bit << BEGUN)) == 0 || word_of(c, slot, bit) != word)
			continue;
		if (counted & bit)
			++*n;
		else if (atomic_load(&slot->owner) != TABLE_LOST)
			return false;
	}
	return atomic_load(&slot->counted) / EDITION == counted / EDITION;
}

/* The number of slots that are counted in a word. False: they cannot be counted just now. */
static bool recount(const struct caps *c, const _Atomic uint64_t *word, const struct caps_recount *from, uint32_t *ret)
{
	*ret = 0;
	for (uint32_t i = 0; i < from->slots_n; i++)
		if (!recount_slot(c, &from->slots[i], word, ret))
			return false;
	return true;
}

/* Makes a word what the slots say. Its version tells that nobody changed it while we looked at them. */
static bool repair_word(const struct caps *c, _Atomic uint64_t *word, struct caps_recount *from)
{
	for (int i = 0; i < REPAIR_TRIES && from->looks_left >= from->slots_n; i++) {
		uint64_t was = atomic_load(word);
		uint32_t n;

		from->looks_left -= from->slots_n;
		if (!recount(c, word, from, &n))
			continue;
		n = n < ATOMIC_COUNT_MAX ? n : ATOMIC_COUNT_MAX;
		if (atomic_compare_exchange_strong(word, &was, atomic_count_next(was, atomic_count_name(was), n)))
			return true;
	}
	return false;
}

bool caps_repair(const struct caps *c, struct table_slot *slot, struct caps_recount *from)
{
	for (uint32_t bit = COUNTED_TOTAL; bit < COUNTED_END; bit <<= 1) {
		_Atomic uint64_t *word = word_of(c, slot, bit);

		if ((atomic_load(&slot->counted) & bit << BEGUN) == 0)
			continue;
		if (word && !repair_word(c, word, from))
			return false;
		give_up(slot, bit);
	}
	return true;
}

uint32_t caps_total(const struct caps *c)
{
	return atomic_count_of(atomic_load(&c->words->total));
}

uint32_t caps_of_row(const struct caps *c, uint32_t row)
{
	return atomic_count_of(atomic_load(&c->words->rows[row]));
}
