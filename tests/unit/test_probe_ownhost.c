/* SPDX-License-Identifier: MIT */
/* What echoprobe reads of the kernel's counters: by name, wherever they stand. */
#include "test.h"

#include <sys/socket.h>

#include "echoprobe/ownhost.h"

TEST(udp_counters_of_ipv4_are_found_by_their_names)
{
	struct ownhost h = ownhost_parse(
		AF_INET, "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
			 "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors\n"
			 "Udp: 20 1 7 21 5 6 2\n"
			 "UdpLite: InDatagrams RcvbufErrors InCsumErrors\nUdpLite: 90 91 92\n");

	assert_true(h.known);
	assert_int_equal(h.buffer_errors, 5);
	assert_int_equal(h.checksum_errors, 2);
}

TEST(udp_counters_of_ipv6_are_found_by_their_names)
{
	struct ownhost h = ownhost_parse(AF_INET6, "Ip6InReceives \t3\nUdp6InDatagrams                 9\n"
						   "Udp6RcvbufErrors                4\nUdp6InCsumErrors                3\n"
						   "UdpLite6RcvbufErrors            8\n");

	assert_true(h.known);
	assert_int_equal(h.buffer_errors, 4);
	assert_int_equal(h.checksum_errors, 3);
}

TEST(what_is_not_there_is_not_known)
{
	static const char *const texts[] = {
		"",
		"Udp:",
		"\nUdp: RcvbufErrors\n",
		"\nUdp: RcvbufErrors InCsumErrors\nUdp: 1\n",
		"\nUdp: InErrors\nUdp: 1\n",
	};

	for (size_t i = 0; i < array_n(texts); i++)
		assert_false(ownhost_parse(AF_INET, texts[i]).known);
	assert_false(ownhost_parse(AF_INET6, "Udp6RcvbufErrors 4\n").known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_counters_of_ipv4_are_found_by_their_names),
		cmocka_unit_test(udp_counters_of_ipv6_are_found_by_their_names),
		cmocka_unit_test(what_is_not_there_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
