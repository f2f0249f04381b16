/* SPDX-License-Identifier: MIT */
/* For tests of packet formats: octets, written as a test wants to read them. */
#pragma once

#include <stdio.h>
#include <string.h>

#define HEX_MAX 2048

struct hex {
	uint8_t bytes[HEX_MAX];
	size_t n;
};

/* The octets of pairs of hexadecimal digits; blanks between pairs are nothing, "*N" repeats the pair before N times in all. */
static inline struct hex hex(const char *text)
{
	struct hex h = { .n = 0 };

	while (*text != '\0') {
		unsigned octet, times;
		int used = 0;

		if (*text == ' ') {
			text++;
		} else if (sscanf(text, "*%u%n", &times, &used) == 1) {
			for (text += used; times > 1; times--, h.n++)
				h.bytes[h.n] = h.bytes[h.n - 1];
		} else {
			assert_int_equal(sscanf(text, "%2x%n", &octet, &used), 1);
			assert_int_equal(used, 2);
			text += used;
			h.bytes[h.n++] = (uint8_t)octet;
		}
	}
	return h;
}

/* That n octets are those. */
static inline void assert_hex(const uint8_t *bytes, size_t n, const char *expected)
{
	struct hex h = hex(expected);

	assert_int_equal(n, h.n);
	assert_memory_equal(bytes, h.bytes, h.n);
}
