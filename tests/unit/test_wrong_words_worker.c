/* SPDX-License-Identifier: MIT */
/*
 * What other processes can write is filled with wrong words while a worker serves: it refuses, or counts wrongly, and goes
 * on. 20,000 times, or as often as WRONG_WORDS_N says.
 */
#include "test.h"
#include "worker_desk.h"

#include "worker/admission.h"
#include "wrong_words.h"

#define SLOTS 64
#define SESSIONS 8
#define ITERATIONS_N 20000

static struct wrong wrong = { .seed = 20260102 };
static struct desk desk;
static int clients[SESSIONS];
static unsigned served_n, refused_n;

static void hang_up(unsigned i)
{
	if (clients[i] >= 0)
		close(clients[i]);
	clients[i] = -1;
}

/* A client comes, if it is let in. */
static void come(const struct listener *l, unsigned i)
{
	struct admitted a = { .listener = l, .peer = { .family = AF_INET, .bytes = { 192, 0, 2, (uint8_t)i } } };
	struct table_request r = admission_request(&desk.w, l, &a.peer);
	int pair[2];

	r.per_source = i % 2 ? 3 : 0; /* 0: none, but counted */
	r.row_per_source = i % 2 ? 2 : 0;
	hang_up(i);
	if (admission_new(&desk.w, l, &r, &a.slot) != REFUSED_NOT) {
		refused_n++;
		return;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	a.fd = pair[1];
	clients[i] = pair[0];
	client_serve(&desk.w, &a);
}

/* It becomes a session of another listener, as tcpmux has it; or it is named, as a header of the PROXY protocol has it. */
static void become(struct worker *w, unsigned i)
{
	struct client *c = &w->clients[i % SESSIONS];

	if (i % SESSIONS >= w->clients_used || !c->slot)
		return;
	struct table_request r = admission_request(w, &desk.listeners[i / SESSIONS % 2], &c->peer);
	r.row_per_source = 2;
	if (i % 3)
		(void)admission_become(w, &desk.listeners[i / SESSIONS % 2], &r, c->slot);
	else
		(void)admission_name(w, &desk.listeners[i / SESSIONS % 2], &r, c->slot);
}

static void ask_and_hear(unsigned i)
{
	static const uint8_t words[1000];
	uint8_t got[1000];

	if (clients[i] < 0)
		return;
	(void)!send(clients[i], words, sizeof(words), MSG_NOSIGNAL | MSG_DONTWAIT);
	desk.w.loop.now_ns = clock_mono_ns();
	for (int turns = 0; turns < 2; turns++)
		assert_int_equal(loop_turn(&desk.w.loop, 0), 0);
	served_n += recv(clients[i], got, sizeof(got), MSG_DONTWAIT) > 0;
}

/* Of a datagram: lists, rates, the guard against loops. */
static void judge(struct worker *w, unsigned i)
{
	struct checked_packet p = { .transport = TRANSPORT_UDP, .over_loopback = true, .length = 10 };

	p.source = (struct addr){ .family = AF_INET, .port = 2000, .bytes = { 127, 0, 0, (uint8_t)i } };
	p.destination = p.local = addr_loopback_v4;
	(void)admission_requests(w, &desk.listeners[1], &p, 1 + i % 40);
	(void)admission_answers(w, &desk.listeners[1], &p, &(struct admission_answer){ 10, 1 + i % 40 });
}

static void make_regions(void)
{
	struct shared *m = desk_shared;

	table_init(&desk_table, desk_table.words, SLOTS, 1);
	wrong_region(&wrong, m, offsetof(struct shared, drained));
	wrong_region(&wrong, m->impairs, sizeof(m->impairs[0]) * 2);
	wrong_region(&wrong, m->records, sizeof(m->records[0]) * 4);
	wrong_region(&wrong, m->offenders, sizeof(m->offenders[0]));
	wrong_region(&wrong, desk_table.words, (size_t)((char *)desk_table.slots - (char *)desk_table.words));
	wrong_region(&wrong, desk_table.slots, sizeof(struct table_slot) * SESSIONS);
	wrong_region(&wrong, desk_table.caps.words, caps_bytes(SLOTS));
	wrong_region(&wrong, desk_table.caps.words, 64 + 4 * sizeof(uint64_t)); /* the total, and those rows */
	wrong_region(&wrong, desk_limits.words, RATE_LIMITS_BYTES_MIN);
	wrong_region(&wrong, desk_readers, LISTENER_MAX * sizeof(desk_readers[0]));
	wrong.pids[wrong.pids_n++] = (uint32_t)getpid();
	wrong.pids[wrong.pids_n++] = (uint32_t)getppid();
}

/* Where nothing is free any more nobody is served, and nothing is tried: now and then all begins anew. */
static void wipe(void)
{
	memset(desk_table.words, 0, table_bytes(SLOTS));
	atomic_store(&desk_shared->buffer_bytes, 0);
	for (unsigned row = 0; row < 2; row++)
		impairs_say(&desk_shared->impairs[row], NULL);
}

static void serve(unsigned n)
{
	struct worker *w = &desk.w;

	for (unsigned i = 0; i < n; i++) {
		if (i % 64 == 0) {
			sessions_end_all(w);
			wipe();
		}
		if (i % 4 == 0)
			wrong_some(&wrong);
		if (w->sessions < w->capacity)
			come(&desk.listeners[0], i % SESSIONS);
		become(w, i);
		ask_and_hear(i % SESSIONS);
		judge(w, i);
		if (i % 8 == 5)
			sessions_look(w);
		datagram_look(w->datagrams);
	}
}

TEST(whatever_others_write_a_worker_goes_on)
{
	unsigned n = wrong_iterations(ITERATIONS_N);

	desk_begin(&desk, POOL_EVENT, SESSIONS);
	desk_listen(&desk, "echo", TRANSPORT_TCP, AF_INET);
	desk_listen(&desk, "echo", TRANSPORT_UDP, AF_INET);
	desk.services[1].admission.udp_rate = (struct rate){ .amount = 1000, .period_ns = CLOCK_S_NS, .burst = 2000 };
	rate_settle(&desk.services[1].admission.udp_rate);
	for (unsigned i = 0; i < SESSIONS; i++)
		clients[i] = -1;
	desk_worker(&desk);
	make_regions();
	serve(n);
	for (unsigned i = 0; i < SESSIONS; i++)
		hang_up(i);
	sessions_end_all(&desk.w);
	wipe();
	desk_end(&desk);
	assert_true(served_n > n / 16 && refused_n > n / 100);
	print_message("%u times: %u answers, %u refusals\n", n, served_n, refused_n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_others_write_a_worker_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
