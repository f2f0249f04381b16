/* SPDX-License-Identifier: MIT */
/* SipHash-2-4: two rounds for each eight bytes, four at the end; the constants spell "somepseudorandomlygeneratedbytes". */
#include "base/siphash.h"

#include <endian.h>
#include <string.h>

#define WORD_BYTES 8

struct state {
	uint64_t v[4];
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void half_round(uint64_t *a, uint64_t *b, unsigned bits)
{
	*a += *b;
	*b = rotate(*b, bits) ^ *a;
}

static inline void mix(struct state *s)
{
	half_round(&s->v[0], &s->v[1], 13);
	s->v[0] = rotate(s->v[0], 32);
	half_round(&s->v[2], &s->v[3], 16);
	half_round(&s->v[0], &s->v[3], 21);
	half_round(&s->v[2], &s->v[1], 17);
	s->v[2] = rotate(s->v[2], 32);
}

/* Eight bytes, the first one lowest. */
static uint64_t word_at(const uint8_t *from)
{
	uint64_t word;

	memcpy(&word, from, sizeof(word));
	return le64toh(word);
}

/* Fewer than eight. */
static uint64_t rest_at(const uint8_t *from, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)from[i] << (8 * i);
	return word;
}

static inline void absorb(struct state *s, uint64_t word)
{
	s->v[3] ^= word;
	mix(s);
	mix(s);
	s->v[0] ^= word;
}

uint64_t siphash(const struct siphash_key *key, const void *from, size_t n)
{
	struct state s = { {
		key->word[0] ^ UINT64_C(0x736f6d6570736575),
		key->word[1] ^ UINT64_C(0x646f72616e646f6d),
		key->word[0] ^ UINT64_C(0x6c7967656e657261),
		key->word[1] ^ UINT64_C(0x7465646279746573),
	} };
	const uint8_t *at = from;
	size_t left = n;

	for (; left >= WORD_BYTES; left -= WORD_BYTES, at += WORD_BYTES)
		absorb(&s, word_at(at));
	absorb(&s, rest_at(at, left) | (uint64_t)n << 56); /* what is left, and the length modulo 256 on top */
	s.v[2] ^= 0xFF;
	for (int i = 0; i < 4; i++)
		mix(&s);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
