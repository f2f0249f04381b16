/* SPDX-License-Identifier: MIT */
/* The table of services, and what all services have in common, tried with random bytes. */
#include "test.h"
#include "serve.h"
#include "service/hosttable.h"
#include "service/quotes.h"

TEST(services_have_the_ports_and_transports_of_their_rfcs)
{
	static const struct {
		const char *name, *rfc;
		uint16_t port;
		bool udp;
	} expected[] = {
		{ "echo", "RFC 862", 7, true },        { "discard", "RFC 863", 9, true },
		{ "chargen", "RFC 864", 19, false },   { "qotd", "RFC 865", 17, false },
		{ "daytime", "RFC 867", 13, true },    { "time", "RFC 868", 37, true },
		{ "hostname", "RFC 953", 101, false }, { "tcpmux", "RFC 1078", 1, false },
	};

	for (size_t i = 0; i < array_n(expected); i++) {
		const struct service *s = service_find(expected[i].name);

		assert_non_null(s);
		assert_string_equal(s->rfc, expected[i].rfc);
		assert_int_equal(s->port, expected[i].port);
		assert_true((s->transports & TRANSPORT_TCP) != 0);
		assert_int_equal((s->transports & TRANSPORT_UDP) != 0, expected[i].udp);
	}
	assert_null(service_find("nosuch"));
	assert_null(service_find("ECHO")); /* settings spell a name as it is */
	assert_null(service_find(""));
}

TEST(rows_of_the_table_agree_with_themselves)
{
	for (size_t i = 0; i < service_table_n; i++) {
		const struct service *s = &service_table[i];

		assert_ptr_equal(service_find(s->name), s);
		assert_int_equal(s->transports & ~s->possible, 0);
		assert_int_equal(s->possible & ~(unsigned)TRANSPORT_ALL, 0);
		assert_true(s->state_bytes <= SVC_STATE_MAX);
		assert_non_null(s->input);
		assert_int_equal((s->traits & SVC_SPEAKS_FIRST) != 0, s->open != NULL);
		assert_int_equal((s->traits & SVC_LOOKS_UP) != 0, s->answer != NULL);
	}
}

TEST(transports_have_names)
{
	static const char *const names[] = { "tcp", "udp", "unix", "unixgram", "unixpacket" };
	unsigned all = 0;

	for (size_t i = 0; i < array_n(names); i++) {
		unsigned t = service_transport_from_name(names[i]);

		assert_string_equal(service_transport_name((enum transport)t), names[i]);
		all |= t;
	}
	assert_int_equal(all, TRANSPORT_ALL);
	assert_int_equal(service_transport_from_name("sctp"), 0);
	assert_null(service_transport_name((enum transport)3));
}

/* The same numbers in every run, so that a failure can be looked at. */
static uint32_t random_number(uint32_t below)
{
	static uint64_t seed = 88172645463325252u;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % below;
}

/* Bytes as they come, or words that services know, with or without an end. */
static size_t random_input(uint8_t *to, size_t cap)
{
	static const char *const words[] = { "HNAME ", "HADDR ", "ALL",  "nic", "192.0.2.1", "\r\n",
					     "\n",     "HELP",   "echo", " ",   "VERSION",   "x" };
	size_t n = 0;

	for (uint32_t words_n = random_number(6); words_n > 0; words_n--) {
		const char *word = words[random_number(array_n(words))];

		memcpy(to + n, word, strlen(word));
		n += strlen(word);
	}
	if (random_number(3) == 0)
		for (uint32_t more = random_number(600); more > 0 && n < cap; more--)
			to[n++] = (uint8_t)random_number(256);
	return n;
}

static void random_answer(struct lookup_answer *a)
{
	uint8_t *bytes = (uint8_t *)a;

	memset(a, 0, sizeof(*a));
	if (random_number(4) == 0)
		for (size_t i = 0; i < sizeof(*a); i++)
			bytes[i] = (uint8_t)random_number(256);
	a->result = (enum lookup_result)random_number(3);
	if (random_number(2) == 0) {
		strcpy(a->name, "nic.example");
		a->addresses_n = 1;
		a->addresses[0].family = AF_INET;
	}
}

static bool is_over(const struct serve *s)
{
	return s->verdict == SVC_DONE || s->verdict == SVC_DROP || s->verdict == SVC_BECOME;
}

/* What a client can do to a session: pieces of any size, its end at any time. */
static void live_through_a_stream(struct serve *s)
{
	static const char *const names[] = { "echo", "discard" };
	uint8_t input[1024];
	struct lookup_answer answer;

	s->options.names = names;
	s->options.names_n = array_n(names);
	s->enough = 3 * SVC_OUT_MIN;
	s->out_cap = SVC_OUT_MIN + random_number(100);
	s->verdict = SVC_MORE;
	if (s->service->open != NULL)
		serve_open(s);
	for (int turn = 0; turn < 12 && !is_over(s); turn++) {
		if (s->verdict == SVC_ASK) {
			random_answer(&answer);
			serve_resolve(s, &answer);
			assert_true(is_over(s));
		} else if (turn == 11 || random_number(8) == 0) {
			serve_end(s);
		} else {
			serve_send_bytes(s, input, random_input(input, sizeof(input)));
		}
		if (s->said_n >= s->enough)
			return; /* chargen goes on for ever */
	}
	if (s->verdict == SVC_ASK) {
		random_answer(&answer);
		serve_resolve(s, &answer);
	}
	assert_true(is_over(s) || s->eof);
}

/* Of services that remember more than a session. */
static _Alignas(max_align_t) uint8_t memory[4096];

static void set_up(struct serve *s, size_t i, enum transport t, const struct svc_options *options)
{
	serve_begin(s, service_table[i].name, t);
	s->options.table = options->table;
	s->options.quotes = options->quotes;
	s->options.stamp.sessions_max = 2;
	s->ctx.memory = memory;
	s->options.require_sync = random_number(4) == 0;
	s->options.format = random_number(2) == 0 ? "nist" : "%c";
	s->ctx.clock.state = (enum clock_state)random_number(3);
	s->ctx.random = random_number(UINT32_MAX);
	s->ctx.wall.tv_sec = (time_t)random_number(UINT32_MAX) * 2;
}

static void live_through_a_datagram(struct serve *s)
{
	uint8_t input[1024];
	struct lookup_answer answer;
	size_t room = random_number(700);

	serve_datagram(s, input, random_input(input, sizeof(input)), room);
	if (s->verdict == SVC_ASK) {
		random_answer(&answer);
		serve_resolve(s, &answer);
	}
	assert_true(s->said_n <= room);
	if (s->verdict != SVC_DONE)
		assert_int_equal(s->said_n, 0);
	assert_true(s->verdict == SVC_DONE || s->verdict == SVC_DROP || s->verdict == SVC_MORE);
}

/* serve.h checks each call's promises: bounds, and an end to every flush. */
TEST(no_input_makes_a_service_break_its_promises)
{
	static const char table[] = "HOST : 192.0.2.1 : nic :\nNET : 192.0.2.1 : nic :\nHOST : 192.0.2.2 : x.example :\n";
	static const char quotes[] = "one\n%\ntwo\n";
	static struct serve s;
	struct svc_options options = { 0 };
	struct hosttable *t;
	struct quotes *q;
	struct lines_fault fault = { 0 };

	assert_int_equal(hosttable_parse(&(struct hosttable_source){ table, strlen(table), 0 }, &t, &fault), 0);
	assert_int_equal(quotes_parse(quotes, strlen(quotes), &q, &fault), 0);
	options.quotes = q;
	for (int round = 0; round < 1000; round++) {
		options.table = round % 2 == 0 ? t : NULL;
		for (size_t i = 0; i < service_table_n; i++) {
			set_up(&s, i, TRANSPORT_TCP, &options);
			live_through_a_stream(&s);
			if ((service_table[i].possible & TRANSPORT_UDP) == 0)
				continue;
			set_up(&s, i, TRANSPORT_UDP, &options);
			live_through_a_datagram(&s);
		}
	}
	hosttable_free(t);
	quotes_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_have_the_ports_and_transports_of_their_rfcs),
		cmocka_unit_test(rows_of_the_table_agree_with_themselves),
		cmocka_unit_test(transports_have_names),
		cmocka_unit_test(no_input_makes_a_service_break_its_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
