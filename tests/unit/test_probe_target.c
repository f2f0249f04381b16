/* SPDX-License-Identifier: MIT */
/* Whom echoprobe tests, and how much it sends there unasked. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "echoprobe/manners.h"
#include "echoprobe/probe.h"
#include "echoprobe/target.h"

static char said[512];

static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct plan plan_of(uint64_t interval_ns)
{
	return (struct plan){
		.probe = probe_at(0), .interval_ns = interval_ns, .burst = 1, .flows = 1, .family = AF_UNSPEC
	};
}

static int check(const struct plan *plan, const char *target)
{
	struct text why = TEXT_OVER(said);
	struct addr a = address(target);

	return manners_check(plan, &a, &why);
}

TEST(private_addresses_are_told_from_public_ones)
{
	static const char *const private[] = { "127.0.0.1",   "::1",        "10.1.2.3", "172.31.255.255", "192.168.0.1",
					       "169.254.1.1", "100.64.0.1", "fe80::1",  "fd00::1",        "fc00::1" };
	static const char *const public[] = {
		"192.0.2.1", "172.32.0.1", "100.128.0.1", "2001:db8::1", "8.8.8.8", "11.0.0.1"
	};

	for (size_t i = 0; i < array_n(private); i++) {
		struct addr a = address(private[i]);

		if (manners_is_public(&a))
			fail_msg("%s", private[i]);
	}
	for (size_t i = 0; i < array_n(public); i++) {
		struct addr a = address(public[i]);

		if (!manners_is_public(&a))
			fail_msg("%s", public[i]);
	}
}

TEST(over_100_packets_a_second_to_a_public_address_need_a_word)
{
	struct plan p = plan_of(10 * CLOCK_MS_NS);

	assert_int_equal(check(&p, "192.0.2.1"), 0);
	p.interval_ns--;
	assert_int_equal(check(&p, "192.0.2.1"), -EPERM);
	assert_non_null(strstr(said, "--i-own-this-host"));
	assert_int_equal(check(&p, "10.0.0.1"), 0);
	p.own_host = true;
	assert_int_equal(check(&p, "192.0.2.1"), 0);

	p = plan_of(CLOCK_S_NS);
	p.burst = 100;
	assert_int_equal(check(&p, "192.0.2.1"), 0);
	p.burst = 101;
	assert_int_equal(check(&p, "192.0.2.1"), -EPERM);
	p.burst = 50;
	p.flows = 3;
	assert_int_equal(check(&p, "192.0.2.1"), -EPERM);
}

TEST(an_interval_under_a_millisecond_needs_flood_to_anybody)
{
	struct plan p = plan_of(CLOCK_MS_NS - 1);

	assert_int_equal(check(&p, "127.0.0.1"), -EPERM);
	assert_non_null(strstr(said, "--flood"));
	p.flood = true;
	assert_int_equal(check(&p, "127.0.0.1"), 0);
	assert_int_equal(check(&p, "192.0.2.1"), -EPERM);
}

TEST(nothing_goes_to_a_multicast_address)
{
	struct plan p = plan_of(CLOCK_S_NS);

	assert_int_equal(check(&p, "224.0.0.1"), -EPERM);
	assert_int_equal(check(&p, "ff02::1"), -EPERM);
}

TEST(administrative_prohibition_is_known_in_both_families)
{
	assert_true(manners_is_prohibition(AF_INET, 3, 13));
	assert_true(manners_is_prohibition(AF_INET, 3, 10));
	assert_true(manners_is_prohibition(AF_INET6, 1, 1));
	assert_false(manners_is_prohibition(AF_INET, 3, 3));
	assert_false(manners_is_prohibition(AF_INET, 11, 0));
	assert_false(manners_is_prohibition(AF_INET6, 3, 1));
}

TEST(the_port_is_the_hosts_own_then_the_plans_then_the_tests)
{
	struct plan p = plan_of(CLOCK_S_NS);
	struct text why = TEXT_OVER(said);
	struct target t;

	assert_int_equal(target_resolve(&p, "127.0.0.1", &t, &why), 0);
	assert_int_equal(t.addr.port, 7);
	p.port = "10007";
	assert_int_equal(target_resolve(&p, "::1", &t, &why), 0);
	assert_int_equal(t.addr.port, 10007);
	assert_int_equal(t.addr.family, AF_INET6);
	assert_int_equal(target_resolve(&p, "[::1]:9", &t, &why), 0);
	assert_int_equal(t.addr.port, 9);
	assert_string_equal(t.name, "::1");
}

TEST(what_is_no_host_or_port_is_told_so)
{
	static const struct {
		const char *word;
		int r;
		const char *says;
	} rows[] = {
		{ "host:", -EINVAL, "no host" },
		{ "127.0.0.1:0", -EINVAL, "no port" },
		{ "127.0.0.1:65536", -EINVAL, "no port" },
		{ "127.0.0.1:no-such-service", -ENOENT, "no-such-service" },
	};
	struct plan p = plan_of(CLOCK_S_NS);

	for (size_t i = 0; i < array_n(rows); i++) {
		struct text why = TEXT_OVER(said);
		struct target t;

		assert_int_equal(target_resolve(&p, rows[i].word, &t, &why), rows[i].r);
		assert_non_null(strstr(said, rows[i].says));
	}
}

TEST(an_address_of_the_other_family_is_not_what_was_asked_for)
{
	struct plan p = plan_of(CLOCK_S_NS);
	struct text why = TEXT_OVER(said);
	struct target_source s;
	struct target t;

	p.family = AF_INET6;
	assert_int_equal(target_resolve(&p, "127.0.0.1", &t, &why), -ENOENT);
	p.source = "127.0.0.2";
	assert_int_equal(target_source(&p, AF_INET, &s, &why), 0);
	assert_int_equal(s.addr.family, AF_INET);
	assert_int_equal(target_source(&p, AF_INET6, &s, &why), -EINVAL);
	p.source = "lo";
	assert_int_equal(target_source(&p, AF_INET6, &s, &why), 0);
	assert_string_equal(s.interface, "lo");
	p.source = "no-such-thing";
	assert_int_equal(target_source(&p, AF_INET, &s, &why), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_addresses_are_told_from_public_ones),
		cmocka_unit_test(over_100_packets_a_second_to_a_public_address_need_a_word),
		cmocka_unit_test(an_interval_under_a_millisecond_needs_flood_to_anybody),
		cmocka_unit_test(nothing_goes_to_a_multicast_address),
		cmocka_unit_test(administrative_prohibition_is_known_in_both_families),
		cmocka_unit_test(the_port_is_the_hosts_own_then_the_plans_then_the_tests),
		cmocka_unit_test(what_is_no_host_or_port_is_told_so),
		cmocka_unit_test(an_address_of_the_other_family_is_not_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
