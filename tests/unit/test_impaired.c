/* SPDX-License-Identifier: MIT */
/* impaired: what becomes of a listener's datagrams, and of those that it holds back. */
#include "test.h"

#include "datagram/held.h"
#include "worker_desk.h"

static void begin(struct desk *d, const char *service, struct impair_rules rules)
{
	desk_begin(d, POOL_EVENT, 4);
	impairs_say(&desk_shared->impairs[0], NULL);
	desk_listen(d, service, TRANSPORT_UDP, AF_INET);
	d->services[0].impair = rules;
	d->services[0].impairs = impair_does_anything(&rules);
	desk_worker(d);
	atomic_store(&d->readers[0], DESK_RECORD);
	datagram_look(d->w.datagrams);
}

static void give_up(struct desk *d)
{
	atomic_store(&d->readers[0], SHARED_NOBODY);
	datagram_look(d->w.datagrams);
}

static uint64_t done(const struct desk *d, enum impaired what)
{
	return atomic_load(&d->w.counters[0].impaired[what]);
}

static void ask(struct desk *d, int fd, const void *bytes, size_t n)
{
	assert_int_equal(send(fd, bytes, n, 0), n);
	desk_turn(d);
}

/* The length of the next answer; -1: there is none. */
static ssize_t next(int fd, uint8_t *got)
{
	return recv(fd, got, 65536, MSG_DONTWAIT);
}

static struct impair_rules all_of(enum impairment_fault fault)
{
	struct impair_rules r = { 0 };

	r.drawn.share_ppm[fault] = IMPAIRMENT_WHOLE_PPM;
	return r;
}

static const struct impair_rules for_a_minute = { .delay_ns = 60 * CLOCK_S_NS };

TEST(a_share_of_all_drops_doubles_corrupts_or_cuts_each_answer)
{
	static const enum impairment_fault faults[] = { IMPAIRMENT_DROP, IMPAIRMENT_DUPLICATE, IMPAIRMENT_CORRUPT,
							IMPAIRMENT_TRUNCATE };
	static const enum impaired counted[] = { IMPAIRED_DROP, IMPAIRED_DUPLICATE, IMPAIRED_CORRUPT, IMPAIRED_TRUNCATE };
	static uint8_t got[65536];

	for (unsigned i = 0; i < array_n(faults); i++) {
		struct desk d;
		begin(&d, "echo", all_of(faults[i]));
		int fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
		ask(&d, fd, "12345678", 8);
		ssize_t n = next(fd, got), again = next(fd, got);
		assert_int_equal(again, faults[i] == IMPAIRMENT_DUPLICATE ? 8 : -1);
		if (faults[i] == IMPAIRMENT_TRUNCATE)
			assert_in_range(n, 0, 7);
		else
			assert_int_equal(n, faults[i] == IMPAIRMENT_DROP ? -1 : 8);
		if (n > 0)
			assert_int_equal(memcmp(got, "12345678", (size_t)n) != 0, faults[i] == IMPAIRMENT_CORRUPT);
		assert_int_equal(done(&d, counted[i]), 1);
		close(fd);
		desk_end(&d);
	}
}

TEST(what_is_held_back_leaves_when_it_is_due_or_when_the_socket_is_given_up)
{
	struct desk d;
	uint8_t got[65536];
	int fd;

	begin(&d, "echo", (struct impair_rules){ .delay_ns = CLOCK_MS_NS });
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	ask(&d, fd, "soon", 4);
	while (next(fd, got) != 4)
		assert_int_equal(loop_turn(&d.w.loop, CLOCK_NEVER), 0);
	d.services[0].impair = for_a_minute;
	ask(&d, fd, "one", 3);
	ask(&d, fd, "three", 5);
	assert_int_equal(next(fd, got), -1);
	give_up(&d);
	assert_int_equal(next(fd, got), 3);
	assert_int_equal(next(fd, got), 5);
	assert_int_equal(next(fd, got), -1);
	assert_int_equal(done(&d, IMPAIRED_DELAY), 3);
	close(fd);
	desk_end(&d);
}

TEST(a_flood_finds_no_more_memory_than_there_is_and_what_is_lost_is_counted)
{
	static uint8_t bytes[60000], got[65536];
	unsigned most = HELD_BYTES / sizeof(bytes), asked = 2 * most;
	struct desk d;
	int fd;

	begin(&d, "echo", for_a_minute);
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	for (unsigned i = 0; i < asked; i++)
		ask(&d, fd, bytes, sizeof(bytes));
	assert_in_range(done(&d, IMPAIRED_DELAY), most - 2, most);
	assert_int_equal(done(&d, IMPAIRED_DELAY) + done(&d, IMPAIRED_OVERFLOW), asked);
	give_up(&d);
	assert_int_equal(next(fd, got), sizeof(bytes));
	assert_int_equal(atomic_load(&d.w.counters[0].datagrams_answered), done(&d, IMPAIRED_DELAY));
	close(fd);
	desk_end(&d);
}

/* Datagrams of the lengths 1, 2, 3 ...: those that wait for the next one are known by the same draw. */
TEST(an_answer_that_is_reordered_comes_behind_the_next_one_to_its_client)
{
	struct impair_rules rules = { .drawn = { .seed = 8 }, .by = IMPAIR_BY_CONTENT };
	static uint8_t got[65536], zeros[101];
	unsigned waits = 0, swapped = 0;
	struct desk d;
	int fd, other;

	rules.drawn.share_ppm[IMPAIRMENT_REORDER] = 300000;
	begin(&d, "echo", rules);
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	other = desk_dial(&d.listeners[0], SOCK_DGRAM);
	for (unsigned n = 1; n <= 100; n++) {
		bool hit = impairment_hits(impairment_by_content(&rules.drawn, zeros, n).hits, IMPAIRMENT_REORDER);

		ask(&d, fd, zeros, n);
		if (!hit)
			assert_int_equal(next(fd, got), n);
		if (waits)
			assert_int_equal(next(fd, got), waits);
		assert_int_equal(next(fd, got), -1);
		swapped += waits && !hit;
		waits = hit ? n : 0;
		ask(&d, other, "what another is sent is no next one", 20 + n % 2);
		(void)next(other, got);
	}
	assert_in_range(swapped, 10, 40);
	assert_in_range(done(&d, IMPAIRED_REORDER), swapped, 2 * swapped + 50);
	close(other);
	close(fd);
	desk_end(&d);
}

TEST(numbers_go_on_over_sockets_and_begin_anew_when_something_else_is_said)
{
	struct impair_rules rules = { .drawn = { .seed = 4, .share_ppm = { [IMPAIRMENT_DROP] = 500000 } } };
	uint8_t got[65536];
	struct desk d;
	int fd;

	begin(&d, "echo", rules);
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	for (int round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < 50; i++) {
			bool is_dropped = impairment_by_order(&rules.drawn, i).hits != 0;

			ask(&d, fd, "x", 1);
			assert_int_equal(next(fd, got), is_dropped ? -1 : 1);
		}
		rules.drawn.seed = 5;
		impairs_say(&desk_shared->impairs[0], &rules);
	}
	rules.drawn.share_ppm[IMPAIRMENT_DROP] = 0;
	impairs_say(&desk_shared->impairs[0], &rules); /* said: nothing, whatever the settings say */
	for (int i = 0; i < 20; i++) {
		ask(&d, fd, "x", 1);
		assert_int_equal(next(fd, got), 1);
	}
	close(fd);
	desk_end(&d);
}

TEST(what_was_said_is_not_done_where_others_reach_the_listener)
{
	const struct impair_rules all = all_of(IMPAIRMENT_DROP);
	uint8_t got[65536];
	struct desk d;
	int fd;

	begin(&d, "echo", (struct impair_rules){ 0 });
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	impairs_say(&desk_shared->impairs[0], &all);
	ask(&d, fd, "x", 1);
	assert_int_equal(next(fd, got), -1);
	d.listeners[0].address.bytes[0] = 192; /* as if it were bound there */
	ask(&d, fd, "x", 1);
	assert_int_equal(next(fd, got), 1);
	d.services[0].acknowledge_public = true;
	ask(&d, fd, "x", 1);
	assert_int_equal(next(fd, got), -1);
	impairs_say(&desk_shared->impairs[0], NULL);
	close(fd);
	desk_end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_of_all_drops_doubles_corrupts_or_cuts_each_answer),
		cmocka_unit_test(what_is_held_back_leaves_when_it_is_due_or_when_the_socket_is_given_up),
		cmocka_unit_test(a_flood_finds_no_more_memory_than_there_is_and_what_is_lost_is_counted),
		cmocka_unit_test(an_answer_that_is_reordered_comes_behind_the_next_one_to_its_client),
		cmocka_unit_test(numbers_go_on_over_sockets_and_begin_anew_when_something_else_is_said),
		cmocka_unit_test(what_was_said_is_not_done_where_others_reach_the_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
