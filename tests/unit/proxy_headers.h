/* SPDX-License-Identifier: MIT */
/* For tests of the PROXY protocol: headers made by hand, and given to the parser in any pieces. */
#pragma once

#include <string.h>

#include "base/bytes.h"
#include "session/proxy.h"

#define HEADER_MAX (16 + 65535)

/* Bytes being put together. */
struct header {
	uint8_t bytes[HEADER_MAX + 64];
	size_t n;
};

static inline void header_add(struct header *h, const void *from, size_t n)
{
	memcpy(h->bytes + h->n, from, n);
	h->n += n;
}

/* A header of version 2 without anything behind its fixed part. command: with the version; family: with the protocol. */
static inline void header_begin_v2(struct header *h, uint8_t command, uint8_t family)
{
	static const uint8_t signature[] = { 0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A };

	h->n = 0;
	header_add(h, signature, sizeof(signature));
	header_add(h, (uint8_t[]){ command, family, 0, 0 }, 4);
}

/* The length field says what is there. */
static inline void header_end_v2(struct header *h)
{
	bytes_put_be16(h->bytes + 14, (uint16_t)(h->n - 16));
}

static inline void header_add_tlv(struct header *h, uint8_t type, const void *value, uint16_t n)
{
	uint8_t start[3] = { type };

	bytes_put_be16(start + 1, n);
	header_add(h, start, sizeof(start));
	header_add(h, value, n);
}

/* What the parser says of n bytes that come in pieces of `step`. */
struct heard {
	struct proxy p;
	enum proxy_verdict verdict;
	size_t used;
};

static inline struct heard header_hear(enum proxy_mode mode, const void *bytes, size_t n, size_t step)
{
	struct heard r = { .verdict = PROXY_MORE };

	proxy_begin(&r.p, mode);
	while (r.verdict == PROXY_MORE && r.used < n) {
		size_t used, piece = n - r.used < step ? n - r.used : step;

		r.verdict = proxy_take(&r.p, (const uint8_t *)bytes + r.used, piece, &used);
		r.used += used;
		if (r.verdict == PROXY_MORE && used != piece)
			return (struct heard){ .verdict = PROXY_BAD, .used = SIZE_MAX }; /* it left bytes and wants more */
	}
	return r;
}
