/* SPDX-License-Identifier: MIT */
/* Addresses: what is taken for one, how it is written down, and which prefix holds it. */
#include "test.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "base/addr.h"

/* The text of an address, in one of a few buffers in turn. */
static const char *text_of(const struct addr *a)
{
	static char storage[4][ADDR_TEXT_MAX];
	static unsigned turn;
	char *at = storage[turn++ % array_n(storage)];
	struct text t = { .at = at, .cap = ADDR_TEXT_MAX };

	*at = '\0';
	addr_add_text(&t, a);
	return at;
}

static struct addr parsed(const char *s)
{
	struct addr a;

	if (addr_parse(s, &a) < 0)
		fail_msg("%s is an address", s);
	return a;
}

static struct prefix prefix(const char *s)
{
	struct prefix p;

	if (prefix_parse(s, &p) < 0)
		fail_msg("%s is a prefix", s);
	return p;
}

TEST(a_family_that_is_none_of_ours_is_no_text_of_others)
{
	struct addr a = { .family = 99, .port = 7, .bytes = { 1, 2, 3 } };
	char storage[ADDR_TEXT_MAX];
	struct text t = TEXT_OVER(storage);

	addr_add_text_port(&t, &a);
	assert_string_equal(storage, "none");
}

TEST(addresses_are_read_and_written_in_one_form)
{
	static const char *const pairs[][2] = {
		{ "127.0.0.1", "127.0.0.1" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::", "::" },
		{ "[::1]", "::1" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" }, /* RFC 5952 4.2.2: one zero group stays */
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },          /* 4.2.3: the longest run goes           */
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },    /* 4.2.3: the first of two equal ones    */
		{ "fe80::1", "fe80::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::ffff:c000:201", "192.0.2.1" },
		{ "[::ffff:192.0.2.1]", "192.0.2.1" },
		{ "64:ff9b::192.0.2.1", "64:ff9b::c000:201" },
	};

	for (size_t i = 0; i < array_n(pairs); i++) {
		struct addr a = parsed(pairs[i][0]);

		assert_string_equal(text_of(&a), pairs[i][1]);
	}
}

/* Words, separated by single spaces; not one of them is an address. */
static void assert_no_address(const char *words)
{
	while (*words != '\0') {
		size_t n = strcspn(words, " ");
		char word[128] = "";
		struct addr a;

		memcpy(word, words, n);
		if (addr_parse(word, &a) != -EINVAL)
			fail_msg("\"%s\" is not an address", word);
		words += words[n] == ' ' ? n + 1 : n;
	}
}

TEST(what_is_no_address_is_refused)
{
	struct addr a;

	assert_no_address(
		"localhost 2130706433 127.1 127.0.0 127.0.0.1. 127.0.0.01 0127.0.0.1 0x7f.0.0.1 256.0.0.1 1.2.3.-4");
	assert_no_address("::: ::1:: 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 12345:: ::g ::1/64 ::ffff:1.2.3.256");
	assert_no_address("[127.0.0.1] [::1 ::1] [] [ [[::1]] [::1]:7");
	assert_no_address("127.0.0.1%lo 2001:db8::1%lo ::1%lo fe80::1% ::ffff:1.2.3.4%lo");
	assert_no_address("1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111");
	assert_int_equal(addr_parse("", &a), -EINVAL);
	assert_int_equal(addr_parse(" 1.2.3.4", &a), -EINVAL);
	assert_int_equal(addr_parse("1.2.3.4 ", &a), -EINVAL);
}

TEST(a_scope_is_an_interface_by_name_or_number)
{
	char name[IF_NAMESIZE], with_name[64], with_number[64];
	struct addr a;
	unsigned index = 1; /* lo, in every network namespace */

	assert_non_null(if_indextoname(index, name));
	assert_int_equal(text_copy(with_name, sizeof(with_name), "fe80::1%"), 0);
	strncat(with_name, name, sizeof(with_name) - strlen(with_name) - 1);
	a = parsed(with_name);
	assert_int_equal(a.scope, index);
	assert_string_equal(text_of(&a), "fe80::1%1");
	assert_int_equal(text_copy(with_number, sizeof(with_number), "[ff02::1%1]"), 0);
	assert_int_equal(parsed(with_number).scope, index);
	assert_int_equal(parsed("fe80::1").scope, 0);
	assert_int_equal(addr_parse("fe80::1%no-such-if", &a), -ENODEV);
	assert_int_equal(addr_parse("fe80::1%2147483647", &a), -ENODEV);
	assert_int_equal(addr_parse("fe80::1%0", &a), -ENODEV);
	assert_int_equal(addr_parse("fe80::1%01", &a), -ENODEV);
}

TEST(a_refused_address_leaves_the_result_alone)
{
	struct addr a = parsed("192.0.2.1");

	assert_int_equal(addr_parse("::1x", &a), -EINVAL);
	assert_string_equal(text_of(&a), "192.0.2.1");
}

TEST(a_mapped_peer_of_a_dual_stack_socket_is_ipv4)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(4000), .sin6_scope_id = 3 };
	struct addr a, same = parsed("192.0.2.7");

	memcpy(&in6.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\0\2\7", 16);
	a = addr_from_sockaddr((struct sockaddr *)&in6, sizeof(in6));
	same.port = 4000;
	assert_int_equal(a.family, AF_INET);
	assert_true(addr_same(&a, &same));
}

TEST(a_socket_address_comes_back_as_it_was)
{
	struct addr a = parsed("fe80::1");
	struct sockaddr_storage ss;
	struct addr back;
	socklen_t len;

	a.scope = 5;
	a.port = 65535;
	assert_int_equal(addr_to_sockaddr(&a, AF_INET6, &ss, &len), 0);
	assert_int_equal(len, sizeof(struct sockaddr_in6));
	back = addr_from_sockaddr((struct sockaddr *)&ss, len);
	assert_true(addr_same(&a, &back));

	a = parsed("192.0.2.1");
	a.port = 7;
	assert_int_equal(addr_to_sockaddr(&a, AF_INET, &ss, &len), 0);
	assert_int_equal(len, sizeof(struct sockaddr_in));
	back = addr_from_sockaddr((struct sockaddr *)&ss, len);
	assert_true(addr_same(&a, &back));
}

TEST(ipv4_goes_out_mapped_on_an_ipv6_socket)
{
	struct addr a = parsed("192.0.2.1"), unix_peer = { .family = AF_UNIX }, six = parsed("::1");
	struct sockaddr_storage ss;
	struct sockaddr_in6 in6;
	socklen_t len;

	a.port = 7;
	assert_int_equal(addr_to_sockaddr(&a, AF_INET6, &ss, &len), 0);
	memcpy(&in6, &ss, sizeof(in6));
	assert_int_equal(in6.sin6_family, AF_INET6);
	assert_int_equal(ntohs(in6.sin6_port), 7);
	assert_memory_equal(&in6.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\0\2\1", 16);
	assert_int_equal(addr_to_sockaddr(&six, AF_INET, &ss, &len), -EAFNOSUPPORT);
	assert_int_equal(addr_to_sockaddr(&unix_peer, AF_INET, &ss, &len), -EAFNOSUPPORT);
	assert_int_equal(addr_to_sockaddr(&unix_peer, AF_UNIX, &ss, &len), -EAFNOSUPPORT);
}

TEST(short_and_foreign_socket_addresses_are_no_address)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr other = { .sa_family = AF_NETLINK };
	struct addr a;

	a = addr_from_sockaddr((struct sockaddr *)&un, sizeof(sa_family_t)); /* an unnamed peer */
	assert_int_equal(a.family, AF_UNIX);
	assert_string_equal(text_of(&a), "unix");
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&in, sizeof(in) - 1).family, AF_UNSPEC);
	assert_int_equal(addr_from_sockaddr(&other, sizeof(other)).family, AF_UNSPEC);
	assert_int_equal(addr_from_sockaddr(NULL, 0).family, AF_UNSPEC);
}

TEST(a_port_follows_the_address)
{
	char storage[ADDR_TEXT_MAX];
	struct text t = TEXT_OVER(storage);
	struct addr four = parsed("127.0.0.1"), six = parsed("2001:db8::1"), unix_peer = { .family = AF_UNIX };

	four.port = 7;
	six.port = 65535;
	addr_add_text_port(&t, &four);
	text_add(&t, " ");
	addr_add_text_port(&t, &six);
	text_add(&t, " ");
	addr_add_text_port(&t, &unix_peer);
	assert_string_equal(storage, "127.0.0.1:7 [2001:db8::1]:65535 unix");
}

TEST(the_longest_text_fits)
{
	struct addr a = parsed("fe80:1111:2222:3333:4444:5555:6666:7777");
	char storage[ADDR_TEXT_MAX];
	struct text t = TEXT_OVER(storage);

	a.scope = UINT32_MAX;
	a.port = 65535;
	addr_add_text_port(&t, &a);
	assert_string_equal(storage, "[fe80:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535");
}

TEST(prefixes_are_read_and_written)
{
	static const char *const pairs[][2] = {
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "192.0.2.1", "192.0.2.1/32" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "10.128.0.0/9", "10.128.0.0/9" },
		{ "2001:db8::/32", "2001:db8::/32" },
		{ "2001:db8::1", "2001:db8::1/128" },
		{ "::/0", "::/0" },
		{ "::ffff:192.0.2.0/120", "192.0.2.0/24" },
		{ "::ffff:0.0.0.0/96", "0.0.0.0/0" },
		{ "::ffff:192.0.2.1", "192.0.2.1/32" },
	};

	for (size_t i = 0; i < array_n(pairs); i++) {
		char storage[ADDR_TEXT_MAX];
		struct text t = TEXT_OVER(storage);
		struct prefix p = prefix(pairs[i][0]);

		prefix_add_text(&t, &p);
		assert_string_equal(storage, pairs[i][1]);
	}
}

TEST(what_is_no_prefix_is_refused)
{
	static const char *const bad[] = { "",
					   "/24",
					   "192.0.2.0/",
					   "192.0.2.0/33",
					   "192.0.2.0/-1",
					   "192.0.2.0/024",
					   "192.0.2.0/24 ",
					   "10.0.0.0/8/8",
					   "10/8",
					   "::/129",
					   "[::1]/128",
					   "fe80::1%1/64",
					   "192.0.2.0/0x8",
					   "::/4294967296" };
	static const char *const out_of_range[] = {
		"192.0.2.1/24", "0.0.0.1/0", "2001:db8::1/32", "128.0.0.0/0", "::ffff:192.0.2.1/120", "::ffff:0.0.0.0/95",
	};
	struct prefix p;

	for (size_t i = 0; i < array_n(bad); i++) {
		if (prefix_parse(bad[i], &p) != -EINVAL)
			fail_msg("\"%s\" is not a prefix", bad[i]);
	}
	for (size_t i = 0; i < array_n(out_of_range); i++) {
		if (prefix_parse(out_of_range[i], &p) != -ERANGE)
			fail_msg("\"%s\" has bits beyond its length", out_of_range[i]);
	}
}

static bool holds(const char *p, const char *a)
{
	struct prefix pp = prefix(p);
	struct addr aa = parsed(a);

	return prefix_holds(&pp, &aa);
}

TEST(a_prefix_holds_its_addresses_and_no_others)
{
	assert_true(holds("192.0.2.128/25", "192.0.2.128"));
	assert_true(holds("192.0.2.128/25", "192.0.2.255"));
	assert_false(holds("192.0.2.128/25", "192.0.2.127"));
	assert_true(holds("192.0.2.0/24", "::ffff:192.0.2.9"));
	assert_true(holds("0.0.0.0/0", "255.1.2.3"));
	assert_false(holds("0.0.0.0/0", "::1"));
	assert_false(holds("::/0", "127.0.0.1"));
	assert_true(holds("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(holds("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(holds("2001:db8::1", "2001:db8::1"));
	assert_false(holds("2001:db8::1", "2001:db8::2"));
	assert_true(holds("fe80::/10", "febf::1%1"));
}

TEST(the_key_of_a_source_has_neither_port_nor_scope)
{
	struct addr a = parsed("fe80::1234:5678:9abc:def0"), masked;

	a.port = 7;
	a.scope = 3;
	masked = addr_masked(&a, 79);
	assert_string_equal(text_of(&masked), "fe80::1234:0:0:0");
	assert_int_equal(masked.port, 0);
	assert_int_equal(masked.scope, 0);
	masked = addr_masked(&a, 0);
	assert_string_equal(text_of(&masked), "::");
	masked = addr_masked(&a, 128);
	assert_string_equal(text_of(&masked), "fe80::1234:5678:9abc:def0");
	a = parsed("255.255.255.255");
	masked = addr_masked(&a, 27);
	assert_string_equal(text_of(&masked), "255.255.255.224");
	masked = addr_masked(&a, 128); /* an IPv6 length for an IPv4 address: all of it */
	assert_true(addr_same_host(&masked, &a));
}

TEST(kinds_of_addresses_are_told_apart)
{
	static const struct {
		const char *address;
		bool loopback, any, multicast, link_local;
	} rows[] = {
		{ .address = "127.0.0.1", .loopback = true },
		{ .address = "127.255.255.255", .loopback = true },
		{ .address = "126.255.255.255" },
		{ .address = "128.0.0.0" },
		{ .address = "::1", .loopback = true },
		{ .address = "::2" },
		{ .address = "::ffff:127.0.0.1", .loopback = true },
		{ .address = "0.0.0.0", .any = true },
		{ .address = "::", .any = true },
		{ .address = "::ffff:0.0.0.0", .any = true },
		{ .address = "223.255.255.255" },
		{ .address = "224.0.0.1", .multicast = true },
		{ .address = "239.255.255.255", .multicast = true },
		{ .address = "240.0.0.0" },
		{ .address = "ff02::1", .multicast = true },
		{ .address = "feff::1" },
		{ .address = "169.254.0.1", .link_local = true },
		{ .address = "169.253.255.255" },
		{ .address = "fe80::1", .link_local = true },
		{ .address = "febf::1", .link_local = true },
		{ .address = "fec0::1" },
	};
	struct addr none = { .family = AF_UNSPEC };

	for (size_t i = 0; i < array_n(rows); i++) {
		struct addr a = parsed(rows[i].address);

		if (addr_is_loopback(&a) != rows[i].loopback || addr_is_any(&a) != rows[i].any ||
		    addr_is_multicast(&a) != rows[i].multicast || addr_is_link_local(&a) != rows[i].link_local)
			fail_msg("%s is of another kind", rows[i].address);
	}
	assert_false(addr_is_any(&none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_family_that_is_none_of_ours_is_no_text_of_others),
		cmocka_unit_test(addresses_are_read_and_written_in_one_form),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(a_scope_is_an_interface_by_name_or_number),
		cmocka_unit_test(a_refused_address_leaves_the_result_alone),
		cmocka_unit_test(a_mapped_peer_of_a_dual_stack_socket_is_ipv4),
		cmocka_unit_test(a_socket_address_comes_back_as_it_was),
		cmocka_unit_test(ipv4_goes_out_mapped_on_an_ipv6_socket),
		cmocka_unit_test(short_and_foreign_socket_addresses_are_no_address),
		cmocka_unit_test(a_port_follows_the_address),
		cmocka_unit_test(the_longest_text_fits),
		cmocka_unit_test(prefixes_are_read_and_written),
		cmocka_unit_test(what_is_no_prefix_is_refused),
		cmocka_unit_test(a_prefix_holds_its_addresses_and_no_others),
		cmocka_unit_test(the_key_of_a_source_has_neither_port_nor_scope),
		cmocka_unit_test(kinds_of_addresses_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
