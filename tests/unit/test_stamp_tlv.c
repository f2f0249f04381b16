/* SPDX-License-Identifier: MIT */
/* stamp_tlv: TLVs walked, written and authenticated. */
#include "test.h"

#include <errno.h>

#include "hex.h"
#include "wire/stamp_tlv.h"
#include "wire/stamp_values.h"

#define SEQ 7
#define COS "80040004 b8000000"
#define COS_HMAC "80080010 2f556bae6162b93341ee8ddf894a6e1a"

static struct stamp_hmac test_key(void)
{
	struct stamp_hmac key;

	if (stamp_hmac_key_parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 64, &key) == -ENOSYS)
		skip(); /* a build without libsodium */
	return key;
}

static bool is_authentic(const char *octets)
{
	struct stamp_hmac key = test_key();
	struct hex h = hex(octets);

	return stamp_tlv_is_authentic(SEQ, &(struct stamp_tlvs){ .at = h.bytes, .n = h.n }, &key);
}

TEST(tlvs_are_walked_to_their_end)
{
	struct hex h = hex("80040004 b8000000 00010000 8005000c 00*12");
	struct stamp_tlvs left = { .at = h.bytes, .n = h.n };
	struct stamp_tlv tlv;

	assert_int_equal(stamp_tlv_next(&left, &tlv), STAMP_TLV_ONE);
	assert_ptr_equal(tlv.header, h.bytes);
	assert_int_equal(tlv.type, STAMP_TLV_COS);
	assert_int_equal(tlv.n, 4);
	assert_ptr_equal(tlv.value, h.bytes + 4);
	assert_int_equal(stamp_tlv_next(&left, &tlv), STAMP_TLV_ONE);
	assert_int_equal(tlv.type, STAMP_TLV_PADDING);
	assert_int_equal(tlv.n, 0);
	assert_int_equal(stamp_tlv_next(&left, &tlv), STAMP_TLV_ONE);
	assert_int_equal(tlv.type, STAMP_TLV_DIRECT);
	assert_int_equal(tlv.n, 12);
	assert_int_equal(stamp_tlv_next(&left, &tlv), STAMP_TLV_END);
}

TEST(no_header_and_no_length_leads_beyond_the_packet)
{
	static const char *const cut[] = { "80", "8004", "800400", "80040001", "8004ffff 00*64", "80040004 b80000" };
	static const uint8_t types[] = { 0, 4, 4, 4, 4, 4 };

	for (size_t i = 0; i < array_n(cut); i++) {
		struct hex h = hex(cut[i]);
		struct stamp_tlvs left = { .at = h.bytes, .n = h.n };
		struct stamp_tlv tlv;

		assert_int_equal(stamp_tlv_next(&left, &tlv), STAMP_TLV_CUT);
		assert_ptr_equal(tlv.header, h.bytes);
		assert_int_equal(tlv.type, types[i]);
		assert_null(tlv.value);
		assert_int_equal(left.n, h.n); /* nothing was taken */
	}
}

TEST(a_sender_sets_u_and_the_hmac_of_what_it_wrote)
{
	struct stamp_hmac key = test_key();
	uint8_t octets[64], cos[STAMP_COS_BYTES];
	struct stamp_tlv_writer w = { .at = octets, .cap = sizeof(octets) };

	stamp_cos_write(cos, &(struct stamp_cos){ .dscp1 = 46 });
	assert_true(stamp_tlv_add(&w, STAMP_TLV_COS, cos, sizeof(cos)));
	assert_true(stamp_tlv_add_hmac(&w, SEQ, &key));
	assert_true(stamp_tlv_add(&w, STAMP_TLV_PADDING, NULL, 5));
	assert_hex(octets, w.n, COS COS_HMAC "80010005 00*5");
	assert_true(is_authentic(COS COS_HMAC "80010005 00*5"));
}

TEST(what_does_not_fit_is_not_begun)
{
	uint8_t octets[12] = { 0 };
	struct stamp_tlv_writer w = { .at = octets, .n = 4, .cap = sizeof(octets) };

	assert_false(stamp_tlv_add(&w, STAMP_TLV_PADDING, NULL, 5));
	assert_false(stamp_tlv_add(&w, STAMP_TLV_PADDING, NULL, UINT16_MAX));
	assert_int_equal(w.n, 4);
	assert_hex(octets, sizeof(octets), "00*12");
	assert_true(stamp_tlv_add(&w, STAMP_TLV_PADDING, NULL, 4));
	assert_false(stamp_tlv_add(&w, STAMP_TLV_PADDING, NULL, 0));
	assert_int_equal(w.n, 12);
}

TEST(padding_alone_needs_no_hmac)
{
	assert_true(is_authentic(""));
	assert_true(is_authentic("80010004 deadbeef"));
	assert_true(is_authentic("80010000 80010001 ff"));
	assert_false(is_authentic(COS));
}

TEST(an_hmac_that_is_wrong_or_in_the_wrong_place_fails)
{
	assert_true(is_authentic(COS COS_HMAC));
	assert_false(is_authentic("80040004 b8000001" COS_HMAC)); /* of other octets        */
	assert_false(is_authentic("00040004 b8000000" COS_HMAC)); /* flags are under it too */
	assert_false(is_authentic(COS_HMAC COS));                 /* before what it is of   */
	assert_false(is_authentic(COS COS_HMAC COS));             /* something behind it    */
	assert_false(is_authentic(COS COS_HMAC COS_HMAC));        /* twice                  */
	assert_false(is_authentic(COS "8008000f 2f556bae6162b93341ee8ddf894a6e"));
	assert_false(is_authentic(COS COS_HMAC "80"));
	assert_false(is_authentic(COS "80080010 2f556bae6162b93341ee8ddf894a6e")); /* cut */
}

TEST(the_hmac_is_of_the_sequence_number_too)
{
	struct stamp_hmac key = test_key();
	struct hex h = hex(COS COS_HMAC);

	assert_false(stamp_tlv_is_authentic(SEQ + 1, &(struct stamp_tlvs){ .at = h.bytes, .n = h.n }, &key));
}

TEST(a_tlv_is_found_by_its_type)
{
	struct hex h = hex(COS "80010001 00 80010002 0000 8005ffff");
	struct stamp_tlvs tlvs = { .at = h.bytes, .n = h.n };
	struct stamp_tlv tlv;

	assert_true(stamp_tlv_find(&tlvs, STAMP_TLV_PADDING, &tlv));
	assert_int_equal(tlv.n, 1);
	assert_false(stamp_tlv_find(&tlvs, STAMP_TLV_DIRECT, &tlv)); /* cut */
	assert_false(stamp_tlv_find(&tlvs, STAMP_TLV_HMAC, &tlv));
}

TEST(values_have_their_places)
{
	uint8_t v[16];

	stamp_cos_write(v, &(struct stamp_cos){ .dscp1 = 46, .dscp2 = 46, .ecn = 2 });
	assert_hex(v, STAMP_COS_BYTES, "bae80000");
	assert_int_equal(stamp_cos_read(v).dscp1, 46);
	assert_int_equal(stamp_cos_read(v).dscp2, 46);
	assert_int_equal(stamp_cos_read(v).ecn, 2);
	assert_int_equal(stamp_cos_read(v).rp, 0);
	stamp_cos_write(v, &(struct stamp_cos){ .dscp1 = 63, .dscp2 = 1, .ecn = 1, .rp = 3 });
	assert_hex(v, STAMP_COS_BYTES, "fc170000");
	assert_int_equal(stamp_cos_read(v).dscp2, 1);

	stamp_direct_write(v, &(struct stamp_direct){ 1, 2, 3 });
	assert_hex(v, STAMP_DIRECT_BYTES, "00000001 00000002 00000003");
	assert_int_equal(stamp_direct_read(v).reflector_sent, 3);

	stamp_timing_write(v, &(struct stamp_timing){ STAMP_SYNC_NTP, STAMP_METHOD_SOFTWARE, STAMP_SYNC_PTP,
						      STAMP_METHOD_HARDWARE });
	assert_hex(v, STAMP_TIMING_BYTES, "01020201");
	assert_int_equal(stamp_timing_read(v).method_out, STAMP_METHOD_HARDWARE);

	memset(v, 0xA5, sizeof(v));
	stamp_followup_write(v, &(struct stamp_followup){
					.seq = 6, .sent = 0x1122334455667788, .method = STAMP_METHOD_SOFTWARE });
	assert_hex(v, STAMP_FOLLOWUP_BYTES, "00000006 1122334455667788 02 000000");
	assert_int_equal(stamp_followup_read(v).seq, 6);
	assert_int_equal(stamp_followup_read(v).sent, 0x1122334455667788);
	assert_int_equal(stamp_followup_read(v).method, STAMP_METHOD_SOFTWARE);
}

TEST(a_location_is_asked_for_and_read)
{
	struct hex answer = hex("0002002c 035e 9c40 00050010 c0000202 00*12 00090010 20010db8 00*11 07");
	struct stamp_tlvs left = { .at = answer.bytes, .n = answer.n };
	struct stamp_tlv tlv;
	struct stamp_location where;
	uint8_t octets[64];
	struct stamp_tlv_writer w = { .at = octets, .cap = sizeof(octets) };

	assert_true(stamp_location_ask(&w));
	assert_hex(octets, w.n, "8002002c 00*4 80040010 00*16 80070010 00*16");

	assert_int_equal(stamp_tlv_next(&left, &tlv), STAMP_TLV_ONE);
	assert_true(stamp_location_read(&tlv, &where));
	assert_int_equal(where.destination.port, 862);
	assert_int_equal(where.source.port, 40000);
	assert_int_equal(where.destination.family, AF_INET);
	assert_int_equal(where.source.family, AF_INET6);
	assert_int_equal(where.source.bytes[15], 7);
}

TEST(a_location_that_is_wrong_says_nothing)
{
	static const char *const wrong[] = {
		"00020000",
		"00020003 000000",
		"00020005 00*4 00",
		"0002000c 00*4 00050004 c0000202",
		"00020008 00*4 00050010",
	};

	for (size_t i = 0; i < array_n(wrong); i++) {
		struct hex h = hex(wrong[i]);
		struct stamp_tlvs left = { .at = h.bytes, .n = h.n };
		struct stamp_tlv tlv;
		struct stamp_location where;

		assert_int_equal(stamp_tlv_next(&left, &tlv), STAMP_TLV_ONE);
		assert_false(stamp_location_read(&tlv, &where));
	}
}

TEST(a_way_back_is_asked_for)
{
	uint8_t octets[64];
	struct stamp_tlv_writer w = { .at = octets, .cap = sizeof(octets) };

	assert_true(stamp_return_ask(&w, STAMP_RETURN_SAME_LINK));
	assert_hex(octets, w.n, "800a0008 80010004 00000001");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tlvs_are_walked_to_their_end),
		cmocka_unit_test(no_header_and_no_length_leads_beyond_the_packet),
		cmocka_unit_test(a_sender_sets_u_and_the_hmac_of_what_it_wrote),
		cmocka_unit_test(what_does_not_fit_is_not_begun),
		cmocka_unit_test(padding_alone_needs_no_hmac),
		cmocka_unit_test(an_hmac_that_is_wrong_or_in_the_wrong_place_fails),
		cmocka_unit_test(the_hmac_is_of_the_sequence_number_too),
		cmocka_unit_test(a_tlv_is_found_by_its_type),
		cmocka_unit_test(values_have_their_places),
		cmocka_unit_test(a_location_is_asked_for_and_read),
		cmocka_unit_test(a_location_that_is_wrong_says_nothing),
		cmocka_unit_test(a_way_back_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
