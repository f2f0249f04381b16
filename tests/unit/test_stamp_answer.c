/* SPDX-License-Identifier: MIT */
/* stamp_answer: what a reflector makes of each TLV, octet for octet. */
#include "test.h"

#include <errno.h>
#include <sys/socket.h>

#include "hex.h"
#include "wire/stamp_answer.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* The facts of most tests: listed sender, DSCP 46, ECN 2. */
static struct stamp_facts facts(void)
{
	struct stamp_facts f = {
		.seq = 7,
		.reflected_seq = 7,
		.traffic_class = 46 << 2 | 2,
		.timing = { STAMP_SYNC_NTP, STAMP_METHOD_SOFTWARE, STAMP_SYNC_NTP, STAMP_METHOD_SOFTWARE },
		.has_counters = true,
		.counted = { .reflector_received = 20, .reflector_sent = 19 },
		.before = { .seq = 6, .sent = 0x1122334455667788, .method = STAMP_METHOD_SOFTWARE },
		.micro_session = 3,
		.may_choose_dscp = true,
	};

	assert_int_equal(addr_parse("192.0.2.7", &f.source), 0);
	assert_int_equal(addr_parse("198.51.100.2", &f.destination), 0);
	f.source.port = 40000;
	f.destination.port = 862;
	return f;
}

static struct stamp_wishes answer_by(const struct stamp_facts *f, const char *request, const char *expected)
{
	struct hex h = hex(request);
	struct stamp_wishes wishes;

	stamp_answer(&(struct stamp_tlvs){ .at = h.bytes, .n = h.n }, f, &wishes);
	assert_hex(h.bytes, h.n, expected);
	return wishes;
}

static struct stamp_wishes answer(const char *request, const char *expected)
{
	struct stamp_facts f = facts();

	return answer_by(&f, request, expected);
}

TEST(without_tlvs_nothing_is_asked)
{
	struct stamp_wishes wishes = answer("", "");

	assert_int_equal(wishes.dscp, -1);
	assert_false(wishes.no_reply);
	assert_false(wishes.same_link);
}

TEST(padding_comes_back_as_it_came_and_may_repeat)
{
	(void)answer("80010005 0102030405 80010000", "00010005 0102030405 00010000");
}

TEST(an_unknown_type_comes_back_with_u_and_the_next_is_answered)
{
	(void)answer("80000000 80010000", "80000000 00010000");
	(void)answer("80fd0004 00001234 80010000", "80fd0004 00001234 00010000");
	(void)answer("00ff0002 abcd 80010000", "80ff0002 abcd 00010000"); /* whoever cleared it */
}

TEST(a_length_beyond_the_packet_ends_the_walk_with_m)
{
	(void)answer("80010001 ff 80040008 b8000000", "00010001 ff 40040008 b8000000");
	(void)answer("80fd0008 00001234", "c0fd0008 00001234");
	(void)answer("80010001 ff 80", "00010001 ff c0"); /* not even a type */
	(void)answer("00", "c0");
}

TEST(a_length_that_the_type_does_not_have_ends_the_walk_and_the_rest_stays)
{
	static const char *const wrong[][2] = {
		{ "80020003 000000", "40020003 000000" },
		{ "80030003 000000", "40030003 000000" },
		{ "80040005 b800000000", "40040005 b800000000" },
		{ "80050010 00*16", "40050010 00*16" },
		{ "80060002 1000", "40060002 1000" },
		{ "80070008 0102030405060708", "40070008 00*8" },
		{ "80070014 01*20", "40070014 00*12 01*8" },
		{ "80080008 00*8", "40080008 00*8" },
		{ "80090006 00*6", "40090006 00*6" },
		{ "800a0000", "400a0000" },
		{ "800a0004 80010004", "400a0004 80010004" },
		{ "800a0006 80010002 0000", "400a0006 80010002 0000" },
		{ "800b0002 0001", "400b0002 0001" },
	};

	for (size_t i = 0; i < array_n(wrong); i++) {
		char request[256], expected[256];

		assert_true(snprintf(request, sizeof(request), "80010000 %s 80040004 b8000000", wrong[i][0]) > 0);
		assert_true(snprintf(expected, sizeof(expected), "00010000 %s 80040004 b8000000", wrong[i][1]) > 0);
		assert_int_equal(answer(request, expected).dscp, -1);
	}
}

TEST(what_came_marked_as_malformed_ends_the_walk)
{
	(void)answer("40040004 b8000000 80010000", "40040004 b8000000 80010000");
	(void)answer("a0040004 b8000000 80010000", "a0040004 b8000000 80010000");
}

TEST(location_says_the_ports_and_addresses_of_the_request)
{
	struct stamp_facts v6 = facts();

	(void)answer("8002002c 00*4 80040010 00*16 80070010 00*16",
		     "0002002c 035e9c40 00050010 c6336402 00*12 00080010 c0000207 00*12");
	(void)answer("80020004 00*4", "00020004 035e9c40");
	assert_int_equal(addr_parse("2001:db8::7", &v6.source), 0);
	assert_int_equal(addr_parse("2001:db8::2", &v6.destination), 0);
	(void)answer_by(&v6, "8002002c 00*4 80040010 00*16 80070010 00*16",
			"0002002c 00000000 00060010 20010db8 00*11 02 00090010 20010db8 00*11 07");
}

TEST(location_does_not_know_a_link_layer_address)
{
	(void)answer("80020010 00*4 80010008 00*8", "00020010 035e9c40 80010008 00*8");
}

TEST(a_wrong_sub_tlv_makes_a_location_malformed)
{
	(void)answer("8002000c 00*4 80040004 00*4", "4002000c 035e9c40 40040004 00*4");
	(void)answer("80020008 00*4 80040010", "40020008 035e9c40 80040010");
}

TEST(timestamp_information_says_how_t2_and_t3_are_taken)
{
	(void)answer("80030004 00*4", "00030004 01020102");
	(void)answer("80030008 00*4 80630000", "00030008 01020102 80630000");
}

TEST(class_of_service_says_what_came_and_chooses_for_the_answer)
{
	struct stamp_facts f = facts();

	assert_int_equal(answer("80040004 b8000000", "00040004 bae80000").dscp, 46);
	assert_int_equal(answer("80040004 28000000", "00040004 2ae80000").dscp, 10);
	f.may_choose_dscp = false; /* then it is what came, and said with RP */
	assert_int_equal(answer_by(&f, "80040004 28000000", "00040004 2ae90000").dscp, 46);
	f.traffic_class = -1;
	assert_int_equal(answer_by(&f, "80040004 28000000", "80040004 28000000").dscp, -1);
}

TEST(direct_measurement_gives_both_counts)
{
	struct stamp_facts f = facts();

	(void)answer("8005000c 00000015 00*8", "0005000c 00000015 00000014 00000013");
	f.has_counters = false;
	(void)answer_by(&f, "8005000c 00000015 00*8", "8005000c 00000015 00*8");
}

TEST(an_access_report_comes_back_where_its_access_is_known)
{
	(void)answer("80060004 10010000", "00060004 10010000");
	(void)answer("80060004 20020000", "00060004 20020000");
	(void)answer("80060004 00010000", "80060004 00010000");
	(void)answer("80060004 30010000", "80060004 30010000");
}

TEST(follow_up_tells_of_the_answer_before)
{
	struct stamp_facts f = facts();

	(void)answer("80070010 00*16", "00070010 00000006 1122334455667788 02000000");
	f.before = (struct stamp_followup){ .seq = 0 };
	(void)answer_by(&f, "80070010 ff*16", "00070010 00*16");
}

TEST(an_hmac_without_a_key_is_not_recognised)
{
	(void)answer("80040004 b8000000 80080010 01*16", "00040004 bae80000 80080010 01*16");
}

TEST(the_destination_node_is_this_one_or_unrecognised)
{
	(void)answer("80090004 c6336402", "00090004 c6336402");
	(void)answer("80090004 c6336403", "80090004 c6336403");
	(void)answer("80090010 c6336402 00*12", "80090010 c6336402 00*12");
}

TEST(a_way_back_is_none_or_the_same_link)
{
	struct stamp_wishes wishes = answer("800a0008 80010004 00000000", "000a0008 00010004 00000000");

	assert_true(wishes.no_reply);
	wishes = answer("800a0008 80010004 00000001", "000a0008 00010004 00000001");
	assert_false(wishes.no_reply);
	assert_true(wishes.same_link);
}

TEST(no_answer_goes_to_a_third_party)
{
	static const char *const ways[][2] = {
		{ "800a0008 80020004 c0000209", "800a0008 80020004 c0000209" },
		{ "800a0014 80020010 20010db8 00*12", "800a0014 80020010 20010db8 00*12" },
		{ "800a0008 80030004 00000000", "800a0008 80030004 00000000" },
		{ "800a0014 80040010 20010db8 00*12", "800a0014 80040010 20010db8 00*12" },
		{ "800a0010 80010004 00000000 80020004 c0000209", "800a0010 80010004 00000000 80020004 c0000209" },
	};

	for (size_t i = 0; i < array_n(ways); i++) {
		struct stamp_wishes wishes = answer(ways[i][0], ways[i][1]);

		assert_false(wishes.no_reply);
		assert_false(wishes.same_link);
	}
}

TEST(nobody_asks_for_many_or_long_answers)
{
	(void)answer("800c000c 0400 000a 00000000 00000000", "800c000c 0400 000a 00000000 00000000");
}

TEST(a_packet_by_another_member_link_is_discarded)
{
	struct stamp_facts f = facts();

	assert_false(answer("800b0004 00050000", "000b0004 00050003").no_reply);
	assert_false(answer("800b0004 00050003", "000b0004 00050003").no_reply);
	assert_true(answer("800b0004 00050004", "000b0004 00050003").no_reply);
	f.micro_session = 0;
	assert_false(answer_by(&f, "800b0004 00050004", "800b0004 00050004").no_reply);
}

static struct stamp_hmac test_key(void)
{
	struct stamp_hmac key;

	if (stamp_hmac_key_parse(KEY, strlen(KEY), &key) == -ENOSYS)
		skip(); /* a build without libsodium */
	return key;
}

TEST(an_authenticated_answer_has_an_hmac_of_its_own)
{
	struct stamp_hmac key = test_key();
	struct stamp_facts f = facts();
	struct hex h = hex("80040004 b8000000 80080010 2f556bae6162b93341ee8ddf894a6e1a 80010001 ff");
	struct stamp_tlvs tlvs = { .at = h.bytes, .n = h.n };
	struct stamp_wishes wishes;

	f.key = &key;
	f.reflected_seq = 1000; /* a stateful reflector's */
	stamp_answer(&tlvs, &f, &wishes);
	assert_hex(h.bytes, 12, "00040004 bae80000 00080010");
	assert_hex(h.bytes + 28, 5, "00010001 ff");
	assert_true(stamp_tlv_is_authentic(1000, &tlvs, &key));
	assert_int_equal(wishes.dscp, 46);
}

TEST(without_integrity_all_stay_as_they_came_but_for_i)
{
	struct stamp_hmac key = test_key();
	struct stamp_facts f = facts();

	f.key = &key;
	assert_int_equal(answer_by(&f, "80040004 b8000000 80080010 00*16 80010001 ff",
				   "a0040004 b8000000 a0080010 00*16 a0010001 ff")
				 .dscp,
			 -1);
	(void)answer_by(&f, "80040004 b8000000", "a0040004 b8000000"); /* none at all */
	(void)answer_by(&f, "800a0008 80010004 00000000 8001ffff", "a00a0008 80010004 00000000 e001ffff");
	(void)answer_by(&f, "80010002 abcd", "00010002 abcd"); /* padding needs none */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_tlvs_nothing_is_asked),
		cmocka_unit_test(padding_comes_back_as_it_came_and_may_repeat),
		cmocka_unit_test(an_unknown_type_comes_back_with_u_and_the_next_is_answered),
		cmocka_unit_test(a_length_beyond_the_packet_ends_the_walk_with_m),
		cmocka_unit_test(a_length_that_the_type_does_not_have_ends_the_walk_and_the_rest_stays),
		cmocka_unit_test(what_came_marked_as_malformed_ends_the_walk),
		cmocka_unit_test(location_says_the_ports_and_addresses_of_the_request),
		cmocka_unit_test(location_does_not_know_a_link_layer_address),
		cmocka_unit_test(a_wrong_sub_tlv_makes_a_location_malformed),
		cmocka_unit_test(timestamp_information_says_how_t2_and_t3_are_taken),
		cmocka_unit_test(class_of_service_says_what_came_and_chooses_for_the_answer),
		cmocka_unit_test(direct_measurement_gives_both_counts),
		cmocka_unit_test(an_access_report_comes_back_where_its_access_is_known),
		cmocka_unit_test(follow_up_tells_of_the_answer_before),
		cmocka_unit_test(an_hmac_without_a_key_is_not_recognised),
		cmocka_unit_test(the_destination_node_is_this_one_or_unrecognised),
		cmocka_unit_test(a_way_back_is_none_or_the_same_link),
		cmocka_unit_test(no_answer_goes_to_a_third_party),
		cmocka_unit_test(nobody_asks_for_many_or_long_answers),
		cmocka_unit_test(a_packet_by_another_member_link_is_discarded),
		cmocka_unit_test(an_authenticated_answer_has_an_hmac_of_its_own),
		cmocka_unit_test(without_integrity_all_stay_as_they_came_but_for_i),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
