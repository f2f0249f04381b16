/* SPDX-License-Identifier: MIT */
/* SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash of short input, for tables whose keys strangers choose. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t word[2];
};

uint64_t siphash(const struct siphash_key *key, const void *from, size_t n);
