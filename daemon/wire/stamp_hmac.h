/* SPDX-License-Identifier: MIT */
/*
 * HMAC-SHA-256 cut to 16 octets, which authenticates STAMP packets and TLVs (RFC 8762 section 4.4, RFC 8972 section 4.8).
 *
 * By libsodium. A build without it (configure --without-sodium) makes no key, and so authenticates nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef HAVE_SODIUM
#include <sodium/crypto_auth_hmacsha256.h>
#endif

#include "base/attr.h"

#define STAMP_HMAC_BYTES 16
#define STAMP_KEY_BYTES_MIN 16
#define STAMP_KEY_BYTES_MAX 64

/* A key, worked in once; then one that is being computed is a copy of it. */
struct stamp_hmac {
#ifdef HAVE_SODIUM
	crypto_auth_hmacsha256_state state;
#else
	char none;
#endif
};

/* 0, -ERANGE for fewer than STAMP_KEY_BYTES_MIN or more than STAMP_KEY_BYTES_MAX, -ENOSYS in a build without libsodium. */
int stamp_hmac_key(const uint8_t *key, size_t n, struct stamp_hmac *ret) must_check;

/* The same from what a key file holds: one line of hexadecimal digits. -EINVAL for anything else, and as above. */
int stamp_hmac_key_parse(const char *text, size_t n, struct stamp_hmac *ret) must_check;

/* Flow: a copy of the key, stamp_hmac_add() for each part, stamp_hmac_end(). */
void stamp_hmac_add(struct stamp_hmac *h, const void *from, size_t n);
void stamp_hmac_end(struct stamp_hmac *h, uint8_t ret[STAMP_HMAC_BYTES]);

/* Whether they are the same; the time it takes tells nothing of where they differ. */
bool stamp_hmac_same(const uint8_t a[STAMP_HMAC_BYTES], const uint8_t b[STAMP_HMAC_BYTES]);
