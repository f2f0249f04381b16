/* SPDX-License-Identifier: MIT */
/* Sessions whose listener impairs them. */
#include "stream/slowed.h"

#include <assert.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "session/impair.h"
#include "worker/impairing.h"

#define MARKS 128
#define PIECES_PER_S 50 /* of what goes out at a rate */

/* A mark: of bytes that were read at once. */
struct mark {
	uint64_t at_ns; /* when the session has it                */
	uint32_t bytes; /* 0: the beginning, or the client's end  */
};

/* The state of such a session. With the bytes behind it, it fills a block. */
struct slowed {
	struct impair_rules impair;
	struct session_rules rules; /* the listener's, but for what the impairment adds    */
	struct impair_way way;      /* of what is held back; its rate is that of what goes out */
	uint64_t free_ns;           /* when the rate lets another piece go out             */
	bool end_was_read;
	uint32_t mark, marks_n; /* the first one */
	uint32_t byte, bytes_n;
	struct mark marks[MARKS];
	uint8_t bytes[];
};

#define BYTES (uint32_t)(BUFFERS_BLOCK - sizeof(struct slowed))
#define PACKET_MAX (BUFFERS_BLOCK - SVC_OUT_MIN) /* as is read at once */
_Static_assert(sizeof(struct slowed) <= SVC_OUT_MIN, "the longest message has no room");

static struct slowed *slowed_of(const struct client *c)
{
	return (struct slowed *)c->w->slowed[c - c->w->clients];
}

bool slowed_begin(struct client *c)
{
	struct impair_rules said;
	const struct impair_rules *rules = impairing_rules(c->w, c->listener, &said);
	struct slowed *s = c->is_slowed ? slowed_of(c) : NULL;

	if (!rules && !s)
		return true;
	if (!s) {
		uint8_t *block = buffers_take(&c->w->buffers, &c->slot->owed_bytes);
		if (!block)
			return false;
		c->w->slowed[c - c->w->clients] = block;
		c->is_slowed = true;
		s = slowed_of(c);
		*s = (struct slowed){ .mark = 0 };
	}
	s->impair = rules ? *rules : (struct impair_rules){ .delay_ns = 0 };
	s->rules = c->listener->settings->rules;
	s->rules.close_after_bytes = s->impair.close_after_bytes;
	c->session.rules = &s->rules;
	return true;
}

void slowed_end(struct client *c)
{
	buffers_give(&c->w->buffers, c->w->slowed[c - c->w->clients], &c->slot->owed_bytes);
	c->session.rules = &c->listener->settings->rules;
	c->is_slowed = false;
}

static bool is_packets(const struct client *c)
{
	return c->listener->transport == TRANSPORT_UNIXPACKET;
}

/* ---- in ---- */

size_t slowed_room(const struct client *c)
{
	const struct slowed *s = slowed_of(c);
	size_t room = s->marks_n == MARKS || s->end_was_read ? 0 : BYTES - s->bytes_n;

	/* A message is read whole, and how long the next one is nobody knows. */
	return is_packets(c) && room < PACKET_MAX ? 0 : room;
}

static bool holds(const struct client *c)
{
	return slowed_of(c)->marks_n != 0;
}

static void add_mark(struct client *c, size_t bytes)
{
	struct slowed *s = slowed_of(c);
	struct impair_rules in = s->impair;
	struct impair_answer a = { .bytes = bytes };
	struct impair_leave leave;

	in.rate_bytes_per_s = 0;
	if (in.drawn.jitter_ns)
		a.jitter_ns = impairment_by_order(&in.drawn, impairing_number(c->w, c->listener)).jitter_ns;
	leave = impair_send(&in, &s->way, &a, c->w->loop.now_ns);
	if (leave.delayed)
		impairing_count(c->w, c->listener, IMPAIRED_DELAY, 1);
	s->marks[(s->mark + s->marks_n++) % MARKS] = (struct mark){ .at_ns = leave.at_ns, .bytes = (uint32_t)bytes };
}

void slowed_hold_start(struct client *c)
{
	add_mark(c, 0);
}

void slowed_hold(struct client *c, const uint8_t *from, size_t n)
{
	struct slowed *s = slowed_of(c);
	uint32_t to = (s->byte + s->bytes_n) % BYTES;
	size_t straight = n < BYTES - to ? n : BYTES - to;

	assert(n <= slowed_room(c) && s->marks_n < MARKS);
	memcpy(s->bytes + to, from, straight);
	memcpy(s->bytes, from + straight, n - straight);
	s->bytes_n += (uint32_t)n;
	s->end_was_read |= n == 0;
	add_mark(c, n);
}

size_t slowed_take(struct client *c, uint8_t *to)
{
	struct slowed *s = slowed_of(c);
	uint32_t n = s->marks[s->mark].bytes, straight = n < BYTES - s->byte ? n : BYTES - s->byte;

	memcpy(to, s->bytes + s->byte, straight);
	memcpy(to + straight, s->bytes, n - straight);
	s->byte = (s->byte + n) % BYTES;
	s->bytes_n -= n;
	s->mark = (s->mark + 1) % MARKS;
	s->marks_n--;
	c->session.eof |= s->end_was_read && !s->marks_n;
	return n;
}

/* ---- out, and waiting ---- */

static bool owes(const struct client *c)
{
	return c->owed_at < c->owed_end;
}

static bool wants_input(const struct client *c)
{
	return c->next == SESSION_READ || c->next == SESSION_PAUSE;
}

/* The time when it goes on by itself. */
static uint64_t due_ns(const struct client *c)
{
	const struct slowed *s = slowed_of(c);

	if (owes(c))
		return s->free_ns;
	return wants_input(c) && s->marks_n ? s->marks[s->mark].at_ns : CLOCK_NEVER;
}

bool slowed_is_due(const struct client *c)
{
	return due_ns(c) <= c->w->loop.now_ns;
}

enum session_end slowed_expired(struct client *c)
{
	uint64_t now_ns = c->w->loop.now_ns;
	enum session_end end = session_expired(&c->session, now_ns);

	if (end != SESSION_END_IDLE || !holds(c))
		return end;
	session_received(&c->session, 0, now_ns);
	return SESSION_END_NONE;
}

uint32_t slowed_wanted(const struct client *c)
{
	if (owes(c))
		return EPOLLOUT;
	return wants_input(c) ? EPOLLIN : c->waits_for;
}

uint32_t slowed_wait(const struct client *c, uint32_t events, uint64_t *at_ns)
{
	bool waits_for_rate = owes(c) && !slowed_is_due(c);

	if ((waits_for_rate || !owes(c)) && due_ns(c) < *at_ns)
		*at_ns = due_ns(c);
	return waits_for_rate || (events == EPOLLIN && !slowed_room(c)) ? 0 : events;
}

size_t slowed_may_write(const struct client *c, size_t n)
{
	const struct slowed *s = slowed_of(c);
	uint64_t piece = s->impair.rate_bytes_per_s / PIECES_PER_S + 1;

	if (!s->impair.rate_bytes_per_s)
		return n;
	if (s->free_ns > c->w->loop.now_ns)
		return 0;
	if (is_packets(c))
		return n;
	return n < piece ? n : (size_t)piece;
}

void slowed_wrote(struct client *c, size_t n)
{
	struct slowed *s = slowed_of(c);
	uint64_t rate = s->impair.rate_bytes_per_s;

	if (!rate)
		return;
	s->free_ns = clock_add(c->w->loop.now_ns, n * CLOCK_S_NS / rate);
	impairing_count(c->w, c->listener, IMPAIRED_RATE, 1);
}
