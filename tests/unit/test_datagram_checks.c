/* SPDX-License-Identifier: MIT */
/* The gate: which datagrams are answered, which are not, and for what reason. */
#include "test.h"

#include <string.h>

#include "shared/counters.h"
#include "admission/datagram_checks.h"

static struct addr parsed(const char *s)
{
	struct addr a = { .family = AF_UNSPEC };

	if (s != NULL && addr_parse(s, &a) < 0)
		fail_msg("%s is an address", s);
	return a;
}

/* A datagram like any other; each test changes what it is about. */
static struct checked_packet good_packet(void)
{
	struct checked_packet p = {
		.transport = TRANSPORT_UDP,
		.source = parsed("192.0.2.1"),
		.destination = parsed("198.51.100.2"),
		.local = parsed("198.51.100.2"),
		.length = 100,
	};

	p.source.port = 40000;
	return p;
}

static const struct admission_rules no_rules;
static struct ports served;

static void expect(enum refusal expected, const struct admission_rules *rules, const struct checked_packet *p,
		   const char *about)
{
	enum refusal r = datagram_checks_all(rules, &served, p);

	if (r != expected)
		fail_msg("%s: refused as %s, not %s", about, refusal_name(r), refusal_name(expected));
}

TEST(an_ordinary_datagram_is_answered)
{
	struct checked_packet p = good_packet();

	expect(REFUSED_NOT, &no_rules, &p, "IPv4");
	p.length = 0;
	expect(REFUSED_NOT, &no_rules, &p, "an empty one");
	p.source = parsed("2001:db8::1");
	p.source.port = 1024;
	p.destination = p.local = parsed("2001:db8::2");
	expect(REFUSED_NOT, &no_rules, &p, "IPv6");
}

TEST(a_truncated_datagram_is_not_answered)
{
	struct checked_packet p = good_packet();

	p.truncated = true;
	expect(REFUSED_TRUNCATED, &no_rules, &p, "truncated");
}

TEST(max_datagram_is_the_longest_that_is_answered)
{
	struct admission_rules rules = { .max_datagram = 512 };
	struct checked_packet p = good_packet();

	p.length = 512;
	expect(REFUSED_NOT, &rules, &p, "512 of 512");
	p.length = 513;
	expect(REFUSED_OVERSIZE, &rules, &p, "513 of 512");
	p.length = 65527;
	expect(REFUSED_NOT, &no_rules, &p, "without a limit");
}

TEST(what_was_not_sent_to_an_address_of_ours_is_not_answered)
{
	static const struct {
		const char *destination, *local;
		enum refusal expected;
	} rows[] = {
		{ "198.51.100.2", "198.51.100.2", REFUSED_NOT },
		{ "127.0.0.2", "127.0.0.2", REFUSED_NOT },
		{ "2001:db8::2", "2001:db8::2", REFUSED_NOT },
		{ "255.255.255.255", "198.51.100.2", REFUSED_BROADCAST },
		{ "198.51.100.255", "198.51.100.2", REFUSED_BROADCAST },
		{ "224.0.0.1", "198.51.100.2", REFUSED_BROADCAST },
		{ "239.255.255.250", "239.255.255.250", REFUSED_BROADCAST },
		{ "ff02::1", "ff02::1", REFUSED_BROADCAST },
		{ "ff0e::1234", "ff0e::1234", REFUSED_BROADCAST },
		/* what is not known may be a broadcast */
		{ NULL, "198.51.100.2", REFUSED_BROADCAST },
		{ "198.51.100.2", NULL, REFUSED_BROADCAST },
		{ NULL, NULL, REFUSED_BROADCAST },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		struct checked_packet p = good_packet();

		p.destination = parsed(rows[i].destination);
		p.local = parsed(rows[i].local);
		expect(rows[i].expected, &no_rules, &p, rows[i].destination != NULL ? rows[i].destination : "unknown");
	}
}

TEST(a_source_that_is_no_host_is_not_answered)
{
	static const struct {
		const char *source;
		bool over_loopback;
		enum refusal expected;
	} rows[] = {
		{ "0.0.0.0", false, REFUSED_SOURCE_ADDRESS },
		{ "0.1.2.3", false, REFUSED_SOURCE_ADDRESS },
		{ "0.255.255.255", false, REFUSED_SOURCE_ADDRESS },
		{ "1.0.0.0", false, REFUSED_NOT },
		{ "126.255.255.255", false, REFUSED_NOT },
		{ "127.0.0.1", false, REFUSED_SOURCE_ADDRESS },
		{ "127.255.255.255", false, REFUSED_SOURCE_ADDRESS },
		{ "127.0.0.1", true, REFUSED_NOT },
		{ "127.8.9.10", true, REFUSED_NOT },
		{ "128.0.0.0", false, REFUSED_NOT },
		{ "169.254.1.1", false, REFUSED_NOT },
		{ "223.255.255.255", false, REFUSED_NOT },
		{ "224.0.0.0", false, REFUSED_SOURCE_ADDRESS },
		{ "224.0.0.0", true, REFUSED_SOURCE_ADDRESS },
		{ "239.1.1.1", false, REFUSED_SOURCE_ADDRESS },
		{ "240.0.0.1", false, REFUSED_SOURCE_ADDRESS },
		{ "255.255.255.255", true, REFUSED_SOURCE_ADDRESS },
		{ "::", false, REFUSED_SOURCE_ADDRESS },
		{ "::", true, REFUSED_SOURCE_ADDRESS },
		{ "::1", false, REFUSED_SOURCE_ADDRESS },
		{ "::1", true, REFUSED_NOT },
		{ "::2", false, REFUSED_NOT },
		{ "2001:db8::1", false, REFUSED_NOT },
		{ "fe80::1", false, REFUSED_NOT },
		{ "ff02::1", false, REFUSED_SOURCE_ADDRESS },
		{ "ffff::", true, REFUSED_SOURCE_ADDRESS },
		{ "::ffff:127.0.0.1", false, REFUSED_SOURCE_ADDRESS },
		{ NULL, true, REFUSED_SOURCE_ADDRESS },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		struct checked_packet p = good_packet();

		p.source = parsed(rows[i].source);
		p.source.port = 40000;
		p.over_loopback = rows[i].over_loopback;
		expect(rows[i].expected, &no_rules, &p, rows[i].source != NULL ? rows[i].source : "unknown");
	}
}

TEST(source_port_zero_wants_no_answer)
{
	struct checked_packet p = good_packet();

	p.source.port = 0;
	expect(REFUSED_SOURCE_PORT, &no_rules, &p, "port 0");
}

/* Whatever answers by itself would take our answer for a question. */
TEST(a_port_that_answers_by_itself_is_not_answered)
{
	static const uint16_t servers[] = { 1,    7,    13,    17,    19,    37,    53,    69,    123,  161,  389,
					    520,  1023, 1900,  2049,  3283,  3389,  3478,  3702,  5060, 5093, 5351,
					    5353, 5683, 10001, 11211, 27015, 27960, 33848, 37810, 47808 };
	static const uint16_t clients[] = { 1024, 1025, 2048, 5352, 9999, 32768, 60999, 61000, 65535 };
	struct checked_packet p = good_packet();

	for (size_t i = 0; i < array_n(servers); i++) {
		p.source.port = servers[i];
		expect(REFUSED_SOURCE_PORT, &no_rules, &p, "a server's port");
	}
	for (size_t i = 0; i < array_n(clients); i++) {
		p.source.port = clients[i];
		expect(REFUSED_NOT, &no_rules, &p, "a client's port");
	}
}

TEST(allow_source_ports_lifts_that_but_not_for_a_port_we_serve)
{
	struct ports allowed = { 0 };
	struct admission_rules rules = { .allow_ports = &allowed };
	static const struct {
		uint16_t port;
		enum refusal expected;
	} rows[] = { { 123, REFUSED_NOT },       { 5353, REFUSED_NOT },      { 124, REFUSED_SOURCE_PORT },
		     { 0, REFUSED_SOURCE_PORT }, { 7, REFUSED_SOURCE_PORT }, { 9999, REFUSED_SOURCE_PORT } };
	struct checked_packet p = good_packet();

	ports_add(&allowed, 123);
	ports_add(&allowed, 5353);
	ports_add(&allowed, 7);
	ports_add(&allowed, 9999);
	ports_add(&served, 7);
	ports_add(&served, 9999);
	for (size_t i = 0; i < array_n(rows); i++) {
		p.source.port = rows[i].port;
		expect(rows[i].expected, &rules, &p, "a port");
	}
	memset(&served, 0, sizeof(served));
}

TEST(an_answer_is_no_longer_than_its_request_but_for_the_time)
{
	static const struct {
		const char *service;
		uint32_t amplification, request, most;
	} rows[] = {
		{ "echo", 1000, 0, 0 },
		{ "echo", 1000, 1472, 1472 },
		{ "chargen", 1000, 1, 1 },
		{ "chargen", 2500, 3, 7 },
		{ "chargen", 500, 3, 1 },
		{ "qotd", 1000, 2, 2 },
		{ "hostname", 1000, 20, 20 },
		{ "time", 1000, 0, 64 },
		{ "daytime", 1000, 63, 64 },
		{ "daytime", 1000, 100, 100 },
		{ "time", 1, 65507, 65 },
		{ "daytime", 1, 0, 64 },
		{ "echo", 1000000, 65507, 65507000 },
	};
	struct checked_packet p = good_packet();

	for (size_t i = 0; i < array_n(rows); i++) {
		struct admission_rules rules = { .amplification = rows[i].amplification };

		p.length = rows[i].request;
		assert_int_equal(datagram_checks_answer_max(&rules, service_find(rows[i].service), &p), rows[i].most);
	}
	p.transport = TRANSPORT_UNIXGRAM; /* nobody can forge that */
	assert_int_equal(datagram_checks_answer_max(&(struct admission_rules){ .amplification = 1 }, service_find("chargen"),
						    &p),
			 UINT32_MAX);
}

TEST(the_access_list_holds_for_datagrams)
{
	struct prefix deny;
	struct admission_rules rules = { .acl = { .deny = &deny, .deny_n = 1 } };
	struct checked_packet p = good_packet();

	assert_int_equal(prefix_parse("192.0.2.0/24", &deny), 0);
	expect(REFUSED_ACL, &rules, &p, "a denied source");
	p.source.bytes[2] = 3;
	expect(REFUSED_NOT, &rules, &p, "another");
}

/* Each reason given up in turn shows the next: the cheapest, and the one that says most, comes first. */
TEST(the_first_reason_is_the_one_that_counts)
{
	struct prefix allow;
	struct admission_rules rules = { .max_datagram = 50, .acl = { .allow = &allow, .allow_n = 1 } };
	struct checked_packet p = good_packet();

	assert_int_equal(prefix_parse("203.0.113.1", &allow), 0);
	p.truncated = true;
	p.destination = parsed("255.255.255.255");
	p.source = parsed("0.0.0.0");
	expect(REFUSED_TRUNCATED, &rules, &p, "all at once");
	p.truncated = false;
	expect(REFUSED_OVERSIZE, &rules, &p, "all but truncated");
	p.length = 50;
	expect(REFUSED_BROADCAST, &rules, &p, "of the right length");
	p.destination = p.local;
	expect(REFUSED_SOURCE_ADDRESS, &rules, &p, "to us");
	p.source = parsed("192.0.2.1");
	expect(REFUSED_SOURCE_PORT, &rules, &p, "from a host");
	p.source.port = 1024;
	expect(REFUSED_ACL, &rules, &p, "from a port");
	p.source = parsed("203.0.113.1");
	p.source.port = 1024;
	expect(REFUSED_NOT, &rules, &p, "from one who may");
}

TEST(a_unix_datagram_has_no_addresses_to_check)
{
	struct prefix allow;
	struct admission_rules rules = { .max_datagram = 10, .acl = { .allow = &allow, .allow_n = 1 } };
	struct checked_packet p = { .transport = TRANSPORT_UNIXGRAM, .source = { .family = AF_UNIX }, .length = 10 };

	assert_int_equal(prefix_parse("203.0.113.1", &allow), 0);
	expect(REFUSED_NOT, &rules, &p, "unixgram");
	p.is_ours = true;
	expect(REFUSED_SOURCE_ADDRESS, &rules, &p, "one of a socket of ours");
	p.length = 11;
	expect(REFUSED_OVERSIZE, &rules, &p, "a long one");
	p.truncated = true;
	expect(REFUSED_TRUNCATED, &rules, &p, "a truncated one");
}

TEST(every_reason_has_a_name_of_its_own)
{
	for (unsigned a = 0; a <= REFUSALS_N; a++)
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(refusal_name((enum refusal)a), refusal_name((enum refusal)b));
	assert_string_equal(refusal_name(REFUSED_SOURCE_PORT), "source_port");
	assert_string_equal(refusal_name(REFUSED_NOT), "none");
}

TEST(counters_add_up_over_workers)
{
	struct counters sum, one, two;

	memset(&sum, 0, sizeof(sum));
	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	counters_add(&one.sessions, 3);
	counters_add(&two.sessions, UINT64_C(1) << 40);
	counters_add(&two.lookups_failed, 5);
	counters_add(&one.refused[REFUSED_ACL], 7);
	counters_add(&two.dry_run[REFUSED_RATE], 4);
	counters_add(&two.refused[REFUSED_BUFFERS], 9);
	counters_sum(&sum, &one);
	counters_sum(&sum, &two);
	assert_int_equal(sum.sessions, (UINT64_C(1) << 40) + 3);
	assert_int_equal(sum.lookups_failed, 5);
	assert_int_equal(sum.sent_bytes, 0);
	assert_int_equal(sum.refused[REFUSED_ACL], 7);
	assert_int_equal(sum.refused[REFUSED_RATE], 0);
	assert_int_equal(sum.dry_run[REFUSED_RATE], 4);
	assert_int_equal(sum.refused[REFUSED_BUFFERS], 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordinary_datagram_is_answered),
		cmocka_unit_test(a_truncated_datagram_is_not_answered),
		cmocka_unit_test(max_datagram_is_the_longest_that_is_answered),
		cmocka_unit_test(what_was_not_sent_to_an_address_of_ours_is_not_answered),
		cmocka_unit_test(a_source_that_is_no_host_is_not_answered),
		cmocka_unit_test(source_port_zero_wants_no_answer),
		cmocka_unit_test(a_port_that_answers_by_itself_is_not_answered),
		cmocka_unit_test(allow_source_ports_lifts_that_but_not_for_a_port_we_serve),
		cmocka_unit_test(an_answer_is_no_longer_than_its_request_but_for_the_time),
		cmocka_unit_test(the_access_list_holds_for_datagrams),
		cmocka_unit_test(the_first_reason_is_the_one_that_counts),
		cmocka_unit_test(a_unix_datagram_has_no_addresses_to_check),
		cmocka_unit_test(every_reason_has_a_name_of_its_own),
		cmocka_unit_test(counters_add_up_over_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
