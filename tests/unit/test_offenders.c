/* SPDX-License-Identifier: MIT */
/* offenders: who is refused often is found, whoever else is. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "shared/offenders.h"

#define NOW (100 * CLOCK_S_NS)

static struct offence from(const char *address, uint32_t row)
{
	struct offence o = { .row = row, .why = REFUSED_ACL };

	assert_int_equal(addr_parse(address, &o.source), 0);
	return o;
}

/* How often somebody is known to have been refused; 0: not known. */
static uint64_t count_of(const struct offenders *all, const struct offence *who)
{
	for (uint32_t i = 0; i < OFFENDERS_N; i++) {
		struct offender found;

		if (offenders_read(all, i, &found) && found.offence.row == who->row && found.offence.why == who->why &&
		    addr_same_host(&found.offence.source, &who->source))
			return found.count;
	}
	return 0;
}

TEST(refusals_of_one_source_add_up)
{
	static struct offenders all;
	struct offence a = from("192.0.2.1", 1), b = from("2001:db8::", 2);

	memset(&all, 0, sizeof(all));
	offenders_note(&all, &a, 1, NOW);
	offenders_note(&all, &b, 5, NOW);
	offenders_note(&all, &a, 2, NOW);
	assert_int_equal(count_of(&all, &a), 3);
	assert_int_equal(count_of(&all, &b), 5);
	a.row = 3;
	assert_int_equal(count_of(&all, &a), 0);
}

TEST(who_is_refused_often_stays_through_a_flood_of_others)
{
	static struct offenders all;
	struct offence often = from("192.0.2.1", 1);
	unsigned seed = 3;

	memset(&all, 0, sizeof(all));
	for (int i = 0; i < 200000; i++) {
		struct offence other = from("10.0.0.0", 1);
		uint32_t n = (uint32_t)rand_r(&seed);

		memcpy(other.source.bytes + 1, &n, 3);
		offenders_note(&all, &other, 1, NOW);
		if (i % 32 == 0)
			offenders_note(&all, &often, 1, NOW);
	}
	assert_true(count_of(&all, &often) > 1000);
}

TEST(who_is_refused_no_more_gives_up_his_place)
{
	static struct offenders all;
	struct offence was = from("192.0.2.1", 1);

	memset(&all, 0, sizeof(all));
	offenders_note(&all, &was, 1000000, NOW);
	for (uint32_t i = 0; i < 4096; i++) {
		struct offence other = from("10.0.0.0", 1);

		memcpy(other.source.bytes + 1, &i, 3);
		offenders_note(&all, &other, 1, NOW + OFFENDERS_STALE_NS + 1);
	}
	assert_int_equal(count_of(&all, &was), 0);
}

TEST(a_row_that_is_forgotten_has_refused_nobody)
{
	static struct offenders all;
	struct offence a = from("192.0.2.1", 1), b = from("192.0.2.1", 2);

	memset(&all, 0, sizeof(all));
	offenders_note(&all, &a, 1, NOW);
	offenders_note(&all, &b, 1, NOW);
	offenders_forget(&all, 1);
	assert_int_equal(count_of(&all, &a), 0);
	assert_int_equal(count_of(&all, &b), 1);
	offenders_note(&all, &a, 1, NOW);
	assert_int_equal(count_of(&all, &a), 1);
}

TEST(a_place_whose_writer_died_is_passed_over)
{
	static struct offenders all;
	struct offence a = from("192.0.2.1", 1);

	memset(&all, 0, sizeof(all));
	for (uint32_t i = 0; i < OFFENDERS_N; i++)
		atomic_store(&all.places[i].version, 1);
	offenders_note(&all, &a, 1, NOW);
	assert_int_equal(count_of(&all, &a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_of_one_source_add_up),
		cmocka_unit_test(who_is_refused_often_stays_through_a_flood_of_others),
		cmocka_unit_test(who_is_refused_no_more_gives_up_his_place),
		cmocka_unit_test(a_row_that_is_forgotten_has_refused_nobody),
		cmocka_unit_test(a_place_whose_writer_died_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
