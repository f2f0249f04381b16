/* SPDX-License-Identifier: MIT */
/* How a worker takes connections: when it is full, when something fails, and what is refused. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>

#include "base/rest.h"
#include "worker_desk.h"

static void turn(struct desk *d)
{
	assert_int_equal(acceptor_turn(d->w.acceptor), 0);
}

static bool fired;

static void note_fired(struct loop_timer *t maybe_unused)
{
	fired = true;
}

static uint64_t admitted(const struct desk *d, const struct listener *l)
{
	return atomic_load(&d->w.counters[l->row].sessions);
}

/* ---- refusals ---- */

TEST(what_the_list_refuses_is_reset_and_counted)
{
	static const struct prefix nobody[] = { { .addr = { .family = AF_INET }, .bits = 0 } };
	struct desk d;
	const struct listener *l;
	char byte;
	int fd;

	desk_begin(&d, POOL_PREFORK, 1);
	l = desk_listen(&d, "echo", TRANSPORT_TCP, AF_INET);
	d.services[0].admission.acl = (struct acl){ .deny = nobody, .deny_n = 1 };
	desk_worker(&d);
	assert_int_equal(acceptor_open(d.w.acceptor), 0);
	fd = desk_dial(l, SOCK_STREAM);
	turn(&d);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(atomic_load(&d.w.counters[l->row].refused[REFUSED_ACL]), 1);
	assert_int_equal(admitted(&d, l), 0);
	close(fd);
	desk_end(&d);
}

/* A flood of connections that are refused keeps the door busy; the worker's own business goes on beside it. */
TEST(timers_fire_while_connections_keep_coming)
{
	static const struct prefix nobody[] = { { .addr = { .family = AF_INET }, .bits = 0 } };
	struct loop_timer timer = { .fire = note_fired };
	struct desk d;
	const struct listener *l;
	int fds[8];

	desk_begin(&d, POOL_PREFORK, 1);
	l = desk_listen(&d, "echo", TRANSPORT_TCP, AF_INET);
	d.services[0].admission.acl = (struct acl){ .deny = nobody, .deny_n = 1 };
	desk_worker(&d);
	assert_int_equal(acceptor_open(d.w.acceptor), 0);
	for (size_t i = 0; i < array_n(fds); i++)
		fds[i] = desk_dial(l, SOCK_STREAM);
	fired = false;
	loop_set_timer(&d.w.loop, &timer, 1); /* long due */
	for (size_t i = 0; i < array_n(fds) / 2; i++)
		turn(&d);
	assert_true(fired);
	for (size_t i = 0; i < array_n(fds); i++)
		close(fds[i]);
	desk_end(&d);
}

/* ---- full ---- */

TEST(a_prefork_worker_takes_the_next_when_it_is_free_again)
{
	struct desk d;
	const struct listener *l;
	int first, second;
	char byte;

	desk_begin(&d, POOL_PREFORK, 1);
	l = desk_listen(&d, "echo", TRANSPORT_TCP, AF_INET);
	desk_worker(&d);
	assert_int_equal(acceptor_open(d.w.acceptor), 0);
	first = desk_dial(l, SOCK_STREAM);
	second = desk_dial(l, SOCK_STREAM);
	turn(&d);
	assert_int_equal(admitted(&d, l), 1);
	assert_int_equal(send(first, "x", 1, 0), 1);
	turn(&d);
	assert_int_equal(recv(first, &byte, 1, 0), 1);
	assert_int_equal(admitted(&d, l), 1); /* the second waits */
	close(first);
	while (admitted(&d, l) < 2)
		turn(&d);
	assert_int_equal(d.w.sessions, 1);
	close(second);
	desk_end(&d);
}

TEST(an_event_worker_takes_no_more_than_its_share)
{
	struct desk d;
	const struct listener *l;
	int fds[3];

	desk_begin(&d, POOL_EVENT, 2);
	l = desk_listen(&d, "echo", TRANSPORT_TCP, AF_INET);
	desk_worker(&d);
	assert_int_equal(acceptor_open(d.w.acceptor), 0);
	for (size_t i = 0; i < array_n(fds); i++)
		fds[i] = desk_dial(l, SOCK_STREAM);
	desk_turn(&d);
	assert_int_equal(admitted(&d, l), 2);
	close(fds[0]);
	desk_turn(&d);
	assert_int_equal(admitted(&d, l), 3);
	close(fds[1]);
	close(fds[2]);
	desk_end(&d);
}

/* ---- what fails ---- */

TEST(a_listener_that_could_not_be_waited_on_is_tried_again)
{
	struct desk d;
	const struct listener *first, *second;
	int kept, fds[2];

	desk_begin(&d, POOL_EVENT, 8);
	first = desk_listen(&d, "echo", TRANSPORT_TCP, AF_INET);
	second = desk_listen(&d, "discard", TRANSPORT_TCP, AF_INET);
	desk_worker(&d);
	/* epoll_ctl fails for the second one, as it may for want of memory. */
	kept = fcntl(second->fd, F_DUPFD_CLOEXEC, 3);
	acceptor_set_full(d.w.acceptor, true);
	assert_int_equal(acceptor_open(d.w.acceptor), 0);
	close(second->fd);
	acceptor_set_full(d.w.acceptor, false);
	assert_int_equal(dup2(kept, second->fd), second->fd);
	assert_int_equal(d.w.loop.heap_n, 1); /* it will be tried again: now */
	d.w.loop.heap[0]->at_ns = 1;
	fds[0] = desk_dial(first, SOCK_STREAM);
	fds[1] = desk_dial(second, SOCK_STREAM);
	desk_turn(&d);
	assert_int_equal(admitted(&d, first), 1);
	assert_int_equal(admitted(&d, second), 1);
	close(fds[0]);
	close(fds[1]);
	close(kept);
	desk_end(&d);
}

/* ---- stopping ---- */

TEST(what_woke_a_worker_that_drains_is_served)
{
	struct desk d;
	const struct listener *l;
	int fd;

	desk_begin(&d, POOL_EVENT, 8);
	l = desk_listen(&d, "echo", TRANSPORT_TCP, AF_INET);
	desk_worker(&d);
	assert_int_equal(acceptor_open(d.w.acceptor), 0);
	fd = desk_dial(l, SOCK_STREAM);
	worker_process_drain(&d.w);
	assert_int_equal(admitted(&d, l), 1);
	assert_int_equal(d.w.phase, WORKER_DRAINING);
	close(fd);
	desk_turn(&d);
	assert_int_equal(d.w.phase, WORKER_LEAVING);
	desk_end(&d);
}

/* ---- listeners that listen no more ---- */

/* The worker has said that it met one. */
static bool told_of_a_loss(const struct desk *d)
{
	char word = 0;

	return recv(d->channel[0], &word, 1, MSG_DONTWAIT) == 1 && word == (char)CHANNEL_LOST;
}

/* It would be ready at once, for ever. */
static void expect_rest(enum pool_model model, int how)
{
	struct loop_timer sentinel = { .fire = note_fired };
	struct desk d;
	struct listener *ended, *other;
	int fd;

	desk_begin(&d, model, 8);
	ended = desk_listen(&d, "echo", TRANSPORT_TCP, AF_INET);
	other = desk_listen(&d, "discard", TRANSPORT_TCP, AF_INET);
	desk_worker(&d);
	assert_int_equal(acceptor_open(d.w.acceptor), 0);
	assert_int_equal(shutdown(ended->fd, how), 0);
	for (int i = 0; i < 2 * REST_AFTER && !told_of_a_loss(&d); i++)
		turn(&d);
	/* The next turn waits, so it ends with a timer that is not due yet. */
	fired = false;
	loop_set_timer(&d.w.loop, &sentinel, clock_mono_ns() + 20 * CLOCK_MS_NS);
	uint64_t due_ns = sentinel.at_ns;
	turn(&d);
	assert_true(clock_mono_ns() >= due_ns);
	fd = desk_dial(other, SOCK_STREAM);
	turn(&d);
	assert_int_equal(admitted(&d, other), 1);
	close(fd);
	desk_end(&d);
}

TEST(a_listener_that_was_ended_is_polled_no_more)
{
	expect_rest(POOL_PREFORK, SHUT_RDWR);
	expect_rest(POOL_EVENT, SHUT_RDWR);
	expect_rest(POOL_EVENT, SHUT_RD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_list_refuses_is_reset_and_counted),
		cmocka_unit_test(timers_fire_while_connections_keep_coming),
		cmocka_unit_test(a_prefork_worker_takes_the_next_when_it_is_free_again),
		cmocka_unit_test(an_event_worker_takes_no_more_than_its_share),
		cmocka_unit_test(a_listener_that_could_not_be_waited_on_is_tried_again),
		cmocka_unit_test(what_woke_a_worker_that_drains_is_served),
		cmocka_unit_test(a_listener_that_was_ended_is_polled_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
