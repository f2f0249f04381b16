/* SPDX-License-Identifier: MIT */
/* stamp_sessions: a table of fixed size, whose sessions end when they are silent and for no other reason. */
#include "test.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "service/stamp_sessions.h"

#define NOW (1000 * CLOCK_S_NS)

static struct stamp_sessions *make(uint32_t sessions_max)
{
	struct stamp_sessions *t = calloc(1, stamp_sessions_bytes(sessions_max));

	assert_non_null(t);
	stamp_sessions_begin(t, sessions_max, 0x12345678);
	return t;
}

static struct stamp_session_name name_of(uint16_t port)
{
	return (struct stamp_session_name){
		.client = { .family = AF_INET, .port = port, .bytes = { 192, 0, 2, 7 } },
		.server = { .family = AF_INET, .port = 862, .bytes = { 198, 51, 100, 2 } },
	};
}

static uint32_t find(struct stamp_sessions *t, uint16_t port, uint64_t now_ns)
{
	struct stamp_session_name name = name_of(port);

	return stamp_sessions_find(t, &name, now_ns);
}

TEST(a_session_is_client_server_and_ssid)
{
	struct stamp_sessions *t = make(8);
	struct stamp_session_name name = name_of(1);
	uint32_t first = stamp_sessions_find(t, &name, NOW);

	assert_int_equal(stamp_sessions_find(t, &name, NOW), first);
	name.ssid = 1;
	assert_int_not_equal(stamp_sessions_find(t, &name, NOW), first);
	name.ssid = 0;
	name.server.bytes[3]++;
	assert_int_not_equal(stamp_sessions_find(t, &name, NOW), first);
	name.server.bytes[3]--;
	name.client.port++;
	assert_int_not_equal(stamp_sessions_find(t, &name, NOW), first);
	free(t);
}

TEST(all_places_are_given_and_then_nobody_s_session_ends_for_another)
{
	struct stamp_sessions *t = make(1000);

	for (uint16_t port = 1; port <= 1000; port++) {
		uint32_t i = find(t, port, NOW);

		assert_int_not_equal(i, STAMP_SESSIONS_NONE);
		stamp_sessions_at(t, i)->received = port;
	}
	for (uint16_t port = 1001; port <= 1100; port++)
		assert_int_equal(find(t, port, NOW + 1), STAMP_SESSIONS_NONE);
	for (uint16_t port = 1; port <= 1000; port++)
		assert_int_equal(stamp_sessions_at(t, find(t, port, NOW + 2))->received, port);
	free(t);
}

TEST(the_place_of_a_session_that_is_over_is_the_next_one_s)
{
	struct stamp_sessions *t = make(3);
	uint32_t silent = find(t, 1, NOW);

	(void)find(t, 2, NOW + 1);
	(void)find(t, 3, NOW + 2);
	stamp_sessions_at(t, silent)->received = 9;
	assert_int_equal(find(t, 4, NOW + STAMP_REFWAIT_NS - 1), STAMP_SESSIONS_NONE);
	assert_int_equal(find(t, 4, NOW + STAMP_REFWAIT_NS), silent);
	assert_int_equal(stamp_sessions_at(t, silent)->received, 0);
	/* Only the one: the next oldest is used up to now. */
	(void)find(t, 2, NOW + STAMP_REFWAIT_NS);
	assert_int_equal(find(t, 5, NOW + STAMP_REFWAIT_NS + 1), STAMP_SESSIONS_NONE);
	free(t);
}

TEST(a_session_in_use_does_not_get_old)
{
	struct stamp_sessions *t = make(1);

	for (uint64_t at = 0; at < 4 * STAMP_REFWAIT_NS; at += STAMP_REFWAIT_NS / 2) {
		uint32_t i = find(t, 1, NOW + at);

		assert_int_not_equal(i, STAMP_SESSIONS_NONE);
		assert_int_equal(stamp_sessions_at(t, i)->received++, at / (STAMP_REFWAIT_NS / 2));
		assert_int_equal(find(t, 2, NOW + at + 1), STAMP_SESSIONS_NONE);
	}
	free(t);
}

TEST(a_session_that_comes_back_after_it_was_over_begins_anew)
{
	struct stamp_sessions *t = make(2);
	uint32_t i = find(t, 1, NOW);

	stamp_sessions_at(t, i)->reflected = 7;
	stamp_sessions_at(t, i)->last.seq = 6;
	assert_int_equal(find(t, 1, NOW + STAMP_REFWAIT_NS), i);
	assert_int_equal(stamp_sessions_at(t, i)->reflected, 0);
	assert_int_equal(stamp_sessions_at(t, i)->last.seq, 0);
	free(t);
}

/* Random finds beside a list that is looked through: both have the same sessions. */
TEST(ten_thousand_random_packets_find_what_a_plain_list_finds)
{
	enum { PLACES = 16, PORTS = 40 };
	struct stamp_sessions *t = make(PLACES);
	uint64_t used_ns[PORTS] = { 0 }, now = NOW;

	srand(3);
	for (int n = 0; n < 10000; n++) {
		uint16_t port = (uint16_t)(rand() % PORTS);
		unsigned live = 0;
		bool known;

		now += (uint64_t)(rand() % 60) * CLOCK_S_NS;
		known = used_ns[port] != 0 && now - used_ns[port] < STAMP_REFWAIT_NS;
		for (int i = 0; i < PORTS; i++)
			live += used_ns[i] != 0 && now - used_ns[i] < STAMP_REFWAIT_NS;
		if (find(t, port, now) != STAMP_SESSIONS_NONE) {
			assert_true(known || live < PLACES);
			used_ns[port] = now;
		} else {
			assert_true(!known && live >= PLACES);
		}
	}
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_is_client_server_and_ssid),
		cmocka_unit_test(all_places_are_given_and_then_nobody_s_session_ends_for_another),
		cmocka_unit_test(the_place_of_a_session_that_is_over_is_the_next_one_s),
		cmocka_unit_test(a_session_in_use_does_not_get_old),
		cmocka_unit_test(a_session_that_comes_back_after_it_was_over_begins_anew),
		cmocka_unit_test(ten_thousand_random_packets_find_what_a_plain_list_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
