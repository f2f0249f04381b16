/* SPDX-License-Identifier: MIT */
/* The texts that a setting may hold: exact, or refused. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "settings/value.h"

#define REFUSED UINT64_C(0xDEAD)

TEST(durations_are_exact)
{
	static const struct {
		const char *text;
		int r;
		uint64_t ns;
	} rows[] = {
		{ "250ms", 0, 250 * CLOCK_MS_NS },
		{ "30s", 0, 30 * CLOCK_S_NS },
		{ "5m", 0, 300 * CLOCK_S_NS },
		{ "1h", 0, 3600 * CLOCK_S_NS },
		{ "30", 0, 30 * CLOCK_S_NS },
		{ "0", 0, 0 },
		{ "1.5", 0, 1500 * CLOCK_MS_NS },
		{ "0.000000001", 0, 1 },
		{ "0.1000000000000", 0, 100 * CLOCK_MS_NS },
		{ "2.5h", 0, 9000 * CLOCK_S_NS },
		{ "0.5ms", 0, CLOCK_MS_NS / 2 },
		{ "0.999999999h", 0, UINT64_C(3599999996400) },
		{ "0.000001ms", 0, 1 },
		{ "7.1234560ms", 0, 7123456 },
		{ "0.0000000001", -EINVAL, REFUSED },
		{ "0.0000001ms", -EINVAL, REFUSED },
		{ "", -EINVAL, REFUSED },
		{ "s", -EINVAL, REFUSED },
		{ "5x", -EINVAL, REFUSED },
		{ "5 s", -EINVAL, REFUSED },
		{ "5.s", -EINVAL, REFUSED },
		{ ".5s", -EINVAL, REFUSED },
		{ "1.2.3s", -EINVAL, REFUSED },
		{ "-1s", -EINVAL, REFUSED },
		{ "+1s", -EINVAL, REFUSED },
		{ "1e3", -EINVAL, REFUSED },
		{ "inf", -EINVAL, REFUSED },
		{ "18446744073", 0, UINT64_C(18446744073) * CLOCK_S_NS },
		{ "18446744074", -ERANGE, REFUSED },
		{ "99999999999999999999999h", -ERANGE, REFUSED },
		{ "99999999999999999999999x", -EINVAL, REFUSED },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		uint64_t ns = REFUSED;

		if (value_duration(rows[i].text, &ns) != rows[i].r || ns != rows[i].ns)
			fail_msg("\"%s\": %llu", rows[i].text, (unsigned long long)ns);
	}
}

TEST(sizes_are_powers_of_1024)
{
	static const struct {
		const char *text;
		int r;
		uint64_t bytes;
	} rows[] = {
		{ "0", 0, 0 },
		{ "512", 0, 512 },
		{ "64k", 0, 65536 },
		{ "64K", 0, 65536 },
		{ "4M", 0, 4194304 },
		{ "1G", 0, 1073741824 },
		{ "17179869183G", 0, UINT64_C(17179869183) << 30 },
		{ "17179869184G", -ERANGE, REFUSED },
		{ "18446744073709551616", -ERANGE, REFUSED },
		{ "1.5M", -EINVAL, REFUSED },
		{ "1m", -EINVAL, REFUSED },
		{ "1kB", -EINVAL, REFUSED },
		{ "-1", -EINVAL, REFUSED },
		{ "", -EINVAL, REFUSED },
		{ "k", -EINVAL, REFUSED },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		uint64_t bytes = REFUSED;

		if (value_size(rows[i].text, &bytes) != rows[i].r || bytes != rows[i].bytes)
			fail_msg("\"%s\": %llu", rows[i].text, (unsigned long long)bytes);
	}
}

TEST(rates_have_an_amount_a_period_and_perhaps_a_burst)
{
	static const struct {
		const char *text;
		bool sizes;
		int r;
		struct value_rate rate;
	} rows[] = {
		{ "200/s", false, 0, { 200, CLOCK_S_NS, 0 } },
		{ "10/m", false, 0, { 10, 60 * CLOCK_S_NS, 0 } },
		{ "1/h", false, 0, { 1, 3600 * CLOCK_S_NS, 0 } },
		{ "200/s:400", false, 0, { 200, CLOCK_S_NS, 400 } },
		{ "none", false, 0, { 0, 0, 0 } },
		{ "1M/s", true, 0, { 1048576, CLOCK_S_NS, 0 } },
		{ "1M/s:4M", true, 0, { 1048576, CLOCK_S_NS, 4194304 } },
		{ "1M/s", false, -EINVAL, { 0 } },
		{ "0/s", false, -ERANGE, { 0 } },
		{ "5/s:0", false, -ERANGE, { 0 } },
		{ "200", false, -EINVAL, { 0 } },
		{ "200/", false, -EINVAL, { 0 } },
		{ "200/d", false, -EINVAL, { 0 } },
		{ "200/sec", false, -EINVAL, { 0 } },
		{ "200/s:", false, -EINVAL, { 0 } },
		{ "/s", false, -EINVAL, { 0 } },
		{ "", false, -EINVAL, { 0 } },
		{ "99999999999999999999/s", false, -ERANGE, { 0 } },
		{ "999999999999999999999999999999999999/s", false, -EINVAL, { 0 } },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		struct value_rate v = { 0 };

		if (value_rate(rows[i].text, rows[i].sizes, &v) != rows[i].r || v.amount != rows[i].rate.amount ||
		    v.period_ns != rows[i].rate.period_ns || v.burst != rows[i].rate.burst)
			fail_msg("\"%s\": %llu", rows[i].text, (unsigned long long)v.amount);
	}
}

TEST(integers_never_become_others)
{
	int64_t v = 7;

	assert_int_equal(value_integer("4294967298", &v), 0);
	assert_int_equal(v, INT64_C(4294967298));
	assert_int_equal(value_integer("-5", &v), 0);
	assert_int_equal(v, -5);
	assert_int_equal(value_integer("+5", &v), 0);
	assert_int_equal(v, 5);
	assert_int_equal(value_integer("9223372036854775807", &v), 0);
	assert_int_equal(value_integer("9223372036854775808", &v), -ERANGE);
	assert_int_equal(value_integer("-9223372036854775809", &v), -ERANGE);
	assert_int_equal(value_integer("12a", &v), -EINVAL);
	assert_int_equal(value_integer("", &v), -EINVAL);
	assert_int_equal(value_integer("-", &v), -EINVAL);
	assert_int_equal(value_integer(" 1", &v), -EINVAL);
}

TEST(modes_are_octal)
{
	uint32_t mode = 7;

	assert_int_equal(value_mode("0660", &mode), 0);
	assert_int_equal(mode, 0660);
	assert_int_equal(value_mode("7", &mode), 0);
	assert_int_equal(mode, 7);
	assert_int_equal(value_mode("0888", &mode), -EINVAL);
	assert_int_equal(value_mode("07777", &mode), -EINVAL);
	assert_int_equal(value_mode("1777", &mode), -ERANGE);
	assert_int_equal(value_mode("", &mode), -EINVAL);
	assert_int_equal(mode, 7);
}

TEST(words_and_booleans_are_whole)
{
	unsigned which = 9;
	bool on = false;

	assert_int_equal(value_word("warning", "error|warning|notice", &which), 0);
	assert_int_equal(which, 1);
	assert_int_equal(value_word("notice", "error|warning|notice", &which), 0);
	assert_int_equal(which, 2);
	assert_int_equal(value_word("warn", "error|warning|notice", &which), -EINVAL);
	assert_int_equal(value_word("warning|notice", "error|warning|notice", &which), -EINVAL);
	assert_int_equal(value_word("", "error|warning|notice", &which), -EINVAL);
	assert_int_equal(value_bool("True", &on), 0);
	assert_true(on);
	assert_int_equal(value_bool("yes", &on), -EINVAL);
	assert_int_equal(value_bool("1", &on), -EINVAL);
}

TEST(what_is_written_reads_back_to_the_same)
{
	static const uint64_t durations[] = { 0,
					      1,
					      999,
					      CLOCK_MS_NS,
					      1500 * CLOCK_MS_NS,
					      90 * CLOCK_S_NS,
					      7200 * CLOCK_S_NS,
					      3600 * CLOCK_S_NS + 1,
					      UINT64_MAX };
	static const uint64_t sizes[] = { 0,         1, 1023, 1024, 1536, 1 << 20, UINT64_C(5000000000), UINT64_C(1) << 40,
					  UINT64_MAX };
	char storage[64];

	for (size_t i = 0; i < array_n(durations); i++) {
		struct text t = TEXT_OVER(storage);
		uint64_t v = REFUSED;

		value_add_duration(&t, durations[i]);
		assert_int_equal(value_duration(storage, &v), 0);
		assert_int_equal(v, durations[i]);
	}
	for (size_t i = 0; i < array_n(sizes); i++) {
		struct text t = TEXT_OVER(storage);
		uint64_t v = REFUSED;

		value_add_size(&t, sizes[i]);
		assert_int_equal(value_size(storage, &v), 0);
		assert_int_equal(v, sizes[i]);
	}
}

TEST(what_is_written_is_short)
{
	char storage[64];
	struct text t = TEXT_OVER(storage);

	value_add_duration(&t, 300 * CLOCK_S_NS);
	text_add(&t, " ");
	value_add_duration(&t, 90 * CLOCK_S_NS);
	text_add(&t, " ");
	value_add_duration(&t, CLOCK_S_NS / 2000);
	text_add(&t, " ");
	value_add_size(&t, 4 << 20);
	text_add(&t, " ");
	value_add_words(&t, "a|b|c");
	assert_string_equal(storage, "5m 90s 0.0005s 4M \"a\", \"b\" or \"c\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_exact),
		cmocka_unit_test(sizes_are_powers_of_1024),
		cmocka_unit_test(rates_have_an_amount_a_period_and_perhaps_a_burst),
		cmocka_unit_test(integers_never_become_others),
		cmocka_unit_test(modes_are_octal),
		cmocka_unit_test(words_and_booleans_are_whole),
		cmocka_unit_test(what_is_written_reads_back_to_the_same),
		cmocka_unit_test(what_is_written_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
