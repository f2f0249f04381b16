/* SPDX-License-Identifier: MIT */
/* whole_seconds: a clock of whole seconds is known to milliseconds after ten answers, and never wrongly. */
#include "test.h"

#include "base/clock.h"
#include "echoprobe/whole_seconds.h"
#include "probe_numbers.h"

#define MS ((int64_t)CLOCK_MS_NS)
#define S ((int64_t)CLOCK_S_NS)

/* A server whose clock is offset_ns ahead, and drifts. */
struct server {
	uint64_t seed;
	int64_t offset_ns, drift_ppm;
	int64_t rtt_ns, queue_ns;
};

static int64_t offset_at(const struct server *s, int64_t at_ns)
{
	return s->offset_ns + at_ns / 1000000 * s->drift_ppm;
}

/* Asks at asked_ns; when the answer came. */
static int64_t ask(struct whole_seconds *w, struct server *s, int64_t asked_ns)
{
	int64_t there_ns = asked_ns + s->rtt_ns / 2 + random_delay(&s->seed, s->queue_ns),
		shown_ns = there_ns + offset_at(s, there_ns);
	struct whole_seconds_answer a = { .asked_ns = asked_ns, .second = (shown_ns + 1000000 * S) / S - 1000000 };

	a.answered_ns = there_ns + s->rtt_ns / 2 + random_delay(&s->seed, s->queue_ns);
	assert_true(whole_seconds_add(w, &a));
	return a.answered_ns;
}

static int64_t bound_after(struct server *s, unsigned n)
{
	struct whole_seconds w = { 0 };
	int64_t now_ns = 1000 * S + (int64_t)random_below(&s->seed, (uint64_t)S), offset_ns = 0, bound_ns = 0, asked_ns;

	for (unsigned i = 0; i < n; i++) {
		asked_ns = i == 0 ? now_ns : whole_seconds_next(&w, now_ns, s->rtt_ns);
		assert_true(asked_ns >= now_ns && asked_ns < now_ns + S);
		now_ns = ask(&w, s, asked_ns);
		assert_true(whole_seconds_offset(&w, &offset_ns, &bound_ns));
		assert_within(offset_ns, offset_at(s, now_ns), (double)bound_ns);
	}
	return bound_ns;
}

TEST(the_first_answer_is_good_to_half_a_second_and_half_the_round_trip)
{
	struct server s = { .seed = 1, .offset_ns = 48 * S + 123 * MS, .rtt_ns = 20 * MS };

	assert_within(bound_after(&s, 1), S / 2 + 10 * MS, 1000);
}

TEST(the_next_question_is_under_way_when_the_second_changes_in_the_middle_of_what_is_left)
{
	for (int64_t second = 9; second <= 10; second++) { /* an offset of -1 to 0, and one of 0 to 1 s */
		struct whole_seconds w = { 0 };

		assert_true(whole_seconds_add(&w, &(struct whole_seconds_answer){ 10 * S, 10 * S, second }));
		assert_int_equal(whole_seconds_next(&w, 20 * S, 40 * MS), 20 * S + 480 * MS);
		assert_int_equal(whole_seconds_next(&w, 20 * S + 480 * MS, 40 * MS), 20 * S + 480 * MS);
		assert_int_equal(whole_seconds_next(&w, 20 * S + 480 * MS + 1, 40 * MS), 21 * S + 480 * MS);
	}
}

TEST(ten_answers_over_a_quiet_path_narrow_a_second_to_some_milliseconds)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct server s = { .seed = seed,
				    .offset_ns = (int64_t)(seed * 7919 % 5000) * MS - 2500 * MS,
				    .rtt_ns = MS };

		assert_true(bound_after(&s, 10) < 3 * MS);
	}
}

TEST(the_truth_is_never_outside_whatever_drift_and_queues_there_are)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct server s = {
			.seed = seed,
			.offset_ns = (int64_t)(seed * 104729 % 100000) * MS - 50000 * MS,
			.drift_ppm = (int64_t)(seed % 101) - 50,
			.rtt_ns = (int64_t)(seed % 13) * 10 * MS,
			.queue_ns = (int64_t)(seed % 5) * MS,
		};

		assert_true(bound_after(&s, 30) < S);
	}
}

TEST(an_answer_that_contradicts_those_before_counts_as_the_first)
{
	struct whole_seconds w = { 0 };
	int64_t offset_ns = 0, bound_ns = 0;

	assert_false(whole_seconds_offset(&w, &offset_ns, &bound_ns));
	assert_true(whole_seconds_add(&w, &(struct whole_seconds_answer){ 10 * S, 10 * S + MS, 10 }));
	assert_false(whole_seconds_add(&w, &(struct whole_seconds_answer){ 11 * S, 11 * S + MS, 15 }));
	assert_true(whole_seconds_offset(&w, &offset_ns, &bound_ns));
	assert_within(offset_ns, 4 * S + S / 2, (double)bound_ns);
	assert_within(bound_ns, S / 2, MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_answer_is_good_to_half_a_second_and_half_the_round_trip),
		cmocka_unit_test(the_next_question_is_under_way_when_the_second_changes_in_the_middle_of_what_is_left),
		cmocka_unit_test(ten_answers_over_a_quiet_path_narrow_a_second_to_some_milliseconds),
		cmocka_unit_test(the_truth_is_never_outside_whatever_drift_and_queues_there_are),
		cmocka_unit_test(an_answer_that_contradicts_those_before_counts_as_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
