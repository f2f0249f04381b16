/* SPDX-License-Identifier: MIT */
/* A session and the clock: its pace, its time-outs, its lingering. */
#include "test.h"

#include <string.h>

#include "play.h"

/* ---- pace ---- */

TEST(a_paced_session_gets_its_rate_and_is_told_when_to_go_on)
{
	const struct session_rules rules = { .pace_bytes_per_s = 100000 };
	enum session_next next;
	uint64_t sent = 0;

	begin(&endless, &rules);
	play.open = play.input = SVC_FLUSH;
	play.say_n = ROOM;
	for (next = receive("", false); w.now_ns < START + 10 * CLOCK_S_NS; next = again()) {
		sent += w.io.out_len;
		if (next == SESSION_AGAIN) {
			assert_true(play.seen_room >= SVC_OUT_MIN);
			continue;
		}
		assert_int_equal(next, SESSION_PAUSE);
		assert_int_equal(w.io.out_len, 0);
		assert_int_equal(session_deadline(&w.s, false), w.s.wake_ns);
		assert_true(w.s.wake_ns > w.now_ns);
		assert_int_equal(session_expired(&w.s, w.s.wake_ns), SESSION_END_NONE);
		w.now_ns = w.s.wake_ns;
	}
	assert_in_range(sent, 990000, 1010000);
}

TEST(a_pause_keeps_what_came_for_later)
{
	const struct session_rules rules = { .pace_bytes_per_s = 1000 };

	begin(&endless, &rules);
	play.open = play.input = SVC_FLUSH;
	play.say_n = ROOM;
	assert_int_equal(receive("abc", false), SESSION_AGAIN);
	assert_int_equal(w.io.out_len, 4096);
	assert_int_equal(again(), SESSION_PAUSE);
	assert_int_equal(w.io.in_used, 0);
	w.now_ns = session_deadline(&w.s, false);
	assert_int_equal(again(), SESSION_AGAIN);
	assert_int_equal(play.seen_in, 3);
}

TEST(without_a_rate_an_endless_service_is_not_paced)
{
	begin(&endless, &no_rules);
	play.open = play.input = SVC_FLUSH;
	play.say_n = ROOM;
	assert_int_equal(receive("", false), SESSION_AGAIN);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(again(), SESSION_AGAIN);
	assert_int_equal(session_deadline(&w.s, false), CLOCK_NEVER);
}

TEST(a_client_that_does_not_take_its_bytes_is_not_woken_for_the_pace)
{
	const struct session_rules rules = { .pace_bytes_per_s = 1000, .idle_timeout_ns = 60 * CLOCK_S_NS };

	begin(&endless, &rules);
	play.open = play.input = SVC_FLUSH;
	play.say_n = ROOM;
	receive("", false);
	assert_int_equal(again(), SESSION_PAUSE);
	assert_true(session_deadline(&w.s, false) < session_deadline(&w.s, true));
}

TEST(our_own_pause_does_not_make_a_client_idle)
{
	/* 4096 bytes take 409 s, the client is allowed 60 s of silence */
	const struct session_rules rules = { .pace_bytes_per_s = 10, .idle_timeout_ns = 60 * CLOCK_S_NS };

	begin(&endless, &rules);
	play.open = play.input = SVC_FLUSH;
	play.say_n = ROOM;
	receive("", false);
	assert_int_equal(again(), SESSION_PAUSE);
	w.now_ns = session_deadline(&w.s, false);
	assert_true(w.now_ns > START + 400 * CLOCK_S_NS);
	assert_int_equal(session_expired(&w.s, w.now_ns), SESSION_END_NONE);
	assert_int_equal(session_expired(&w.s, w.now_ns + 60 * CLOCK_S_NS), SESSION_END_IDLE);
}

/* ---- time ---- */

static const struct session_rules timed = {
	.idle_timeout_ns = 10 * CLOCK_S_NS,
	.session_timeout_ns = 60 * CLOCK_S_NS,
	.request_timeout_ns = 5 * CLOCK_S_NS,
};

TEST(an_idle_session_ends_and_any_byte_keeps_it)
{
	begin(&listens, &timed);
	assert_int_equal(session_deadline(&w.s, false), START + 10 * CLOCK_S_NS);
	w.now_ns += 9 * CLOCK_S_NS;
	receive("x", false);
	assert_int_equal(session_expired(&w.s, START + 10 * CLOCK_S_NS), SESSION_END_NONE);
	session_sent(&w.s, 1, START + 12 * CLOCK_S_NS);
	assert_int_equal(session_deadline(&w.s, true), START + 22 * CLOCK_S_NS);
	assert_int_equal(session_expired(&w.s, START + 22 * CLOCK_S_NS - 1), SESSION_END_NONE);
	assert_int_equal(session_expired(&w.s, START + 22 * CLOCK_S_NS), SESSION_END_IDLE);
}

TEST(a_busy_session_ends_at_the_session_timeout)
{
	begin(&listens, &timed);
	for (int i = 0; i < 59; i++) {
		w.now_ns += CLOCK_S_NS;
		receive("x", false);
		assert_int_equal(session_expired(&w.s, w.now_ns), SESSION_END_NONE);
	}
	assert_int_equal(session_deadline(&w.s, false), START + 60 * CLOCK_S_NS);
	assert_int_equal(session_expired(&w.s, START + 60 * CLOCK_S_NS), SESSION_END_LIMIT);
}

TEST(a_request_in_drops_does_not_outlast_the_request_timeout)
{
	begin(&request, &timed);
	for (int i = 0; i < 4; i++) {
		w.now_ns += CLOCK_S_NS;
		assert_int_equal(receive("H", false), SESSION_READ);
	}
	assert_int_equal(session_deadline(&w.s, false), START + 5 * CLOCK_S_NS);
	assert_int_equal(session_expired(&w.s, START + 5 * CLOCK_S_NS), SESSION_END_LIMIT);
}

TEST(after_the_request_its_timeout_is_over)
{
	begin(&request, &timed);
	play.input = SVC_FLUSH;
	play.say = "a long list";
	receive("ALL\r\n", false);
	assert_int_equal(session_deadline(&w.s, true), START + 10 * CLOCK_S_NS);
	assert_int_equal(session_expired(&w.s, START + 6 * CLOCK_S_NS), SESSION_END_NONE);
}

TEST(only_services_with_a_request_have_a_request_timeout)
{
	begin(&listens, &timed);
	assert_int_equal(session_expired(&w.s, START + 6 * CLOCK_S_NS), SESSION_END_NONE);
}

TEST(a_session_that_waits_for_the_resolver_is_not_idle)
{
	begin(&request, &timed);
	play.input = SVC_ASK;
	receive("x\n", false);
	assert_int_equal(session_expired(&w.s, START + 30 * CLOCK_S_NS), SESSION_END_NONE);
	assert_int_equal(session_deadline(&w.s, false), START + 60 * CLOCK_S_NS);
	assert_int_equal(session_expired(&w.s, START + 60 * CLOCK_S_NS), SESSION_END_LIMIT);
}

TEST(a_second_request_behind_tcpmux_has_its_own_time)
{
	begin(&request, &timed);
	w.now_ns += 4 * CLOCK_S_NS;
	play.input = SVC_BECOME;
	receive("hostname\r\n", false);
	session_become(&w.s, &request, &timed);
	assert_int_equal(session_expired(&w.s, START + 6 * CLOCK_S_NS), SESSION_END_NONE);
	assert_int_equal(session_expired(&w.s, START + 9 * CLOCK_S_NS), SESSION_END_LIMIT);
}

TEST(without_timeouts_a_session_never_expires)
{
	begin(&listens, &no_rules);
	assert_int_equal(session_deadline(&w.s, false), CLOCK_NEVER);
	assert_int_equal(session_expired(&w.s, UINT64_MAX - 1), SESSION_END_NONE);
}

TEST(lingering_ends_after_two_seconds_as_the_session_had)
{
	begin(&speaks, &ten_bytes);
	play.open = SVC_DONE;
	play.say = "more than ten bytes";
	assert_int_equal(receive("", false), SESSION_FINISH);
	session_linger(&w.s, START);
	assert_int_equal(session_deadline(&w.s, false), START + SESSION_LINGER_NS);
	assert_int_equal(session_expired(&w.s, START + SESSION_LINGER_NS - 1), SESSION_END_NONE);
	assert_int_equal(session_expired(&w.s, START + SESSION_LINGER_NS), SESSION_END_LIMIT);
}

TEST(lingering_always_ends)
{
	begin(&listens, &no_rules);
	session_linger(&w.s, START); /* a worker that drains, say */
	assert_int_equal(session_expired(&w.s, START + SESSION_LINGER_NS), SESSION_END_EOF);
}

TEST(a_client_that_has_yet_to_take_what_was_said_is_idle_when_it_does_not)
{
	begin(&listens, &timed);
	session_closing(&w.s);
	assert_int_equal(session_deadline(&w.s, false), START + timed.idle_timeout_ns);
	session_sent(&w.s, 0, START + timed.idle_timeout_ns - 1); /* it took something */
	assert_int_equal(session_expired(&w.s, START + timed.idle_timeout_ns), SESSION_END_NONE);
	assert_int_equal(session_expired(&w.s, START + 2 * timed.idle_timeout_ns - 1), SESSION_END_IDLE);
}

TEST(the_last_bytes_are_waited_for_as_long_as_for_any_but_not_for_long)
{
	begin(&listens, &timed);
	session_linger(&w.s, START);
	session_stall(&w.s, START);
	assert_int_equal(session_deadline(&w.s, false), START + (SESSION_STALL_NS));
	begin(&listens, &no_rules);
	session_linger(&w.s, START);
	session_stall(&w.s, START);
	assert_int_equal(session_deadline(&w.s, false), START + SESSION_STALL_NS);
	assert_int_equal(session_expired(&w.s, START + SESSION_STALL_NS - 1), SESSION_END_NONE);
	assert_int_equal(session_expired(&w.s, START + SESSION_STALL_NS), SESSION_END_EOF);
}

TEST(the_log_has_a_name_for_every_end)
{
	assert_string_equal(session_end_name(SESSION_END_EOF), "eof");
	assert_string_equal(session_end_name(SESSION_END_IDLE), "idle");
	assert_string_equal(session_end_name(SESSION_END_RESET), "reset");
	assert_string_equal(session_end_name(SESSION_END_LIMIT), "limit");
	assert_string_equal(session_end_name(SESSION_END_DRAIN), "drain");
	assert_string_equal(session_end_name(SESSION_END_KILLED), "killed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_paced_session_gets_its_rate_and_is_told_when_to_go_on),
		cmocka_unit_test(a_pause_keeps_what_came_for_later),
		cmocka_unit_test(without_a_rate_an_endless_service_is_not_paced),
		cmocka_unit_test(a_client_that_does_not_take_its_bytes_is_not_woken_for_the_pace),
		cmocka_unit_test(our_own_pause_does_not_make_a_client_idle),
		cmocka_unit_test(an_idle_session_ends_and_any_byte_keeps_it),
		cmocka_unit_test(a_busy_session_ends_at_the_session_timeout),
		cmocka_unit_test(a_request_in_drops_does_not_outlast_the_request_timeout),
		cmocka_unit_test(after_the_request_its_timeout_is_over),
		cmocka_unit_test(only_services_with_a_request_have_a_request_timeout),
		cmocka_unit_test(a_session_that_waits_for_the_resolver_is_not_idle),
		cmocka_unit_test(a_second_request_behind_tcpmux_has_its_own_time),
		cmocka_unit_test(without_timeouts_a_session_never_expires),
		cmocka_unit_test(lingering_ends_after_two_seconds_as_the_session_had),
		cmocka_unit_test(lingering_always_ends),
		cmocka_unit_test(a_client_that_has_yet_to_take_what_was_said_is_idle_when_it_does_not),
		cmocka_unit_test(the_last_bytes_are_waited_for_as_long_as_for_any_but_not_for_long),
		cmocka_unit_test(the_log_has_a_name_for_every_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
