/* SPDX-License-Identifier: MIT */
/* The info test: an answer is a JSON object; that to a datagram is at most as long as its packet, which it does not name. */
#include "echoprobe/info.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "base/pages.h"
#include "echoprobe/engine.h"
#include "echoprobe/info_said.h"

#define ASK_BYTES 900    /* there is room for all that is said, so that nothing is left out */
#define ADDRESSES_MAX 64 /* that are told apart */

struct info_session {
	char json[PROBE_HEARD_MAX]; /* the last answer */
	struct addr seen[ADDRESSES_MAX];
	struct result_info result;
};

static int open_session(struct engine_flow *f)
{
	f->session = pages_take(sizeof(struct info_session));
	return f->session ? 0 : -ENOMEM;
}

static void close_session(struct engine_flow *f)
{
	pages_give(f->session, sizeof(struct info_session));
	f->session = NULL;
}

static int settle(struct plan *plan, struct text *why)
{
	if (plan->flows != 1) {
		text_add(why, "info is asked from one port: leave --flows out");
		return -EINVAL;
	}
	return 0;
}

const struct probe_session info_session = {
	.ttl = PLAN_TTL,
	.size_bytes = ASK_BYTES,
	.one_size = "an answer tells of one packet",
	.settle = settle,
	.open = open_session,
	.close = close_session,
};

/* An answer as a string, and what it says. False: it is no JSON object. */
static bool read_answer(const struct probe_heard *heard, char *json, struct info_said *ret)
{
	if (heard->n >= PROBE_HEARD_MAX || memchr(heard->at, '\0', heard->n))
		return false;
	memcpy(json, heard->at, heard->n);
	json[heard->n] = '\0';
	return info_said_read(json, ret) == 0;
}

static enum probe_judged judge(const struct engine *e maybe_unused, const struct payload_id *id maybe_unused,
			       const struct probe_heard *heard, enum tally_content *ret)
{
	char json[PROBE_HEARD_MAX];
	struct info_said said;

	if (!heard->ended)
		return PROBE_MORE;
	*ret = read_answer(heard, json, &said) ? TALLY_INTACT : TALLY_CORRUPTED;
	return PROBE_DONE;
}

static void note_address(struct info_session *s, const struct addr *from)
{
	struct result_info *r = &s->result;

	for (size_t i = 0; i < r->addresses_n; i++)
		if (addr_same(&s->seen[i], from))
			return;
	if (r->addresses_n < ADDRESSES_MAX)
		s->seen[r->addresses_n++] = *from;
}

static void note(struct engine *e, const struct probe_heard *heard, int64_t asked_ns maybe_unused,
		 int64_t answered_ns maybe_unused)
{
	struct info_session *s = e->flows[0].session;
	char json[PROBE_HEARD_MAX];
	struct info_said said;

	if (!read_answer(heard, json, &said))
		return;
	memcpy(s->json, json, heard->n + 1);
	s->result.datagrams++;
	if (said.client.family != AF_UNSPEC)
		note_address(s, &said.client);
}

void info_report(struct engine *e, struct result *ret)
{
	struct info_session *s = e->flows[0].session;

	if (e->total.packets.corrupted > 0)
		notes_addf(&e->notes, "%" PRIu64 " answers are no JSON object", e->total.packets.corrupted);
	ret->notes_n = e->notes.n;
	s->result.json = s->json;
	if (s->result.datagrams > 0)
		ret->info = &s->result;
}

const struct probe_exchange info_exchange = { .judge = judge, .note = note };
