/* SPDX-License-Identifier: MIT */
/* Rates of sources, totals and the loop guard, as a flood of invented sources and many processes meet them. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "admission/rate_limits.h"

#define START_NS (1000 * CLOCK_S_NS)
#define ROW 7

static const struct siphash_key key = { { UINT64_C(0x0123456789ABCDEF), UINT64_C(0xFEDCBA9876543210) } };
static const struct rate_limits_totals no_totals;
static const struct rate no_rate;

static struct rate rate_of(uint64_t amount, uint64_t burst)
{
	struct rate r = { .amount = amount, .period_ns = CLOCK_S_NS, .burst = burst };

	rate_settle(&r);
	return r;
}

static struct rate_limits *make_shaped(const struct rate_sketch_shape *shape)
{
	void *memory = mmap(NULL, (size_t)shape->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	static struct rate_limits many[16];
	static size_t n;
	struct rate_limits *l = &many[n++ % array_n(many)];

	assert_true(memory != MAP_FAILED);
	rate_limits_init(l, memory, shape, &key);
	return l;
}

static struct rate_limits *make(void)
{
	return make_shaped(&(struct rate_sketch_shape){ .bytes = 1 << 20, .source_bits_v4 = 32, .source_bits_v6 = 64 });
}

static struct rate_limits_request from(const char *address, uint64_t now_ns)
{
	struct rate_limits_request q = { .row = ROW, .n = 1, .now_ns = now_ns };

	if (strcmp(address, "unix") == 0)
		q.source.family = AF_UNIX;
	else
		assert_int_equal(addr_parse(address, &q.source), 0);
	q.source.port = 2000;
	return q;
}

static enum refusal ask(struct rate_limits *l, const struct rate_limits_request *q, const struct rate *r,
			const struct rate_limits_totals *totals)
{
	enum refusal why;

	return rate_limits_answers(l, q, r, totals, &why) == 1 ? REFUSED_NOT : why;
}

static enum refusal send_bytes(struct rate_limits *l, const struct rate_limits_request *q,
			       const struct rate_limits_totals *totals, uint32_t bytes)
{
	return rate_limits_answer_bytes(l, q, totals, bytes) == 1 ? REFUSED_NOT : REFUSED_TOTAL;
}

static enum refusal loops(struct rate_limits *l, const struct rate_limits_request *q)
{
	return rate_limits_loop(l, q) == RATE_LIMITS_NO_LOOP ? REFUSED_NOT : REFUSED_LOOP;
}

/* How many of n are answered at once. */
static unsigned answered(struct rate_limits *l, struct rate_limits_request q, const struct rate *r, unsigned n)
{
	unsigned got = 0;

	while (n-- > 0)
		got += ask(l, &q, r, &no_totals) == REFUSED_NOT;
	return got;
}

TEST(a_source_gets_its_burst_and_then_its_rate)
{
	struct rate_limits *l = make();
	struct rate r = rate_of(50, 100);
	unsigned got = 0;

	for (unsigned ms = 0; ms < 10000; ms++)
		got += answered(l, from("192.0.2.1", START_NS + ms * CLOCK_MS_NS), &r, 1);
	assert_in_range(got, 598, 601); /* 100 + 10 s of 50 */
	assert_int_equal(answered(l, from("192.0.2.1", START_NS + 3600 * CLOCK_S_NS), &r, 500), 100);
}

TEST(sources_and_listeners_are_apart)
{
	struct rate_limits *l = make();
	struct rate r = rate_of(1, 5);
	struct rate_limits_request q = from("192.0.2.1", START_NS);

	assert_int_equal(answered(l, q, &r, 9), 5);
	assert_int_equal(answered(l, from("192.0.2.2", START_NS), &r, 9), 5);
	assert_int_equal(answered(l, from("::ffff:192.0.2.1", START_NS), &r, 9), 0); /* the same host */
	q.row = ROW + 1;
	assert_int_equal(answered(l, q, &r, 9), 5);
	/* sessions have a rate of their own */
	for (int i = 0; i < 5; i++)
		assert_int_equal(rate_limits_session(l, &q, &r), REFUSED_NOT);
	assert_int_equal(rate_limits_session(l, &q, &r), REFUSED_RATE);
	/* another port is no other source */
	q.source.port = 9;
	assert_int_equal(rate_limits_session(l, &q, &r), REFUSED_RATE);
}

TEST(a_prefix_is_one_source)
{
	struct rate_limits *l = make_shaped(
		&(struct rate_sketch_shape){ .bytes = 1 << 20, .source_bits_v4 = 24, .source_bits_v6 = 96 });
	struct rate r = rate_of(1, 5);

	assert_int_equal(answered(l, from("192.0.2.1", START_NS), &r, 3), 3);
	assert_int_equal(answered(l, from("192.0.2.254", START_NS), &r, 3), 2);
	assert_int_equal(answered(l, from("192.0.3.1", START_NS), &r, 9), 5);
	assert_int_equal(answered(l, from("2001:db8::1:0:1", START_NS), &r, 3), 3);
	assert_int_equal(answered(l, from("2001:db8::1:ffff:ffff", START_NS), &r, 3), 2);
	assert_int_equal(answered(l, from("2001:db8::2:0:1", START_NS), &r, 9), 5);
}

TEST(no_rate_and_no_address_are_no_limit)
{
	struct rate_limits *l = make();
	struct rate r = rate_of(1, 1);

	assert_int_equal(answered(l, from("192.0.2.1", START_NS), &no_rate, 1000), 1000);
	assert_int_equal(answered(l, from("unix", START_NS), &r, 1000), 1000);
}

/* A reload: the debt stays, the rate is the new one. */
TEST(a_new_rate_holds_for_what_was_used_before)
{
	struct rate_limits *l = make();
	struct rate slow = rate_of(10, 20), fast = rate_of(10, 40);

	assert_int_equal(answered(l, from("192.0.2.1", START_NS), &slow, 99), 20);
	assert_int_equal(answered(l, from("192.0.2.1", START_NS), &fast, 99), 20);
	assert_int_equal(answered(l, from("192.0.2.1", START_NS), &slow, 99), 0);
	assert_int_equal(answered(l, from("192.0.2.1", START_NS + 3 * CLOCK_S_NS), &slow, 99), 10);
}

TEST(totals_hold_for_everybody_together)
{
	struct rate_limits *l = make();
	struct rate_limits_totals totals = { .answers = rate_of(10, 10), .answer_bytes = rate_of(1000, 1000) };
	struct rate r = rate_of(1, 2);
	struct rate_limits_request a = from("192.0.2.1", START_NS), b = from("192.0.2.2", START_NS);

	for (int i = 0; i < 100; i++) /* a source that is over its own rate takes nothing from the others */
		(void)ask(l, &a, &r, &totals);
	for (int i = 0; i < 8; i++)
		assert_int_equal(ask(l, &b, &no_rate, &totals), REFUSED_NOT);
	assert_int_equal(ask(l, &b, &r, &totals), REFUSED_TOTAL);
	assert_int_equal(ask(l, &a, &r, &totals), REFUSED_RATE);
	/* and who was refused by them has not used up its own */
	b.now_ns += CLOCK_S_NS / 2;
	assert_int_equal(ask(l, &b, &r, &totals), REFUSED_NOT);
	assert_int_equal(ask(l, &b, &r, &totals), REFUSED_NOT);
	assert_int_equal(ask(l, &b, &r, &totals), REFUSED_RATE);
	assert_int_equal(send_bytes(l, &a, &totals, 900), REFUSED_NOT);
	assert_int_equal(send_bytes(l, &a, &totals, 101), REFUSED_TOTAL);
	assert_int_equal(send_bytes(l, &a, &totals, 100), REFUSED_NOT);
}

/* 300,000 sources that are never seen again, in the smallest sensible memory, beside one that asks too much and a
 * hundred that ask little. */
TEST(a_flood_of_invented_sources_frees_nobody_and_harms_nobody)
{
	struct rate_limits *l = make();
	struct rate r = rate_of(50, 100);
	unsigned attacker = 0, lost = 0, asked = 0;
	uint32_t invented = 0;

	for (unsigned ms = 0; ms < 1000; ms++) {
		uint64_t now_ns = START_NS + ms * CLOCK_MS_NS;
		struct rate_limits_request q = from("198.18.0.0", now_ns);

		for (int i = 0; i < 300; i++) {
			invented++;
			memcpy(q.source.bytes + 1, &invented, 3);
			(void)answered(l, q, &r, 1);
		}
		attacker += answered(l, from("192.0.2.1", now_ns), &r, 2);
		q = from("192.0.2.2", now_ns);
		q.source.bytes[3] = (uint8_t)(100 + ms % 100);
		asked++;
		lost += 1 - answered(l, q, &r, 1);
	}
	assert_in_range(attacker, 148, 151); /* its burst and a second */
	assert_int_equal(lost, 0);
	assert_int_equal(asked, 1000);
}

/* Two processes that charge one source at once charge it twice. */
TEST(a_source_is_charged_by_all_processes_together)
{
	struct rate_limits *l = make();
	struct rate r = rate_of(1, 20000);
	_Atomic unsigned *got = mmap(NULL, sizeof(*got), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(got != MAP_FAILED);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			atomic_fetch_add(got, answered(l, from("192.0.2.1", START_NS), &r, 20000));
			_exit(0);
		}
	while (wait(NULL) > 0)
		continue;
	assert_int_equal(*got, 20000);
}

TEST(one_in_a_row_of_1024_from_an_odd_port_is_dropped)
{
	static const struct {
		uint16_t port;
		bool looked_at;
	} rows[] = { { 1, true },      { 1024, true },   { 9999, true },  { 32767, true }, { 32768, false },
		     { 50000, false }, { 60999, false }, { 61000, true }, { 65535, true } };
	struct rate_limits *l = make();

	for (size_t i = 0; i < array_n(rows); i++) {
		struct rate_limits_request q = from("192.0.2.1", START_NS);

		q.source.port = rows[i].port;
		for (int k = 1; k <= 3 * LOOPGUARD_EVERY; k++) {
			bool last = k % LOOPGUARD_EVERY == 0;

			assert_int_equal(loops(l, &q) == REFUSED_LOOP, rows[i].looked_at && last);
		}
	}
}

TEST(a_row_is_of_one_address_and_port_and_listener)
{
	struct rate_limits *l = make();
	struct rate_limits_request a = from("2001:db8::1", START_NS), b = from("2001:db8::2", START_NS), c = a, d = a;

	c.source.port = 2001;
	d.row++;
	for (int k = 1; k < LOOPGUARD_EVERY; k++) {
		assert_int_equal(loops(l, &a), REFUSED_NOT);
		assert_int_equal(loops(l, &b), REFUSED_NOT);
		assert_int_equal(loops(l, &c), REFUSED_NOT);
		assert_int_equal(loops(l, &d), REFUSED_NOT);
	}
	assert_int_equal(loops(l, &a), REFUSED_LOOP);
	assert_int_equal(loops(l, &b), REFUSED_LOOP);
	assert_int_equal(loops(l, &c), REFUSED_LOOP);
	assert_int_equal(loops(l, &d), REFUSED_LOOP);
	assert_int_equal(loops(l, &a), REFUSED_NOT); /* nobody is silenced */
}

/* As an echo service sees them: payloads of four bytes. */
static bool copy_loops_of(struct rate_limits *l, const char *source, uint16_t port, uint32_t payload)
{
	const uint8_t *const payloads[] = { (const uint8_t *)&payload };
	struct rate_limits_request q = from(source, START_NS);

	q.source.port = port;
	q.payloads = payloads;
	q.bytes = sizeof(payload);
	return rate_limits_loop(l, &q) != RATE_LIMITS_NO_LOOP;
}

static bool copy_loops(struct rate_limits *l, uint32_t payload)
{
	return copy_loops_of(l, "192.0.2.1", 20000, payload);
}

TEST(a_probe_that_never_repeats_itself_loses_nothing_where_answers_are_copies)
{
	struct rate_limits *l = make();

	for (uint32_t i = 0; i < 1000000; i++)
		assert_false(copy_loops(l, i));
}

TEST(what_goes_round_unchanged_is_dropped_in_1024_rounds)
{
	struct rate_limits *l = make();
	unsigned rounds = 0;

	while (!copy_loops(l, 7))
		rounds++;
	assert_in_range(rounds, LOOPGUARD_EVERY - 1, LOOPGUARD_EVERY);
}

TEST(what_changes_on_its_way_round_is_dropped_in_two_million)
{
	struct rate_limits *l = make();
	unsigned rounds = 0;

	while (!copy_loops(l, rounds))
		rounds++;
	assert_in_range(rounds, LOOPGUARD_EVERY_OTHER / 2, LOOPGUARD_EVERY_OTHER + LOOPGUARD_EVERY);
}

TEST(a_row_in_one_batch_is_looked_at_one_by_one)
{
	static const uint8_t same[8], other[8] = { 1 };
	const uint8_t *payloads[64];
	struct rate_limits *l = make();
	struct rate_limits_request q = from("192.0.2.1", START_NS);
	unsigned drops = 0;

	q.source.port = 20000;
	q.payloads = payloads;
	q.bytes = sizeof(same);
	q.n = 64;
	for (int i = 0; i < 64; i++)
		payloads[i] = i % 2 ? same : other;
	for (int round = 0; round < 64; round++)
		assert_int_equal(rate_limits_loop(l, &q), RATE_LIMITS_NO_LOOP);
	for (int i = 0; i < 64; i++)
		payloads[i] = same;
	for (int round = 0; round < 64; round++)
		drops += rate_limits_loop(l, &q) != RATE_LIMITS_NO_LOOP;
	assert_int_equal(drops, 4); /* of 4096 */
}

TEST(a_source_that_met_a_budget_is_known_for_a_minute)
{
	struct rate_limits *l = make();
	struct rate_limits_request a = from("192.0.2.1", START_NS), b = from("192.0.2.2", START_NS);

	assert_false(rate_limits_was_limited(l, &a.source, START_NS));
	rate_limits_note_limited(l, &a.source, START_NS);
	assert_true(rate_limits_was_limited(l, &a.source, START_NS));
	assert_true(rate_limits_was_limited(l, &a.source, START_NS + 59 * CLOCK_S_NS));
	assert_false(rate_limits_was_limited(l, &a.source, START_NS + 62 * CLOCK_S_NS));
	assert_false(rate_limits_was_limited(l, &b.source, START_NS));
}

/* A flood beside a loop does not hide it. */
TEST(a_loop_ends_under_a_flood)
{
	struct rate_limits *l = make();
	struct rate_limits_request loop = from("192.0.2.1", START_NS), q = from("198.18.0.0", START_NS);
	uint32_t invented = 0;
	unsigned rounds = 0;

	while (loops(l, &loop) == REFUSED_NOT) {
		rounds++;
		assert_true(rounds < 20 * LOOPGUARD_EVERY);
		for (int i = 0; i < 50; i++) {
			invented++;
			memcpy(q.source.bytes + 1, &invented, 3);
			(void)loops(l, &q);
		}
	}
}

/* Nor where the others' payloads come between. */
TEST(a_loop_of_copies_ends_under_a_flood)
{
	struct rate_limits *l = make();
	uint32_t invented = 1000;
	unsigned rounds = 0;

	while (!copy_loops(l, 7)) {
		rounds++;
		assert_true(rounds < 20 * LOOPGUARD_EVERY);
		for (int i = 0; i < 50; i++, invented++)
			(void)copy_loops_of(l, "198.18.0.1", (uint16_t)(invented % 30000), invented);
	}
}

TEST(all_of_it_is_within_the_size_that_was_asked_for)
{
	struct rate_sketch_shape shape = { .bytes = RATE_LIMITS_BYTES_MIN, .source_bits_v4 = 32, .source_bits_v6 = 64 };
	uint8_t *memory = mmap(NULL, RATE_LIMITS_BYTES_MIN + 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			       0);
	struct rate_limits made, *l = &made;
	struct rate r = rate_of(1, 2);
	struct rate_limits_request q = from("198.18.0.0", START_NS);
	static const uint8_t untouched[4096];

	rate_limits_init(l, memory, &shape, &key);
	for (uint32_t i = 0; i < 100000; i++) {
		memcpy(q.source.bytes + 1, &i, 3);
		(void)ask(l, &q, &r, &no_totals);
		(void)loops(l, &q);
	}
	assert_memory_equal(memory + shape.bytes, untouched, sizeof(untouched));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_gets_its_burst_and_then_its_rate),
		cmocka_unit_test(sources_and_listeners_are_apart),
		cmocka_unit_test(a_prefix_is_one_source),
		cmocka_unit_test(no_rate_and_no_address_are_no_limit),
		cmocka_unit_test(a_new_rate_holds_for_what_was_used_before),
		cmocka_unit_test(totals_hold_for_everybody_together),
		cmocka_unit_test(a_flood_of_invented_sources_frees_nobody_and_harms_nobody),
		cmocka_unit_test(a_source_is_charged_by_all_processes_together),
		cmocka_unit_test(one_in_a_row_of_1024_from_an_odd_port_is_dropped),
		cmocka_unit_test(a_row_is_of_one_address_and_port_and_listener),
		cmocka_unit_test(a_loop_ends_under_a_flood),
		cmocka_unit_test(a_probe_that_never_repeats_itself_loses_nothing_where_answers_are_copies),
		cmocka_unit_test(what_goes_round_unchanged_is_dropped_in_1024_rounds),
		cmocka_unit_test(what_changes_on_its_way_round_is_dropped_in_two_million),
		cmocka_unit_test(a_row_in_one_batch_is_looked_at_one_by_one),
		cmocka_unit_test(a_source_that_met_a_budget_is_known_for_a_minute),
		cmocka_unit_test(a_loop_of_copies_ends_under_a_flood),
		cmocka_unit_test(all_of_it_is_within_the_size_that_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
