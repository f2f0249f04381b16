/* SPDX-License-Identifier: MIT */
/* info: members in their order, left out where they are unknown, and never an answer longer than its request. */
#include "test.h"

#include <jansson.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "serve.h"

/* All that can be known of a datagram. */
static void know_all(struct serve *s)
{
	s->facts = (struct svc_facts){
		.ttl = 53,
		.traffic_class = 46 << 2 | 2,
		.interface = 2,
		.interface_name = "eth0",
		.received = { 1795351771, 7 },
		.received_by = SVC_TIME_SOFTWARE,
		.fragment_bytes = 1396,
		.dropped = 3,
		.limited = true,
		.uptime_s = 86400,
	};
	s->ctx.local = (struct addr){ .family = AF_INET, .port = 7777, .bytes = { 198, 51, 100, 2 } };
}

#define DATAGRAM                                                                                                            \
	"{\"client\":\"192.0.2.7\",\"client_port\":40000,\"server\":\"198.51.100.2\",\"server_port\":7777,"                 \
	"\"transport\":\"udp\",\"interface\":\"eth0\",\"ttl\":53,\"dscp\":46,\"ecn\":\"ect0\",\"fragment_bytes\":1396,"     \
	"\"length\":600,\"received_at\":\"2026-11-22T12:49:31.000000007Z\",\"timestamp_kind\":\"software\","                \
	"\"host\":\"here.example\",\"uptime_s\":86400,\"rx_dropped\":3,\"limited\":true,"                                   \
	"\"clock\":{\"synchronised\":true,\"max_error_us\":1000}}"

TEST(a_datagram_is_told_all_that_was_seen_in_the_order_of_the_manual)
{
	static const uint8_t request[600];
	struct serve s;

	serve_begin(&s, "info", TRANSPORT_UDP);
	know_all(&s);
	serve_datagram(&s, request, sizeof(request), sizeof(request));
	assert_int_equal(s.verdict, SVC_DONE);
	assert_string_equal(s.said, DATAGRAM);
}

TEST(members_are_left_out_from_the_end_until_the_answer_is_no_longer_than_its_request)
{
	static const uint8_t request[600];
	size_t before = 0;

	for (size_t n = 2; n <= sizeof(request); n++) {
		struct serve s;
		json_t *whole;

		serve_begin(&s, "info", TRANSPORT_UDP);
		know_all(&s);
		serve_datagram(&s, request, n, n);
		assert_int_equal(s.verdict, SVC_DONE);
		assert_true(s.said_n <= n && s.said_n >= before);
		assert_memory_equal(s.said, DATAGRAM, n < 180 ? s.said_n - 1 : 0); /* before `length`; but for the brace */
		whole = json_loads(s.said, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(whole);
		json_decref(whole);
		before = s.said_n;
	}
}

TEST(two_octets_get_an_empty_object_and_fewer_nothing)
{
	struct serve s;

	serve_begin(&s, "info", TRANSPORT_UDP);
	serve_datagram(&s, "??", 2, 2);
	assert_string_equal(s.said, "{}");
	serve_datagram(&s, "?", 1, 1);
	assert_int_equal(s.verdict, SVC_DROP);
	assert_int_equal(s.said_n, 0);
	serve_datagram(&s, "", 0, 0);
	assert_int_equal(s.verdict, SVC_DROP);
}

TEST(what_is_unknown_is_left_out)
{
	static const uint8_t request[600];
	struct serve s;

	serve_begin(&s, "info", TRANSPORT_UNIXGRAM);
	s.ctx.peer = (struct addr){ .family = AF_UNIX };
	s.ctx.local = (struct addr){ .family = AF_UNIX };
	s.ctx.clock.state = CLOCK_UNKNOWN;
	s.facts.received = (struct timespec){ 1795351771, 123456789 };
	serve_datagram(&s, request, sizeof(request), sizeof(request));
	assert_string_equal(s.said, "{\"transport\":\"unixgram\",\"length\":600,"
				    "\"received_at\":\"2026-11-22T12:49:31.123456789Z\",\"timestamp_kind\":\"user\","
				    "\"host\":\"here.example\",\"uptime_s\":0,\"limited\":false}");
}

TEST(a_stream_is_told_at_once_on_one_line_and_closed)
{
	static const struct tcp_info tcp = {
		.tcpi_rtt = 11900,
		.tcpi_rttvar = 210,
		.tcpi_snd_mss = 1448,
		.tcpi_pmtu = 1500,
		.tcpi_total_retrans = 2,
		.tcpi_options = TCPI_OPT_SACK | TCPI_OPT_TIMESTAMPS | TCPI_OPT_WSCALE,
		.tcpi_rcv_wscale = 7,
	};
	struct serve s;

	serve_begin(&s, "info", TRANSPORT_TCP);
	know_all(&s);
	s.facts.fragment_bytes = 0;
	s.facts.tcp = &tcp;
	s.facts.tcp_bytes = sizeof(tcp);
	s.facts.congestion = "cubic";
	s.facts.balancer = (struct addr){ .family = AF_INET, .port = 50000, .bytes = { 10, 0, 0, 1 } };
	serve_open(&s);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_string_equal(
		strstr(s.said, "\"proxy\""),
		"\"proxy\":{\"balancer\":\"10.0.0.1\",\"balancer_port\":50000},"
		"\"tcp\":{\"rtt_us\":11900,\"rttvar_us\":210,\"mss_bytes\":1448,\"pmtu_bytes\":1500,"
		"\"retransmits\":2,\"congestion\":\"cubic\",\"sack\":true,\"timestamps\":true,\"ecn\":false,"
		"\"window_scale\":7},\"limited\":true,\"clock\":{\"synchronised\":true,\"max_error_us\":1000}}\n");
	assert_null(strstr(s.said, "\"length\"")); /* a stream has none */
}

TEST(an_older_kernel_s_shorter_answer_is_not_read_beyond_its_end)
{
	static const struct tcp_info tcp = { .tcpi_rtt = 1 };
	struct serve s;

	serve_begin(&s, "info", TRANSPORT_TCP);
	s.facts.tcp = &tcp;
	s.facts.tcp_bytes = 8;
	serve_open(&s);
	assert_null(strstr(s.said, "\"tcp\":"));
}

/* What a client or an administrator can put into names is JSON all the same. */
TEST(ten_thousand_random_requests_get_json)
{
	char name[256];
	struct serve s;

	srand(7);
	for (int i = 0; i < 10000; i++) {
		uint8_t request[2048];
		size_t n = 2 + (size_t)rand() % (sizeof(request) - 2);
		json_t *object;

		for (size_t k = 0; k < sizeof(name) - 1; k++)
			name[k] = (char)(1 + rand() % 255);
		name[rand() % (int)sizeof(name)] = name[sizeof(name) - 1] = '\0';
		for (size_t k = 0; k < n; k++)
			request[k] = (uint8_t)rand();
		serve_begin(&s, "info", rand() % 2 ? TRANSPORT_UDP : TRANSPORT_UNIXGRAM);
		know_all(&s);
		s.ctx.host_name = name;
		s.facts.interface_name = name;
		serve_datagram(&s, request, n, n);
		assert_int_equal(s.verdict, SVC_DONE);
		assert_true(s.said_n <= n);
		object = json_loads(s.said, JSON_REJECT_DUPLICATES, NULL);
		assert_true(json_is_object(object));
		json_decref(object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_is_told_all_that_was_seen_in_the_order_of_the_manual),
		cmocka_unit_test(members_are_left_out_from_the_end_until_the_answer_is_no_longer_than_its_request),
		cmocka_unit_test(two_octets_get_an_empty_object_and_fewer_nothing),
		cmocka_unit_test(what_is_unknown_is_left_out),
		cmocka_unit_test(a_stream_is_told_at_once_on_one_line_and_closed),
		cmocka_unit_test(an_older_kernel_s_shorter_answer_is_not_read_beyond_its_end),
		cmocka_unit_test(ten_thousand_random_requests_get_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
