/* SPDX-License-Identifier: MIT */
/* What a worker does with a connection: byte for byte, when the client is slow, and at every limit. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>

#include "worker_desk.h"

#define SMALL 4608 /* a send buffer: about the smallest that Linux gives */

/* A service for these tests: 4096 times each byte, so that input waits for the output before it. */
#define STRETCH 4096

static enum svc_verdict stretch_input(void *state maybe_unused, const struct svc_context *ctx maybe_unused,
				      struct svc_io *io)
{
	if (io->in_len == 0)
		return SVC_MORE;
	assert_true(io->out_cap - io->out_len >= STRETCH);
	memset(io->out + io->out_len, io->in[0], STRETCH);
	io->out_len += STRETCH;
	io->in_used = 1;
	return io->in_len > 1 ? SVC_FLUSH : SVC_MORE;
}

static const struct service stretch = { .name = "stretch", .possible = TRANSPORT_ALL, .input = stretch_input };

static struct listener *listen_stretch(struct desk *d, enum transport transport)
{
	struct listener *l = desk_listen(d, "echo", transport, AF_UNIX);

	((struct listener_settings *)(uintptr_t)l->settings)->service = &stretch;
	return l;
}

/* Not a period of any buffer's size. */
static void fill_pattern(uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(i * 31 + i / 251);
}

/* The client reads up to n bytes, if there are any. How many; 0 also at the end. */
static size_t sip(int fd, uint8_t *to, size_t n)
{
	ssize_t r = recv(fd, to, n, MSG_DONTWAIT);

	assert_true(r >= 0 || errno == EAGAIN);
	return r > 0 ? (size_t)r : 0;
}

/* At the end, and nothing before it. */
static void expect_end(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
}

static void expect_served_still(struct desk *d, int fd)
{
	char byte = 0;

	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), 1);
	desk_turn(d);
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 1);
	assert_int_equal(byte, 'x');
}

static uint64_t refused(const struct desk *d, const struct listener *l, enum refusal why)
{
	return atomic_load(&d->w.counters[l->row].refused[why]);
}

static uint64_t open_sessions(const struct desk *d, const struct listener *l)
{
	const struct counters *c = &d->w.counters[l->row];

	return atomic_load(&c->sessions) - atomic_load(&c->sessions_ended);
}

/* ---- every byte ---- */

TEST(echo_returns_every_byte_to_a_client_that_reads_slowly)
{
	static uint8_t sent[1 << 20], got[sizeof(sent)];
	struct desk d;
	size_t sent_n = 0, got_n = 0;
	bool over = false;
	int fd;

	desk_begin(&d, POOL_EVENT, 4);
	desk_listen(&d, "echo", TRANSPORT_UNIX, AF_UNIX);
	desk_worker(&d);
	fill_pattern(sent, sizeof(sent));
	fd = desk_connect(&d, &d.listeners[0], SMALL);
	for (unsigned turn = 0; got_n < sizeof(got); turn++) {
		size_t most = sizeof(sent) - sent_n < 70000 ? sizeof(sent) - sent_n : 70000;
		ssize_t n = most ? send(fd, sent + sent_n, most, MSG_DONTWAIT) : 0;
		sent_n += n > 0 ? (size_t)n : 0;
		if (sent_n == sizeof(sent) && !over) { /* it has said all, and is still owed a lot */
			shutdown(fd, SHUT_WR);
			over = true;
		}
		assert_int_equal(loop_turn(&d.w.loop, 0), 0);
		got_n += sip(fd, got + got_n, turn % 3 ? 1000 : 3);
	}
	assert_memory_equal(got, sent, sizeof(got));
	desk_turn(&d);
	expect_end(fd);
	assert_int_equal(d.w.sessions, 0);
	assert_int_equal(atomic_load(&desk_shared->buffer_bytes), 0);
	close(fd);
	desk_end(&d);
}

TEST(input_waits_behind_an_answer_that_the_client_does_not_take)
{
	static uint8_t got[100 * STRETCH];
	uint8_t asked[100];
	struct desk d;
	size_t got_n = 0;
	int fd;

	desk_begin(&d, POOL_EVENT, 4);
	listen_stretch(&d, TRANSPORT_UNIX);
	desk_worker(&d);
	fill_pattern(asked, sizeof(asked));
	fd = desk_connect(&d, &d.listeners[0], SMALL);
	assert_int_equal(send(fd, asked, sizeof(asked), 0), sizeof(asked));
	while (got_n < sizeof(got)) {
		assert_int_equal(loop_turn(&d.w.loop, 0), 0);
		got_n += sip(fd, got + got_n, 1021);
	}
	for (size_t i = 0; i < sizeof(got); i++)
		if (got[i] != asked[i / STRETCH])
			fail_msg("byte %zu is %d, not %d", i, got[i], asked[i / STRETCH]);
	close(fd);
	desk_end(&d);
}

TEST(nothing_is_read_from_a_client_that_is_owed)
{
	static uint8_t bytes[65536];
	struct desk d;
	size_t all = 0;
	ssize_t n;
	int fd;

	desk_begin(&d, POOL_EVENT, 4);
	desk_listen(&d, "echo", TRANSPORT_UNIX, AF_UNIX);
	desk_worker(&d);
	fd = desk_connect(&d, &d.listeners[0], SMALL);
	do {
		n = send(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		all += n > 0 ? (size_t)n : 0;
		desk_turn(&d);
		assert_true(all < 4 << 20); /* what sockets and one block hold, and no more */
	} while (n > 0);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(atomic_load(&desk_shared->buffer_bytes), BUFFERS_BLOCK);
	close(fd);
	desk_turn(&d);
	assert_int_equal(d.w.sessions, 0);
	desk_end(&d);
}

TEST(packets_keep_their_bounds)
{
	static const size_t sizes[] = { 1, 1000, 5, 30000 };
	static uint8_t sent[65536], got[65536];
	struct desk d;
	int fd;

	desk_begin(&d, POOL_EVENT, 4);
	desk_listen(&d, "echo", TRANSPORT_UNIXPACKET, AF_UNIX);
	desk_worker(&d);
	fill_pattern(sent, sizeof(sent));
	fd = desk_connect(&d, &d.listeners[0], 0);
	for (size_t i = 0; i < array_n(sizes); i++)
		assert_int_equal(send(fd, sent, sizes[i], 0), sizes[i]);
	desk_turn(&d);
	for (size_t i = 0; i < array_n(sizes); i++) {
		assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), sizes[i]);
		assert_memory_equal(got, sent, sizes[i]);
	}
	close(fd);
	desk_end(&d);
}

TEST(a_long_packet_waits_behind_an_answer_too)
{
	static uint8_t sent[65536], got[65536];
	struct desk d;
	int fd;

	desk_begin(&d, POOL_EVENT, 4);
	listen_stretch(&d, TRANSPORT_UNIXPACKET);
	desk_worker(&d);
	fd = desk_connect(&d, &d.listeners[0], 9000); /* an answer, hardly two */
	assert_int_equal(send(fd, sent, 60000, 0), 60000);
	for (int i = 0; i < 50; i++) {
		desk_turn(&d);
		assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), STRETCH);
	}
	close(fd);
	desk_turn(&d);
	/* What would not fit is refused whole. */
	fd = desk_connect(&d, &d.listeners[0], 9000);
	assert_int_equal(send(fd, sent, sizeof(sent), 0), sizeof(sent));
	desk_turn(&d);
	expect_end(fd);
	assert_int_equal(refused(&d, &d.listeners[0], REFUSED_OVERSIZE), 1);
	close(fd);
	desk_end(&d);
}

/* ---- limits ---- */

TEST(a_session_that_finds_no_buffer_ends_and_no_other)
{
	static uint8_t bytes[60000];
	struct desk d;
	int first, second, third;

	desk_begin(&d, POOL_EVENT, 4);
	desk_listen(&d, "echo", TRANSPORT_UNIX, AF_UNIX);
	d.settings.limits.buffers = BUFFERS_BLOCK; /* one */
	desk_worker(&d);
	first = desk_connect(&d, &d.listeners[0], SMALL);
	second = desk_connect(&d, &d.listeners[0], SMALL);
	third = desk_connect(&d, &d.listeners[0], SMALL);
	assert_int_equal(send(first, bytes, sizeof(bytes), 0), sizeof(bytes));
	desk_turn(&d);
	assert_int_equal(send(second, bytes, sizeof(bytes), 0), sizeof(bytes));
	desk_turn(&d);
	assert_int_equal(d.w.sessions, 2);
	assert_int_equal(refused(&d, &d.listeners[0], REFUSED_BUFFERS), 1);
	expect_served_still(&d, third);
	/* The one that is owed gets it all. */
	for (size_t got = 0; got < sizeof(bytes); desk_turn(&d))
		got += sip(first, bytes, sizeof(bytes));
	expect_served_still(&d, first);
	assert_int_equal(atomic_load(&desk_shared->buffer_bytes), 0);
	close(first);
	close(second);
	close(third);
	desk_end(&d);
}

/* Turns until no more than n linger: each is looked at by and by, and given up after SESSION_LINGER_NS. */
static void turn_until_lingering(struct desk *d, uint32_t n)
{
	uint64_t give_up_ns = clock_mono_ns() + 15 * CLOCK_S_NS;

	while (d->w.lingering_n > n && clock_mono_ns() < give_up_ns)
		assert_int_equal(loop_turn(&d->w.loop, give_up_ns), 0);
	assert_int_equal(d->w.lingering_n, n);
}

TEST(few_connections_linger_and_the_oldest_goes_first)
{
	static int fds[SESSIONS_LINGERING_MAX + 1];
	struct desk d;

	desk_begin(&d, POOL_EVENT, 1);
	desk_listen(&d, "daytime", TRANSPORT_UNIX, AF_UNIX);
	desk_worker(&d);
	for (size_t i = 0; i < array_n(fds); i++) {
		fds[i] = desk_connect(&d, &d.listeners[0], 0);
		assert_int_equal(d.w.sessions, 0); /* a connection that lingers is none */
	}
	assert_int_equal(table_count(&desk_table), 0);
	assert_int_equal(d.w.lingering_n, SESSIONS_LINGERING_MAX);
	assert_int_equal(send(fds[0], "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(send(fds[1], "x", 1, MSG_NOSIGNAL), 1);
	/* One in the middle, then the others. */
	close(fds[30]);
	turn_until_lingering(&d, SESSIONS_LINGERING_MAX - 1);
	for (size_t i = 0; i < array_n(fds); i++)
		if (i != 30)
			close(fds[i]);
	turn_until_lingering(&d, 0);
	desk_end(&d);
}

TEST(what_comes_after_the_last_answer_is_thrown_away_and_destroys_nothing)
{
	char answer[64];
	struct desk d;

	desk_begin(&d, POOL_EVENT, 1);
	desk_listen(&d, "daytime", TRANSPORT_UNIX, AF_UNIX);
	desk_worker(&d);
	int fd = desk_connect(&d, &d.listeners[0], 0);
	for (int i = 0; i < 3; i++) { /* before it is looked at, and after */
		assert_int_equal(send(fd, "late", 4, MSG_NOSIGNAL), 4);
		assert_int_equal(loop_turn(&d.w.loop, clock_mono_ns() + 15 * CLOCK_S_NS), 0);
		assert_int_equal(d.w.lingering_n, 1);
	}
	assert_true(recv(fd, answer, sizeof(answer), 0) > 20);
	assert_int_equal(recv(fd, answer, sizeof(answer), 0), 0);
	close(fd);
	turn_until_lingering(&d, 0);
	desk_end(&d);
}

TEST(a_draining_worker_leaves_with_its_last_connection)
{
	struct desk d;
	int fd, lingering;

	desk_begin(&d, POOL_EVENT, 4);
	desk_listen(&d, "echo", TRANSPORT_UNIX, AF_UNIX);
	desk_listen(&d, "daytime", TRANSPORT_UNIX, AF_UNIX);
	desk_worker(&d);
	fd = desk_connect(&d, &d.listeners[0], 0);
	lingering = desk_connect(&d, &d.listeners[1], 0);
	worker_process_drain(&d.w);
	assert_int_equal(d.w.phase, WORKER_DRAINING);
	close(fd);
	desk_turn(&d);
	assert_int_equal(d.w.sessions, 0);
	assert_int_equal(d.w.phase, WORKER_DRAINING);
	close(lingering);
	turn_until_lingering(&d, 0);
	assert_int_equal(d.w.phase, WORKER_LEAVING);
	desk_end(&d);
}

/* ---- kill marks ---- */

TEST(a_session_with_a_kill_mark_ends)
{
	struct desk d;
	int killed, other;

	desk_begin(&d, POOL_EVENT, 4);
	desk_listen(&d, "echo", TRANSPORT_UNIX, AF_UNIX);
	desk_worker(&d);
	killed = desk_connect(&d, &d.listeners[0], 0);
	other = desk_connect(&d, &d.listeners[0], 0);
	table_mark(d.w.clients[0].slot, atomic_load(&d.w.clients[0].slot->generation), KILL_KILLED);
	sessions_look(&d.w);
	expect_end(killed);
	expect_served_still(&d, other);
	close(killed);
	close(other);
	desk_end(&d);
}

TEST(a_session_that_is_not_idle_any_more_is_spared)
{
	struct desk d;
	int idle, active;

	desk_begin(&d, POOL_EVENT, 4);
	desk_listen(&d, "echo", TRANSPORT_UNIX, AF_UNIX);
	d.services[0].rules.idle_timeout_busy_ns = 10 * CLOCK_S_NS;
	desk_worker(&d);
	idle = desk_connect(&d, &d.listeners[0], 0);
	active = desk_connect(&d, &d.listeners[0], 0);
	d.w.clients[0].session.active_ns -= 11 * CLOCK_S_NS;
	table_mark(d.w.clients[0].slot, atomic_load(&d.w.clients[0].slot->generation), KILL_IDLE);
	table_mark(d.w.clients[1].slot, atomic_load(&d.w.clients[1].slot->generation), KILL_IDLE);
	sessions_look(&d.w);
	expect_end(idle);
	expect_served_still(&d, active);
	assert_int_equal(table_mark_of(d.w.clients[1].slot), KILL_NOT); /* it may be marked again */
	close(idle);
	close(active);
	desk_end(&d);
}

/* ---- tcpmux ---- */

static const char *const mux_names[] = { "echo" };

/* tcpmux, and echo over TCP with at most one session. */
static void begin_mux(struct desk *d, const char *target)
{
	desk_begin(d, POOL_EVENT, 4);
	desk_listen(d, "tcpmux", TRANSPORT_UNIX, AF_UNIX);
	desk_listen(d, target, TRANSPORT_TCP, AF_INET);
	d->services[0].options.names = mux_names;
	d->services[0].options.names_n = 1;
	d->services[1].admission.max_sessions = 1;
	desk_worker(d);
}

static void expect_text(int fd, const char *text)
{
	char got[256] = "";

	assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), (int)strlen(text));
	assert_string_equal(got, text);
}

TEST(tcpmux_hands_over_with_the_bytes_behind_the_line)
{
	struct desk d;
	int fd;

	begin_mux(&d, "echo");
	fd = desk_connect(&d, &d.listeners[0], 0);
	assert_int_equal(send(fd, "echo\r\nhello", 11, 0), 11);
	desk_turn(&d);
	expect_text(fd, "+Go\r\nhello");
	expect_served_still(&d, fd);
	assert_int_equal(open_sessions(&d, &d.listeners[0]), 0);
	assert_int_equal(open_sessions(&d, &d.listeners[1]), 1);
	assert_int_equal(table_row_count(&desk_table, 1), 1);
	close(fd);
	desk_turn(&d);
	assert_int_equal(open_sessions(&d, &d.listeners[1]), 0);
	desk_end(&d);
}

TEST(tcpmux_is_refused_by_the_caps_of_the_service_it_names)
{
	struct desk d;
	int first, second;

	begin_mux(&d, "echo");
	first = desk_connect(&d, &d.listeners[0], 0);
	second = desk_connect(&d, &d.listeners[0], 0);
	assert_int_equal(send(first, "echo\r\n", 6, 0), 6);
	desk_turn(&d);
	expect_text(first, "+Go\r\n");
	assert_int_equal(send(second, "echo\r\n", 6, 0), 6);
	desk_turn(&d);
	expect_end(second);
	assert_int_equal(refused(&d, &d.listeners[1], REFUSED_SESSIONS), 1);
	assert_int_equal(open_sessions(&d, &d.listeners[0]), 0);
	expect_served_still(&d, first);
	close(first);
	close(second);
	desk_end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo_returns_every_byte_to_a_client_that_reads_slowly),
		cmocka_unit_test(input_waits_behind_an_answer_that_the_client_does_not_take),
		cmocka_unit_test(nothing_is_read_from_a_client_that_is_owed),
		cmocka_unit_test(packets_keep_their_bounds),
		cmocka_unit_test(a_long_packet_waits_behind_an_answer_too),
		cmocka_unit_test(a_session_that_finds_no_buffer_ends_and_no_other),
		cmocka_unit_test(few_connections_linger_and_the_oldest_goes_first),
		cmocka_unit_test(what_comes_after_the_last_answer_is_thrown_away_and_destroys_nothing),
		cmocka_unit_test(a_draining_worker_leaves_with_its_last_connection),
		cmocka_unit_test(a_session_with_a_kill_mark_ends),
		cmocka_unit_test(a_session_that_is_not_idle_any_more_is_spared),
		cmocka_unit_test(tcpmux_hands_over_with_the_bytes_behind_the_line),
		cmocka_unit_test(tcpmux_is_refused_by_the_caps_of_the_service_it_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
