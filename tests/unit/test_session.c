/* SPDX-License-Identifier: MIT */
/* A session from its first step to its last: what its client gets, and why it ends. */
#include "test.h"

#include <string.h>

#include "play.h"

/* ---- input and output ---- */

TEST(a_service_that_listens_is_not_called_before_something_comes)
{
	begin(&listens, &no_rules);
	assert_int_equal(receive("", false), SESSION_READ);
	assert_int_equal(play.asked, 0);
	assert_int_equal(receive("hello", false), SESSION_READ);
	assert_int_equal(play.asked, 1);
	assert_int_equal(play.seen_in, 5);
	assert_int_equal(w.io.in_used, 5);
}

TEST(the_state_of_a_service_begins_as_zeroes)
{
	begin(&listens, &no_rules);
	receive("x", false);
	assert_int_equal(((struct play_state *)w.s.state)->calls, 1);
}

TEST(a_service_that_speaks_first_and_ends_gets_a_careful_close)
{
	begin(&speaks, &no_rules);
	play.open = SVC_DONE;
	play.say = "12:00\r\n";
	assert_int_equal(receive("", false), SESSION_FINISH);
	expect_output("12:00\r\n");
	assert_int_equal(w.s.end, SESSION_END_EOF);
	assert_int_equal(play.asked, 0);
}

TEST(data_sent_to_a_service_that_speaks_first_is_thrown_away)
{
	begin(&speaks, &no_rules);
	play.open = SVC_DONE;
	play.say = "12:00\r\n";
	assert_int_equal(receive("GET / HTTP/1.0\r\n\r\n", false), SESSION_FINISH);
	expect_output("12:00\r\n");
	assert_int_equal(play.asked, 0);
}

TEST(after_the_clients_end_both_directions_are_closed)
{
	begin(&speaks, &no_rules);
	play.open = SVC_DONE;
	play.say = "12:00\r\n";
	assert_int_equal(receive("", true), SESSION_CLOSE);
	expect_output("12:00\r\n");

	begin(&listens, &no_rules);
	play.input = SVC_DONE;
	assert_int_equal(receive("bye", true), SESSION_CLOSE);
	assert_true(play.seen_eof);
	assert_int_equal(w.s.end, SESSION_END_EOF);
}

TEST(a_service_that_wants_more_after_the_clients_end_ends)
{
	begin(&listens, &no_rules);
	play.input = SVC_MORE;
	play.say = "half";
	assert_int_equal(receive("ha", true), SESSION_CLOSE);
	expect_output("half");
	assert_int_equal(w.s.end, SESSION_END_EOF);
}

TEST(what_came_with_the_greeting_is_read_when_the_greeting_is_out)
{
	begin(&speaks, &no_rules);
	play.say = "welcome";
	assert_int_equal(receive("early", false), SESSION_AGAIN);
	expect_output("welcome");
	assert_int_equal(play.asked, 0);
	play.say = "";
	assert_int_equal(again(), SESSION_READ);
	assert_int_equal(play.seen_in, 5);

	begin(&speaks, &no_rules);
	play.say = "welcome";
	assert_int_equal(receive("", true), SESSION_AGAIN);
	play.say = "";
	assert_int_equal(again(), SESSION_CLOSE);
	assert_true(play.seen_eof);

	begin(&speaks, &no_rules);
	play.say = "welcome";
	assert_int_equal(receive("", false), SESSION_READ);
}

TEST(an_open_that_says_nothing_does_not_delay_the_input)
{
	begin(&speaks, &no_rules);
	assert_int_equal(receive("now", false), SESSION_READ);
	assert_int_equal(play.opened, 1);
	assert_int_equal(play.asked, 1);
	receive("then", false);
	assert_int_equal(play.opened, 1);
}

TEST(output_that_does_not_fit_is_asked_for_again)
{
	begin(&listens, &no_rules);
	play.input = SVC_FLUSH;
	play.say = "part one ";
	play.leave = 3;
	assert_int_equal(receive("abcdef", false), SESSION_AGAIN);
	expect_output("part one ");
	assert_int_equal(again(), SESSION_AGAIN);
	assert_int_equal(play.seen_in, 3);
	/* no input is left, and it is called nevertheless */
	play.leave = 0;
	assert_int_equal(again(), SESSION_AGAIN);
	play.input = SVC_MORE;
	play.say = "end";
	assert_int_equal(again(), SESSION_READ);
	expect_output("end");
	assert_int_equal(play.seen_in, 0);
	/* and now only when something comes */
	assert_int_equal(again(), SESSION_READ);
	assert_int_equal(play.asked, 4);
}

TEST(the_clients_end_is_not_forgotten_while_output_is_owed)
{
	begin(&listens, &no_rules);
	play.input = SVC_FLUSH;
	play.say = "a";
	assert_int_equal(receive("x", true), SESSION_AGAIN);
	offer("", 0, false); /* a worker that has said it once */
	play.input = SVC_DONE;
	assert_int_equal(step(), SESSION_CLOSE);
	assert_true(play.seen_eof);
}

TEST(a_dropped_session_sends_nothing)
{
	begin(&listens, &no_rules);
	play.input = SVC_DROP;
	play.say = "never seen";
	assert_int_equal(receive("x", false), SESSION_ABORT);
	assert_int_equal(w.io.out_len, 0);
	assert_int_equal(w.s.end, SESSION_END_RESET);
}

TEST(a_mirror_sends_the_bytes_from_where_they_lie)
{
	static const char text[] = "as it is";

	begin(&mirror, &no_rules);
	assert_int_equal(receive("", false), SESSION_READ);
	assert_int_equal(w.io.out_len, 0);
	assert_int_equal(receive(text, false), SESSION_READ);
	assert_ptr_equal(w.io.out, text);
	assert_int_equal(w.io.out_len, 8);
	assert_int_equal(w.io.in_used, 8);
	assert_int_equal(receive("last", true), SESSION_CLOSE);
	expect_output("last");
	assert_int_equal(w.s.end, SESSION_END_EOF);
}

/* ---- max_bytes ---- */

TEST(max_bytes_lets_exactly_so_many_in)
{
	begin(&listens, &ten_bytes);
	assert_int_equal(receive("12345678", false), SESSION_READ);
	assert_int_equal(receive("9abc", false), SESSION_FINISH);
	assert_int_equal(play.seen_in, 2);
	assert_int_equal(w.s.end, SESSION_END_LIMIT);
}

TEST(a_session_of_exactly_max_bytes_ends_as_any_other)
{
	begin(&listens, &ten_bytes);
	assert_int_equal(receive("123456789a", false), SESSION_READ);
	assert_int_equal(receive("", true), SESSION_CLOSE);
	assert_int_equal(w.s.end, SESSION_END_EOF);

	begin(&mirror, &ten_bytes);
	assert_int_equal(receive("123456789a", true), SESSION_CLOSE);
	assert_int_equal(w.s.end, SESSION_END_EOF);
}

TEST(a_service_is_not_told_of_an_end_that_comes_after_the_cut)
{
	begin(&listens, &ten_bytes);
	assert_int_equal(receive("123456789abc", true), SESSION_CLOSE);
	assert_int_equal(play.seen_in, 10);
	assert_false(play.seen_eof);
	assert_int_equal(w.s.end, SESSION_END_LIMIT);
}

TEST(input_that_waits_for_its_turn_is_counted_once)
{
	begin(&listens, &ten_bytes);
	play.input = SVC_FLUSH;
	play.say = "-";
	play.leave = 4;
	assert_int_equal(receive("123456789a", false), SESSION_AGAIN);
	play.leave = 0;
	play.input = SVC_MORE;
	assert_int_equal(again(), SESSION_READ);
	assert_int_equal(play.seen_in, 4);
	assert_int_equal(w.s.end, SESSION_END_NONE);
}

TEST(max_bytes_lets_exactly_so_many_out)
{
	begin(&listens, &ten_bytes);
	play.say = "123456";
	assert_int_equal(receive("a", false), SESSION_READ);
	session_sent(&w.s, w.io.out_len, w.now_ns);
	assert_int_equal(receive("b", false), SESSION_FINISH);
	expect_output("1234");
	assert_int_equal(w.s.end, SESSION_END_LIMIT);
}

TEST(max_bytes_holds_for_a_mirror)
{
	begin(&mirror, &ten_bytes);
	assert_int_equal(receive("12345678", false), SESSION_READ);
	session_sent(&w.s, w.io.out_len, w.now_ns);
	assert_int_equal(receive("9abc", false), SESSION_FINISH);
	expect_output("9a");
	assert_int_equal(w.s.end, SESSION_END_LIMIT);
}

TEST(close_after_ends_a_session_with_the_byte_that_it_names)
{
	const struct session_rules five = { .close_after_bytes = 5 };

	begin(&mirror, &five);
	assert_int_equal(receive("1234", false), SESSION_READ);
	session_sent(&w.s, w.io.out_len, w.now_ns);
	assert_int_equal(receive("5", false), SESSION_FINISH);
	expect_output("5");
	assert_int_equal(w.s.end, SESSION_END_IMPAIRED);

	begin(&listens, &five);
	play.say = "123456";
	assert_int_equal(receive("a", false), SESSION_FINISH);
	expect_output("12345");
	assert_int_equal(w.s.end, SESSION_END_IMPAIRED);
}

TEST(an_endless_service_ends_at_max_bytes_in_either_direction)
{
	const struct session_rules rules = { .max_bytes = 20000 };
	enum session_next next;
	uint64_t sent = 0;

	begin(&endless, &rules);
	play.open = play.input = SVC_FLUSH;
	play.say_n = ROOM;
	for (next = receive("", false); next == SESSION_AGAIN; next = again())
		sent += w.io.out_len;
	assert_int_equal(next, SESSION_FINISH);
	assert_int_equal(sent + w.io.out_len, 20000);
	assert_int_equal(w.s.end, SESSION_END_LIMIT);

	begin(&endless, &ten_bytes);
	play.open = play.input = SVC_FLUSH;
	play.say = "1";
	assert_int_equal(receive("123456789abc", false), SESSION_AGAIN);
	assert_int_equal(again(), SESSION_FINISH);
	assert_int_equal(w.s.end, SESSION_END_LIMIT);
}

TEST(a_long_answer_to_what_was_let_in_is_completed)
{
	const struct session_rules rules = { .max_bytes = 1000 };
	char line[1200];

	memset(line, 'l', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	begin(&listens, &rules);
	play.input = SVC_FLUSH;
	play.say = "first,";
	assert_int_equal(receive(line, false), SESSION_AGAIN);
	play.say = "second";
	play.input = SVC_MORE;
	assert_int_equal(again(), SESSION_FINISH);
	expect_output("second");
	assert_int_equal(play.seen_in, 0);
	assert_int_equal(w.s.end, SESSION_END_LIMIT);
}

/* ---- questions, tcpmux ---- */

TEST(an_answer_ends_the_session_that_asked)
{
	const struct lookup_answer answer = { .result = LOOKUP_FOUND };

	begin(&request, &no_rules);
	play.input = SVC_ASK;
	assert_int_equal(receive("HNAME x\r\n", false), SESSION_ASK);
	offer("", 0, false);
	play.answer = SVC_DONE;
	play.say = "HOST :";
	assert_int_equal(session_answer(&w.s, &no_context, &answer, &w.io), SESSION_FINISH);
	expect_output("HOST :");
	assert_int_equal(play.answered, 1);
}

TEST(an_answer_to_a_client_that_has_ended_is_sent_and_all_closed)
{
	const struct lookup_answer answer = { .result = LOOKUP_FOUND };

	begin(&request, &no_rules);
	play.input = SVC_ASK;
	assert_int_equal(receive("HNAME x\r\n", true), SESSION_ASK);
	offer("", 0, false);
	play.answer = SVC_DONE;
	play.say = "HOST :";
	assert_int_equal(session_answer(&w.s, &no_context, &answer, &w.io), SESSION_CLOSE);
	expect_output("HOST :");
}

TEST(a_long_answer_goes_on_in_steps)
{
	const struct lookup_answer answer = { .result = LOOKUP_FOUND };

	begin(&request, &no_rules);
	play.input = SVC_ASK;
	receive("x\n", false);
	offer("", 0, false);
	play.answer = SVC_FLUSH;
	play.input = SVC_DONE;
	play.say = "part";
	assert_int_equal(session_answer(&w.s, &no_context, &answer, &w.io), SESSION_AGAIN);
	assert_int_equal(again(), SESSION_FINISH);
	assert_int_equal(play.asked, 2);
}

TEST(a_session_that_becomes_another_keeps_its_bytes_and_counts)
{
	const struct session_rules other = { .max_bytes = 12 };

	begin(&request, &no_rules);
	play.input = SVC_BECOME;
	play.become = 3;
	play.leave = 4;
	assert_int_equal(receive("speaks\r\ndata", false), SESSION_BECOME);
	assert_int_equal(w.io.become, 3);
	assert_int_equal(w.io.in_used, 8);
	session_become(&w.s, &speaks, &other);
	play.input = SVC_MORE;
	play.leave = 0;
	assert_int_equal(again(), SESSION_READ);
	assert_int_equal(play.opened, 1);
	assert_int_equal(play.seen_in, 4);
	assert_int_equal(((struct play_state *)w.s.state)->calls, 2); /* the state was cleared for the new service */
	/* 12 bytes of 12 have come; the new rules hold now */
	assert_int_equal(receive("x", false), SESSION_FINISH);
	assert_int_equal(w.s.end, SESSION_END_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_that_listens_is_not_called_before_something_comes),
		cmocka_unit_test(the_state_of_a_service_begins_as_zeroes),
		cmocka_unit_test(a_service_that_speaks_first_and_ends_gets_a_careful_close),
		cmocka_unit_test(data_sent_to_a_service_that_speaks_first_is_thrown_away),
		cmocka_unit_test(after_the_clients_end_both_directions_are_closed),
		cmocka_unit_test(a_service_that_wants_more_after_the_clients_end_ends),
		cmocka_unit_test(what_came_with_the_greeting_is_read_when_the_greeting_is_out),
		cmocka_unit_test(an_open_that_says_nothing_does_not_delay_the_input),
		cmocka_unit_test(output_that_does_not_fit_is_asked_for_again),
		cmocka_unit_test(the_clients_end_is_not_forgotten_while_output_is_owed),
		cmocka_unit_test(a_dropped_session_sends_nothing),
		cmocka_unit_test(a_mirror_sends_the_bytes_from_where_they_lie),
		cmocka_unit_test(max_bytes_lets_exactly_so_many_in),
		cmocka_unit_test(a_session_of_exactly_max_bytes_ends_as_any_other),
		cmocka_unit_test(a_service_is_not_told_of_an_end_that_comes_after_the_cut),
		cmocka_unit_test(input_that_waits_for_its_turn_is_counted_once),
		cmocka_unit_test(max_bytes_lets_exactly_so_many_out),
		cmocka_unit_test(max_bytes_holds_for_a_mirror),
		cmocka_unit_test(close_after_ends_a_session_with_the_byte_that_it_names),
		cmocka_unit_test(an_endless_service_ends_at_max_bytes_in_either_direction),
		cmocka_unit_test(a_long_answer_to_what_was_let_in_is_completed),
		cmocka_unit_test(an_answer_ends_the_session_that_asked),
		cmocka_unit_test(an_answer_to_a_client_that_has_ended_is_sent_and_all_closed),
		cmocka_unit_test(a_long_answer_goes_on_in_steps),
		cmocka_unit_test(a_session_that_becomes_another_keeps_its_bytes_and_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
