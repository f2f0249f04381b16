/* SPDX-License-Identifier: MIT */
/* The PROXY protocol: which headers are taken, what they say, and which are refused. */
#include "test.h"

#include <stdio.h>

#include "base/attr.h"
#include "base/text.h"
#include "proxy_headers.h"
#include "base/crc32c.h"

static struct header h;

/* The header, and five bytes behind it, in pieces of any size: always the same, and the five are left over. */
static void expect_bytes(const void *bytes, size_t n, enum proxy_mode mode, enum proxy_verdict expected, const char *client,
			 const char *server)
{
	static const size_t steps[] = { 1, 2, 3, 7, 15, 16, 17, 1000, SIZE_MAX };
	static uint8_t all[HEADER_MAX + 5];

	memcpy(all, bytes, n);
	memcpy(all + n, "hello", 5);
	for (size_t i = 0; i < array_n(steps); i++) {
		struct heard r = header_hear(mode, all, n + 5, steps[i]);
		char storage[2][ADDR_TEXT_MAX];
		struct text c = TEXT_OVER(storage[0]), s = TEXT_OVER(storage[1]);

		if (r.verdict != expected)
			fail_msg("verdict %d, not %d, of \"%.60s\" by %zu", r.verdict, expected, (const char *)bytes,
				 steps[i]);
		if (expected == PROXY_BAD)
			continue;
		assert_int_equal(r.used, n);
		addr_add_text_port(&c, &r.p.client);
		addr_add_text_port(&s, &r.p.server);
		assert_string_equal(c.at, client);
		assert_string_equal(s.at, server);
	}
	/* Whatever is missing at its end, it is not complete, and not wrong. */
	for (size_t cut = 0; expected != PROXY_BAD && cut < n; cut++)
		assert_int_equal(header_hear(mode, bytes, cut, SIZE_MAX).verdict, PROXY_MORE);
}

static void expect_client(const char *line, const char *client, const char *server)
{
	expect_bytes(line, strlen(line), PROXY_V1, PROXY_CLIENT, client, server);
	expect_bytes(line, strlen(line), PROXY_BOTH, PROXY_CLIENT, client, server);
	expect_bytes(line, strlen(line), PROXY_V2, PROXY_BAD, "", "");
}

static void expect_line(const char *line, enum proxy_verdict expected)
{
	expect_bytes(line, strlen(line), PROXY_V1, expected, "none", "none");
	expect_bytes(line, strlen(line), PROXY_BOTH, expected, "none", "none");
}

/* ---- version 1 ---- */

TEST(a_line_names_client_and_server)
{
	expect_client("PROXY TCP4 192.0.2.1 198.51.100.2 56324 7\r\n", "192.0.2.1:56324", "198.51.100.2:7");
	expect_client("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255:65535", "0.0.0.0:0");
	expect_client("PROXY TCP6 2001:db8::1 2001:DB8::2 40000 7\r\n", "[2001:db8::1]:40000", "[2001:db8::2]:7");
	expect_client("PROXY TCP6 :: ::1 1 2\r\n", "[::]:1", "[::1]:2");
	expect_client(
		"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

/* As HAProxy sends it for an IPv4 client of an IPv6 socket. */
TEST(a_mapped_address_is_ipv4)
{
	expect_client("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6402 34512 7\r\n", "192.0.2.1:34512", "198.51.100.2:7");
}

TEST(an_unknown_client_leaves_the_real_one)
{
	expect_line("PROXY UNKNOWN\r\n", PROXY_REAL);
	expect_line("PROXY UNKNOWN \r\n", PROXY_REAL);
	expect_line("PROXY UNKNOWN ffff::1 some thing \x01 else  \r\n", PROXY_REAL);
	expect_line("PROXY UNKNOWNS\r\n", PROXY_BAD);
	expect_line("PROXY UNKNOW\r\n", PROXY_BAD);
	expect_line("PROXY UNKNOWN\n", PROXY_BAD);
}

TEST(a_line_has_at_most_107_bytes)
{
	char line[PROXY_LINE_MAX + 2];

	snprintf(line, sizeof(line), "PROXY UNKNOWN %0*d\r\n", PROXY_LINE_MAX - 16, 1);
	assert_int_equal(strlen(line), 107);
	expect_line(line, PROXY_REAL);
	snprintf(line, sizeof(line), "PROXY UNKNOWN %0*d\r\n", PROXY_LINE_MAX - 15, 1);
	assert_int_equal(strlen(line), 108);
	expect_line(line, PROXY_BAD);
	/* Known at the 107th byte: nobody waits for more. */
	assert_int_equal(header_hear(PROXY_V1, line, 106, 1).verdict, PROXY_MORE);
	assert_int_equal(header_hear(PROXY_V1, line, 107, 1).verdict, PROXY_BAD);
}

TEST(a_line_that_is_not_exactly_right_is_refused)
{
	static const char *const lines[] = {
		"proxy TCP4 192.0.2.1 198.51.100.2 1 7\r\n",
		"PROXY  TCP4 192.0.2.1 198.51.100.2 1 7\r\n",
		"PROXY\tTCP4 192.0.2.1 198.51.100.2 1 7\r\n",
		" PROXY TCP4 192.0.2.1 198.51.100.2 1 7\r\n",
		"PROXY TCP4  192.0.2.1 198.51.100.2 1 7\r\n",
		"PROXY TCP4 192.0.2.1  198.51.100.2 1 7\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2  1 7\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1  7\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 7 \r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 7 8\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2\r\n",
		"PROXY TCP4\r\n",
		"PROXY \r\n",
		"PROXY TCP5 192.0.2.1 198.51.100.2 1 7\r\n",
		"PROXY UDP4 192.0.2.1 198.51.100.2 1 7\r\n",
		"PROXY tcp4 192.0.2.1 198.51.100.2 1 7\r\n",
		"PROXY TCP44 192.0.2.1 198.51.100.2 1 7\r\n",
		"PROXY TCP4 192.0.2.01 198.51.100.2 1 7\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.256 1 7\r\n",
		"PROXY TCP4 192.0.2 198.51.100.2 1 7\r\n",
		"PROXY TCP4 192.0.2.1. 198.51.100.2 1 7\r\n",
		"PROXY TCP4 3221225985 198.51.100.2 1 7\r\n",
		"PROXY TCP4 0xC0.0.2.1 198.51.100.2 1 7\r\n",
		"PROXY TCP4 2001:db8::1 2001:db8::2 1 7\r\n",
		"PROXY TCP6 192.0.2.1 198.51.100.2 1 7\r\n",
		"PROXY TCP4 192.0.2.1 2001:db8::2 1 7\r\n",
		"PROXY TCP6 2001:db8::1 192.0.2.1 1 7\r\n",
		"PROXY TCP6 2001::db8::1 ::2 1 7\r\n",
		"PROXY TCP6 2001:db8::12345 ::2 1 7\r\n",
		"PROXY TCP6 [2001:db8::1] [::2] 1 7\r\n",
		"PROXY TCP6 fe80::1%1 fe80::2%1 1 7\r\n",
		"PROXY TCP6 1:2:3:4:5:6:7 ::2 1 7\r\n",
		"PROXY TCP6 1:2:3:4:5:6:7:8:9 ::2 1 7\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 01 7\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 07\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 00 7\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 65536 7\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 99999\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 4294967303\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 +1 7\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 -7\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 7\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 7\r\r\n",
		"PROXY TCP4 192.0.2.1\r198.51.100.2 1 7\r\n",
		"PROXY TCP4 192.0.2.1\n198.51.100.2 1 7\r\n",
		"PROXY\r\n",
		"\r\n",
		"GET / HTTP/1.0\r\n",
		"HADDR\r\n",
	};

	for (size_t i = 0; i < array_n(lines); i++)
		expect_line(lines[i], PROXY_BAD);
	expect_bytes("PROXY TCP4 192.0.2.1\0x 198.51.100.2 1 7\r\n", 41, PROXY_V1, PROXY_BAD, "", "");
	expect_bytes("PROXY TCP4\0 192.0.2.1 198.51.100.2 1 7\r\n", 40, PROXY_V1, PROXY_BAD, "", "");
}

TEST(what_is_no_header_is_known_at_its_first_wrong_byte)
{
	assert_int_equal(header_hear(PROXY_BOTH, "H", 1, 1).verdict, PROXY_BAD);
	assert_int_equal(header_hear(PROXY_V1, "PROXX", 5, 1).used, 5);
	assert_int_equal(header_hear(PROXY_V1, "PROXX", 5, 1).verdict, PROXY_BAD);
	assert_int_equal(header_hear(PROXY_V2, "\r\n\r\nX", 5, 1).verdict, PROXY_BAD);
	assert_int_equal(header_hear(PROXY_V1, "\r\n\r\n", 4, 1).used, 1);
	assert_int_equal(header_hear(PROXY_V2, "PROXY", 5, 1).used, 1);
}

/* ---- version 2 ---- */

static const uint8_t v4[] = { 192, 0, 2, 1, 198, 51, 100, 2, 0xDC, 0x04, 0, 7 };
static const uint8_t v6[36] = { 0x20, 0x01, 0x0D,     0xB8,        [15] = 1, [16] = 0x20, 0x01,
				0x0D, 0xB8, [31] = 2, [32] = 0x9C, 0x40,     0,           7 };
#define V4_CLIENT "192.0.2.1:56324"
#define V4_SERVER "198.51.100.2:7"

static void expect_v2(enum proxy_verdict expected, const char *client, const char *server)
{
	expect_bytes(h.bytes, h.n, PROXY_V2, expected, client, server);
	expect_bytes(h.bytes, h.n, PROXY_BOTH, expected, client, server);
	expect_bytes(h.bytes, h.n, PROXY_V1, PROXY_BAD, "", "");
}

/* A header of these parts, whose length is right. */
static void make(uint8_t command, uint8_t family, const void *addresses, size_t n)
{
	header_begin_v2(&h, command, family);
	if (n > 0)
		header_add(&h, addresses, n);
	header_end_v2(&h);
}

TEST(the_binary_header_names_client_and_server)
{
	static const uint8_t tcp4[] = "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a\x21\x11\x00\x0c"
				      "\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x00\x07";

	expect_bytes(tcp4, sizeof(tcp4) - 1, PROXY_V2, PROXY_CLIENT, V4_CLIENT, V4_SERVER);
	make(0x21, 0x12, v4, sizeof(v4));
	expect_v2(PROXY_CLIENT, V4_CLIENT, V4_SERVER);
	make(0x21, 0x21, v6, sizeof(v6));
	expect_v2(PROXY_CLIENT, "[2001:db8::1]:40000", "[2001:db8::2]:7");
	make(0x21, 0x22, v6, sizeof(v6));
	expect_v2(PROXY_CLIENT, "[2001:db8::1]:40000", "[2001:db8::2]:7");
}

TEST(a_mapped_address_is_ipv4_in_binary_too)
{
	uint8_t mapped[36] = { [10] = 0xFF, 0xFF, 192, 0, 2, 1, [26] = 0xFF, 0xFF, 198, 51, 100, 2, 0xDC, 0x04, 0, 7 };

	make(0x21, 0x21, mapped, sizeof(mapped));
	expect_v2(PROXY_CLIENT, V4_CLIENT, V4_SERVER);
}

TEST(local_and_clients_without_an_address_leave_the_real_one)
{
	static const uint8_t anything[300] = { 1, 2, 3 };

	make(0x20, 0x00, NULL, 0);
	expect_v2(PROXY_REAL, "none", "none");
	make(0x20, 0x11, v4, sizeof(v4));
	expect_v2(PROXY_REAL, "none", "none");
	make(0x20, 0xFF, anything, sizeof(anything)); /* with LOCAL the family means nothing */
	expect_v2(PROXY_REAL, "none", "none");
	make(0x21, 0x00, anything, 17);
	expect_v2(PROXY_REAL, "none", "none");
	make(0x21, 0x31, anything, 216);
	expect_v2(PROXY_REAL, "none", "none");
	make(0x21, 0x32, anything, 216);
	expect_v2(PROXY_REAL, "none", "none");
	make(0x21, 0x10, v4, sizeof(v4));
	expect_v2(PROXY_REAL, "none", "none");
}

TEST(unknown_versions_commands_families_and_protocols_are_refused)
{
	for (unsigned command = 0; command < 256; command++) {
		make((uint8_t)command, 0x11, v4, sizeof(v4));
		if (command != 0x20 && command != 0x21)
			expect_v2(PROXY_BAD, "", "");
	}
	for (unsigned family = 0; family < 256; family++) {
		uint8_t enough[216] = { 0 };

		make(0x21, (uint8_t)family, enough, sizeof(enough));
		if (family >> 4 > 3 || (family & 15) > 2)
			expect_v2(PROXY_BAD, "", "");
		else
			assert_int_not_equal(header_hear(PROXY_V2, h.bytes, h.n, SIZE_MAX).verdict, PROXY_BAD);
	}
	for (size_t i = 0; i < 12; i++) {
		make(0x21, 0x11, v4, sizeof(v4));
		h.bytes[i] ^= 0x20;
		expect_v2(PROXY_BAD, "", "");
	}
}

TEST(a_length_too_short_for_the_addresses_is_refused)
{
	static const struct {
		uint8_t family;
		uint16_t bytes;
	} rows[] = { { 0x11, 12 }, { 0x12, 12 }, { 0x10, 12 }, { 0x21, 36 }, { 0x22, 36 }, { 0x31, 216 }, { 0x32, 216 } };
	uint8_t zeros[216] = { 0 };

	for (size_t i = 0; i < array_n(rows); i++)
		for (uint16_t less = 1; less <= rows[i].bytes; less++) {
			make(0x21, rows[i].family, zeros, rows[i].bytes - less);
			/* At the length itself: nobody waits for addresses that cannot come. */
			assert_int_equal(header_hear(PROXY_V2, h.bytes, 15, 1).verdict, PROXY_MORE);
			assert_int_equal(header_hear(PROXY_V2, h.bytes, 16, 1).verdict, PROXY_BAD);
		}
}

/* ---- TLVs ---- */

static void begin_v4(void)
{
	header_begin_v2(&h, 0x21, 0x11);
	header_add(&h, v4, sizeof(v4));
}

TEST(tlvs_are_passed_over)
{
	uint8_t value[1000] = { 1 };

	begin_v4();
	header_add_tlv(&h, 0x01, "h2", 2);
	header_add_tlv(&h, 0x02, "example.org", 11);
	header_add_tlv(&h, 0x04, value, 0);
	header_add_tlv(&h, 0x05, value, 128);
	header_add_tlv(&h, 0x20, value, 90);
	header_add_tlv(&h, 0x30, "blue", 4);
	header_add_tlv(&h, 0xEE, value, sizeof(value));
	header_end_v2(&h);
	expect_v2(PROXY_CLIENT, V4_CLIENT, V4_SERVER);
	header_begin_v2(&h, 0x21, 0x31);
	header_add(&h, value, 216);
	header_add_tlv(&h, 0xEE, value, 5);
	header_end_v2(&h);
	expect_v2(PROXY_REAL, "none", "none");
}

TEST(tlvs_that_lie_about_their_length_are_refused)
{
	uint8_t value[130] = { 0 };

	for (uint16_t over = 1; over < 4; over++) { /* beyond the header's end */
		begin_v4();
		header_add_tlv(&h, 0x04, value, 10);
		header_end_v2(&h);
		bytes_put_be16(h.bytes + 16 + 12 + 1, (uint16_t)(10 + over));
		expect_v2(PROXY_BAD, "", "");
		/* And nobody waits for the rest. */
		assert_int_equal(header_hear(PROXY_V2, h.bytes, 16 + 12 + 3, 1).verdict, PROXY_BAD);
	}
	for (size_t part = 1; part < 3; part++) { /* its own start is cut off */
		begin_v4();
		header_add_tlv(&h, 0x04, value, 10);
		header_add(&h, value, part);
		header_end_v2(&h);
		expect_v2(PROXY_BAD, "", "");
	}
	begin_v4();
	header_add_tlv(&h, 0x05, value, 129); /* a unique id has 128 bytes at most */
	header_end_v2(&h);
	expect_v2(PROXY_BAD, "", "");
}

#define CRC_AT (16 + 12 + 3 + 11)

static uint32_t sum_of_header(void)
{
	uint32_t crc = CRC32C_BEGIN;

	for (size_t i = 0; i < h.n; i++)
		crc = crc32c_add(crc, h.bytes[i]);
	return crc32c_end(crc);
}

static uint32_t put_crc(size_t at, uint32_t crc)
{
	bytes_put_be32(h.bytes + at, crc);
	return crc;
}

/* A header with a check sum between two other TLVs. */
static void make_with_crc(void)
{
	begin_v4();
	header_add_tlv(&h, 0x02, "example.org", 11);
	header_add_tlv(&h, 0x03, "\0\0\0\0", 4);
	header_add_tlv(&h, 0x04, "pad", 3);
	header_end_v2(&h);
	put_crc(CRC_AT + 3, sum_of_header());
}

TEST(a_check_sum_is_verified)
{
	/* As HAProxy 2.6 made it, for a connection from ::1 to ::1. */
	static const uint8_t made[] =
		"\r\n\r\n\x00\r\nQUIT\n!!\x00N\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xee\x0eR\xd3"
		"\x03\x00\x04\x82\xd8\x9dy\x05\x00 00000000000000000000000000000001";

	expect_bytes(made, sizeof(made) - 1, PROXY_V2, PROXY_CLIENT, "[::1]:60942", "[::1]:21203");
	make_with_crc();
	expect_v2(PROXY_CLIENT, V4_CLIENT, V4_SERVER);
	for (size_t i = 16; i < h.n; i++) { /* any byte that is changed shows, but the one that says that there is a sum */
		h.bytes[i] ^= 1;
		assert_int_equal(header_hear(PROXY_V2, h.bytes, h.n, SIZE_MAX).verdict,
				 i == CRC_AT ? PROXY_CLIENT : PROXY_BAD);
		h.bytes[i] ^= 1;
	}
}

TEST(a_check_sum_of_another_size_or_twice_is_refused)
{
	for (uint16_t n = 0; n < 9; n++) {
		begin_v4();
		header_add_tlv(&h, 0x03, "\0\0\0\0\0\0\0\0", n);
		header_end_v2(&h);
		expect_v2(PROXY_BAD, "", "");
	}
	/* Twice, even where the sum would be right with both left out. */
	begin_v4();
	header_add_tlv(&h, 0x03, "\0\0\0\0", 4);
	header_add_tlv(&h, 0x03, "\0\0\0\0", 4);
	header_end_v2(&h);
	put_crc(16 + 12 + 7 + 3, put_crc(16 + 12 + 3, sum_of_header()));
	expect_v2(PROXY_BAD, "", "");
}

TEST(the_longest_header_there_can_be_is_read)
{
	static uint8_t filling[65535];

	for (size_t i = 0; i < sizeof(filling); i++)
		filling[i] = (uint8_t)(i * 31);
	begin_v4();
	header_add_tlv(&h, 0xE0, filling, (uint16_t)(65535 - 12 - 3));
	header_end_v2(&h);
	assert_int_equal(h.n, 65551);
	for (size_t step = 1; step < 70000; step *= 7) {
		struct heard r = header_hear(PROXY_V2, h.bytes, h.n, step);

		assert_int_equal(r.verdict, PROXY_CLIENT);
		assert_int_equal(r.used, 65551);
		assert_int_equal(r.p.client.port, 56324);
	}
	make(0x20, 0x00, filling, 65535);
	assert_int_equal(header_hear(PROXY_V2, h.bytes, 65550, 1).verdict, PROXY_MORE);
	assert_int_equal(header_hear(PROXY_V2, h.bytes, 65551, 1).verdict, PROXY_REAL);
	assert_true(sizeof(struct proxy) <= 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_names_client_and_server),
		cmocka_unit_test(a_mapped_address_is_ipv4),
		cmocka_unit_test(an_unknown_client_leaves_the_real_one),
		cmocka_unit_test(a_line_has_at_most_107_bytes),
		cmocka_unit_test(a_line_that_is_not_exactly_right_is_refused),
		cmocka_unit_test(what_is_no_header_is_known_at_its_first_wrong_byte),
		cmocka_unit_test(the_binary_header_names_client_and_server),
		cmocka_unit_test(a_mapped_address_is_ipv4_in_binary_too),
		cmocka_unit_test(local_and_clients_without_an_address_leave_the_real_one),
		cmocka_unit_test(unknown_versions_commands_families_and_protocols_are_refused),
		cmocka_unit_test(a_length_too_short_for_the_addresses_is_refused),
		cmocka_unit_test(tlvs_are_passed_over),
		cmocka_unit_test(tlvs_that_lie_about_their_length_are_refused),
		cmocka_unit_test(a_check_sum_is_verified),
		cmocka_unit_test(a_check_sum_of_another_size_or_twice_is_refused),
		cmocka_unit_test(the_longest_header_there_can_be_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
