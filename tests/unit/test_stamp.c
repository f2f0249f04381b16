/* SPDX-License-Identifier: MIT */
/* stamp: base packets of both sides and both modes, octet for octet. */
#include "test.h"

#include <errno.h>

#include "hex.h"
#include "wire/stamp.h"

/* T1 = 1700000000.5, T2 = T1 + 250 us, T3 = T1 + 300 us. */
#define T1 UINT64_C(0xe8fe6f8080000000)
#define T2 UINT64_C(0xe8fe6f808010624d)
#define T3 UINT64_C(0xe8fe6f808013a92a)

#define REQUEST "00000007 e8fe6f8080000000 8001 1234 00*28"
#define REFLECTION "00000007 e8fe6f808013a92a 8001 1234 e8fe6f808010624d 00000007 e8fe6f8080000000 8001 0000 3f 000000"
#define SIGNED_REQUEST "00000007 00*12 e8fe6f8080000000 8001 0000 00*68 f338199c59fb12fa9c24b89283cf2ae2"
#define SIGNED_REFLECTION                                                                                                   \
	"00000007 00*12 e8fe6f808013a92a 8001 00*6 e8fe6f808010624d 00*8 00000007 00*12 e8fe6f8080000000 8001 00*6 3f "     \
	"00*15"                                                                                                             \
	" 669b1505085999ed3a086c50df74be0e"

static const struct stamp_request request = { .seq = 7, .sent = T1, .error = 0x8001, .ssid = 0x1234 };
static const struct stamp_reflection reflection = {
	.seq = 7,
	.sent = T3,
	.received = T2,
	.error = 0x8001,
	.ssid = 0x1234,
	.ttl = 63,
	.sender = { .seq = 7, .sent = T1, .error = 0x8001 },
};

static struct stamp_hmac test_key(void)
{
	struct stamp_hmac key;

	if (stamp_hmac_key_parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 64, &key) == -ENOSYS)
		skip(); /* a build without libsodium */
	return key;
}

TEST(a_request_has_the_octets_of_the_vector)
{
	uint8_t packet[STAMP_BASE];

	memset(packet, 0xA5, sizeof(packet)); /* what must be zero is written */
	stamp_write_request(packet, STAMP_UNAUTHENTICATED, &request);
	assert_hex(packet, sizeof(packet), REQUEST);
}

TEST(a_reflection_has_the_octets_of_the_vector)
{
	uint8_t packet[STAMP_BASE];

	memset(packet, 0xA5, sizeof(packet));
	stamp_write_reflection(packet, STAMP_UNAUTHENTICATED, &reflection);
	assert_hex(packet, sizeof(packet), REFLECTION);
}

TEST(authenticated_packets_have_the_octets_of_the_vectors)
{
	struct stamp_hmac key = test_key();
	struct stamp_request no_ssid = request;
	struct stamp_reflection answer = reflection;
	uint8_t packet[STAMP_BASE_AUTHENTICATED];

	no_ssid.ssid = 0;
	memset(packet, 0xA5, sizeof(packet));
	stamp_write_request(packet, STAMP_AUTHENTICATED, &no_ssid);
	stamp_sign(packet, &key);
	assert_hex(packet, sizeof(packet), SIGNED_REQUEST);
	assert_true(stamp_is_authentic(packet, sizeof(packet), &key));

	answer.ssid = 0;
	answer.sent = 1; /* until it is known */
	memset(packet, 0xA5, sizeof(packet));
	stamp_write_reflection(packet, STAMP_AUTHENTICATED, &answer);
	stamp_write_sent(packet, STAMP_AUTHENTICATED, T3);
	stamp_sign(packet, &key);
	assert_hex(packet, sizeof(packet), SIGNED_REFLECTION);
}

TEST(any_bit_of_the_96_octets_or_of_the_hmac_makes_a_packet_false)
{
	struct stamp_hmac key = test_key();
	struct hex p = hex(SIGNED_REQUEST);

	for (unsigned bit = 0; bit < 8 * STAMP_BASE_AUTHENTICATED; bit++) {
		p.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(stamp_is_authentic(p.bytes, p.n, &key));
		p.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_true(stamp_is_authentic(p.bytes, p.n, &key));
	assert_false(stamp_is_authentic(p.bytes, p.n - 1, &key)); /* cut */
}

TEST(what_is_written_is_read)
{
	for (enum stamp_mode mode = STAMP_UNAUTHENTICATED; mode <= STAMP_AUTHENTICATED; mode++) {
		uint8_t packet[STAMP_BASE_AUTHENTICATED];
		struct stamp_request r;
		struct stamp_reflection a;

		stamp_write_request(packet, mode, &request);
		assert_int_equal(stamp_read_request(packet, stamp_base_bytes(mode), mode, &r), 0);
		assert_int_equal(r.seq, request.seq);
		assert_int_equal(r.sent, request.sent);
		assert_int_equal(r.error, request.error);
		assert_int_equal(r.ssid, request.ssid);

		stamp_write_reflection(packet, mode, &reflection);
		assert_int_equal(stamp_read_reflection(packet, stamp_base_bytes(mode), mode, &a), 0);
		assert_int_equal(a.seq, reflection.seq);
		assert_int_equal(a.sent, reflection.sent);
		assert_int_equal(a.received, reflection.received);
		assert_int_equal(a.error, reflection.error);
		assert_int_equal(a.ssid, reflection.ssid);
		assert_int_equal(a.ttl, reflection.ttl);
		assert_int_equal(a.sender.seq, reflection.sender.seq);
		assert_int_equal(a.sender.sent, reflection.sender.sent);
		assert_int_equal(a.sender.error, reflection.sender.error);
	}
}

TEST(a_twamp_light_request_of_14_octets_has_no_ssid)
{
	struct hex p = hex(REQUEST);
	struct stamp_request r;

	assert_int_equal(stamp_read_request(p.bytes, 13, STAMP_UNAUTHENTICATED, &r), -EBADMSG);
	assert_int_equal(stamp_read_request(p.bytes, 14, STAMP_UNAUTHENTICATED, &r), 0);
	assert_int_equal(r.error, 0x8001);
	assert_int_equal(r.ssid, 0);
	assert_int_equal(stamp_read_request(p.bytes, 15, STAMP_UNAUTHENTICATED, &r), 0);
	assert_int_equal(r.ssid, 0);
	assert_int_equal(stamp_read_request(p.bytes, 16, STAMP_UNAUTHENTICATED, &r), 0);
	assert_int_equal(r.ssid, 0x1234);
}

TEST(an_authenticated_request_has_112_octets)
{
	struct hex p = hex(SIGNED_REQUEST);
	struct stamp_request r;

	assert_int_equal(stamp_read_request(p.bytes, 111, STAMP_AUTHENTICATED, &r), -EBADMSG);
	assert_int_equal(stamp_read_request(p.bytes, 112, STAMP_AUTHENTICATED, &r), 0);
}

TEST(a_twamp_light_reflection_of_41_octets_is_whole)
{
	struct hex p = hex(REFLECTION);
	struct stamp_reflection r;

	assert_int_equal(stamp_read_reflection(p.bytes, 40, STAMP_UNAUTHENTICATED, &r), -EBADMSG);
	assert_int_equal(stamp_read_reflection(p.bytes, 41, STAMP_UNAUTHENTICATED, &r), 0);
	assert_int_equal(r.ttl, 63);
}

TEST(a_key_is_one_line_of_16_to_64_bytes_in_hexadecimal_digits)
{
	static const struct {
		const char *text;
		int result;
	} files[] = {
		{ "000102030405060708090a0b0c0d0e0f", 0 },
		{ "000102030405060708090A0B0C0D0E0F\n", 0 },
		{ "000102030405060708090a0b0c0d0e", -ERANGE },
		{ "000102030405060708090a0b0c0d0e0", -EINVAL },
		{ "000102030405060708090a0b0c0d0e0g", -EINVAL },
		{ "000102030405060708090a0b0c0d0e0f\n\n", -EINVAL },
		{ " 000102030405060708090a0b0c0d0e0f", -EINVAL },
		{ "0x0102030405060708090a0b0c0d0e0f", -EINVAL },
		{ "", -ERANGE },
		{ "\n", -ERANGE },
	};
	char longest[131];
	struct stamp_hmac key;
	int whole;

	memset(longest, 'a', sizeof(longest));
	whole = stamp_hmac_key_parse(longest, 128, &key);
	assert_true(whole == 0 || whole == -ENOSYS);
	assert_int_equal(stamp_hmac_key_parse(longest, 130, &key), -ERANGE);
	for (size_t i = 0; i < array_n(files); i++)
		assert_int_equal(stamp_hmac_key_parse(files[i].text, strlen(files[i].text), &key),
				 files[i].result == 0 ? whole : files[i].result);
}

TEST(a_longer_key_is_another_key)
{
	struct stamp_hmac key = test_key(), other;
	struct hex p = hex(SIGNED_REQUEST);

	assert_int_equal(
		stamp_hmac_key_parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20", 66, &other), 0);
	assert_true(stamp_is_authentic(p.bytes, p.n, &key));
	assert_false(stamp_is_authentic(p.bytes, p.n, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_the_octets_of_the_vector),
		cmocka_unit_test(a_reflection_has_the_octets_of_the_vector),
		cmocka_unit_test(authenticated_packets_have_the_octets_of_the_vectors),
		cmocka_unit_test(any_bit_of_the_96_octets_or_of_the_hmac_makes_a_packet_false),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_twamp_light_request_of_14_octets_has_no_ssid),
		cmocka_unit_test(an_authenticated_request_has_112_octets),
		cmocka_unit_test(a_twamp_light_reflection_of_41_octets_is_whole),
		cmocka_unit_test(a_key_is_one_line_of_16_to_64_bytes_in_hexadecimal_digits),
		cmocka_unit_test(a_longer_key_is_another_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
