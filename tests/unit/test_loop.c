/* SPDX-License-Identifier: MIT */
/*
 * The event loop: who is called in a turn, in which order, and who is not any more.
 *
 * Timers here are set to times that have passed: what is due is known without waiting for it.
 */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/loop.h"

#define TIMERS_N 1000
#define SOURCES_N 300

static struct loop loop;

static int open_loop(void **state maybe_unused)
{
	return loop_init(&loop, TIMERS_N);
}

static int open_loop_of_few(void **state maybe_unused)
{
	static struct loop_few few;

	loop_init_few(&loop, &few, clock_mono_ns());
	return 0;
}

static int close_loop(void **state maybe_unused)
{
	loop_done(&loop);
	return 0;
}

/* In the place of libc's, of which a turn that does not wait makes use. */
static int epoll_wait_errno;

int epoll_wait(int fd, struct epoll_event *events, int events_max, int timeout_ms)
{
	if (epoll_wait_errno) {
		errno = epoll_wait_errno;
		return -1;
	}
	return (int)syscall(SYS_epoll_pwait, fd, events, events_max, timeout_ms, NULL, 0);
}

static void turn(void)
{
	assert_int_equal(loop_turn(&loop, 0), 0);
}

/* A timer that notes when it was called, and may act on another. */
struct test_timer {
	struct loop_timer timer;
	unsigned fired, number;
	struct test_timer *cancels, *sets;
	uint64_t sets_to_ns;
};

static unsigned order[TIMERS_N];
static unsigned order_n;

static void note(struct loop_timer *timer)
{
	struct test_timer *t = container_of(timer, struct test_timer, timer);

	t->fired++;
	assert_int_equal(timer->place, 0);
	assert_true(clock_mono_ns() >= timer->at_ns);
	if (order_n < TIMERS_N)
		order[order_n++] = t->number;
	if (t->cancels != NULL)
		loop_cancel_timer(&loop, &t->cancels->timer);
	if (t->sets != NULL)
		loop_set_timer(&loop, &t->sets->timer, t->sets_to_ns);
}

static void make(struct test_timer *t, unsigned number)
{
	*t = (struct test_timer){ .timer.fire = note, .number = number };
}

TEST(timers_fire_in_the_order_of_their_deadlines)
{
	static struct test_timer t[TIMERS_N];

	order_n = 0;
	for (unsigned i = 0; i < TIMERS_N; i++) {
		make(&t[i], i);
		loop_set_timer(&loop, &t[i].timer, 1 + (i * 619) % TIMERS_N); /* 619: every number once, mixed */
	}
	turn();
	assert_int_equal(order_n, TIMERS_N);
	for (unsigned i = 1; i < TIMERS_N; i++)
		assert_true(t[order[i - 1]].timer.at_ns < t[order[i]].timer.at_ns);
}

TEST(timers_moved_and_cancelled_at_random_keep_their_order)
{
	static struct test_timer t[TIMERS_N];
	unsigned set_n = 0;
	uint32_t random = 1;

	order_n = 0;
	for (unsigned i = 0; i < TIMERS_N; i++)
		make(&t[i], i);
	for (unsigned i = 0; i < 20 * TIMERS_N; i++) {
		random = random * 1664525 + 1013904223;
		loop_set_timer(&loop, &t[(random >> 8) % TIMERS_N].timer,
			       random >> 28 == 0 ? CLOCK_NEVER : 1 + (random >> 4));
	}
	for (unsigned i = 0; i < TIMERS_N; i++)
		set_n += t[i].timer.place != 0;
	assert_true(set_n > 0 && set_n < TIMERS_N);
	turn();
	assert_int_equal(order_n, set_n);
	for (unsigned i = 1; i < order_n; i++)
		assert_true(t[order[i - 1]].timer.at_ns <= t[order[i]].timer.at_ns);
}

TEST(no_timer_fires_early)
{
	struct test_timer t;
	uint64_t at_ns = clock_mono_ns() + 1500001; /* neither a whole millisecond nor a whole microsecond */
	unsigned turns = 0;

	make(&t, 0);
	loop_set_timer(&loop, &t.timer, at_ns);
	assert_true(loop_next_ns(&loop) == at_ns);
	for (; t.fired == 0 && turns < 1000; turns++)
		assert_int_equal(loop_turn(&loop, CLOCK_NEVER), 0);
	assert_int_equal(t.fired, 1); /* and note() has compared the clock with the deadline */
	assert_true(loop.now_ns >= at_ns);
	assert_true(loop_next_ns(&loop) == CLOCK_NEVER);
}

TEST(a_timer_cancelled_by_another_does_not_fire)
{
	struct test_timer first, second;

	make(&first, 1);
	make(&second, 2);
	first.cancels = &second;
	loop_set_timer(&loop, &first.timer, 1);
	loop_set_timer(&loop, &second.timer, 2);
	turn();
	turn();
	assert_int_equal(first.fired, 1);
	assert_int_equal(second.fired, 0);
	loop_cancel_timer(&loop, &second.timer); /* again: nothing happens */
}

TEST(a_timer_that_is_always_due_does_not_hold_up_the_turn)
{
	struct test_timer t;

	make(&t, 1);
	t.sets = &t;
	t.sets_to_ns = 1;
	loop_set_timer(&loop, &t.timer, 1);
	turn();
	assert_int_equal(t.fired, 1);
	turn();
	assert_int_equal(t.fired, 2);
	loop_cancel_timer(&loop, &t.timer);
}

TEST(a_deadline_ends_the_wait)
{
	struct test_timer t;
	uint64_t until_ns = clock_mono_ns() + CLOCK_MS_NS;

	make(&t, 1);
	loop_set_timer(&loop, &t.timer, until_ns + 3600 * CLOCK_S_NS);
	assert_int_equal(loop_turn(&loop, until_ns), 0); /* returns at all: that is the test */
	assert_int_equal(t.fired, 0);
	loop_set_timer(&loop, &t.timer, CLOCK_NEVER);
	assert_int_equal(t.timer.place, 0);
}

/* A source over an eventfd that is ready, which counts its calls and may remove others and add one. */
struct test_source {
	struct loop_source source;
	unsigned called;
	uint32_t events;
	struct test_source *removes[2];
	struct test_source *adds;
};

static void count(struct loop_source *source, uint32_t events)
{
	struct test_source *s = container_of(source, struct test_source, source);

	s->called++;
	s->events = events;
	for (size_t i = 0; i < array_n(s->removes); i++) {
		if (s->removes[i] != NULL)
			loop_remove(&loop, &s->removes[i]->source);
	}
	if (s->adds != NULL)
		assert_int_equal(loop_add(&loop, &s->adds->source, EPOLLIN), 0);
}

static void make_ready(struct test_source *s)
{
	*s = (struct test_source){ .source = { .fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), .ready = count } };
	assert_true(s->source.fd >= 0);
}

TEST(a_source_removed_in_a_turn_is_not_called_any_more)
{
	struct test_source a, b;

	make_ready(&a);
	make_ready(&b);
	a.removes[0] = &b;
	b.removes[0] = &a;
	assert_int_equal(loop_add(&loop, &a.source, EPOLLIN), 0);
	assert_int_equal(loop_add(&loop, &b.source, EPOLLIN), 0);
	turn();
	assert_int_equal(a.called + b.called, 1); /* whichever came first removed the other */
	turn();
	assert_int_equal(a.called + b.called, 2);
	assert_true(a.called == 0 || b.called == 0);
	loop_remove(&loop, &a.source);
	loop_remove(&loop, &b.source);
	fd_close(&a.source.fd);
	fd_close(&b.source.fd);
}

TEST(a_source_closed_in_a_turn_is_not_called_any_more)
{
	struct test_source a, b;

	make_ready(&a);
	make_ready(&b);
	assert_int_equal(loop_add(&loop, &a.source, EPOLLIN), 0);
	assert_int_equal(loop_add(&loop, &b.source, EPOLLIN), 0);
	loop_close(&loop, &a.source);
	assert_int_equal(a.source.fd, -1);
	turn();
	assert_int_equal(a.called, 0);
	assert_int_equal(b.called, 1);
	loop_close(&loop, &b.source);
	turn();
	assert_int_equal(b.called, 1);
}

TEST(a_loop_of_few_takes_no_more_than_it_has_room_for)
{
	static struct test_source s[LOOP_FEW_MAX + 1];

	for (size_t i = 0; i <= LOOP_FEW_MAX; i++) {
		make_ready(&s[i]);
		assert_int_equal(loop_add(&loop, &s[i].source, EPOLLIN), i < LOOP_FEW_MAX ? 0 : -ENOSPC);
	}
	turn();
	for (size_t i = 0; i <= LOOP_FEW_MAX; i++) {
		assert_int_equal(s[i].called, i < LOOP_FEW_MAX);
		loop_close(&loop, &s[i].source);
	}
}

TEST(a_source_may_replace_itself)
{
	struct test_source a, b;

	make_ready(&a);
	make_ready(&b);
	a.removes[0] = &a;
	a.adds = &b;
	assert_int_equal(loop_add(&loop, &a.source, EPOLLIN), 0);
	turn();
	assert_int_equal(a.called, 1);
	assert_int_equal(b.called, 0);
	turn();
	assert_int_equal(a.called, 1);
	assert_int_equal(b.called, 1);
	loop_remove(&loop, &b.source);
	fd_close(&a.source.fd);
	fd_close(&b.source.fd);
}

TEST(a_source_hears_of_the_events_it_asked_for_last)
{
	struct test_source s;

	make_ready(&s);
	assert_int_equal(loop_add(&loop, &s.source, EPOLLIN), 0);
	assert_int_equal(loop_add(&loop, &s.source, EPOLLIN), -EEXIST);
	assert_int_equal(loop_change(&loop, &s.source, EPOLLOUT), 0);
	turn();
	assert_int_equal(s.events, EPOLLOUT);
	assert_int_equal(loop_change(&loop, &s.source, 0), 0);
	turn();
	assert_int_equal(s.called, 1);
	loop_remove(&loop, &s.source);
	assert_int_equal(loop_change(&loop, &s.source, EPOLLIN), -ENOENT);
	fd_close(&s.source.fd);
}

TEST(more_sources_than_a_batch_holds_are_all_called)
{
	static struct test_source s[SOURCES_N];

	for (size_t i = 0; i < SOURCES_N; i++) {
		make_ready(&s[i]);
		s[i].removes[0] = &s[i];
		assert_int_equal(loop_add(&loop, &s[i].source, EPOLLIN), 0);
	}
	turn();
	turn();
	for (size_t i = 0; i < SOURCES_N; i++) {
		assert_int_equal(s[i].called, 1);
		fd_close(&s[i].source.fd);
	}
}

static void read_signal(struct loop_source *source, uint32_t events)
{
	struct signalfd_siginfo info;

	assert_int_equal(events, EPOLLIN);
	assert_int_equal(read(source->fd, &info, sizeof(info)), sizeof(info));
	assert_int_equal(info.ssi_signo, SIGUSR1);
	loop_remove(&loop, source);
	fd_close(&source->fd);
}

TEST(a_signal_is_read_in_a_turn)
{
	struct loop_source s = { .ready = read_signal };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	s.fd = loop_signal_fd(&set);
	assert_true(s.fd >= 0);
	assert_int_equal(loop_add(&loop, &s, EPOLLIN), 0);
	raise(SIGUSR1); /* blocked by loop_signal_fd, else it would end this program */
	turn();
	assert_int_equal(s.fd, -1);
}

TEST(a_loop_that_is_done_has_let_go_of_its_timers)
{
	struct test_timer t;
	struct loop other;

	make(&t, 1);
	assert_int_equal(loop_init(&other, 1), 0);
	loop_set_timer(&other, &t.timer, 1);
	loop_done(&other);
	loop_done(&other);
	loop_set_timer(&loop, &t.timer, 1);
	turn();
	assert_int_equal(t.fired, 1);
}

/* What a loop does whichever way it waits. */
#define EITHER_WAY                                                                                                          \
	cmocka_unit_test(no_timer_fires_early), cmocka_unit_test(a_timer_cancelled_by_another_does_not_fire),               \
		cmocka_unit_test(a_timer_that_is_always_due_does_not_hold_up_the_turn),                                     \
		cmocka_unit_test(a_deadline_ends_the_wait),                                                                 \
		cmocka_unit_test(a_source_removed_in_a_turn_is_not_called_any_more),                                        \
		cmocka_unit_test(a_source_closed_in_a_turn_is_not_called_any_more),                                         \
		cmocka_unit_test(a_source_may_replace_itself),                                                              \
		cmocka_unit_test(a_source_hears_of_the_events_it_asked_for_last),                                           \
		cmocka_unit_test(a_signal_is_read_in_a_turn)

/* The kernel has none for the moment; a supervisor that ended by that would take everything along. */
TEST(a_turn_without_memory_is_one_in_which_nothing_happened)
{
	epoll_wait_errno = ENOMEM;
	turn();
	epoll_wait_errno = EBADF;
	assert_int_equal(loop_turn(&loop, 0), -EBADF);
	epoll_wait_errno = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_in_the_order_of_their_deadlines),
		cmocka_unit_test(a_turn_without_memory_is_one_in_which_nothing_happened),
		cmocka_unit_test(timers_moved_and_cancelled_at_random_keep_their_order),
		EITHER_WAY,
		cmocka_unit_test(more_sources_than_a_batch_holds_are_all_called),
		cmocka_unit_test(a_loop_that_is_done_has_let_go_of_its_timers),
	};

	const struct CMUnitTest tests_of_few[] = {
		EITHER_WAY,
		cmocka_unit_test(a_loop_of_few_takes_no_more_than_it_has_room_for),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop) +
	       cmocka_run_group_tests(tests_of_few, open_loop_of_few, close_loop);
}
