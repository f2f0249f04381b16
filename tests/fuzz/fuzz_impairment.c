/* SPDX-License-Identifier: MIT */
/*
 * Faults on purpose: the same for the same payload, within it, none of a share of nothing; and their words on echoprobe's
 * command line.
 *
 * Input: a seed, five shares, the jitter, a payload; its octets are the words too.
 * Covers: daemon/wire/impairment.c daemon/base/siphash.c clients/echoprobe/expect.c
 */
#include "fuzz.h"

#include "echoprobe/expect.h"
#include "wire/impairment.h"

static const enum impairment_fault faults[] = { IMPAIRMENT_DROP, IMPAIRMENT_DUPLICATE, IMPAIRMENT_CORRUPT,
						IMPAIRMENT_TRUNCATE, IMPAIRMENT_REORDER };

static void check(const struct impairment *i, const struct impairment_verdict *v)
{
	MUST(v->hits < 1U << IMPAIRMENT_PLACES);
	for (unsigned f = 0; f < IMPAIRMENT_PLACES; f++) {
		MUST(i->share_ppm[f] > 0 || !impairment_hits(v->hits, (enum impairment_fault)f));
		MUST(i->share_ppm[f] < IMPAIRMENT_WHOLE_PPM || f > IMPAIRMENT_DROP ||
		     impairment_hits(v->hits, IMPAIRMENT_DROP));
	}
	if (impairment_hits(v->hits, IMPAIRMENT_DROP))
		MUST(v->hits == 1U << IMPAIRMENT_DROP);
	MUST(i->jitter_ns == 0 ? v->jitter_ns == 0 : v->jitter_ns < i->jitter_ns);
}

/* An answer is cut, and one bit of what it had is flipped; else it is as it was. */
static void check_answer(struct impairment_verdict v, const struct fuzz *f)
{
	uint8_t *answer = fuzz_exact(f->at, f->n, false);
	size_t n = impairment_apply(&v, answer, f->n);
	unsigned flipped = 0;

	MUST(impairment_hits(v.hits, IMPAIRMENT_TRUNCATE) ? n < f->n : n == f->n);
	for (size_t i = 0; i < f->n; i++)
		flipped += (unsigned)__builtin_popcount(answer[i] ^ f->at[i]);
	MUST(flipped == impairment_hits(v.hits, IMPAIRMENT_CORRUPT));
	free(answer);
}

static void check_words(const char *s)
{
	struct impairment i = { .seed = 0xA5 }, none = i;

	if (expect_parse(s, &i) < 0)
		MUST(memcmp(&i, &none, sizeof(i)) == 0);
	for (unsigned f = 0; f < IMPAIRMENT_PLACES; f++)
		MUST(i.share_ppm[f] <= IMPAIRMENT_WHOLE_PPM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz f = { data, n };
	char *words = fuzz_text(&f);
	struct impairment i = { .seed = fuzz_number(&f, 8) };
	struct impairment_verdict v, again;
	uint64_t count;

	for (unsigned k = 0; k < array_n(faults); k++)
		i.share_ppm[faults[k]] = (uint32_t)(fuzz_octet(&f) * (IMPAIRMENT_WHOLE_PPM / 255) %
						    (IMPAIRMENT_WHOLE_PPM + 1));
	i.jitter_ns = fuzz_number(&f, 1) * UINT64_C(1000000);
	uint8_t *payload = fuzz_exact(f.at, f.n, false);
	v = impairment_by_content(&i, payload, f.n);
	again = impairment_by_content(&i, payload, f.n);
	check(&i, &v);
	check_answer(v, &f);
	MUST(v.hits == again.hits && v.keep == again.keep && v.flip == again.flip && v.jitter_ns == again.jitter_ns);
	count = fuzz_number(&f, 8);
	v = impairment_by_order(&i, count);
	check(&i, &v);
	check_words(words);
	free(payload);
	free(words);
	return 0;
}
