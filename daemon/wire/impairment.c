/* SPDX-License-Identifier: MIT */
/* Faults by a keyed hash. */
#include "wire/impairment.h"

#include <endian.h>

#include "base/attr.h"
#include "base/siphash.h"

/* Places of what is drawn besides the faults. */
#define PLACE_JITTER 5
#define PLACE_KEEP 16
#define PLACE_FLIP 17

/* The bytes that are hashed. */
struct drawn {
	const void *from;
	size_t n;
};

static uint64_t draw(const struct impairment *i, unsigned place, const struct drawn *d)
{
	const struct siphash_key key = { { i->seed, place } };

	return siphash(&key, d->from, d->n);
}

/* share_ppm * 2^64 / 10^6, rounded down, of less than all; 2^64 is 18446744073709 * 10^6 + 551616. */
static uint64_t threshold(uint32_t share_ppm)
{
	return share_ppm * UINT64_C(18446744073709) + share_ppm * UINT64_C(551616) / IMPAIRMENT_WHOLE_PPM;
}

static bool is_hit(const struct impairment *i, enum impairment_fault fault, const struct drawn *d)
{
	uint32_t share_ppm = i->share_ppm[fault];

	if (share_ppm == 0)
		return false;
	if (share_ppm >= IMPAIRMENT_WHOLE_PPM)
		return true;
	return draw(i, fault, d) < threshold(share_ppm);
}

static struct impairment_verdict find(const struct impairment *i, const struct drawn *d)
{
	static const enum impairment_fault faults[] = { IMPAIRMENT_DUPLICATE, IMPAIRMENT_CORRUPT, IMPAIRMENT_TRUNCATE,
							IMPAIRMENT_REORDER };
	struct impairment_verdict v = { 0 };

	if (is_hit(i, IMPAIRMENT_DROP, d)) {
		v.hits = 1U << IMPAIRMENT_DROP;
		return v;
	}
	for (unsigned f = 0; f < array_n(faults); f++)
		if (is_hit(i, faults[f], d))
			v.hits |= 1U << faults[f];
	if (impairment_hits(v.hits, IMPAIRMENT_CORRUPT))
		v.flip = draw(i, PLACE_FLIP, d);
	if (impairment_hits(v.hits, IMPAIRMENT_TRUNCATE))
		v.keep = draw(i, PLACE_KEEP, d);
	if (i->jitter_ns != 0)
		v.jitter_ns = draw(i, PLACE_JITTER, d) % i->jitter_ns;
	return v;
}

struct impairment_verdict impairment_by_content(const struct impairment *i, const void *payload, size_t n)
{
	return find(i, &(struct drawn){ payload, n });
}

struct impairment_verdict impairment_by_order(const struct impairment *i, uint64_t count)
{
	uint64_t octets = htole64(count);

	return find(i, &(struct drawn){ &octets, sizeof(octets) });
}

size_t impairment_apply(struct impairment_verdict *v, uint8_t *answer, size_t n)
{
	if (n == 0) {
		v->hits &= ~(1U << IMPAIRMENT_CORRUPT | 1U << IMPAIRMENT_TRUNCATE);
		return 0;
	}
	if (impairment_hits(v->hits, IMPAIRMENT_CORRUPT)) {
		uint64_t bit = v->flip % (8 * (uint64_t)n);

		answer[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	return impairment_hits(v->hits, IMPAIRMENT_TRUNCATE) ? (size_t)(v->keep % n) : n;
}
