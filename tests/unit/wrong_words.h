/* SPDX-License-Identifier: MIT */
/*
 * For tests of who reads shared memory: words as a process writes there that was taken over.
 *
 * Flow: the test names its regions; wrong_some() writes a few chosen words, now and then a whole region of random bytes.
 * How often, the environment says: WRONG_WORDS_N, or what a plain `make check` has time for (make check-wrong-words: 10^6).
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WRONG_REGIONS 10
#define WRONG_AT_ONCE 24     /* words           */
#define WRONG_WHOLE_EVERY 61 /* and a region whole */

struct wrong {
	struct {
		void *at;
		size_t bytes;
	} regions[WRONG_REGIONS];
	size_t regions_n;
	uint32_t pids[8]; /* that a hostile process would like to see signalled, or freed */
	size_t pids_n;
	uint64_t seed;
};

static inline uint64_t wrong_random(struct wrong *w)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return w->seed;
}

static inline uint32_t wrong_below(struct wrong *w, size_t n)
{
	return (uint32_t)(wrong_random(w) % n);
}

static inline unsigned wrong_iterations(unsigned otherwise)
{
	const char *n = getenv("WRONG_WORDS_N");

	return n ? (unsigned)strtoul(n, NULL, 10) : otherwise;
}

static inline void wrong_region(struct wrong *w, void *at, size_t bytes)
{
	if (w->regions_n == WRONG_REGIONS)
		abort();
	w->regions[w->regions_n].at = at;
	w->regions[w->regions_n++].bytes = bytes;
}

/* What is most likely to do harm where it is an index, a count or a process. */
static inline uint32_t wrong_word(struct wrong *w)
{
	static const uint32_t edges[] = { 0,         1,          2,        3,         63,       64,
					  127,       128,        255,      256,       257,      4095,
					  4096,      UINT16_MAX, 1u << 21, INT32_MAX, 1u << 31, UINT32_MAX - 1,
					  UINT32_MAX };
	uint64_t r = wrong_random(w);

	switch (r & 3) {
	case 0:
		return edges[(r >> 8) % (sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return w->pids_n ? w->pids[(r >> 8) % w->pids_n] : 0;
	case 2:
		return (uint32_t)(r >> 8) % 300;
	default:
		return (uint32_t)(r >> 8);
	}
}

static inline void wrong_whole(struct wrong *w, void *at, size_t bytes)
{
	for (size_t i = 0; i + sizeof(uint64_t) <= bytes; i += sizeof(uint64_t)) {
		uint64_t r = wrong_random(w);
		memcpy((char *)at + i, &r, sizeof(r));
	}
}

static inline void wrong_some(struct wrong *w)
{
	uint64_t i = wrong_random(w) % w->regions_n;

	if (wrong_random(w) % WRONG_WHOLE_EVERY == 0)
		wrong_whole(w, w->regions[i].at, w->regions[i].bytes);
	for (unsigned n = 0; n < WRONG_AT_ONCE; n++) {
		uint32_t word = wrong_word(w);

		i = wrong_random(w) % w->regions_n;
		memcpy((char *)w->regions[i].at + wrong_random(w) % (w->regions[i].bytes / 4) * 4, &word, sizeof(word));
	}
}
