/* SPDX-License-Identifier: MIT */
/* direction: a path that loses, doubles and reorders at random, and whose faults are told in the direction that had them. */
#include "test.h"

#include <string.h>

#include "echoprobe/direction.h"
#include "probe_numbers.h"

#define PLACES 1024
#define PACKETS_MOST 4000

static struct direction_place places[PLACES];
static struct order_high forward_highs[PLACES], backward_highs[PLACES];
static const struct direction_memory memory = { places, PLACES, forward_highs, backward_highs, PLACES };
static struct direction d;
static uint8_t answered[PACKETS_MOST];

static void begin_at(uint64_t first)
{
	memset(answered, 0, sizeof(answered));
	direction_init(&d, &memory, first);
}

static int begin(void **state maybe_unused)
{
	begin_at(0);
	return 0;
}

static void answer(uint64_t seq, uint32_t number)
{
	struct direction_answer a = { .seq = seq, .number = number };

	a.copy = answered[seq]++ == 0 ? DIRECTION_FIRST_COPY : DIRECTION_FURTHER_COPY;
	direction_add(&d, &a);
}

TEST(a_loss_on_the_way_there_is_missing_from_the_reflectors_numbers)
{
	struct direction_counts c;

	answer(0, 0);
	answer(1, 1);
	answer(3, 2); /* 2 did not come there */
	answer(4, 3);
	c = direction_find(&d, 5, 0);
	assert_int_equal(c.kind, DIRECTION_STATEFUL);
	assert_int_equal(c.forward_lost, 1);
	assert_int_equal(c.backward_lost, 0);
	assert_int_equal(c.unknown_lost, 0);
}

TEST(a_loss_on_the_way_back_is_a_gap_in_the_reflectors_numbers)
{
	struct direction_counts c;

	answer(1, 0); /* 0 did not come there */
	answer(3, 2); /* the answer 1 did not come back */
	answer(4, 3);
	c = direction_find(&d, 7, 0);
	assert_int_equal(c.kind, DIRECTION_STATEFUL);
	assert_int_equal(c.forward_lost, 1);
	assert_int_equal(c.backward_lost, 1);
	assert_int_equal(c.unknown_lost, 2); /* 5 and 6: nothing says how far they came */
}

TEST(copies_made_on_the_way_there_have_numbers_of_their_own_and_copies_made_on_the_way_back_have_not)
{
	struct direction_counts c;

	answer(0, 0);
	answer(0, 1);
	answer(1, 2);
	answer(1, 2);
	answer(0, 1);
	answer(2, 3);
	c = direction_find(&d, 3, 0);
	assert_int_equal(c.kind, DIRECTION_STATEFUL);
	assert_int_equal(c.forward_duplicated, 1);
	assert_int_equal(c.backward_duplicated, 2);
	assert_int_equal(c.forward_lost + c.backward_lost + c.unknown_lost, 0);
	assert_int_equal(c.forward_reordered + c.backward_reordered, 0);
}

TEST(the_order_there_and_the_order_here_are_told_apart)
{
	struct direction_counts c;

	answer(0, 0);
	answer(2, 1); /* 2 overtook 1 on the way there */
	answer(1, 2);
	answer(4, 4); /* the answer 4 overtook 3 on the way back */
	answer(3, 3);
	answer(5, 5);
	c = direction_find(&d, 6, 0);
	assert_int_equal(c.forward_reordered, 1);
	assert_int_equal(c.backward_reordered, 1);
}

TEST(a_reflector_that_sends_our_numbers_back_knows_no_direction)
{
	struct direction_counts c;

	answer(0, 0);
	answer(1, 1);
	assert_int_equal(direction_find(&d, 2, 0).kind, DIRECTION_UNDECIDED);
	assert_int_equal(direction_find(&d, 3, 0).kind, DIRECTION_UNDECIDED); /* lost at the end: no later number tells */
	answer(4, 4);
	answer(4, 4);
	c = direction_find(&d, 6, 0);
	assert_int_equal(c.kind, DIRECTION_STATELESS);
	assert_int_equal(c.unknown_lost, 3);
	assert_int_equal(c.forward_lost + c.backward_lost + c.forward_duplicated + c.backward_duplicated, 0);
}

TEST(a_reflector_that_sends_our_numbers_back_is_stateless_where_something_was_only_doubled_or_reordered)
{
	answer(0, 0);
	answer(0, 0);
	assert_int_equal(direction_find(&d, 1, 0).kind, DIRECTION_STATELESS);
	begin(NULL);
	answer(1, 1);
	answer(0, 0);
	assert_int_equal(direction_find(&d, 2, 0).kind, DIRECTION_STATELESS);
}

TEST(packets_of_a_warm_up_and_a_session_of_before_move_the_numbers_and_count_nothing)
{
	struct direction_counts c;

	begin_at(2);
	answer(1, 500);
	answer(2, 501);
	answer(4, 502);
	c = direction_find(&d, 5, 0);
	assert_int_equal(c.forward_lost, 1);
	assert_int_equal(c.backward_lost, 0);
	begin(NULL);
	answer(0, 1); /* no warm-up: it went on counting */
	answer(2, 3);
	c = direction_find(&d, 3, 0);
	assert_int_equal(c.forward_lost, 0);
	assert_int_equal(c.backward_lost, 1);
}

TEST(numbers_go_on_after_32_bits)
{
	struct direction_counts c;

	answer(0, UINT32_MAX - 1);
	answer(1, UINT32_MAX);
	answer(3, 0);
	answer(4, 2);
	c = direction_find(&d, 5, 0);
	assert_int_equal(c.forward_lost, 0); /* one of 2 packets' answers was lost: 2 has no number that came back */
	assert_int_equal(c.backward_lost, 1);
}

TEST(a_packet_that_could_not_be_sent_was_not_lost)
{
	struct direction_counts c;

	answer(0, 0);
	answer(2, 1); /* 1 was not sent */
	answer(3, 2);
	c = direction_find(&d, 4, 1);
	assert_int_equal(c.forward_lost + c.backward_lost + c.unknown_lost, 0);
}

/* Numbers that nobody can have come to. */
TEST(a_reflector_that_lies_gets_no_more_losses_than_there_are)
{
	uint64_t seed = 66;

	for (unsigned round = 0; round < 200; round++) {
		struct direction_counts c;
		uint64_t firsts = 0;

		begin(NULL);
		for (unsigned i = 0; i < 300; i++) {
			uint64_t seq = random_below(&seed, 300);

			firsts += answered[seq] == 0;
			answer(seq, (uint32_t)random_word(&seed));
		}
		c = direction_find(&d, 310, 0);
		assert_int_equal(c.forward_lost + c.backward_lost + c.unknown_lost, 310 - firsts);
		assert_true(c.forward_lost <= 310 && c.backward_lost <= 310 && c.unknown_lost >= 10);
	}
}

/* What happened to a random path, beside what is told of it. */
struct path {
	uint64_t seed;
	uint32_t next_number;
	uint64_t forward_lost, backward_lost, forward_copies, backward_copies;
};

struct on_the_way {
	uint64_t seq;
	uint32_t number;
};

static unsigned one_in(struct path *p, unsigned n)
{
	return random_below(&p->seed, n) == 0;
}

/* Packet seq passes there and back; its answers go to `back`. */
static unsigned pass(struct path *p, uint64_t seq, struct on_the_way *back)
{
	unsigned n = 0, there = 1;

	if (one_in(p, 12)) {
		p->forward_lost++;
		return 0;
	}
	if (one_in(p, 25)) {
		p->forward_copies++;
		there = 2;
	}
	for (unsigned i = 0; i < there; i++) {
		uint32_t number = p->next_number++;

		/* A copy that is lost on the way back is one that nobody hears of. */
		if (there == 1 && one_in(p, 10)) {
			p->backward_lost++;
			continue;
		}
		back[n++] = (struct on_the_way){ seq, number };
		if (one_in(p, 20)) {
			p->backward_copies++;
			back[n++] = (struct on_the_way){ seq, number };
		}
	}
	return n;
}

TEST(losses_and_copies_of_a_random_path_are_told_as_they_happened)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct path p = { .seed = seed };
		struct direction_counts c;
		struct on_the_way back[4];

		begin(NULL);
		for (uint64_t seq = 0; seq < PACKETS_MOST; seq++)
			for (unsigned n = pass(&p, seq, back), i = 0; i < n; i++)
				answer(back[i].seq, back[i].number);
		c = direction_find(&d, PACKETS_MOST, 0);
		assert_int_equal(c.kind, DIRECTION_STATEFUL);
		assert_int_equal(c.forward_duplicated, p.forward_copies);
		assert_int_equal(c.backward_duplicated, p.backward_copies);
		assert_int_equal(c.forward_lost + c.backward_lost + c.unknown_lost, p.forward_lost + p.backward_lost);
		assert_true(c.forward_lost <= p.forward_lost && c.backward_lost <= p.backward_lost && c.unknown_lost < 40);
	}
}

TEST(counters_of_direct_measurement_tell_losses_across_their_wrap)
{
	const struct direction_counters earlier = { UINT32_MAX - 4, 100, 200, 50 }, later = { 95, 197, 296, 140 };
	struct direction_losses l = direction_between(&earlier, &later);

	assert_int_equal(l.forward, 3);
	assert_int_equal(l.backward, 6);
}

#define FRESH(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(a_loss_on_the_way_there_is_missing_from_the_reflectors_numbers),
		FRESH(a_loss_on_the_way_back_is_a_gap_in_the_reflectors_numbers),
		FRESH(copies_made_on_the_way_there_have_numbers_of_their_own_and_copies_made_on_the_way_back_have_not),
		FRESH(the_order_there_and_the_order_here_are_told_apart),
		FRESH(a_reflector_that_sends_our_numbers_back_knows_no_direction),
		FRESH(a_reflector_that_sends_our_numbers_back_is_stateless_where_something_was_only_doubled_or_reordered),
		FRESH(packets_of_a_warm_up_and_a_session_of_before_move_the_numbers_and_count_nothing),
		FRESH(numbers_go_on_after_32_bits),
		FRESH(a_packet_that_could_not_be_sent_was_not_lost),
		FRESH(a_reflector_that_lies_gets_no_more_losses_than_there_are),
		FRESH(losses_and_copies_of_a_random_path_are_told_as_they_happened),
		FRESH(counters_of_direct_measurement_tell_losses_across_their_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
