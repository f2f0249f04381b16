/* SPDX-License-Identifier: MIT */
/* The memory that all workers share to hold rates, in one piece. */
#include "admission/rate_limits.h"

#include <assert.h>
#include <sys/socket.h>

#include "base/clock.h"

/* In a source's key, beside the listener's row: what is counted. */
#define GROUP_ANSWERS 0u
#define GROUP_SESSIONS 0x80000000u

#define LIMITED_PLACES 512
#define LIMITED_NS (60 * CLOCK_S_NS)

struct rate_limits_words {
	struct bucket answers, answer_bytes;
	_Alignas(64) _Atomic uint64_t loops[LOOPGUARD_COUNTS];
	/* A source, and the second after its last refusal; 0: nobody. */
	_Atomic uint64_t limited[LIMITED_PLACES];
	/* The limiter's follow, up to the end. */
};

size_t rate_limits_head_bytes(void)
{
	return sizeof(struct rate_limits_words);
}

void rate_limits_init(struct rate_limits *l, void *memory, const struct rate_sketch_shape *shape,
		      const struct siphash_key *key)
{
	struct rate_sketch_shape rest = *shape;

	assert(shape->bytes >= RATE_LIMITS_BYTES_MIN);
	l->words = memory;
	l->loops = (struct loopguard){ .key = { { ~key->word[0], key->word[1] } }, .counts = l->words->loops };
	rest.bytes -= sizeof(*l->words);
	rate_sketch_init(&l->limiter, l->words + 1, &rest, key);
}

/* A UNIX socket's peer has no address to be counted by. */
static bool has_source(const struct addr *a)
{
	return a->family == AF_INET || a->family == AF_INET6;
}

/* The question of a request, about its source under a rate. What a look sets is left unset: this is a datagram's price. */
static void ask_of_source(const struct rate_limits *l, const struct rate_limits_request *q, uint32_t group,
			  struct rate_sketch_view *ret)
{
	ret->key = rate_sketch_key(&l->limiter, &q->source, group | q->row);
	ret->n = q->n;
	ret->now_ns = q->now_ns;
}

uint32_t rate_limits_answers(const struct rate_limits *l, const struct rate_limits_request *q, const struct rate *of_source,
			     const struct rate_limits_totals *totals, enum refusal *ret_why)
{
	bool counts = of_source->amount != 0 && has_source(&q->source);
	struct rate_wanted wanted = { .each = 1, .n = q->n };
	struct rate_sketch_view v;
	uint32_t taken;

	*ret_why = REFUSED_RATE;
	if (counts) {
		v.rate = of_source;
		ask_of_source(l, q, GROUP_ANSWERS, &v);
		wanted.n = rate_sketch_look(&l->limiter, &v);
		if (wanted.n == 0)
			return 0;
	}
	taken = bucket_take(&l->words->answers, &totals->answers, &wanted, q->now_ns);
	if (taken < wanted.n)
		*ret_why = REFUSED_TOTAL;
	return !counts || taken == 0 ? taken : rate_sketch_take(&l->limiter, &v, taken);
}

uint32_t rate_limits_answer_bytes(const struct rate_limits *l, const struct rate_limits_request *q,
				  const struct rate_limits_totals *totals, uint32_t bytes)
{
	struct rate_wanted wanted = { .each = bytes, .n = q->n };

	return bucket_take(&l->words->answer_bytes, &totals->answer_bytes, &wanted, q->now_ns);
}

enum refusal rate_limits_session(const struct rate_limits *l, const struct rate_limits_request *q,
				 const struct rate *of_source)
{
	struct rate_sketch_view v;

	if (of_source->amount == 0 || !has_source(&q->source))
		return REFUSED_NOT;
	v.rate = of_source;
	ask_of_source(l, q, GROUP_SESSIONS, &v);
	return rate_sketch_look(&l->limiter, &v) != 0 && rate_sketch_take(&l->limiter, &v, 1) != 0 ? REFUSED_NOT
												   : REFUSED_RATE;
}

/* 32 bits of the source's hash, and when. */
static uint64_t limited_word(uint64_t name, uint64_t now_ns)
{
	return name >> 32 << 32 | (uint32_t)(now_ns / CLOCK_S_NS + 1);
}

static uint64_t limited_name(const struct rate_limits *l, const struct addr *source)
{
	return siphash(&l->loops.key, source->bytes, sizeof(source->bytes));
}

void rate_limits_note_limited(const struct rate_limits *l, const struct addr *source, uint64_t now_ns)
{
	uint64_t name = limited_name(l, source), word = limited_word(name, now_ns);
	_Atomic uint64_t *place = &l->words->limited[name % LIMITED_PLACES];

	if (atomic_load_explicit(place, memory_order_relaxed) != word)
		atomic_store_explicit(place, word, memory_order_relaxed);
}

bool rate_limits_was_limited(const struct rate_limits *l, const struct addr *source, uint64_t now_ns)
{
	uint64_t name = limited_name(l, source), now = limited_word(name, now_ns),
		 word = atomic_load_explicit(&l->words->limited[name % LIMITED_PLACES], memory_order_relaxed);

	return (uint32_t)word != 0 && word <= now && now - word <= LIMITED_NS / CLOCK_S_NS;
}

uint32_t rate_limits_loop(const struct rate_limits *l, const struct rate_limits_request *q)
{
	struct loopguard_datagrams d = {
		.source = &q->source, .group = q->row, .n = q->n, .bytes = q->bytes, .payloads = q->payloads
	};

	return has_source(&q->source) ? loopguard_drops(&l->loops, &d) : RATE_LIMITS_NO_LOOP;
}
