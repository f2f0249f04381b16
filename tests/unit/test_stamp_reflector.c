/* SPDX-License-Identifier: MIT */
/* stamp as a service: which requests are answered, with what, request by request. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "hex.h"
#include "serve.h"
#include "service/stamp_sessions.h"
#include "wire/stamp.h"
#include "wire/stamp_tlv.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SESSIONS 4

static struct stamp_hmac key;
static _Alignas(max_align_t) uint8_t memory[4096];

/* As in the vectors: T2 = 1700000000.50025, T3 = T2 + 50 us. */
static void begin(struct serve *s)
{
	assert_true(stamp_sessions_bytes(SESSIONS) <= sizeof(memory));
	memset(memory, 0, sizeof(memory));
	serve_begin(s, "stamp", TRANSPORT_UDP);
	s->ctx.memory = memory;
	s->ctx.wall = (struct timespec){ 1700000000, 500250000 };
	s->ctx.clock.max_error_us = 1;
	s->ctx.local = (struct addr){ .family = AF_INET, .port = 862, .bytes = { 198, 51, 100, 2 } };
	s->options.stamp.sessions_max = SESSIONS;
	s->facts.ttl = 63;
	s->facts.received = s->ctx.wall;
	s->facts.received_by = SVC_TIME_SOFTWARE;
	s->facts.now_ns = CLOCK_S_NS;
}

/* Gives it a datagram, and seals the answer 50 us later. */
static void ask(struct serve *s, const uint8_t *request, size_t n)
{
	serve_datagram(s, request, n, 2048);
	if (s->verdict != SVC_DONE)
		return;
	s->ctx.wall.tv_nsec += 50000;
	s->service->needs.seal(&s->ctx, s->sending.handle, (uint8_t *)s->said, s->said_n);
	s->ctx.wall.tv_nsec -= 50000;
}

static struct stamp_reflection reflection(const struct serve *s)
{
	struct stamp_reflection r;

	assert_int_equal(s->verdict, SVC_DONE);
	assert_int_equal(stamp_read_reflection((const uint8_t *)s->said, s->said_n,
					       s->options.stamp.key != NULL ? STAMP_AUTHENTICATED : STAMP_UNAUTHENTICATED,
					       &r),
			 0);
	return r;
}

static struct stamp_reflection ask_seq(struct serve *s, uint32_t seq, uint16_t ssid)
{
	uint8_t request[STAMP_BASE];

	stamp_write_request(request, STAMP_UNAUTHENTICATED,
			    &(struct stamp_request){ .seq = seq, .sent = 1, .error = 0x8001, .ssid = ssid });
	ask(s, request, sizeof(request));
	return reflection(s);
}

TEST(the_vector_s_request_gets_the_vector_s_reflection)
{
	struct hex h = hex("00000007 e8fe6f8080000000 8001 1234 00*28");
	struct serve s;

	begin(&s);
	ask(&s, h.bytes, h.n);
	/* But for the error estimate, which is 1 us here. */
	assert_hex((const uint8_t *)s.said, s.said_n,
		   "00000007 e8fe6f808013a92a 8587 1234 e8fe6f808010624d 00000007 e8fe6f8080000000 8001 0000 3f 000000");
}

TEST(each_length_of_request_gets_its_length_of_answer)
{
	static const struct {
		size_t request, listed, open; /* 0: silence */
	} rows[] = {
		{ 0, 0, 0 },    { 13, 0, 0 },   { 14, 44, 0 },  { 43, 44, 0 },     { 44, 44, 44 },
		{ 45, 45, 45 }, { 48, 48, 48 }, { 52, 52, 52 }, { 112, 112, 112 }, { 1472, 1472, 1472 },
	};

	for (size_t i = 0; i < array_n(rows); i++)
		for (enum stamp_senders senders = STAMP_LISTED; senders <= STAMP_OPEN; senders++) {
			size_t expected = senders == STAMP_LISTED ? rows[i].listed : rows[i].open;
			uint8_t request[2048] = { [13] = 1 };
			struct serve s;

			begin(&s);
			s.options.stamp.sessions = senders;
			ask(&s, request, rows[i].request);
			assert_int_equal(s.verdict, expected != 0 ? SVC_DONE : SVC_DROP);
			assert_int_equal(s.said_n, expected);
		}
}

TEST(an_answer_longer_than_there_is_room_for_is_none)
{
	uint8_t request[14] = { [13] = 1 };
	struct serve s;

	begin(&s);
	serve_datagram(&s, request, sizeof(request), 43);
	assert_int_equal(s.verdict, SVC_DROP);
}

TEST(octets_behind_the_base_come_back)
{
	struct hex h = hex("00000007 00*8 8001 00*30 80ff0004 01020304");
	struct serve s;

	begin(&s);
	ask(&s, h.bytes, h.n);
	assert_hex((const uint8_t *)s.said + STAMP_BASE, s.said_n - STAMP_BASE, "80ff0004 01020304");
}

TEST(an_answer_is_made_where_its_request_is_just_as_elsewhere)
{
	uint8_t slot[256] = { [13] = 1, [46] = 0x77 };
	struct serve s;
	struct svc_io io = { .in = slot, .in_len = 47, .out = slot, .out_cap = sizeof(slot) };

	begin(&s);
	ask(&s, slot, 47);
	assert_int_equal(s.service->input(NULL, &s.ctx, &io), SVC_DONE);
	s.ctx.wall.tv_nsec += 50000;
	s.service->needs.seal(&s.ctx, io.sending.handle, slot, io.out_len);
	assert_int_equal(io.out_len, s.said_n);
	assert_memory_equal(slot, s.said, io.out_len);
}

TEST(a_multiplier_of_zero_makes_a_request_a_wrong_one)
{
	struct hex h = hex("00000007 00*8 8000 00*30");
	struct serve s;

	begin(&s);
	ask(&s, h.bytes, h.n);
	assert_int_equal(s.verdict, SVC_DROP);
}

TEST(a_stateless_reflector_says_the_sender_s_number)
{
	struct serve s;

	begin(&s);
	assert_int_equal(ask_seq(&s, UINT32_MAX, 0).seq, UINT32_MAX);
	assert_int_equal(ask_seq(&s, 5, 0).seq, 5);
	assert_int_equal(ask_seq(&s, 5, 0).sender.seq, 5);
}

TEST(a_stateful_reflector_counts_what_it_sends_so_that_gaps_are_losses_on_the_way_there)
{
	struct serve s;

	begin(&s);
	s.options.stamp.mode = STAMP_STATEFUL;
	assert_int_equal(ask_seq(&s, 100, 0).seq, 0);
	assert_int_equal(ask_seq(&s, 103, 0).seq, 1);
	assert_int_equal(ask_seq(&s, 103, 0).seq, 2);
	assert_int_equal(ask_seq(&s, 104, 0).sender.seq, 104);
}

TEST(sessions_that_interleave_are_counted_each_by_itself)
{
	struct serve s;

	begin(&s);
	s.options.stamp.mode = STAMP_STATEFUL;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(ask_seq(&s, 7 + i, 0).seq, i);
		assert_int_equal(ask_seq(&s, 7 + i, 1).seq, i);
		s.ctx.peer.port++;
		assert_int_equal(ask_seq(&s, 7 + i, 1).seq, i);
		s.ctx.peer.port--;
	}
}

TEST(what_finds_no_place_is_answered_statelessly_and_says_so)
{
	struct serve s;

	begin(&s);
	s.options.stamp.mode = STAMP_STATEFUL;
	for (uint16_t ssid = 1; ssid <= SESSIONS; ssid++) {
		assert_int_equal(ask_seq(&s, 1000, ssid).seq, 0);
		assert_false(s.sending.is_uncounted);
	}
	assert_int_equal(ask_seq(&s, 1000, SESSIONS + 1).seq, 1000);
	assert_true(s.sending.is_uncounted);
	assert_int_equal(ask_seq(&s, 1001, 1).seq, 1);
}

TEST(only_listed_ssids_are_answered)
{
	static const uint16_t ssids[] = { 7, 0x1234 };
	uint8_t request[STAMP_BASE] = { [13] = 1 };
	struct serve s;

	begin(&s);
	assert_int_equal(ask_seq(&s, 1, 0).ssid, 0);
	assert_int_equal(ask_seq(&s, 1, 9).ssid, 9);
	s.options.stamp.ssids = ssids;
	s.options.stamp.ssids_n = array_n(ssids);
	assert_int_equal(ask_seq(&s, 1, 0x1234).ssid, 0x1234);
	ask(&s, request, sizeof(request)); /* none */
	assert_int_equal(s.verdict, SVC_DROP);
}

TEST(the_ttl_that_came_is_said_and_255_where_it_is_unknown)
{
	static const int ttls[] = { 1, 64, 255 };
	struct serve s;

	begin(&s);
	for (size_t i = 0; i < array_n(ttls); i++) {
		s.facts.ttl = ttls[i];
		assert_int_equal(ask_seq(&s, 1, 0).ttl, ttls[i]);
	}
	s.facts.ttl = -1;
	assert_int_equal(ask_seq(&s, 1, 0).ttl, 255);
	assert_int_equal(s.service->needs.ttl, 255); /* and the answer leaves with it */
}

TEST(each_side_keeps_its_own_form_of_time_stamps)
{
	struct hex h = hex("00000007 6553f1001dcd6500 c001 0000 00*28"); /* Z: a PTP sender */
	struct stamp_reflection r;
	struct serve s;

	begin(&s);
	ask(&s, h.bytes, h.n);
	r = reflection(&s);
	assert_int_equal(r.sent, 0xe8fe6f808013a92a);
	assert_int_equal(r.error, 0x8587);
	assert_int_equal(r.sender.sent, 0x6553f1001dcd6500);
	assert_int_equal(r.sender.error, 0xc001);

	s.options.stamp.timestamp = STAMP_PTP;
	s.ctx.clock.tai_offset_s = 37;
	ask(&s, h.bytes, h.n);
	r = reflection(&s);
	assert_int_equal(r.received, UINT64_C(1700000000) << 32 | 500250000);
	assert_int_equal(r.sent, UINT64_C(1700000000) << 32 | 500300000);
	assert_int_equal(r.error, 0xc587);
	s.options.stamp.ptp_timescale = STAMP_TAI;
	ask(&s, h.bytes, h.n);
	assert_int_equal(reflection(&s).sent, UINT64_C(1700000037) << 32 | 500300000);
}

TEST(a_clock_that_nobody_disciplines_says_so)
{
	struct serve s;

	begin(&s);
	s.ctx.clock = (struct clock_status){ .state = CLOCK_UNSYNCHRONISED, .max_error_us = 16000 };
	assert_int_equal(ask_seq(&s, 1, 0).error, 0x1384);
	s.ctx.clock = (struct clock_status){ .state = CLOCK_UNKNOWN };
	assert_int_equal(ask_seq(&s, 1, 0).error, 0x1d80); /* 16 s */
}

TEST(a_t2_that_the_kernel_did_not_take_is_not_called_synchronised)
{
	struct serve s;

	begin(&s);
	s.facts.received_by = SVC_TIME_USER;
	assert_int_equal(ask_seq(&s, 1, 0).error, 0x0587);
}

/* ---- authenticated ---- */

static void begin_authenticated(struct serve *s)
{
	if (stamp_hmac_key_parse(KEY, strlen(KEY), &key) == -ENOSYS)
		skip(); /* a build without libsodium */
	begin(s);
	s->options.stamp.key = &key;
}

TEST(an_authenticated_request_gets_an_authenticated_answer)
{
	struct hex h = hex("00000007 00*12 e8fe6f8080000000 8001 0000 00*68 f338199c59fb12fa9c24b89283cf2ae2");
	struct stamp_reflection r;
	struct serve s;

	begin_authenticated(&s);
	ask(&s, h.bytes, h.n);
	r = reflection(&s);
	assert_int_equal(s.said_n, 112);
	assert_int_equal(r.sent, 0xe8fe6f808013a92a);
	assert_int_equal(r.received, 0xe8fe6f808010624d);
	assert_int_equal(r.ttl, 63);
	assert_true(stamp_is_authentic((const uint8_t *)s.said, s.said_n, &key));
}

TEST(an_hmac_that_is_wrong_or_cut_gets_silence)
{
	struct hex h = hex("00000007 00*12 e8fe6f8080000000 8001 0000 00*68 f338199c59fb12fa9c24b89283cf2ae2");
	struct serve s;

	begin_authenticated(&s);
	ask(&s, h.bytes, 111);
	assert_int_equal(s.verdict, SVC_DROP);
	ask(&s, h.bytes, STAMP_BASE); /* as an unauthenticated one */
	assert_int_equal(s.verdict, SVC_DROP);
	h.bytes[111] ^= 1;
	ask(&s, h.bytes, 112);
	assert_int_equal(s.verdict, SVC_DROP);
}

/* ---- TLVs, as far as they are of the session or of the sending ---- */

#define HEAD "00000007 00*8 8001 0000 00*28 "

static const uint8_t *ask_tlv(struct serve *s, const char *tlv)
{
	char text[512];
	struct hex h;

	assert_true(snprintf(text, sizeof(text), HEAD "%s", tlv) > 0);
	h = hex(text);
	ask(s, h.bytes, h.n);
	return (const uint8_t *)s->said + STAMP_BASE;
}

TEST(direct_measurement_counts_the_session_s_packets_with_and_without_it)
{
	struct serve s;

	begin(&s);
	(void)ask_seq(&s, 1, 0);
	(void)ask_seq(&s, 2, 0);
	assert_hex(ask_tlv(&s, "8005000c 00000009 00*8"), 16, "0005000c 00000009 00000003 00000003");
	assert_hex(ask_tlv(&s, "8005000c 0000000a 00*8"), 16, "0005000c 0000000a 00000004 00000004");
}

TEST(follow_up_of_a_stateful_reflector_is_the_answer_before)
{
	struct serve s;

	begin(&s);
	assert_hex(ask_tlv(&s, "80070010 00*16"), 20, "00070010 00*16"); /* stateless */

	begin(&s);
	s.options.stamp.mode = STAMP_STATEFUL;
	assert_hex(ask_tlv(&s, "80070010 00*16"), 20, "00070010 00*16"); /* the first */
	assert_hex(ask_tlv(&s, "80070010 00*16"), 20, "00070010 00000000 e8fe6f808013a92a 02 000000");
	assert_hex(ask_tlv(&s, "80070010 00*16"), 20, "00070010 00000001 e8fe6f808013a92a 02 000000");
}

static void depart(struct serve *s, long sealed_ns, long left_ns)
{
	s->service->needs.depart(&s->ctx, &(struct svc_departure){ .handle = s->sending.handle,
								   .wall = { 1700000000, sealed_ns },
								   .left = { 1700000000, left_ns } });
}

TEST(follow_up_says_the_kernel_s_stamp_of_the_answer_before_and_of_no_other)
{
	struct serve s;

	begin(&s);
	s.options.stamp.mode = STAMP_STATEFUL;
	(void)ask_seq(&s, 1, 0);
	assert_false(s.sending.departs); /* nobody has asked for it */
	(void)ask_tlv(&s, "80070010 00*16");
	assert_true(s.sending.departs);
	depart(&s, 500300000, 500500000);
	assert_hex(ask_tlv(&s, "80070010 00*16"), 20, "00070010 00000001 e8fe6f808020c49b 02 000000");
	s.ctx.wall.tv_nsec += 1000;
	(void)ask_tlv(&s, "80070010 00*16");
	depart(&s, 500300000, 500500000); /* of the one before that, too late */
	s.ctx.wall.tv_nsec -= 1000;
	assert_hex(ask_tlv(&s, "80070010 00*16"), 20, "00070010 00000003 e8fe6f808013b9f1 02 000000");

	begin(&s); /* stateless */
	(void)ask_tlv(&s, "80070010 00*16");
	assert_false(s.sending.departs);
}

TEST(a_listed_sender_chooses_the_dscp_of_its_answers_and_an_open_one_does_not)
{
	struct serve s;

	begin(&s);
	s.facts.traffic_class = 10 << 2 | 1;
	assert_hex(ask_tlv(&s, "80040004 b8000000"), 8, "00040004 b8a40000");
	assert_true(s.sending.has_dscp);
	assert_int_equal(s.sending.dscp, 46);
	s.options.stamp.sessions = STAMP_OPEN;
	assert_hex(ask_tlv(&s, "80040004 b8000000"), 8, "00040004 b8a50000");
	assert_int_equal(s.sending.dscp, 10);
	(void)ask_seq(&s, 1, 0);
	assert_false(s.sending.has_dscp);
}

TEST(a_sender_that_wants_no_answer_gets_none_and_is_counted)
{
	struct serve s;

	begin(&s);
	(void)ask_tlv(&s, "800a0008 80010004 00000000");
	assert_int_equal(s.verdict, SVC_MORE);
	assert_int_equal(s.said_n, 0);
	assert_hex(ask_tlv(&s, "8005000c 00000009 00*8"), 16, "0005000c 00000009 00000002 00000001");
	(void)ask_tlv(&s, "800a0008 80010004 00000001");
	assert_true(s.sending.same_link);
}

/* ---- loops ---- */

/* Two reflectors, the second one's clock `apart` seconds from the first one's, each listed by the other. How many answers one
 * forged packet is worth. */
static unsigned answers_to_one_forgery(time_t apart, const struct stamp_hmac *with_key)
{
	uint8_t packet[2048] = { [13] = 1, [25] = 1 };
	size_t n = with_key != NULL ? STAMP_BASE_AUTHENTICATED : STAMP_BASE;
	unsigned answers = 0;
	struct serve s;

	if (with_key != NULL)
		stamp_sign(packet, with_key);
	for (; answers < 1000; answers++) {
		begin(&s);
		s.options.stamp.key = with_key;
		s.ctx.wall.tv_sec += answers % 2 ? apart : 0;
		s.ctx.wall.tv_nsec += (long)answers;
		s.facts.received = s.ctx.wall;
		ask(&s, packet, n);
		if (s.verdict != SVC_DONE)
			return answers;
		n = s.said_n;
		memcpy(packet, s.said, n);
	}
	return answers;
}

TEST(two_reflectors_set_on_each_other_are_silent_after_two_answers)
{
	struct serve s;

	assert_int_equal(answers_to_one_forgery(0, NULL), 2);
	assert_int_equal(answers_to_one_forgery(86400, NULL), 2); /* whatever their clocks say */
	assert_int_equal(answers_to_one_forgery(-7, NULL), 2);
	begin_authenticated(&s);
	assert_int_equal(answers_to_one_forgery(0, &key), 2);
}

TEST(padding_of_a_twamp_sender_is_not_taken_for_a_reflected_packet)
{
	struct serve s;

	srand(5);
	for (int i = 0; i < 10000; i++) {
		uint8_t request[64] = { [13] = 1 };

		for (size_t k = 14; k < sizeof(request); k++)
			request[k] = (uint8_t)rand();
		begin(&s);
		ask(&s, request, sizeof(request));
		assert_int_equal(s.verdict, SVC_DONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vector_s_request_gets_the_vector_s_reflection),
		cmocka_unit_test(each_length_of_request_gets_its_length_of_answer),
		cmocka_unit_test(an_answer_longer_than_there_is_room_for_is_none),
		cmocka_unit_test(octets_behind_the_base_come_back),
		cmocka_unit_test(an_answer_is_made_where_its_request_is_just_as_elsewhere),
		cmocka_unit_test(a_multiplier_of_zero_makes_a_request_a_wrong_one),
		cmocka_unit_test(a_stateless_reflector_says_the_sender_s_number),
		cmocka_unit_test(a_stateful_reflector_counts_what_it_sends_so_that_gaps_are_losses_on_the_way_there),
		cmocka_unit_test(sessions_that_interleave_are_counted_each_by_itself),
		cmocka_unit_test(what_finds_no_place_is_answered_statelessly_and_says_so),
		cmocka_unit_test(only_listed_ssids_are_answered),
		cmocka_unit_test(the_ttl_that_came_is_said_and_255_where_it_is_unknown),
		cmocka_unit_test(each_side_keeps_its_own_form_of_time_stamps),
		cmocka_unit_test(a_clock_that_nobody_disciplines_says_so),
		cmocka_unit_test(a_t2_that_the_kernel_did_not_take_is_not_called_synchronised),
		cmocka_unit_test(an_authenticated_request_gets_an_authenticated_answer),
		cmocka_unit_test(an_hmac_that_is_wrong_or_cut_gets_silence),
		cmocka_unit_test(direct_measurement_counts_the_session_s_packets_with_and_without_it),
		cmocka_unit_test(follow_up_of_a_stateful_reflector_is_the_answer_before),
		cmocka_unit_test(follow_up_says_the_kernel_s_stamp_of_the_answer_before_and_of_no_other),
		cmocka_unit_test(a_listed_sender_chooses_the_dscp_of_its_answers_and_an_open_one_does_not),
		cmocka_unit_test(a_sender_that_wants_no_answer_gets_none_and_is_counted),
		cmocka_unit_test(two_reflectors_set_on_each_other_are_silent_after_two_answers),
		cmocka_unit_test(padding_of_a_twamp_sender_is_not_taken_for_a_reflected_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
