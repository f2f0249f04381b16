/* SPDX-License-Identifier: MIT */
/* echoprobe's sockets on loopback: what leaves is marked and stamped, what comes back is told with its marks and its time. */
#include "test.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "echoprobe/batch.h"
#include "echoprobe/errqueue.h"
#include "echoprobe/flow.h"
#include "echoprobe/icmp.h"
#include "echoprobe/stamps.h"

#define TIMEOUT_MS 30000

static const struct plan plan = { .ttl = 9, .dscp = 46, .ecn = 2, .interval_ns = CLOCK_S_NS, .burst = 1, .flows = 1 };

static struct flow open_flow(void)
{
	const struct target_source from = { .addr = addr_loopback_v4 };
	const struct flow_ends ends = { .plan = &plan, .target = &addr_loopback_v4, .from = &from };
	struct flow f;
	char storage[200];
	struct text why = TEXT_OVER(storage);

	if (flow_open(&f, &ends, &why) < 0)
		fail_msg("%s", storage);
	return f;
}

static struct addr address_of(const struct flow *f)
{
	struct addr a = addr_loopback_v4;

	a.port = f->port;
	return a;
}

static void await(const struct flow *f, short events)
{
	struct pollfd p = { .fd = f->fd, .events = events };

	assert_int_equal(poll(&p, 1, TIMEOUT_MS), 1);
}

/* Sends n packets of 30 octets, which say their number. */
static void send_packets(struct batch *b, const struct flow *f, const struct addr *to, unsigned n, enum batch_stamp stamp)
{
	batch_begin(b, AF_INET, to);
	for (unsigned i = 0; i < n; i++)
		memset(batch_add(b, 30, stamp), (int)i, 30);
	assert_int_equal(batch_send(b, f->fd, 0), n);
}

TEST(a_batch_arrives_whole_with_its_ttl_its_marks_and_where_from)
{
	struct flow from = open_flow(), to = open_flow();
	struct addr target = address_of(&to), source = address_of(&from);
	struct batch *b;
	unsigned got = 0;

	assert_int_equal(batch_new(30, 20, &b), 0);
	send_packets(b, &from, &target, BATCH_MAX, BATCH_UNSTAMPED);
	while (got < BATCH_MAX) {
		unsigned n;

		await(&to, POLLIN);
		n = batch_receive(b, to.fd);
		for (unsigned i = 0; i < n; i++) {
			struct batch_datagram d;

			batch_datagram(b, i, &d);
			assert_int_equal(d.length, 30);
			assert_int_equal(d.n, 20);
			assert_int_equal(d.at[19], got++);
			assert_int_equal(d.ttl, 9);
			assert_int_equal(d.traffic_class, 46 << 2 | 2);
			assert_int_equal(d.dropped, 0);
			assert_true(addr_same(&d.from, &source));
		}
	}
	assert_int_equal(batch_receive(b, to.fd), 0);
	batch_free(&b);
	flow_close(&from);
	flow_close(&to);
}

/* The stamps that come, by the number of their packets. */
static void read_stamps(const struct flow *f, const struct stamps *s, uint64_t first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct errqueue_message m;
		uint64_t seq;

		await(f, 0);
		assert_true(errqueue_read(f->fd, &m, 1));
		assert_int_equal(m.kind, ERRQUEUE_STAMP);
		assert_true(stamps_find(s, m.stamp_id, &seq));
		assert_int_equal(seq, first + i);
		assert_true(m.stamp_ns > 0);
	}
}

TEST(each_packet_that_leaves_is_stamped_by_its_number_even_after_one_failed)
{
	struct flow from = open_flow(), to = open_flow();
	struct addr target = address_of(&to);
	struct stamps s;
	struct batch *b;

	assert_int_equal(batch_new(30, 30, &b), 0);
	stamps_open(&s, from.fd, PLAN_STAMPS_AUTO, CLOCK_S_NS);
	assert_true(s.sending);
	send_packets(b, &from, &target, 3, BATCH_STAMPED);
	for (unsigned i = 0; i < 3; i++)
		stamps_sent(&s, 100 + i);
	read_stamps(&from, &s, 100, 3);

	stamps_restart(&s);
	send_packets(b, &from, &target, 2, BATCH_STAMPED);
	stamps_sent(&s, 200);
	stamps_sent(&s, 201);
	read_stamps(&from, &s, 200, 2);
	batch_free(&b);
	flow_close(&from);
	flow_close(&to);
}

TEST(above_10000_packets_a_second_the_first_and_one_in_n_of_each_batch_are_stamped)
{
	struct stamps s;

	stamps_open(&s, -1, PLAN_STAMPS_AUTO, 10000);
	assert_false(stamps_wanted(&s, 0));
	s.sending = true;
	assert_int_equal(s.every, 10);
	assert_true(stamps_wanted(&s, 0) && stamps_wanted(&s, 10));
	assert_false(stamps_wanted(&s, 1) || stamps_wanted(&s, 9));
	stamps_open(&s, -1, PLAN_STAMPS_AUTO, 100000);
	assert_int_equal(s.every, 1);
}

TEST(a_stamps_number_that_was_never_given_means_nothing)
{
	struct stamps s = { .fd = -1 };
	uint64_t seq;

	assert_false(stamps_find(&s, 0, &seq));
	for (uint64_t i = 0; i < STAMPS_IDS + 2; i++)
		stamps_sent(&s, i);
	assert_false(stamps_find(&s, 0, &seq));
	assert_false(stamps_find(&s, 1, &seq));
	assert_true(stamps_find(&s, 2, &seq));
	assert_int_equal(seq, 2);
	assert_true(stamps_find(&s, STAMPS_IDS + 1, &seq));
	assert_false(stamps_find(&s, STAMPS_IDS + 2, &seq));
}

TEST(an_icmp_error_quotes_the_packet_and_is_counted_by_kind)
{
	struct flow from = open_flow(), to = open_flow();
	struct addr target = address_of(&to);
	struct icmp_errors errors = { 0 };
	struct batch *b;

	assert_int_equal(batch_new(30, 30, &b), 0);
	flow_close(&to);
	for (unsigned i = 1; i <= 2; i++) {
		const struct result_icmp *row;
		struct errqueue_message m;

		send_packets(b, &from, &target, 1, BATCH_UNSTAMPED);
		await(&from, 0);
		assert_true(errqueue_read(from.fd, &m, 1));
		assert_int_equal(m.kind, ERRQUEUE_ICMP);
		assert_int_equal(m.quoted_n, 30);
		row = icmp_add(&errors, &m);
		assert_int_equal(row->count, i);
		assert_string_equal(result_icmp_name(row), "port-unreachable");
		assert_true(addr_same_host(&row->from, &addr_loopback_v4));
		assert_false(row->mtu_bytes.known);
		assert_false(errqueue_read(from.fd, &m, 1));
	}
	assert_int_equal(errors.n, 1);
	batch_free(&b);
	flow_close(&from);
}

TEST(more_kinds_of_errors_than_there_is_room_for_are_counted_together)
{
	struct icmp_errors errors = { 0 };
	struct errqueue_message m = { .kind = ERRQUEUE_ICMP, .family = AF_INET, .type = 3 };
	uint64_t sum = 0;

	for (unsigned i = 0; i < 2 * ICMP_KINDS_MAX; i++) {
		m.code = (uint8_t)i;
		icmp_add(&errors, &m);
	}
	assert_int_equal(errors.n, ICMP_KINDS_MAX);
	for (size_t i = 0; i < errors.n; i++)
		sum += errors.rows[i].count;
	assert_int_equal(sum, 2 * ICMP_KINDS_MAX);
}

TEST(the_source_is_told_without_sending_anything)
{
	struct flow f = open_flow();
	struct addr target = addr_loopback_v4, source;
	char interface[64];

	target.port = 7;
	assert_int_equal(flow_source(&f, &target, &source, interface), 0);
	assert_true(addr_same_host(&source, &addr_loopback_v4));
	assert_int_equal(source.port, f.port);
	assert_string_equal(interface, "lo");
	flow_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_arrives_whole_with_its_ttl_its_marks_and_where_from),
		cmocka_unit_test(each_packet_that_leaves_is_stamped_by_its_number_even_after_one_failed),
		cmocka_unit_test(above_10000_packets_a_second_the_first_and_one_in_n_of_each_batch_are_stamped),
		cmocka_unit_test(a_stamps_number_that_was_never_given_means_nothing),
		cmocka_unit_test(an_icmp_error_quotes_the_packet_and_is_counted_by_kind),
		cmocka_unit_test(more_kinds_of_errors_than_there_is_room_for_are_counted_together),
		cmocka_unit_test(the_source_is_told_without_sending_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
