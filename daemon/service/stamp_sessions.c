/* SPDX-License-Identifier: MIT */
/*
 * Sessions in buckets by a keyed hash, and all of them in one list by when they were used: its oldest is the only one whose
 * place may be free again. Links are indexes and one, so that zeroed memory has none.
 */
#include "service/stamp_sessions.h"

#include <string.h>

#include "base/siphash.h"

struct stamp_sessions {
	struct siphash_key key;
	uint32_t sessions_max; /* 0: not begun */
	uint32_t used;         /* places ever  */
	uint32_t newest, oldest;
	struct stamp_session sessions[]; /* sessions_max, and as many heads of buckets behind them */
};

size_t stamp_sessions_bytes(uint32_t sessions_max)
{
	return sizeof(struct stamp_sessions) + sessions_max * (sizeof(struct stamp_session) + sizeof(uint32_t));
}

void stamp_sessions_begin(struct stamp_sessions *t, uint32_t sessions_max, uint32_t random)
{
	if (t->sessions_max != 0)
		return;
	t->sessions_max = sessions_max;
	t->key.word[0] = random;
}

struct stamp_session *stamp_sessions_at(struct stamp_sessions *t, uint32_t index)
{
	return &t->sessions[index];
}

static uint32_t *bucket_of(struct stamp_sessions *t, const struct stamp_session_name *name)
{
	uint32_t *heads = (uint32_t *)(void *)&t->sessions[t->sessions_max];

	return &heads[siphash(&t->key, name, sizeof(*name)) % t->sessions_max];
}

/* A copy without what the compiler may leave between members: names are compared octet by octet. */
static struct stamp_session_name plain(const struct stamp_session_name *name)
{
	struct stamp_session_name r;

	memset(&r, 0, sizeof(r));
	r.client = name->client;
	r.server = name->server;
	r.ssid = name->ssid;
	return r;
}

static uint32_t look_up(struct stamp_sessions *t, const struct stamp_session_name *name)
{
	for (uint32_t link = *bucket_of(t, name); link != 0; link = t->sessions[link - 1].next)
		if (memcmp(&t->sessions[link - 1].name, name, sizeof(*name)) == 0)
			return link;
	return 0;
}

static void take_out_of_order(struct stamp_sessions *t, uint32_t link)
{
	struct stamp_session *s = &t->sessions[link - 1];

	*(s->newer != 0 ? &t->sessions[s->newer - 1].older : &t->newest) = s->older;
	*(s->older != 0 ? &t->sessions[s->older - 1].newer : &t->oldest) = s->newer;
}

static void put_first(struct stamp_sessions *t, uint32_t link)
{
	struct stamp_session *s = &t->sessions[link - 1];

	s->older = t->newest;
	s->newer = 0;
	*(t->newest != 0 ? &t->sessions[t->newest - 1].newer : &t->oldest) = link;
	t->newest = link;
}

static void take_out_of_bucket(struct stamp_sessions *t, uint32_t link)
{
	uint32_t *at = bucket_of(t, &t->sessions[link - 1].name);

	while (*at != link)
		at = &t->sessions[*at - 1].next;
	*at = t->sessions[link - 1].next;
}

static bool is_over(const struct stamp_session *s, uint64_t now_ns)
{
	return now_ns >= s->used_ns && now_ns - s->used_ns >= STAMP_REFWAIT_NS;
}

/* A place for another session: one that was never used, or that of the oldest if it is over. 0: there is none. */
static uint32_t take_place(struct stamp_sessions *t, uint64_t now_ns)
{
	uint32_t link = t->oldest;

	if (t->used < t->sessions_max)
		return ++t->used;
	if (link == 0 || !is_over(&t->sessions[link - 1], now_ns))
		return 0;
	take_out_of_bucket(t, link);
	take_out_of_order(t, link);
	return link;
}

static uint32_t begin(struct stamp_sessions *t, const struct stamp_session_name *name, uint64_t now_ns)
{
	uint32_t link = take_place(t, now_ns), *bucket = bucket_of(t, name);

	if (link == 0)
		return 0;
	t->sessions[link - 1] = (struct stamp_session){ .next = *bucket };
	memcpy(&t->sessions[link - 1].name, name, sizeof(*name));
	*bucket = link;
	return link;
}

uint32_t stamp_sessions_find(struct stamp_sessions *t, const struct stamp_session_name *name, uint64_t now_ns)
{
	struct stamp_session_name wanted = plain(name);
	uint32_t link = look_up(t, &wanted);
	struct stamp_session *s;

	if (link != 0)
		take_out_of_order(t, link);
	else
		link = begin(t, &wanted, now_ns);
	if (link == 0)
		return STAMP_SESSIONS_NONE;
	s = &t->sessions[link - 1];
	if (is_over(s, now_ns)) {
		s->received = s->reflected = 0;
		s->last = (struct stamp_followup){ .seq = 0 };
	}
	s->used_ns = now_ns;
	put_first(t, link);
	return link - 1;
}
