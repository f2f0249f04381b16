/* SPDX-License-Identifier: MIT */
/* Counts per source in a table of fixed size: a hash of buckets of words. */
#include "admission/sources.h"

#include <string.h>

#include "base/bytes.h"
#include "admission/atomic_count.h"

/* A session has two words at most, and there are eight for each: a bucket holds 8 of 32 on average when every session
 * has a source of its own, and more than 32 once in 10^11 buckets. */
#define BUCKET_WORDS 32
#define WORDS_PER_SESSION 8

static uint32_t buckets_for(uint32_t sessions)
{
	uint64_t wanted = (uint64_t)sessions * WORDS_PER_SESSION / BUCKET_WORDS;
	uint32_t buckets = 1;

	while (buckets < wanted)
		buckets *= 2;
	return buckets;
}

size_t sources_bytes(uint32_t sessions)
{
	return (size_t)buckets_for(sessions) * BUCKET_WORDS * sizeof(uint64_t);
}

void sources_init(struct sources *s, void *memory, uint32_t sessions, uint64_t secret)
{
	*s = (struct sources){ .key = { { secret, ~secret } }, .buckets_mask = buckets_for(sessions) - 1, .words = memory };
}

/* The group is not hashed: it makes another name of it, and of a bucket one close by. So the counts of one source are in one
 * page of memory, seldom in two. */
uint64_t sources_key(const struct sources *s, const struct addr *prefix, uint32_t group)
{
	uint8_t name[sizeof(prefix->bytes) + 4];

	memcpy(name, prefix->bytes, sizeof(prefix->bytes));
	bytes_put_be32(name + sizeof(prefix->bytes), prefix->family);
	return siphash(&s->key, name, sizeof(name)) ^ ((uint64_t)group << 32 | group);
}

static uint32_t first_of(const struct sources *s, uint64_t key)
{
	return ((uint32_t)key & s->buckets_mask) * BUCKET_WORDS;
}

/* Of other bits than the bucket. Two sources of one bucket that share it (one pair in 2^28) share their caps, no more. */
static uint32_t fingerprint(uint64_t key)
{
	return (uint32_t)(key >> 32) & ATOMIC_COUNT_NAME_MAX;
}

/* The outcome of a look at a bucket. */
struct view {
	uint32_t sum; /* of all words of the source      */
	uint32_t at;  /* the word to count in, if `some` */
	uint64_t was; /* what that word was              */
	bool some;
};

/* A word of the source is preferred to a free one; of each kind the first. */
static struct view look(const struct sources *s, uint64_t key)
{
	struct view v = { 0 };
	uint32_t first = first_of(s, key);

	for (uint32_t at = first; at < first + BUCKET_WORDS; at++) {
		uint64_t word = atomic_load(&s->words[at]);
		bool is_free = atomic_count_of(word) == 0;
		bool ours = !is_free && atomic_count_name(word) == fingerprint(key);

		if ((is_free && !v.some) || (ours && v.sum == 0)) {
			v.at = at;
			v.was = word;
			v.some = true;
		}
		if (ours)
			v.sum += atomic_count_of(word);
	}
	return v;
}

bool sources_add(const struct sources *s, uint64_t key, uint32_t cap, _Atomic uint32_t *ret_at)
{
	for (;;) {
		struct view v = look(s, key);

		if (!v.some || (cap != 0 && v.sum >= cap) || atomic_count_of(v.was) == ATOMIC_COUNT_MAX)
			return false;
		atomic_store(ret_at, v.at);
		if (atomic_compare_exchange_strong(&s->words[v.at], &v.was,
						   atomic_count_next(v.was, fingerprint(key), atomic_count_of(v.was) + 1)))
			return true;
	}
}

bool sources_over(const struct sources *s, uint64_t key, uint32_t cap)
{
	return cap != 0 && look(s, key).sum > cap;
}

_Atomic uint64_t *sources_word(const struct sources *s, uint32_t at)
{
	return at < (s->buckets_mask + 1) * BUCKET_WORDS ? &s->words[at] : NULL;
}
