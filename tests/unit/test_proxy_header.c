/* SPDX-License-Identifier: MIT */
/* A worker and the headers of the PROXY protocol: who may send one, when the session begins, and as whose. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>

#include "worker_desk.h"
#include "stream/proxy_header.h"

#define LINE "PROXY TCP4 192.0.2.1 198.51.100.2 56324 7\r\n"
#define LINE_OF_ANOTHER "PROXY TCP4 192.0.2.2 198.51.100.2 56324 7\r\n"
#define LOCAL "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
#define LOCAL_N 16

static const struct prefix here[] = { { .addr = { .family = AF_INET, .bytes = { 127 } }, .bits = 8 } };
static const struct prefix elsewhere[] = { { .addr = { .family = AF_INET, .bytes = { 10 } }, .bits = 8 } };
static const struct prefix client[] = { { .addr = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } }, .bits = 32 } };

static void begin(struct desk *d, const char *service, enum transport transport)
{
	desk_begin(d, POOL_EVENT, 8);
	desk_listen(d, service, transport, transport == TRANSPORT_TCP ? AF_INET : AF_UNIX);
	d->services[0].rules.proxy = PROXY_BOTH;
	d->services[0].rules.proxy_from = here;
	d->services[0].rules.proxy_from_n = 1;
	desk_worker(d);
	if (transport == TRANSPORT_TCP)
		assert_int_equal(acceptor_open(d->w.acceptor), 0);
}

/* A connection that has said this. */
static int dial(struct desk *d, const char *said, size_t n)
{
	struct timeval most = { .tv_sec = 20 }; /* of a test that fails: it shall not hang */
	int fd = desk_dial(&d->listeners[0], SOCK_STREAM);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most)), 0);
	if (n > 0)
		assert_int_equal(send(fd, said, n, 0), (int)n);
	desk_turn(d);
	return fd;
}

static void expect_bytes(int fd, const char *bytes)
{
	char got[256] = "";

	assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), (int)strlen(bytes));
	assert_string_equal(got, bytes);
}

static void expect_nothing(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* It was reset, and counted under this reason; nothing of it is left. */
static void expect_refused(struct desk *d, int fd, enum refusal why)
{
	struct counters *row = &d->w.counters[0];
	char byte;

	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(atomic_exchange(&row->refused[why], 0), 1);
	assert_int_equal(atomic_load(&row->sessions), atomic_load(&row->sessions_ended));
	assert_int_equal(table_count(&desk_table), 0);
	close(fd);
}

TEST(the_bytes_behind_a_header_are_the_sessions_first)
{
	struct desk d;
	int fd;

	begin(&d, "echo", TRANSPORT_TCP);
	fd = dial(&d, LINE "hello", sizeof(LINE) + 4);
	expect_bytes(fd, "hello");
	assert_int_equal(d.w.clients[0].session.in_bytes, 5); /* the header is the balancer's, not the client's */
	assert_int_equal(d.w.clients[0].peer.bytes[0], 192);
	assert_int_equal(table_slot_at(&desk_table, 0)->peer.port, 56324);
	assert_int_equal(send(fd, "again", 5, 0), 5);
	desk_turn(&d);
	expect_bytes(fd, "again");
	close(fd);
	desk_turn(&d);
	assert_int_equal(d.w.sessions, 0);
	desk_end(&d);
}

TEST(nothing_is_said_before_the_header_is_whole)
{
	struct desk d;
	int fd;

	begin(&d, "time", TRANSPORT_TCP);
	fd = dial(&d, NULL, 0);
	for (size_t i = 0; i < sizeof(LINE) - 1; i++) {
		expect_nothing(fd);
		assert_int_equal(send(fd, &LINE[i], 1, 0), 1);
		desk_turn(&d);
	}
	assert_int_equal(recv(fd, (char[8]){ 0 }, 8, MSG_DONTWAIT), 4);
	close(fd);
	desk_turn(&d);
	desk_end(&d);
}

TEST(the_longest_header_and_much_behind_it_are_read)
{
	static char said[65551 + 20000], got[20000];
	static const char start[] =
		"\r\n\r\n\0\r\nQUIT\n\x21\x11\xFF\xFF\xC0\0\x02\x01\xC6\x33\x64\x02\xDC\x04\0\x07\x04\xFF\xF0";
	struct desk d;
	int fd;

	memcpy(said, start, sizeof(start) - 1);
	for (size_t i = 0; i < sizeof(got); i++)
		said[65551 + i] = (char)(i * 7);
	begin(&d, "echo", TRANSPORT_UNIX);
	fd = desk_connect(&d, &d.listeners[0], 0);
	for (size_t sent = 0, echoed = 0; echoed < sizeof(got); desk_turn(&d)) {
		ssize_t n = send(fd, said + sent, sizeof(said) - sent, MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		desk_turn(&d);
		n = recv(fd, got + echoed, sizeof(got) - echoed, MSG_DONTWAIT);
		echoed += n > 0 ? (size_t)n : 0;
	}
	assert_memory_equal(got, said + 65551, sizeof(got));
	close(fd);
	desk_turn(&d);
	desk_end(&d);
}

TEST(without_a_header_there_is_no_session)
{
	static const struct {
		const char *said;
		size_t n;
	} rows[] = { { "hello", 5 },
		     { LINE "hello", 5 },
		     { "PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n", 41 },
		     { LOCAL, 12 },
		     { "", 0 } };
	struct desk d;
	int fd;

	begin(&d, "echo", TRANSPORT_TCP);
	for (size_t i = 0; i < array_n(rows); i++) {
		fd = dial(&d, rows[i].said, rows[i].n);
		assert_int_equal(shutdown(fd, SHUT_WR) == 0 || errno == ENOTCONN, true);
		desk_turn(&d);
		expect_refused(&d, fd, REFUSED_PROXY);
	}
	assert_int_equal(atomic_load(&d.w.counters[0].received_bytes), 0);
	desk_end(&d);
}

TEST(a_header_that_is_not_whole_in_time_ends_the_connection)
{
	struct desk d;
	int fd;

	begin(&d, "echo", TRANSPORT_TCP);
	fd = dial(&d, LINE, 10);
	assert_true(d.w.clients[0].timer.place);
	assert_true(d.w.clients[0].timer.at_ns <= clock_mono_ns() + PROXY_HEADER_WAIT_NS);
	assert_int_equal(send(fd, &LINE[10], 10, 0), 10); /* a byte now and then does not help */
	desk_turn(&d);
	loop_set_timer(&d.w.loop, &d.w.clients[0].timer, 1);
	desk_turn(&d);
	expect_refused(&d, fd, REFUSED_PROXY);
	/* Later the header's time is nobody's. */
	fd = dial(&d, LINE, 10);
	assert_int_equal(send(fd, &LINE[10], sizeof(LINE) - 11, 0), sizeof(LINE) - 11);
	desk_turn(&d);
	assert_false(d.w.clients[0].timer.place);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	desk_turn(&d);
	expect_bytes(fd, "x");
	close(fd);
	desk_turn(&d);
	desk_end(&d);
}

TEST(only_balancers_may_connect)
{
	struct desk d;

	begin(&d, "echo", TRANSPORT_TCP);
	d.services[0].rules.proxy_from = elsewhere;
	expect_refused(&d, dial(&d, NULL, 0), REFUSED_PROXY);
	assert_int_equal(atomic_load(&d.w.counters[0].sessions), 0);
	d.services[0].rules.proxy_from_n = 0; /* no list trusts nobody */
	expect_refused(&d, dial(&d, NULL, 0), REFUSED_PROXY);
	desk_end(&d);
}

TEST(the_lists_are_for_the_client_that_the_header_names)
{
	struct desk d;
	int fd;

	begin(&d, "echo", TRANSPORT_TCP);
	d.services[0].admission.acl = (struct acl){ .allow = client, .allow_n = 1 };
	fd = dial(&d, LINE "x", sizeof(LINE));
	expect_bytes(fd, "x");
	close(fd);
	desk_turn(&d);
	expect_refused(&d, dial(&d, LINE_OF_ANOTHER, sizeof(LINE_OF_ANOTHER) - 1), REFUSED_ACL);
	/* Without a client it is the balancer's own, and the lists are for that. */
	expect_refused(&d, dial(&d, LOCAL, LOCAL_N), REFUSED_ACL);
	expect_refused(&d, dial(&d, "PROXY UNKNOWN\r\n", 15), REFUSED_ACL);
	d.services[0].admission.acl = (struct acl){ .deny = client, .deny_n = 1 };
	expect_refused(&d, dial(&d, LINE, sizeof(LINE) - 1), REFUSED_ACL);
	fd = dial(&d, LOCAL "x", LOCAL_N + 1);
	expect_bytes(fd, "x");
	close(fd);
	desk_turn(&d);
	desk_end(&d);
}

TEST(the_caps_per_source_are_for_the_client_that_the_header_names)
{
	struct desk d;
	int fds[7];
	char byte;

	begin(&d, "echo", TRANSPORT_TCP);
	d.services[0].admission.max_sessions_per_source = 1;
	for (size_t i = 0; i < 4; i++) /* the balancer's own, with a header and without one yet, as many as there are */
		fds[i] = dial(&d, LOCAL, i < 2 ? LOCAL_N : 3);
	fds[4] = dial(&d, LINE, sizeof(LINE) - 1);
	fds[5] = dial(&d, LINE_OF_ANOTHER, sizeof(LINE_OF_ANOTHER) - 1);
	assert_int_equal(d.w.sessions, 6);
	fds[6] = dial(&d, LINE, sizeof(LINE) - 1);
	assert_int_equal(recv(fds[6], &byte, 1, 0), -1);
	assert_int_equal(atomic_load(&d.w.counters[0].refused[REFUSED_SOURCE]), 1);
	close(fds[4]);
	close(fds[6]);
	desk_turn(&d);
	fds[6] = dial(&d, LINE "x", sizeof(LINE));
	expect_bytes(fds[6], "x");
	close(fds[6]);
	for (size_t i = 0; i < 6; i++)
		if (i != 4)
			close(fds[i]);
	desk_turn(&d);
	desk_end(&d);
}

/* ---- tcpmux ---- */

static const char *const names[] = { "echo" };

static void begin_mux(struct desk *d)
{
	begin(d, "tcpmux", TRANSPORT_TCP);
	d->services[0].options.names = names;
	d->services[0].options.names_n = 1;
	desk_listen(d, "echo", TRANSPORT_TCP, AF_INET);
}

TEST(a_header_before_tcpmux_counts_for_the_service_it_names)
{
	struct desk d;
	int fd, other, own;
	char byte;

	begin_mux(&d);
	d.services[1].rules = d.services[0].rules;
	d.services[1].admission = d.services[0].admission;
	d.services[1].admission.acl = (struct acl){ .allow = client, .allow_n = 1 };
	d.services[1].admission.max_sessions_per_source = 1;
	fd = dial(&d, LINE "echo\r\nhello", sizeof(LINE) + 10); /* no second header is waited for */
	expect_bytes(fd, "+Go\r\nhello");
	assert_int_equal(table_row_count(&desk_table, 1), 1);
	other = dial(&d, LINE "echo\r\n", sizeof(LINE) + 5);
	assert_int_equal(recv(other, &byte, 1, 0), -1);
	assert_int_equal(atomic_load(&d.w.counters[1].refused[REFUSED_SOURCE]), 1);
	close(other);
	other = dial(&d, LINE_OF_ANOTHER "echo\r\n", sizeof(LINE_OF_ANOTHER) + 5);
	assert_int_equal(recv(other, &byte, 1, 0), -1);
	assert_int_equal(atomic_load(&d.w.counters[1].refused[REFUSED_ACL]), 1);
	close(other);
	d.services[1].admission.acl.allow = here;
	for (size_t i = 0; i < 2; i++) { /* the balancer's own have no caps of a source there either */
		own = dial(&d, LOCAL "echo\r\n", LOCAL_N + 6);
		expect_bytes(own, "+Go\r\n");
		if (i == 1)
			close(own);
		else
			other = own;
	}
	close(other);
	close(fd);
	desk_turn(&d);
	desk_end(&d);
}

/* Or it would be a way around proxy_from. */
TEST(tcpmux_without_a_header_leads_to_no_service_that_wants_one)
{
	struct desk d;
	int fd;
	char byte;

	begin_mux(&d);
	d.services[1].admission = d.services[0].admission;
	d.services[1].rules = d.services[0].rules;
	d.services[0].rules.proxy = PROXY_OFF;
	fd = dial(&d, "echo\r\n", 6);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(atomic_load(&d.w.counters[1].refused[REFUSED_PROXY]), 1);
	close(fd);
	d.services[1].rules.proxy = PROXY_OFF;
	fd = dial(&d, "echo\r\n", 6);
	expect_bytes(fd, "+Go\r\n");
	close(fd);
	desk_turn(&d);
	desk_end(&d);
}

TEST(a_kill_mark_reaches_a_connection_whose_header_is_due)
{
	struct desk d;
	int fd;
	char byte;

	begin(&d, "echo", TRANSPORT_TCP);
	fd = dial(&d, LINE, 5);
	table_mark(d.w.clients[0].slot, atomic_load(&d.w.clients[0].slot->generation), KILL_KILLED);
	sessions_look(&d.w);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(d.w.sessions, 0);
	close(fd);
	desk_end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_behind_a_header_are_the_sessions_first),
		cmocka_unit_test(nothing_is_said_before_the_header_is_whole),
		cmocka_unit_test(the_longest_header_and_much_behind_it_are_read),
		cmocka_unit_test(without_a_header_there_is_no_session),
		cmocka_unit_test(a_header_that_is_not_whole_in_time_ends_the_connection),
		cmocka_unit_test(only_balancers_may_connect),
		cmocka_unit_test(the_lists_are_for_the_client_that_the_header_names),
		cmocka_unit_test(the_caps_per_source_are_for_the_client_that_the_header_names),
		cmocka_unit_test(a_header_before_tcpmux_counts_for_the_service_it_names),
		cmocka_unit_test(tcpmux_without_a_header_leads_to_no_service_that_wants_one),
		cmocka_unit_test(a_kill_mark_reaches_a_connection_whose_header_is_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
