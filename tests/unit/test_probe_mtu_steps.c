/* SPDX-License-Identifier: MIT */
/* mtu_steps: the MTU of both directions, over paths that tell, fragment or swallow what is too large. */
#include "test.h"

#include "echoprobe/mtu_steps.h"

#define FLOOR 68
#define CEILING 1500
#define HEADERS 28

struct path {
	uint32_t forward, backward;
	bool no_icmp;       /* what is too large for the way there vanishes           */
	bool no_answers;    /* what is too large for the way back vanishes            */
	bool no_fragments;  /* requests in fragments do not arrive                    */
	bool no_confirmer;  /* there is none                                          */
	bool no_echo;       /* likewise                                               */
	bool equal_pieces;  /* the server's fragments are as large as each other      */
	uint32_t truncates; /* the server answers with no more; 0: with all           */
	uint32_t unsplit;   /* requests up to this size are not sent in fragments      */
	unsigned lost_of;   /* each so many-th packet is lost                         */
	bool refuses;       /* a server that is not there says so                     */
};

static struct mtu_steps run;

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The largest fragment of a packet of n octets: 20 are its header, and each but the last carries a multiple of 8. */
static uint32_t largest_piece(const struct path *path, uint32_t n)
{
	uint32_t most = (path->backward - 20) / 8 * 8, pieces = (n - 20 + most - 1) / most;

	if (path->equal_pieces)
		most = ((n - 20 + pieces - 1) / pieces + 7) / 8 * 8;
	return most + 20;
}

static void answer_echo(struct mtu_steps *s, const struct path *path, uint32_t n)
{
	struct mtu_answer answer = { .size_bytes = path->truncates ? smaller(n, path->truncates) : n };

	if (answer.size_bytes > path->backward && path->no_answers) {
		mtu_steps_lost(s);
		return;
	}
	if (answer.size_bytes > path->backward)
		answer.piece_bytes = largest_piece(path, answer.size_bytes);
	mtu_steps_answered(s, &answer);
}

static void travel(struct mtu_steps *s, const struct path *path, const struct mtu_step *step)
{
	bool absent = step->to == MTU_CONFIRMER ? path->no_confirmer : path->no_echo;
	bool fits = step->size_bytes <= path->forward;

	assert_true(step->size_bytes <= CEILING + 8);
	assert_true(fits || step->whole || !path->no_icmp || step->size_bytes > path->unsplit);
	if (absent && path->refuses)
		mtu_steps_refused(s);
	else if (!fits && step->whole && !path->no_icmp)
		mtu_steps_too_big(s, path->forward);
	else if (absent || (!fits && (step->whole || path->no_fragments)))
		mtu_steps_lost(s);
	else if (step->to == MTU_CONFIRMER)
		mtu_steps_answered(s, &(struct mtu_answer){ .size_bytes = 32 });
	else
		answer_echo(s, path, step->size_bytes);
}

static struct result_mtu find(const struct path *path)
{
	struct result_mtu found = { 0 };
	struct mtu_step step;
	unsigned packets = 0;

	mtu_steps_init(&run, FLOOR, CEILING, true);
	run.unsplit_bytes = path->unsplit;
	while (mtu_steps_next(&run, &step)) {
		assert_true(packets++ < 200);
		if (path->lost_of != 0 && packets % path->lost_of == 0)
			mtu_steps_lost(&run);
		else
			travel(&run, path, &step);
	}
	mtu_steps_report(&run, HEADERS, &found);
	return found;
}

static void assert_found(const struct path *path)
{
	struct result_mtu found = find(path);

	assert_true(found.forward_bytes.known && found.backward_bytes.known && found.payload_bytes.known);
	assert_int_equal(found.forward_bytes.value, path->forward);
	assert_int_equal(found.backward_bytes.value, path->backward);
	assert_int_equal(found.payload_bytes.value, smaller(path->forward, path->backward) - HEADERS);
	assert_int_equal(found.backward_at_most_bytes.known, path->backward < CEILING);
	assert_int_equal(found.forward_by, path->forward < CEILING && !path->no_icmp ? RESULT_BY_ICMP : RESULT_BY_SEARCH);
	assert_int_equal(found.blackhole_forward, path->forward < CEILING && path->no_icmp);
	assert_int_equal(found.blackhole_backward, path->backward < CEILING && path->no_answers);
	assert_int_equal(found.backward_by, found.blackhole_backward ? RESULT_BY_SEARCH : RESULT_BY_FRAGMENTS);
}

/* All pairs of some sizes about each other, under what `path` says besides. Where the same size is the largest on both ways and
 * nothing larger ever comes, requests in fragments may not have arrived: then it is what the way back takes at least. */
static void assert_found_everywhere(struct path path)
{
	static const uint32_t sizes[] = { 576, 1280, 1299, 1300, 1301, 1396, 1400, 1404, 1492, 1499, 1500 };

	for (unsigned i = 0; i < array_n(sizes); i++)
		for (unsigned j = 0; j < array_n(sizes); j++) {
			path.forward = sizes[i];
			path.backward = sizes[j];
			if (i == j && path.no_answers && sizes[i] < CEILING)
				assert_false(find(&path).backward_at_most_bytes.known);
			else
				assert_found(&path);
		}
}

TEST(both_directions_are_found_where_routers_tell_and_answers_come_in_fragments)
{
	assert_found_everywhere((struct path){ 0 });
}

TEST(both_directions_are_found_where_nothing_is_told)
{
	assert_found_everywhere((struct path){ .no_icmp = true });
	assert_found_everywhere((struct path){ .no_answers = true });
	assert_found_everywhere((struct path){ .no_icmp = true, .no_answers = true });
}

TEST(both_directions_are_found_where_a_server_makes_fragments_of_equal_size)
{
	assert_found_everywhere((struct path){ .equal_pieces = true });
}

TEST(both_directions_are_found_where_each_third_packet_is_lost)
{
	assert_found_everywhere((struct path){ .lost_of = 3 });
}

TEST(echo_alone_finds_both_directions_where_larger_answers_come)
{
	assert_found_everywhere((struct path){ .no_confirmer = true });
	assert_found_everywhere((struct path){ .no_confirmer = true, .refuses = true });
	for (uint32_t backward = 1301; backward <= CEILING; backward++)
		assert_found(&(struct path){
			.forward = 1300, .backward = backward, .no_confirmer = true, .no_icmp = true, .no_answers = true });
}

TEST(echo_alone_does_not_say_on_which_way_packets_vanish_where_both_may_have_swallowed_them)
{
	struct result_mtu found = find(&(struct path){
		.forward = 1400, .backward = 1300, .no_confirmer = true, .no_icmp = true, .no_answers = true });

	assert_false(found.forward_bytes.known || found.backward_bytes.known);
	assert_int_equal(found.payload_bytes.value, 1300 - HEADERS);
}

TEST(without_fragments_the_way_back_is_found_up_to_what_passes_forward)
{
	struct path path = { .forward = 1300, .backward = 1400, .no_fragments = true };
	struct result_mtu found = find(&path);

	assert_int_equal(found.backward_bytes.value, 1300);
	assert_false(found.backward_at_most_bytes.known);
	assert_true(run.fragments_lost);
	path.backward = 1290;
	assert_found(&path);
	path.no_answers = true;
	assert_found(&path);
}

TEST(what_our_host_does_not_fragment_is_asked_for_by_a_larger_request)
{
	struct path path = { .forward = 1300, .backward = 1500, .no_icmp = true, .unsplit = 1500 };
	struct result_mtu found = find(&path);

	assert_int_equal(found.forward_bytes.value, 1300);
	assert_int_equal(found.backward_bytes.value, 1500);
	assert_int_equal(found.backward_at_most_bytes.value, 1500);
	path.backward = 1400;
	found = find(&path);
	assert_int_equal(found.backward_bytes.value, 1396);
	assert_int_equal(found.backward_at_most_bytes.value, 1500);
	path.no_answers = true;
	assert_int_equal(find(&path).backward_bytes.value, 1300);
	path = (struct path){ .forward = 1300, .backward = 1400, .unsplit = 1500 };
	assert_found(&path);
}

TEST(a_server_that_truncates_is_known_up_to_its_longest_answer)
{
	struct path path = { .forward = 1500, .backward = 1500, .truncates = 1028 };
	struct result_mtu found = find(&path);

	assert_int_equal(found.forward_bytes.value, 1500);
	assert_int_equal(found.backward_bytes.value, 1028);
	assert_false(found.backward_at_most_bytes.known);
	assert_int_equal(run.answers_most_bytes, 1028);
	path.backward = 1000;
	assert_found(&path);
}

TEST(without_echo_the_way_there_alone_is_found)
{
	struct result_mtu found = find(&(struct path){ .forward = 1300, .backward = 1400, .no_echo = true });

	assert_int_equal(found.forward_bytes.value, 1300);
	assert_false(found.backward_bytes.known || found.payload_bytes.known);
}

TEST(without_any_answer_the_search_ends_after_the_greetings)
{
	struct result_mtu found = find(
		&(struct path){ .forward = 1500, .backward = 1500, .no_echo = true, .no_confirmer = true });

	assert_false(found.forward_bytes.known || found.backward_bytes.known || found.payload_bytes.known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_are_found_where_routers_tell_and_answers_come_in_fragments),
		cmocka_unit_test(both_directions_are_found_where_nothing_is_told),
		cmocka_unit_test(both_directions_are_found_where_a_server_makes_fragments_of_equal_size),
		cmocka_unit_test(both_directions_are_found_where_each_third_packet_is_lost),
		cmocka_unit_test(echo_alone_finds_both_directions_where_larger_answers_come),
		cmocka_unit_test(echo_alone_does_not_say_on_which_way_packets_vanish_where_both_may_have_swallowed_them),
		cmocka_unit_test(without_fragments_the_way_back_is_found_up_to_what_passes_forward),
		cmocka_unit_test(what_our_host_does_not_fragment_is_asked_for_by_a_larger_request),
		cmocka_unit_test(a_server_that_truncates_is_known_up_to_its_longest_answer),
		cmocka_unit_test(without_echo_the_way_there_alone_is_found),
		cmocka_unit_test(without_any_answer_the_search_ends_after_the_greetings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
