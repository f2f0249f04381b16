/* SPDX-License-Identifier: MIT */
/* The words of echoprobe's command line: exact, or refused. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "echoprobe/units.h"

#define REFUSED UINT64_C(0xDEAD)

struct row {
	const char *text;
	int r;
	uint64_t v;
};

TEST(durations_are_exact_and_bare_numbers_are_seconds)
{
	static const struct row rows[] = {
		{ "1", 0, CLOCK_S_NS },
		{ "0.02", 0, 20 * CLOCK_MS_NS },
		{ "20ms", 0, 20 * CLOCK_MS_NS },
		{ "250us", 0, 250000 },
		{ "7ns", 0, 7 },
		{ "5m", 0, 300 * CLOCK_S_NS },
		{ "1.5h", 0, 5400 * CLOCK_S_NS },
		{ "0.000000001", 0, 1 },
		{ "1.5000000000000", 0, 1500 * CLOCK_MS_NS },
		{ "0", 0, 0 },
		{ "0.0000000001", -EINVAL, REFUSED },
		{ "0.5ns", -EINVAL, REFUSED },
		{ "", -EINVAL, REFUSED },
		{ "ms", -EINVAL, REFUSED },
		{ "1 s", -EINVAL, REFUSED },
		{ "1.s", -EINVAL, REFUSED },
		{ "-1", -EINVAL, REFUSED },
		{ "1e3", -EINVAL, REFUSED },
		{ "99999999999999999999", -ERANGE, REFUSED },
		{ "18446744074", -ERANGE, REFUSED },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		uint64_t ns = REFUSED;

		if (units_duration(rows[i].text, &ns) != rows[i].r || ns != rows[i].v)
			fail_msg("\"%s\"", rows[i].text);
	}
}

TEST(a_rate_becomes_the_interval_between_two_packets)
{
	static const struct row rows[] = {
		{ "1", 0, CLOCK_S_NS },
		{ "0.5", 0, 2 * CLOCK_S_NS },
		{ "100000", 0, 10000 },
		{ "100k", 0, 10000 },
		{ "1M", 0, 1000 },
		{ "200/s", 0, 5 * CLOCK_MS_NS },
		{ "0", -ERANGE, REFUSED },
		{ "0.0001", -ERANGE, REFUSED },
		{ "2000M", -ERANGE, REFUSED },
		{ "fast", -EINVAL, REFUSED },
		{ "-5", -EINVAL, REFUSED },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		uint64_t ns = REFUSED;

		if (units_rate(rows[i].text, &ns) != rows[i].r || ns != rows[i].v)
			fail_msg("\"%s\"", rows[i].text);
	}
}

TEST(a_number_is_within_its_range_or_refused)
{
	uint64_t v = REFUSED;

	assert_int_equal(units_number("255", 1, 255, &v), 0);
	assert_int_equal(v, 255);
	assert_int_equal(units_number("0", 1, 255, &v), -ERANGE);
	assert_int_equal(units_number("256", 1, 255, &v), -ERANGE);
	assert_int_equal(units_number("18446744073709551616", 0, UINT64_MAX, &v), -ERANGE);
	assert_int_equal(units_number("12x", 1, 255, &v), -EINVAL);
	assert_int_equal(units_number("", 0, 255, &v), -EINVAL);
	assert_int_equal(v, 255);
}

TEST(dscp_is_a_number_or_a_name_of_its_rfc)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },          { "63", 0, 63 },         { "EF", 0, 46 },         { "ef", 0, 46 },
		{ "CS0", 0, 0 },        { "cs6", 0, 48 },        { "AF11", 0, 10 },       { "AF43", 0, 38 },
		{ "LE", 0, 1 },         { "VA", 0, 44 },         { "BE", 0, 0 },          { "64", -ERANGE, 99 },
		{ "CS8", -EINVAL, 99 }, { "AF14", -EINVAL, 99 }, { "AF51", -EINVAL, 99 }, { "AF1", -EINVAL, 99 },
		{ "C 1", -EINVAL, 99 }, { "", -EINVAL, 99 },     { "AF+1", -EINVAL, 99 },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		uint8_t v = 99;

		if (units_dscp(rows[i].text, &v) != rows[i].r || v != rows[i].v)
			fail_msg("\"%s\"", rows[i].text);
	}
}

TEST(ecn_has_the_bits_of_rfc_3168)
{
	static const struct row rows[] = {
		{ "not", 0, 0 }, { "ect1", 0, 1 }, { "ect0", 0, 2 }, { "ce", 0, 3 }, { "on", -EINVAL, 99 }
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		uint8_t v = 99;

		if (units_ecn(rows[i].text, &v) != rows[i].r || v != rows[i].v)
			fail_msg("\"%s\"", rows[i].text);
		if (rows[i].r == 0)
			assert_string_equal(units_ecn_name(v), rows[i].text);
	}
}

TEST(a_host_is_told_from_its_port_in_every_form)
{
	static const struct {
		const char *text;
		int r;
		const char *host, *port;
	} rows[] = {
		{ "server.example", 0, "server.example", "" },
		{ "server.example:7", 0, "server.example", "7" },
		{ "192.0.2.1:echo", 0, "192.0.2.1", "echo" },
		{ "2001:db8::1", 0, "2001:db8::1", "" },
		{ "::1", 0, "::1", "" },
		{ "[::1]", 0, "::1", "" },
		{ "[2001:db8::1]:10007", 0, "2001:db8::1", "10007" },
		{ "[fe80::1%eth0]:7", 0, "fe80::1%eth0", "7" },
		{ "fe80::1%eth0", 0, "fe80::1%eth0", "" },
		{ "", -EINVAL, "", "" },
		{ ":7", -EINVAL, "", "" },
		{ "host:", -EINVAL, "", "" },
		{ "[::1", -EINVAL, "", "" },
		{ "[::1]7", -EINVAL, "", "" },
		{ "[]:7", -EINVAL, "", "" },
		{ "host:0123456789012345678901234567890123", -ERANGE, "", "" },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		struct units_host h = { 0 };

		if (units_host(rows[i].text, &h) != rows[i].r || strcmp(h.host, rows[i].host) != 0 ||
		    strcmp(h.port, rows[i].port) != 0)
			fail_msg("\"%s\"", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_exact_and_bare_numbers_are_seconds),
		cmocka_unit_test(a_rate_becomes_the_interval_between_two_packets),
		cmocka_unit_test(a_number_is_within_its_range_or_refused),
		cmocka_unit_test(dscp_is_a_number_or_a_name_of_its_rfc),
		cmocka_unit_test(ecn_has_the_bits_of_rfc_3168),
		cmocka_unit_test(a_host_is_told_from_its_port_in_every_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
