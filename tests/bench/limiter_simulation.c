/* SPDX-License-Identifier: MIT */
/*
 * What the limiter does under floods of invented sources: `make simulate-limiter`; with a number: under floods of so many a
 * second alone. With a word, `decisions N`: makes N decisions about datagrams and nothing else, for `make
 * count-instructions`.
 *
 * Flow: ten seconds of a clock of its own. In each a flood of sources of which no two are the same; an attacker who sends
 * ten times its limit from one source; a thousand ordinary clients at a fifth of the limit. Printed: what the attacker got
 * in the ten seconds as a multiple of its limit, what share of their answers the clients lost, and what a decision took.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/clock.h"
#include "admission/datagram_checks.h"
#include "admission/rate_limits.h"

#define SECONDS 10
#define STEP_NS (CLOCK_MS_NS / 10)
#define STEPS_PER_S (CLOCK_S_NS / STEP_NS)
#define CLIENTS 1000
#define START_NS (1000 * CLOCK_S_NS)

static const struct rate_sketch_shape standard = { .bytes = 2 << 20, .source_bits_v4 = 32, .source_bits_v6 = 64 };

static uint64_t state[2];

static uint64_t next_random(void)
{
	uint64_t a = state[0], b = state[1];

	state[0] = b;
	a ^= a << 23;
	state[1] = a ^ b ^ (a >> 18) ^ (b >> 5);
	return state[1] + b;
}

static struct rate rate_of(uint64_t amount, uint64_t burst)
{
	struct rate r = { .amount = amount, .period_ns = CLOCK_S_NS, .burst = burst };

	rate_settle(&r);
	return r;
}

/* An address of a /48 of its own kind, so that no two kinds meet. */
static struct addr address(unsigned kind, uint64_t number)
{
	struct addr a = { .family = AF_INET6, .port = 40000, .bytes = { 0x20, (uint8_t)kind } };

	for (int i = 0; i < 6; i++)
		a.bytes[2 + i] = (uint8_t)(number >> (8 * i));
	return a;
}

static struct rate_limits *make(const struct rate_sketch_shape *shape)
{
	struct siphash_key key = { { next_random(), next_random() } };
	void *memory = mmap(NULL, shape->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	struct rate_limits *l = malloc(sizeof(*l));

	if (!l || memory == MAP_FAILED)
		abort();
	rate_limits_init(l, memory, shape, &key);
	return l;
}

struct scene {
	struct rate_limits *limits;
	struct rate_sketch_shape shape;
	struct rate rate;
	struct rate_limits_totals totals;
	uint64_t flood_per_s;
	uint64_t now_ns;
	/* what came out */
	uint64_t decisions, attacker_got, asked, lost, lost_to_total;
};

static enum refusal ask(struct scene *s, struct addr source)
{
	struct rate_limits_request q = { .source = source, .row = 3, .n = 1, .now_ns = s->now_ns };
	enum refusal why;

	s->decisions++;
	return rate_limits_answers(s->limits, &q, &s->rate, &s->totals, &why) == 1 ? REFUSED_NOT : why;
}

/* How many of `per_s` fall due in a step. */
static uint64_t due(uint64_t per_s, uint64_t i)
{
	return per_s * (i + 1) / STEPS_PER_S - per_s * i / STEPS_PER_S;
}

static void ask_as_client(struct scene *s)
{
	enum refusal why = ask(s, address(3, s->asked++ % CLIENTS));

	s->lost += why == REFUSED_RATE;
	s->lost_to_total += why == REFUSED_TOTAL;
}

/* One step: everybody sends what falls due, in random order. */
static void step(struct scene *s, uint64_t i)
{
	uint64_t flood = due(s->flood_per_s, i), hot = due(s->rate.amount * 10, i),
		 clients = due(s->rate.amount * CLIENTS / 5, i);

	while (flood + hot + clients > 0) {
		uint64_t turn = next_random() % (flood + hot + clients);

		if (turn < flood) {
			(void)ask(s, address(1, next_random()));
			flood--;
		} else if (turn < flood + hot) {
			s->attacker_got += ask(s, address(2, 0)) == REFUSED_NOT;
			hot--;
		} else {
			ask_as_client(s);
			clients--;
		}
	}
}

static void play(struct scene s)
{
	uint64_t began_ns = clock_mono_ns();

	s.limits = make(&s.shape);
	s.now_ns = START_NS;
	for (uint64_t i = 0; i < SECONDS * STEPS_PER_S; i++, s.now_ns += STEP_NS)
		step(&s, i);
	printf("%9" PRIu64 " %8" PRIu64 " %7" PRIu64 " k %10s %10.2f x L %12.4f %% %12.4f %% %8.0f ns\n", s.flood_per_s,
	       s.rate.amount, s.shape.bytes >> 10, s.totals.answers.amount ? "100000/s" : "none",
	       (double)s.attacker_got / SECONDS / (double)s.rate.amount, 100.0 * (double)s.lost / (double)s.asked,
	       100.0 * (double)s.lost_to_total / (double)s.asked,
	       (double)(clock_mono_ns() - began_ns) / (double)s.decisions);
	munmap(s.limits->words, s.shape.bytes);
	free(s.limits);
}

static void play_title(void)
{
	printf("10 s; an attacker at 10 x L, %d clients at L / 5; the total budget is another matter than the limiter\n",
	       CLIENTS);
	printf("  flood/s  limit L    table      total  attacker got  lost to rate  lost to total    each\n");
}

static void play_flood(uint64_t per_s)
{
	const struct rate rates[] = { rate_of(50, 100), rate_of(2000, 4000) };
	const struct rate_limits_totals totals = { .answers = rate_of(100000, 100000) };

	for (size_t r = 0; r < array_n(rates); r++) {
		struct scene s = { .shape = standard, .rate = rates[r], .flood_per_s = per_s };

		play(s);
		s.totals = totals;
		if (r == 0)
			play(s);
	}
}

static void play_all(void)
{
	play_title();
	for (uint64_t per_s = 100000; per_s <= 10000000; per_s *= 10)
		play_flood(per_s);
	play((struct scene){ .shape = { 16 << 20, 32, 64 }, .rate = rate_of(50, 100), .flood_per_s = 10000000 });
}

/* All that is decided about one datagram, of IPv6 and from a port that the loop guard looks at. */
static __attribute__((noinline)) bool decide(struct rate_limits *l, const struct checked_packet *p,
					     const struct admission_rules *rules, uint64_t now_ns)
{
	static const struct ports served;
	struct rate_limits_totals totals = { .answers = rate_of(1000000000, 1000000000), .answer_bytes = totals.answers };
	struct rate_limits_request q = { .source = p->source, .row = 3, .n = 1, .now_ns = now_ns };
	enum refusal why;

	return datagram_checks_all(rules, &served, p) == REFUSED_NOT &&
	       rate_limits_answers(l, &q, &rules->udp_rate, &totals, &why) == 1 &&
	       rate_limits_loop(l, &q) == RATE_LIMITS_NO_LOOP && rate_limits_answer_bytes(l, &q, &totals, 64) == 1;
}

static void make_decisions(unsigned long n)
{
	struct rate_limits *l = make(&standard);
	struct admission_rules rules = { .udp_rate = rate_of(2000, 4000) };
	unsigned long answered = 0;

	for (unsigned long i = 0; i < n; i++) {
		struct checked_packet p = { .transport = TRANSPORT_UDP,
					    .source = address(1, next_random()),
					    .destination = address(4, 0),
					    .local = address(4, 0),
					    .length = 64 };

		p.source.port = 2000;
		answered += decide(l, &p, &rules, START_NS + i * 1000);
	}
	printf("%lu of %lu answered\n", answered, n);
}

int main(int argc, char **argv)
{
	if (getrandom(state, sizeof(state), 0) != (ssize_t)sizeof(state))
		return 1;
	if (argc == 3 && strcmp(argv[1], "decisions") == 0) {
		make_decisions(strtoul(argv[2], NULL, 10));
	} else if (argc == 2) {
		play_title();
		play_flood(strtoul(argv[1], NULL, 10));
	} else {
		play_all();
	}
	return 0;
}
