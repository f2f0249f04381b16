/* SPDX-License-Identifier: MIT */
/* The shares of sources at this moment: seats in buckets. */
#include "admission/shares.h"

#define BUCKET_SEATS 64
#define SEATS_EACH 4 /* seats for each that is taken: a bucket is full of 16 on average, and of all 64 never */

static uint32_t buckets_for(uint32_t n)
{
	uint32_t buckets = 1;

	while ((uint64_t)buckets * BUCKET_SEATS < (uint64_t)n * SEATS_EACH)
		buckets *= 2;
	return buckets;
}

size_t shares_bytes(uint32_t n)
{
	return (size_t)buckets_for(n) * BUCKET_SEATS * sizeof(struct shares_seat);
}

size_t shares_size(const struct shares *s)
{
	return ((size_t)s->buckets_mask + 1) * BUCKET_SEATS * sizeof(struct shares_seat);
}

void shares_init(struct shares *s, void *memory, uint32_t n, const struct siphash_key *key)
{
	*s = (struct shares){ .seats = memory, .buckets_mask = buckets_for(n) - 1, .key = *key };
}

uint64_t shares_name(const struct shares *s, const struct addr *source)
{
	return siphash(&s->key, source, sizeof(*source));
}

static struct shares_seat *bucket_of(const struct shares *s, uint64_t source)
{
	return &s->seats[((uint32_t)source & s->buckets_mask) * BUCKET_SEATS];
}

static uint32_t count(const struct shares_seat *bucket, uint64_t source, uint64_t now_ns)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < BUCKET_SEATS; i++)
		n += atomic_load(&bucket[i].source) == source && atomic_load(&bucket[i].until_ns) > now_ns;
	return n;
}

static struct shares_seat *claim(struct shares_seat *bucket, uint64_t now_ns, uint64_t until_ns)
{
	for (uint32_t i = 0; i < BUCKET_SEATS; i++) {
		uint64_t was = atomic_load(&bucket[i].until_ns);

		if (was <= now_ns && atomic_compare_exchange_strong(&bucket[i].until_ns, &was, until_ns))
			return &bucket[i];
	}
	return NULL;
}

bool shares_take(const struct shares *s, uint64_t source, uint32_t most, struct shares_time t, uint32_t *ret)
{
	struct shares_seat *bucket = bucket_of(s, source), *seat;

	if (count(bucket, source, t.now_ns) >= most)
		return false;
	seat = claim(bucket, t.now_ns, t.until_ns);
	if (!seat)
		return false;
	atomic_store(&seat->source, source);
	*ret = (uint32_t)(seat - s->seats);
	/* Another may have counted before it saw this one: whoever sees too many takes his own back. */
	if (count(bucket, source, t.now_ns) <= most)
		return true;
	shares_give(s, *ret, t.until_ns);
	return false;
}

void shares_give(const struct shares *s, uint32_t seat, uint64_t until_ns)
{
	if (seat / BUCKET_SEATS <= s->buckets_mask)
		(void)atomic_compare_exchange_strong(&s->seats[seat].until_ns, &until_ns, 0);
}
