/* SPDX-License-Identifier: MIT */
/* The PROXY protocol under headers that chance has damaged, from a fixed seed: the parser keeps its word whatever comes. */
#include "test.h"

#include <stdlib.h>

#include "base/attr.h"
#include "proxy_headers.h"

#define ROUNDS 100000

static uint32_t random_state = 0x2545F491;

static uint32_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static uint32_t below(uint32_t n)
{
	return next_random() % n;
}

/* A header that is nearly right, of either version. */
static void make_one(struct header *h)
{
	static const char *const lines[] = {
		"PROXY TCP4 192.0.2.1 198.51.100.2 56324 7\r\n",
		"PROXY TCP6 2001:db8::1 2001:db8::2 40000 7\r\n",
		"PROXY UNKNOWN\r\n",
		"PROXY UNKNOWN who knows\r\n",
	};
	static const uint8_t families[] = { 0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32 };
	uint8_t any[216];

	if (below(2)) {
		const char *line = lines[below(array_n(lines))];

		h->n = 0;
		header_add(h, line, strlen(line));
		return;
	}
	for (size_t i = 0; i < sizeof(any); i++)
		any[i] = (uint8_t)next_random();
	header_begin_v2(h, below(8) ? 0x21 : 0x20, families[below(array_n(families))]);
	header_add(h, any, below(2) ? 12 : below(2) ? 36 : 216);
	for (uint32_t n = below(4); n > 0; n--)
		header_add_tlv(h, (uint8_t)below(8), any, (uint16_t)below(140));
	header_end_v2(h);
}

static void damage(struct header *h)
{
	static const uint8_t favourites[] = { '\r', '\n', ' ', '0', 0, 0xFF, 0x20, 0x21 };

	for (uint32_t n = below(4); n > 0; n--) {
		uint32_t at = below((uint32_t)h->n);

		h->bytes[at] = below(2) ? (uint8_t)next_random() : favourites[below(array_n(favourites))];
	}
	if (below(8) == 0)
		h->n = below((uint32_t)h->n) + 1;
}

/* In exactly as many bytes of the heap as there are, so that reading one more is found. */
static struct heard hear(const struct header *h, enum proxy_mode mode, size_t step)
{
	uint8_t *exact = malloc(h->n);
	struct heard r;

	assert_non_null(exact);
	memcpy(exact, h->bytes, h->n);
	r = header_hear(mode, exact, h->n, step);
	free(exact);
	return r;
}

TEST(damaged_headers_mean_the_same_in_any_pieces)
{
	static struct header h;
	unsigned verdicts[4] = { 0 };

	for (int i = 0; i < ROUNDS; i++) {
		enum proxy_mode mode = (enum proxy_mode)(PROXY_V1 + below(3));
		struct heard whole, parts, bytes;

		make_one(&h);
		damage(&h);
		whole = hear(&h, mode, SIZE_MAX);
		parts = hear(&h, mode, 1 + below(40));
		bytes = hear(&h, mode, 1);
		assert_true(whole.verdict <= PROXY_BAD && whole.used <= h.n);
		assert_int_equal(parts.verdict, whole.verdict);
		assert_int_equal(bytes.verdict, whole.verdict);
		assert_int_equal(parts.used, whole.used);
		assert_int_equal(bytes.used, whole.used);
		verdicts[whole.verdict]++;
		if (whole.verdict != PROXY_CLIENT)
			continue;
		assert_true(addr_same(&whole.p.client, &bytes.p.client) && addr_same(&whole.p.server, &bytes.p.server));
		assert_true(whole.p.client.family == AF_INET || whole.p.client.family == AF_INET6);
		assert_int_equal(whole.p.client.scope, 0);
	}
	/* The loop is of use: it has been everywhere. */
	for (size_t v = 0; v < array_n(verdicts); v++)
		assert_true(verdicts[v] > ROUNDS / 100);
}

TEST(noise_is_never_a_header)
{
	static struct header h;

	for (int i = 0; i < ROUNDS; i++) {
		h.n = 1 + below(64);
		for (size_t k = 0; k < h.n; k++)
			h.bytes[k] = (uint8_t)next_random();
		assert_true(hear(&h, PROXY_BOTH, SIZE_MAX).verdict == PROXY_BAD || h.n < 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_headers_mean_the_same_in_any_pieces),
		cmocka_unit_test(noise_is_never_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
