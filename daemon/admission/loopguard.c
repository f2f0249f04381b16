/* SPDX-License-Identifier: MIT */
/*
 * Ends slow loops: one datagram in 1,024 that are alike is dropped.
 *
 * A word: 16 bits of a keyed hash of the last payload, 16 that count those that had it again, 32 that count the others.
 */
#include "admission/loopguard.h"

#include <stdatomic.h>
#include <string.h>

#define REPEATS_AT 16
#define OTHERS_AT 32

_Static_assert((UINT16_MAX + 1) % LOOPGUARD_EVERY == 0, "a count that wraps goes on in step");

static _Atomic uint64_t *word_of(const struct loopguard *g, const struct loopguard_datagrams *d)
{
	uint64_t name[3] = { (uint64_t)d->source->family << 48 | (uint64_t)d->source->port << 32 | d->group };

	memcpy(name + 1, d->source->bytes, sizeof(d->source->bytes));
	return &g->counts[siphash(&g->key, name, d->source->family == AF_INET ? 16 : 24) % LOOPGUARD_COUNTS];
}

/* All of them count. */
static uint32_t count_all(_Atomic uint64_t *word, uint32_t n)
{
	uint64_t was = atomic_fetch_add_explicit(word, (uint64_t)n << REPEATS_AT, memory_order_relaxed);
	uint32_t before = LOOPGUARD_EVERY - 1 - (uint16_t)(was >> REPEATS_AT) % LOOPGUARD_EVERY;

	return before < n ? before : LOOPGUARD_NONE;
}

/* Counts one by its payload. Two processes that count in one word at a time may lose one: no loop stays for that. */
static bool is_dropped(_Atomic uint64_t *word, uint16_t payload)
{
	uint64_t was = atomic_load_explicit(word, memory_order_relaxed);
	uint16_t repeats = (uint16_t)(was >> REPEATS_AT);
	uint32_t others = (uint32_t)(was >> OTHERS_AT);
	bool repeated = (uint16_t)was == payload;

	repeats = (uint16_t)(repeats + repeated);
	others += !repeated;
	atomic_store_explicit(word, (uint64_t)others << OTHERS_AT | (uint64_t)repeats << REPEATS_AT | payload,
			      memory_order_relaxed);
	return repeated ? repeats % LOOPGUARD_EVERY == LOOPGUARD_EVERY - 1 : others % LOOPGUARD_EVERY_OTHER == 0;
}

uint32_t loopguard_drops(const struct loopguard *g, const struct loopguard_datagrams *d)
{
	uint32_t dropped = LOOPGUARD_NONE;
	_Atomic uint64_t *word;

	if (d->source->port >= LOOPGUARD_CLIENTS_FIRST && d->source->port <= LOOPGUARD_CLIENTS_LAST)
		return LOOPGUARD_NONE;
	word = word_of(g, d);
	if (!d->payloads)
		return count_all(word, d->n);
	for (uint32_t i = 0; i < d->n; i++)
		if (is_dropped(word, (uint16_t)siphash(&g->key, d->payloads[i], d->bytes)) && dropped == LOOPGUARD_NONE)
			dropped = i;
	return dropped;
}
