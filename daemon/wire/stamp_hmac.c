/* SPDX-License-Identifier: MIT */
/*
 * What STAMP needs of libsodium, in one place.
 *
 * sodium_init() is not called: it looks for the machine's fastest code and for random numbers, and HMAC-SHA-256 has one code
 * and needs none.
 */
#include "wire/stamp_hmac.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#ifdef HAVE_SODIUM
#include <sodium/utils.h>

int stamp_hmac_key(const uint8_t *key, size_t n, struct stamp_hmac *ret)
{
	if (n < STAMP_KEY_BYTES_MIN || n > STAMP_KEY_BYTES_MAX)
		return -ERANGE;
	crypto_auth_hmacsha256_init(&ret->state, key, n);
	return 0;
}

void stamp_hmac_add(struct stamp_hmac *h, const void *from, size_t n)
{
	crypto_auth_hmacsha256_update(&h->state, from, n);
}

void stamp_hmac_end(struct stamp_hmac *h, uint8_t ret[STAMP_HMAC_BYTES])
{
	uint8_t whole[crypto_auth_hmacsha256_BYTES];

	crypto_auth_hmacsha256_final(&h->state, whole);
	memcpy(ret, whole, STAMP_HMAC_BYTES);
}

bool stamp_hmac_same(const uint8_t a[STAMP_HMAC_BYTES], const uint8_t b[STAMP_HMAC_BYTES])
{
	return sodium_memcmp(a, b, STAMP_HMAC_BYTES) == 0;
}

/* Keys do not stay where others may find them. */
static void forget(void *at, size_t n)
{
	sodium_memzero(at, n);
}
#else
int stamp_hmac_key(const uint8_t *key maybe_unused, size_t n, struct stamp_hmac *ret maybe_unused)
{
	return n < STAMP_KEY_BYTES_MIN || n > STAMP_KEY_BYTES_MAX ? -ERANGE : -ENOSYS;
}

/* A build without a key does not come here. */
void stamp_hmac_add(struct stamp_hmac *h maybe_unused, const void *from maybe_unused, size_t n maybe_unused)
{
	assert(false);
}

void stamp_hmac_end(struct stamp_hmac *h maybe_unused, uint8_t ret[STAMP_HMAC_BYTES])
{
	assert(false);
	memset(ret, 0, STAMP_HMAC_BYTES);
}

bool stamp_hmac_same(const uint8_t a[STAMP_HMAC_BYTES] maybe_unused, const uint8_t b[STAMP_HMAC_BYTES] maybe_unused)
{
	return false;
}

static void forget(void *at, size_t n)
{
	explicit_bzero(at, n);
}
#endif

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int stamp_hmac_key_parse(const char *text, size_t n, struct stamp_hmac *ret)
{
	uint8_t key[STAMP_KEY_BYTES_MAX];
	int r;

	if (n != 0 && text[n - 1] == '\n')
		n--;
	for (size_t i = 0; i < n; i++)
		if (digit(text[i]) < 0)
			return -EINVAL;
	if (n % 2 != 0)
		return -EINVAL;
	if (n / 2 > STAMP_KEY_BYTES_MAX)
		return -ERANGE;
	for (size_t i = 0; i < n / 2; i++)
		key[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
	r = stamp_hmac_key(key, n / 2, ret);
	forget(key, sizeof(key));
	return r;
}
