/* SPDX-License-Identifier: MIT */
/*
 * What each fuzz target begins with: its input taken apart, and what it claims.
 *
 * A target is one function that clang's libFuzzer calls a million times with bytes of its choice (make fuzz), and that
 * replay.c calls with the seeds, by any compiler (make check). It keeps nothing from one call to the next.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

/* The entry that libFuzzer calls. 0 always. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A claim that no input may break. */
#define MUST(claim) ((claim) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #claim))

static inline void fuzz_broken(const char *file, int line, const char *claim)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, claim);
	abort();
}

/* The rest of the input. */
struct fuzz {
	const uint8_t *at;
	size_t n;
};

/* The next octet; 0 where nothing is left. */
static inline uint8_t fuzz_octet(struct fuzz *f)
{
	if (f->n == 0)
		return 0;
	f->n--;
	return *f->at++;
}

/* A number of so many octets, the highest first. */
static inline uint64_t fuzz_number(struct fuzz *f, unsigned octets)
{
	uint64_t v = 0;

	while (octets-- > 0)
		v = v << 8 | fuzz_octet(f);
	return v;
}

/* Fills an object with octets of the input, and zeros behind them. */
static inline void fuzz_fill(struct fuzz *f, void *to, size_t n)
{
	size_t got = f->n < n ? f->n : n;

	memset(to, 0, n);
	if (got > 0)
		memcpy(to, f->at, got);
	f->at += got;
	f->n -= got;
}

/* n octets in exactly as much of the heap, so that reading one more is found; a NUL behind them where asked for. */
static inline void *fuzz_exact(const void *from, size_t n, bool nul)
{
	char *copy = malloc(n + nul > 0 ? n + nul : 1);

	if (!copy)
		abort();
	if (n > 0)
		memcpy(copy, from, n);
	if (nul)
		copy[n] = '\0';
	return copy;
}

/* The rest as a text in the heap; it ends at its first NUL. */
static inline char *fuzz_text(const struct fuzz *f)
{
	return fuzz_exact(f->at, f->n, true);
}
