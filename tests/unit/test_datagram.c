/* SPDX-License-Identifier: MIT */
/* Datagram sockets in a worker: who reads them, what is counted, and when they are let go. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <sys/un.h>

#include "base/rest.h"
#include "worker_desk.h"

/* A worker that reads its first listener. */
static void begin(struct desk *d, const char *service)
{
	desk_begin(d, POOL_EVENT, 4);
	desk_listen(d, service, TRANSPORT_UDP, AF_INET);
	desk_worker(d);
	atomic_store(&d->readers[0], DESK_RECORD);
	datagram_look(d->w.datagrams);
}

static void ask(int fd, const void *bytes, size_t n)
{
	assert_int_equal(send(fd, bytes, n, 0), n);
}

static void expect_answer(int fd, const void *bytes, size_t n)
{
	static uint8_t got[65536];

	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), n);
	assert_memory_equal(got, bytes, n);
}

static void expect_silence(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

TEST(datagrams_of_every_length_come_back_in_order)
{
	static const size_t sizes[] = { 0, 1, 1472, 1473, 8192, 65507, 3 };
	static uint8_t bytes[65507];
	struct desk d;
	int fd;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 253);
	begin(&d, "echo");
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	for (size_t i = 0; i < array_n(sizes); i++)
		ask(fd, bytes, sizes[i]);
	desk_turn(&d);
	for (size_t i = 0; i < array_n(sizes); i++)
		expect_answer(fd, bytes, sizes[i]);
	assert_int_equal(atomic_load(&d.w.counters[0].datagrams_received), array_n(sizes));
	assert_int_equal(atomic_load(&d.w.counters[0].datagrams_answered), array_n(sizes));
	close(fd);
	desk_end(&d);
}

TEST(a_datagram_too_long_for_the_listener_is_dropped_and_counted)
{
	struct desk d;
	int fd;

	begin(&d, "echo");
	d.services[0].admission.max_datagram = 3;
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	ask(fd, "four", 4);
	ask(fd, "yes", 3);
	desk_turn(&d);
	expect_answer(fd, "yes", 3);
	expect_silence(fd);
	assert_int_equal(atomic_load(&d.w.counters[0].refused[REFUSED_OVERSIZE]), 1);
	close(fd);
	desk_end(&d);
}

TEST(a_socket_is_read_by_its_reader_alone)
{
	struct desk d;
	int fd;

	begin(&d, "echo");
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	atomic_store(&d.readers[0], DESK_RECORD + 1);
	datagram_look(d.w.datagrams);
	ask(fd, "x", 1);
	desk_turn(&d);
	expect_silence(fd);
	atomic_store(&d.readers[0], DESK_RECORD);
	datagram_look(d.w.datagrams);
	desk_turn(&d);
	expect_answer(fd, "x", 1);
	close(fd);
	desk_end(&d);
}

/* The kernel's count goes on over all readers that a socket has had. */
TEST(what_the_kernel_dropped_is_counted_once)
{
	static uint8_t bytes[1000];
	static struct datagrams *volatile before; /* kept: it owns memory */
	struct desk d;
	uint64_t drops;
	int fd, least = 1;

	begin(&d, "discard");
	assert_int_equal(setsockopt(d.listeners[0].fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	for (int i = 0; i < 100; i++)
		ask(fd, bytes, sizeof(bytes));
	desk_turn(&d);
	ask(fd, bytes, sizeof(bytes)); /* it tells of them */
	desk_turn(&d);
	drops = atomic_load(&d.w.counters[0].kernel_drops);
	assert_int_equal(drops, 101 - atomic_load(&d.w.counters[0].datagrams_received));
	assert_true(drops > 0);
	/* The next reader. */
	atomic_store(&d.readers[0], SHARED_NOBODY);
	datagram_look(d.w.datagrams);
	before = d.w.datagrams;
	assert_int_equal(d.w.datagrams_waiting, 0);
	assert_int_equal(datagram_new(&d.w), 0);
	assert_ptr_not_equal(d.w.datagrams, before);
	atomic_store(&d.readers[0], DESK_RECORD);
	datagram_look(d.w.datagrams);
	ask(fd, bytes, sizeof(bytes));
	desk_turn(&d);
	assert_int_equal(atomic_load(&d.w.counters[0].kernel_drops), drops);
	close(fd);
	desk_end(&d);
}

/* The desk's clients are on ports that the kernel gave them. */
TEST(what_is_over_the_rate_is_dropped_unless_it_is_a_dry_run)
{
	for (int dry_run = 0; dry_run <= 1; dry_run++) {
		struct desk d;
		struct counters *c;
		int fd;

		begin(&d, "echo");
		d.listeners[0].row = 10 + (uint32_t)dry_run; /* an account of its own */
		d.services[0].admission.udp_rate = (struct rate){ .amount = 1, .period_ns = 3600 * CLOCK_S_NS, .burst = 3 };
		rate_settle(&d.services[0].admission.udp_rate);
		d.services[0].admission.dry_run = dry_run;
		c = &d.w.counters[d.listeners[0].row];
		fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
		for (int i = 0; i < 5; i++)
			ask(fd, "x", 1);
		desk_turn(&d);
		for (int i = 0; i < (dry_run ? 5 : 3); i++)
			expect_answer(fd, "x", 1);
		expect_silence(fd);
		assert_int_equal(atomic_load(&c->refused[REFUSED_RATE]), dry_run ? 0 : 2);
		assert_int_equal(atomic_load(&c->dry_run[REFUSED_RATE]), dry_run ? 2 : 0);
		close(fd);
		desk_end(&d);
	}
}

/* As the kernel hands them over: several datagrams as one message. */
static void ask_as_one(int fd, const void *bytes, size_t n, int segment)
{
	assert_int_equal(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	ask(fd, bytes, n);
	segment = 0;
	assert_int_equal(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
}

TEST(a_message_of_several_datagrams_is_answered_by_as_many)
{
	static const size_t lengths[] = { 1000, 1000, 1000, 500, 7, 7, 7, 0, 999 };
	static uint8_t bytes[3500 + 21 + 999];
	struct desk d;
	size_t at = 0;
	int fd;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 253);
	begin(&d, "echo");
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	ask_as_one(fd, bytes, 3500, 1000);
	ask_as_one(fd, bytes + 3500, 21, 7);
	ask(fd, bytes, 0);
	ask(fd, bytes + 3521, 999);
	desk_turn(&d);
	for (size_t i = 0; i < array_n(lengths); at += lengths[i++])
		expect_answer(fd, bytes + at, lengths[i]);
	expect_silence(fd);
	assert_int_equal(atomic_load(&d.w.counters[0].datagrams_received), array_n(lengths));
	assert_int_equal(atomic_load(&d.w.counters[0].received_bytes), sizeof(bytes));
	assert_int_equal(atomic_load(&d.w.counters[0].datagrams_answered), array_n(lengths));
	assert_int_equal(atomic_load(&d.w.counters[0].sent_bytes), sizeof(bytes));
	close(fd);
	desk_end(&d);
}

/* The first three of six are within the rate, whoever sent them together; the shorter last one is no exception. */
TEST(a_budget_may_end_within_a_message)
{
	struct desk d;
	int fd;

	begin(&d, "echo");
	d.listeners[0].row = 12; /* an account of its own */
	d.services[0].admission.udp_rate = (struct rate){ .amount = 1, .period_ns = 3600 * CLOCK_S_NS, .burst = 3 };
	rate_settle(&d.services[0].admission.udp_rate);
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	ask_as_one(fd, "aabbccddeef", 11, 2);
	desk_turn(&d);
	expect_answer(fd, "aa", 2);
	expect_answer(fd, "bb", 2);
	expect_answer(fd, "cc", 2);
	expect_silence(fd);
	assert_int_equal(atomic_load(&d.w.counters[12].refused[REFUSED_RATE]), 3);
	close(fd);
	desk_end(&d);
}

TEST(bytes_may_run_out_within_a_message)
{
	struct rate *r;
	struct desk d;
	int fd;

	begin(&d, "echo");
	r = &d.settings.limits.totals.answer_bytes;
	*r = (struct rate){ .amount = 1, .period_ns = 3600 * CLOCK_S_NS, .burst = 5 };
	rate_settle(r);
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	ask_as_one(fd, "aabbccd", 7, 2);
	desk_turn(&d);
	expect_answer(fd, "aa", 2);
	expect_answer(fd, "bb", 2);
	expect_answer(fd, "d", 1); /* for which there is room */
	expect_silence(fd);
	assert_int_equal(atomic_load(&d.w.counters[0].refused[REFUSED_TOTAL]), 1);
	close(fd);
	desk_end(&d);
}

TEST(only_the_datagrams_that_are_too_long_are_dropped_of_a_message)
{
	struct desk d;
	int fd;

	begin(&d, "echo");
	d.services[0].admission.max_datagram = 3;
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	ask_as_one(fd, "longlongyes", 11, 4);
	desk_turn(&d);
	expect_answer(fd, "yes", 3);
	expect_silence(fd);
	assert_int_equal(atomic_load(&d.w.counters[0].refused[REFUSED_OVERSIZE]), 2);
	close(fd);
	desk_end(&d);
}

/* One in a row of 1,024 from a port that clients are rarely given, wherever in a message it is. */
TEST(the_datagram_that_ends_a_loop_may_be_within_a_message)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct desk d;
	unsigned got = 0;
	char byte;
	int fd = -1;

	begin(&d, "echo");
	for (int port = 20000; port < 20100; port++) {
		struct sockaddr_storage to;
		socklen_t n;

		fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		sa.sin_port = htons((uint16_t)port);
		if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0) {
			assert_int_equal(addr_to_sockaddr(&d.listeners[0].address, AF_INET, &to, &n), 0);
			assert_int_equal(connect(fd, (struct sockaddr *)&to, n), 0);
			break;
		}
		close(fd);
	}
	for (int i = 0; i < 1024 / 16; i++) {
		ask_as_one(fd, "0000000000000000", 16, 1);
		desk_turn(&d);
		while (recv(fd, &byte, 1, 0) == 1)
			got++;
	}
	assert_int_equal(got, 1023);
	assert_int_equal(atomic_load(&d.w.counters[0].refused[REFUSED_LOOP]), 1);
	close(fd);
	desk_end(&d);
}

TEST(services_that_are_no_mirror_answer_each_datagram_of_a_message)
{
	struct desk d;
	uint8_t got[256];
	int fd;

	begin(&d, "daytime");
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	ask_as_one(fd, "0123456789", 10, 1);
	ask(fd, "", 0);
	desk_turn(&d);
	for (int i = 0; i < 11; i++)
		assert_in_range(recv(fd, got, sizeof(got), MSG_DONTWAIT), 20, 64);
	expect_silence(fd);
	close(fd);
	desk_end(&d);
}

TEST(a_long_answer_is_shortened_or_not_sent)
{
	struct desk d;
	uint8_t got[1024];
	int fd;

	begin(&d, "chargen");
	d.services[0].admission.amplification = 500;
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	for (int i = 0; i < 50; i++)
		ask(fd, "twenty bytes of text", 20);
	desk_turn(&d);
	for (int i = 0; i < 50; i++)
		assert_in_range(recv(fd, got, sizeof(got), MSG_DONTWAIT), 0, 10);
	close(fd);
	desk_end(&d);
	begin(&d, "echo");
	d.services[0].admission.amplification = 500;
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	ask(fd, "twenty bytes of text", 20);
	desk_turn(&d);
	expect_silence(fd);
	assert_int_equal(atomic_load(&d.w.counters[0].refused[REFUSED_AMPLIFICATION]), 1);
	close(fd);
	desk_end(&d);
}

/* Nothing is sent, so nothing is to be limited: a sink takes what comes. */
TEST(a_sink_has_no_rate)
{
	struct desk d;
	int fd;

	begin(&d, "discard");
	d.services[0].admission.udp_rate = (struct rate){ .amount = 1, .period_ns = CLOCK_S_NS, .burst = 1 };
	rate_settle(&d.services[0].admission.udp_rate);
	fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
	for (int i = 0; i < 10; i++)
		ask(fd, "x", 1);
	desk_turn(&d);
	assert_int_equal(atomic_load(&d.w.counters[0].datagrams_received), 10);
	assert_int_equal(atomic_load(&d.w.counters[0].refused[REFUSED_RATE]), 0);
	close(fd);
	desk_end(&d);
}

/* While anybody has it open the port is taken, and what is sent there is lost without a word. */
TEST(a_worker_that_drains_lets_its_sockets_go)
{
	struct desk d;
	struct sockaddr_storage sa;
	socklen_t n;
	int fd, again;

	desk_begin(&d, POOL_EVENT, 4);
	desk_listen(&d, "echo", TRANSPORT_UDP, AF_INET);
	desk_listen(&d, "echo", TRANSPORT_TCP, AF_INET);
	desk_fork(&d);
	fd = desk_dial(&d.listeners[1], SOCK_STREAM);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(recv(fd, &(char){ 0 }, 1, 0), 1); /* a session that keeps it */
	desk_tell(&d, CHANNEL_DRAIN);
	desk_hear(&d, CHANNEL_DRAINED);
	listener_drop(&d.listeners[0]);
	again = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(addr_to_sockaddr(&d.listeners[0].address, AF_INET, &sa, &n), 0);
	assert_int_equal(bind(again, (struct sockaddr *)&sa, n), 0);
	close(again);
	close(fd);
	assert_int_equal(waitpid(d.pid, NULL, 0), d.pid);
	desk_end(&d);
}

/* ---- UNIX ---- */

static void begin_unix(struct desk *d, int send_buffer)
{
	struct listener *l;
	char storage[256];
	struct text why = TEXT_OVER(storage);

	desk_begin(d, POOL_EVENT, 4);
	l = desk_listen(d, "echo", TRANSPORT_UNIXGRAM, AF_UNIX);
	l->socket_family = AF_UNIX;
	snprintf(l->path, sizeof(l->path), "@test_datagram.%d", (int)getpid());
	d->services[0].socket.send_buffer = (uint64_t)send_buffer;
	if (listener_open(l, &why) < 0)
		fail_msg("%s", why.at);
	desk_worker(d);
	atomic_store(&d->readers[0], DESK_RECORD);
	datagram_look(d->w.datagrams);
}

/* A client with a name of the kernel's choice, connected: so the kernel does not limit what it may have unread. */
static int dial_unix(const struct listener *l)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun.sun_family)), 0);
	memcpy(sun.sun_path + 1, l->path + 1, strlen(l->path) - 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(l->path))),
			 0);
	return fd;
}

TEST(unix_clients_that_never_read_harm_nobody)
{
	static uint8_t bytes[30000];
	struct desk d;
	int deaf[3], gone, good;

	begin_unix(&d, 200000);
	good = dial_unix(&d.listeners[0]);
	for (size_t i = 0; i < array_n(deaf); i++)
		deaf[i] = dial_unix(&d.listeners[0]);
	for (unsigned i = 0; i < 1000; i++) {
		gone = dial_unix(&d.listeners[0]);
		ask(gone, "x", 1);
		close(gone);
		for (size_t k = 0; k < array_n(deaf); k++)
			ask(deaf[k], bytes, 1000);
		desk_turn(&d);
		ask(good, &i, sizeof(i));
		desk_turn(&d);
		expect_answer(good, &i, sizeof(i));
	}
	ask(good, bytes, sizeof(bytes));
	desk_turn(&d);
	expect_answer(good, bytes, sizeof(bytes));
	assert_in_range(atomic_load(&d.w.counters[0].datagrams_answered), 1001, 2000);
	assert_int_equal(atomic_load(&d.w.counters[0].send_errors), 5001 - atomic_load(&d.w.counters[0].datagrams_answered));
	for (size_t i = 0; i < array_n(deaf); i++)
		close(deaf[i]);
	close(good);
	desk_end(&d);
}

/* Who was too slow is answered again once it has read. */
TEST(a_unix_client_that_reads_at_last_is_answered_again)
{
	static uint8_t bytes[1000];
	struct desk d;
	int slow;

	begin_unix(&d, 200000);
	slow = dial_unix(&d.listeners[0]);
	for (int i = 0; i < 1000; i++) {
		ask(slow, bytes, sizeof(bytes));
		desk_turn(&d);
	}
	assert_true(atomic_load(&d.w.counters[0].send_errors) > 0);
	while (recv(slow, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	for (int i = 0; i < 10; i++)
		ask(slow, bytes, sizeof(bytes));
	desk_turn(&d);
	for (int i = 0; i < 10; i++)
		expect_answer(slow, bytes, sizeof(bytes));
	close(slow);
	desk_end(&d);
}

/* ---- sockets that something is wrong with ---- */

static bool is_ready(const struct desk *d)
{
	struct epoll_event e;

	return epoll_wait(d->w.loop.epoll_fd, &e, 1, 0) != 0;
}

TEST(a_socket_that_was_shut_down_is_polled_no_more)
{
	static const int hows[] = { SHUT_RD, SHUT_RDWR };

	for (size_t i = 0; i < array_n(hows); i++) {
		struct desk d;

		begin(&d, "echo");
		(void)shutdown(d.listeners[0].fd, hows[i]); /* it fails, and is done */
		assert_true(is_ready(&d));
		for (int k = 0; k < REST_AFTER; k++)
			assert_int_equal(loop_turn(&d.w.loop, 0), 0);
		assert_false(is_ready(&d));
		desk_hear(&d, CHANNEL_LOST);
		desk_end(&d);
	}
}

TEST(a_socket_that_could_not_be_waited_on_is_tried_again)
{
	struct desk d;
	int kept, client;

	desk_begin(&d, POOL_EVENT, 4);
	const struct listener *l = desk_listen(&d, "echo", TRANSPORT_UDP, AF_INET);
	desk_worker(&d);
	/* epoll_ctl fails, as it may for want of memory. */
	kept = fcntl(l->fd, F_DUPFD_CLOEXEC, 3);
	close(l->fd);
	atomic_store(&d.readers[0], DESK_RECORD);
	datagram_look(d.w.datagrams);
	assert_int_equal(dup2(kept, l->fd), l->fd);
	assert_int_equal(d.w.loop.heap_n, 1);
	d.w.loop.heap[0]->at_ns = 1;
	client = desk_dial(l, SOCK_DGRAM);
	ask(client, "x", 1);
	desk_turn(&d);
	expect_answer(client, "x", 1);
	close(client);
	close(kept);
	desk_end(&d);
}

/* Of a socket that was passed, whoever made it may ask for this at any time. */
TEST(errors_and_time_stamps_that_are_queued_are_thrown_away)
{
	int on = 1, stamps = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	struct desk d;
	int fd;

	begin(&d, "echo");
	assert_int_equal(setsockopt(d.listeners[0].fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(d.listeners[0].fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps)), 0);
	for (int i = 0; i < 3 * REST_AFTER; i++) {
		fd = desk_dial(&d.listeners[0], SOCK_DGRAM);
		ask(fd, "a", 1);
		desk_turn(&d);
		expect_answer(fd, "a", 1);
		ask(fd, "b", 1);
		close(fd); /* its answer meets nobody, which the kernel reports */
		desk_turn(&d);
		assert_false(is_ready(&d));
	}
	desk_end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_of_every_length_come_back_in_order),
		cmocka_unit_test(a_datagram_too_long_for_the_listener_is_dropped_and_counted),
		cmocka_unit_test(a_socket_is_read_by_its_reader_alone),
		cmocka_unit_test(what_the_kernel_dropped_is_counted_once),
		cmocka_unit_test(what_is_over_the_rate_is_dropped_unless_it_is_a_dry_run),
		cmocka_unit_test(a_message_of_several_datagrams_is_answered_by_as_many),
		cmocka_unit_test(a_budget_may_end_within_a_message),
		cmocka_unit_test(bytes_may_run_out_within_a_message),
		cmocka_unit_test(only_the_datagrams_that_are_too_long_are_dropped_of_a_message),
		cmocka_unit_test(the_datagram_that_ends_a_loop_may_be_within_a_message),
		cmocka_unit_test(services_that_are_no_mirror_answer_each_datagram_of_a_message),
		cmocka_unit_test(a_long_answer_is_shortened_or_not_sent),
		cmocka_unit_test(a_sink_has_no_rate),
		cmocka_unit_test(a_worker_that_drains_lets_its_sockets_go),
		cmocka_unit_test(unix_clients_that_never_read_harm_nobody),
		cmocka_unit_test(a_unix_client_that_reads_at_last_is_answered_again),
		cmocka_unit_test(a_socket_that_was_shut_down_is_polled_no_more),
		cmocka_unit_test(a_socket_that_could_not_be_waited_on_is_tried_again),
		cmocka_unit_test(errors_and_time_stamps_that_are_queued_are_thrown_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
