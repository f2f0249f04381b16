/* SPDX-License-Identifier: MIT */
/* track: each packet has one fate, whatever happens to it, and a flow's figures follow. */
#include "test.h"

#include <string.h>

#include "echoprobe/track.h"
#include "probe_numbers.h"
#include "wire/impairment.h"

#define PLACES 1024
#define GAP 1000
#define TIMEOUT 20000

static struct pending_slot slots[PLACES];
static struct order_high highs[PLACES];
static struct track t;
static struct tally run, interval;

static void begin_with(size_t places, uint64_t warmup)
{
	track_init(&t, &(struct track_memory){ slots, places, highs, places }, TIMEOUT, warmup);
	memset(&run, 0, sizeof(run));
	memset(&interval, 0, sizeof(interval));
	track_count_in(&t, &run, NULL);
}

static int begin(void **state maybe_unused)
{
	begin_with(PLACES, 0);
	return 0;
}

/* n packets, the k-th at k * GAP. */
static void send(unsigned n)
{
	while (n-- > 0)
		track_sent(&t, (int64_t)track_next(&t) * GAP, 64);
}

static enum track_verdict answer(uint64_t seq, int64_t rtt_ns)
{
	struct track_answer a = { .seq = seq, .bytes = 64, .rtt_ns = rtt_ns, .arrived_ns = (int64_t)seq * GAP + rtt_ns };

	return track_answered(&t, &a);
}

static void expire(int64_t now_ns)
{
	uint64_t seq;

	while (track_expired(&t, now_ns, &seq))
		;
}

TEST(a_run_without_loss_has_all_its_figures_before_it_ends)
{
	static const int64_t delays[] = { 20, 10, 20, 25, 20 };

	send(5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(answer(i, delays[i]), TRACK_OK);
	assert_int_equal(run.packets.sent, 5);
	assert_int_equal(run.packets.received, 5);
	assert_int_equal(run.ipdv_abs_ns.n, 4);
	assert_int_equal(run.ipdv_abs.min_ns, 5);
	assert_int_equal(run.ipdv_abs.max_ns, 10);
	assert_within(run.ipdv_abs_ns.mean, 7.5, 1e-9); /* 10 10 5 5 */
	assert_int_equal(run.sent_bytes, 320);
	assert_int_equal(run.received_bytes, 320);
	assert_true(track_deadline_ns(&t) == CLOCK_NEVER);
}

TEST(a_packet_times_out_when_more_than_the_time_out_has_passed)
{
	uint64_t seq = 9;

	send(2);
	assert_true(track_deadline_ns(&t) == TIMEOUT + 1);
	assert_false(track_expired(&t, TIMEOUT, &seq));
	assert_true(track_expired(&t, TIMEOUT + 1, &seq));
	assert_int_equal(seq, 0);
	assert_false(track_expired(&t, TIMEOUT + 1, &seq));
	assert_true(track_deadline_ns(&t) == GAP + TIMEOUT + 1);
	assert_int_equal(tally_lost(&run), 1);
}

TEST(an_answer_after_its_time_out_is_late_and_not_lost)
{
	send(1);
	expire(TIMEOUT + 1);
	assert_int_equal(tally_lost(&run), 1);
	assert_int_equal(answer(0, TIMEOUT + 500), TRACK_LATE);
	assert_int_equal(tally_lost(&run), 0);
	assert_int_equal(run.packets.late, 1);
	assert_int_equal(run.packets.received, 1);
	assert_int_equal(run.rtt.max_ns, TIMEOUT + 500);
	track_end(&t, GAP);
	assert_int_equal(run.periods, 0);
}

TEST(a_late_answer_that_overtakes_its_time_out_counts_the_same)
{
	send(1);
	assert_int_equal(answer(0, TIMEOUT + 500), TRACK_LATE);
	expire(10 * TIMEOUT);
	assert_int_equal(run.packets.timed_out, 1);
	assert_int_equal(run.packets.recovered, 1);
	assert_int_equal(tally_lost(&run), 0);
	assert_int_equal(run.packets.late, 1);
}

TEST(an_answer_in_time_that_was_read_too_late_is_not_late)
{
	send(1);
	expire(TIMEOUT + 1);
	assert_int_equal(answer(0, TIMEOUT), TRACK_OK);
	assert_int_equal(run.packets.late, 0);
	assert_int_equal(tally_lost(&run), 0);
}

TEST(of_three_copies_the_first_is_measured)
{
	send(1);
	assert_int_equal(answer(0, 30), TRACK_OK);
	assert_int_equal(answer(0, 40), TRACK_DUPLICATE);
	assert_int_equal(answer(0, 50), TRACK_DUPLICATE);
	assert_int_equal(run.packets.duplicated, 2);
	assert_int_equal(run.rtt.n, 1);
	assert_int_equal(run.rtt.max_ns, 30);
}

TEST(loss_periods_are_those_of_the_order_of_sending)
{
	send(11);
	answer(10, 30); /* 2 5 7 9 10 of 1 to 11 are lost, as in RFC 3357 */
	answer(0, 30);
	answer(2, 30);
	answer(7, 30);
	answer(3, 30);
	answer(5, 30);
	expire(100 * TIMEOUT);
	track_end(&t, 11 * GAP);
	assert_int_equal(tally_lost(&run), 5);
	assert_int_equal(run.periods, 4);
	assert_int_equal(run.longest.length, 2);
	assert_int_equal(run.longest.duration_ns, 2 * GAP);
}

TEST(a_period_at_the_end_of_the_run_ends_with_it)
{
	send(4);
	answer(0, 30);
	track_end(&t, 4 * GAP);
	assert_int_equal(tally_lost(&run), 3);
	assert_int_equal(run.periods, 1);
	assert_int_equal(run.longest.length, 3);
	assert_int_equal(run.longest.duration_ns, 3 * GAP);
}

TEST(packets_of_the_warm_up_are_answered_and_not_counted)
{
	begin_with(PLACES, 2);
	send(4);
	assert_int_equal(answer(0, 5000), TRACK_OK);
	assert_int_equal(answer(0, 5000), TRACK_DUPLICATE);
	answer(2, 10);
	answer(3, 12);
	expire(100 * TIMEOUT);
	track_end(&t, 4 * GAP);
	assert_int_equal(run.packets.sent, 2);
	assert_int_equal(run.packets.received, 2);
	assert_int_equal(run.packets.duplicated, 0);
	assert_int_equal(run.packets.timed_out, 0);
	assert_int_equal(run.packets.reordered, 0);
	assert_int_equal(run.rtt.max_ns, 12);
	assert_int_equal(run.ipdv_abs_ns.n, 1);
	assert_int_equal(run.periods, 0);
}

TEST(a_packet_that_could_not_be_sent_is_neither_lost_nor_sent)
{
	send(1);
	track_failed(&t, GAP);
	send(1);
	answer(0, 10);
	answer(2, 10);
	track_end(&t, 3 * GAP);
	assert_int_equal(run.packets.sent, 2);
	assert_int_equal(run.packets.send_failed, 1);
	assert_int_equal(tally_lost(&run), 0);
	assert_int_equal(run.ipdv_abs_ns.n, 0);
}

TEST(intervals_are_counted_beside_the_run_and_merge_to_it)
{
	static struct tally sum;
	uint64_t seed = 2;

	memset(&sum, 0, sizeof(sum));
	track_count_in(&t, &run, &interval);
	for (unsigned i = 0; i < 5000; i++) {
		send(1);
		if (random_below(&seed, 10) != 0)
			answer(i, random_delay(&seed, 4000));
		expire((int64_t)i * GAP);
		if (i % 700 == 0) {
			tally_merge(&sum, &interval);
			memset(&interval, 0, sizeof(interval));
		}
	}
	track_end(&t, 5000 * GAP);
	tally_merge(&sum, &interval);
	assert_memory_equal(&sum.packets, &run.packets, sizeof(run.packets));
	assert_memory_equal(&sum.rtt, &run.rtt, sizeof(run.rtt));
	assert_int_equal(sum.periods, run.periods);
	assert_true(run.periods > 300 && run.packets.late > 0);
}

/* Sends, answers, answers again and leaves out at random, in rings of any size. */
static void play_at_random(uint64_t *seed)
{
	int64_t now_ns = 0;

	for (unsigned i = 0; i < 4000; i++, now_ns += GAP) {
		track_sent(&t, now_ns, 64);
		for (uint64_t n = random_below(seed, 3); n > 0; n--) {
			uint64_t first = pending_first(&t.pending), held = track_next(&t) - first;
			uint64_t seq = track_next(&t) - 1 - random_below(seed, held < 40 ? held : 40);

			answer(seq, now_ns - (int64_t)seq * GAP + 10);
		}
		if (random_below(seed, 3) == 0)
			expire(now_ns);
	}
	track_end(&t, now_ns);
}

TEST(what_was_sent_is_received_or_lost_after_any_fates)
{
	for (uint64_t seed = 1; seed < 30; seed++) {
		uint64_t s = seed;

		begin_with((size_t)16 << random_below(&s, 7), 0);
		play_at_random(&s);
		assert_int_equal(run.packets.sent, 4000);
		assert_int_equal(run.packets.received + tally_lost(&run), 4000);
		assert_int_equal(run.packets.timed_out - run.packets.recovered, tally_lost(&run));
		assert_int_equal(run.rtt.n, run.packets.received);
		assert_true(run.periods > 0 && run.periods <= tally_lost(&run));
		assert_true(run.packets.duplicated > 0 && run.packets.reordered > 0);
		assert_int_equal(t.pending.waiting, 0);
	}
}

/* Sends a packet that the server was asked to do this to. */
static void send_impaired(enum impairment_fault fault)
{
	track_sent(&t, (int64_t)track_next(&t) * GAP, 64)->faults = (uint8_t)(1U << fault);
}

TEST(what_the_server_was_asked_for_is_told_from_what_the_path_did)
{
	for (unsigned i = 0; i < 2; i++) { /* the server did it, and the path once more to the packets after it */
		if (i == 0)
			send_impaired(IMPAIRMENT_DROP);
		else
			send(1);
		for (unsigned k = 0; k < 4; k++) {
			static const enum impairment_fault faults[] = { IMPAIRMENT_DUPLICATE, IMPAIRMENT_CORRUPT,
									IMPAIRMENT_TRUNCATE, IMPAIRMENT_REORDER };

			if (i == 0)
				send_impaired(faults[k]);
			else
				send(1);
		}
	}
	for (unsigned i = 0; i < 10; i += 5) {
		static const enum tally_content contents[] = { TALLY_INTACT, TALLY_CORRUPTED, TALLY_TRUNCATED };

		for (unsigned k = 0; k < 3; k++)
			(void)track_answered(&t, &(struct track_answer){ .seq = i + 1 + k, .content = contents[k] });
		assert_int_equal(answer(i + 1, 10), TRACK_DUPLICATE);
		assert_int_equal(answer(i + 1, 10), TRACK_DUPLICATE); /* one copy too many to be the server's */
	}
	answer(4, 10);
	answer(9, 10);
	track_end(&t, 10 * GAP);
	assert_int_equal(tally_lost(&run), 2);
	assert_int_equal(run.expected.timed_out - run.expected.recovered, 1);
	assert_int_equal(run.packets.duplicated, 4);
	assert_int_equal(run.expected.duplicated, 1);
	assert_int_equal(run.packets.corrupted, 2);
	assert_int_equal(run.expected.corrupted, 1);
	assert_int_equal(run.packets.truncated, 2);
	assert_int_equal(run.expected.truncated, 1);
	assert_int_equal(run.packets.reordered, 1);
	assert_int_equal(run.expected.reordered, 1);
}

TEST(a_packet_that_the_server_should_have_dropped_and_that_comes_late_is_not_lost)
{
	send_impaired(IMPAIRMENT_DROP);
	expire(TIMEOUT + 1);
	assert_int_equal(run.expected.timed_out, 1);
	assert_int_equal(answer(0, TIMEOUT + 5), TRACK_LATE);
	assert_int_equal(run.expected.recovered, 1);
}

TEST(what_belongs_to_no_packet_is_counted_in_the_run_and_in_the_interval)
{
	track_count_in(&t, &run, &interval);
	track_count(&t, TRACK_OTHER_ADDRESS, 1);
	track_count(&t, TRACK_UNRELATED, 2);
	track_count(&t, TRACK_FORGOTTEN, 3);
	track_count(&t, TRACK_SKIPPED, 4);
	assert_int_equal(run.packets.other_address, 1);
	assert_int_equal(run.packets.unrelated, 2);
	assert_int_equal(run.packets.forgotten, 3);
	assert_int_equal(run.packets.skipped, 4);
	assert_memory_equal(&interval, &run, sizeof(run));
}

#define FRESH(name) cmocka_unit_test_setup(name, begin)

TEST(a_part_has_the_figures_of_its_own_packets_and_the_run_those_of_all)
{
	static struct tally parts[2];

	memset(parts, 0, sizeof(parts));
	track_begin_part(&t, &parts[0]);
	send(3);
	answer(0, 10);
	answer(2, 30);
	expire(10 * GAP + TIMEOUT);
	track_end(&t, 10 * GAP);
	track_begin_part(&t, &parts[1]);
	send(2);
	answer(3, 100);
	answer(4, 110);
	track_end(&t, 20 * GAP);
	assert_int_equal(parts[0].packets.sent, 3);
	assert_int_equal(tally_lost(&parts[0]), 1);
	assert_int_equal(parts[0].periods, 1);
	assert_int_equal(parts[1].packets.sent, 2);
	assert_int_equal(parts[1].packets.received, 2);
	assert_int_equal(parts[1].ipdv_abs.n, 1); /* not against the part before */
	assert_int_equal(parts[1].ipdv_abs.max_ns, 10);
	assert_int_equal(run.packets.sent, 5);
	assert_int_equal(tally_lost(&run), 1);
	assert_int_equal(run.rtt.n, 4);
}

TEST(what_a_part_sent_is_forgotten_when_the_next_begins)
{
	static struct tally parts[2];
	uint64_t seq;

	memset(parts, 0, sizeof(parts));
	begin_with(8, 0);
	track_begin_part(&t, &parts[0]);
	send(3);
	expire(10 * GAP + TIMEOUT);
	track_end(&t, 10 * GAP);
	track_begin_part(&t, &parts[1]);
	assert_int_equal(pending_find(&t.pending, 2, &seq), PENDING_FORGOTTEN);
	send(6); /* the last of them where the first part's were */
	assert_int_equal(parts[1].packets.timed_out, 0);
	send(14); /* more than there are places for */
	for (seq = 15; seq < 23; seq++)
		assert_int_equal(answer(seq, 10), TRACK_OK);
	track_end(&t, 30 * GAP);
	assert_int_equal(parts[1].packets.received, 8);
	assert_int_equal(tally_lost(&parts[1]), 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_part_has_the_figures_of_its_own_packets_and_the_run_those_of_all, begin),
		cmocka_unit_test_setup(what_a_part_sent_is_forgotten_when_the_next_begins, begin),
		FRESH(a_run_without_loss_has_all_its_figures_before_it_ends),
		FRESH(a_packet_times_out_when_more_than_the_time_out_has_passed),
		FRESH(an_answer_after_its_time_out_is_late_and_not_lost),
		FRESH(a_late_answer_that_overtakes_its_time_out_counts_the_same),
		FRESH(an_answer_in_time_that_was_read_too_late_is_not_late),
		FRESH(of_three_copies_the_first_is_measured),
		FRESH(loss_periods_are_those_of_the_order_of_sending),
		FRESH(a_period_at_the_end_of_the_run_ends_with_it),
		FRESH(packets_of_the_warm_up_are_answered_and_not_counted),
		FRESH(a_packet_that_could_not_be_sent_is_neither_lost_nor_sent),
		FRESH(intervals_are_counted_beside_the_run_and_merge_to_it),
		FRESH(what_was_sent_is_received_or_lost_after_any_fates),
		FRESH(what_the_server_was_asked_for_is_told_from_what_the_path_did),
		FRESH(a_packet_that_the_server_should_have_dropped_and_that_comes_late_is_not_lost),
		FRESH(what_belongs_to_no_packet_is_counted_in_the_run_and_in_the_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
