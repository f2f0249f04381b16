/* SPDX-License-Identifier: MIT */
/* The packet that an ICMP error is about. */
#include "echoprobe/quoted.h"

#include "base/bytes.h"
#include "echoprobe/echo.h"
#include "echoprobe/probe.h"
#include "echoprobe/stamp.h"
#include "echoprobe/stamp_session.h"

/* The time stamp, by which flows are told apart: RFC 8762 sections 4.2.1 and 4.2.2. */
#define STAMP_SENT_AT 4
#define STAMP_SENT_AUTHENTICATED_AT 16
#define STAMP_SENT_BYTES 8

static bool find(const struct engine_flow *f, uint32_t number, uint64_t *ret_seq)
{
	return pending_find(&f->track.pending, number, ret_seq) == PENDING_KNOWN;
}

static bool find_echo(const struct engine *e, const struct payload_octets *quoted, uint32_t *ret_flow, uint64_t *ret_seq)
{
	struct payload_id id = { 0 };

	if (payload_read(&e->payload, e->size_bytes, quoted, &id) != PAYLOAD_FOUND || id.flow >= e->flows_n ||
	    (e->size_bytes < PAYLOAD_UNTAGGED && e->flows_n > 1))
		return false;
	*ret_flow = id.flow;
	return find(&e->flows[id.flow], id.seq, ret_seq);
}

static bool find_stamp(const struct engine *e, const struct payload_octets *quoted, uint32_t *ret_flow, uint64_t *ret_seq)
{
	const size_t at = e->plan->key_file ? STAMP_SENT_AUTHENTICATED_AT : STAMP_SENT_AT;

	if (quoted->n < at + STAMP_SENT_BYTES)
		return false;
	for (uint32_t i = 0; i < e->flows_n; i++) {
		const struct stamp_session *s = e->flows[i].session;

		if (find(&e->flows[i], bytes_get_be32(quoted->at), ret_seq) &&
		    s->sent[*ret_seq & (s->slots_n - 1)] == bytes_get_be64(quoted->at + at)) {
			*ret_flow = i;
			return true;
		}
	}
	return false;
}

bool quoted_packet(const struct engine *e, const struct errqueue_message *m, uint32_t *ret_flow, uint64_t *ret_seq)
{
	const struct payload_octets quoted = { .at = m->quoted, .n = m->quoted_n };

	if (e->plan->transport != PLAN_UDP)
		return false;
	if (e->plan->probe->build == stamp_build)
		return find_stamp(e, &quoted, ret_flow, ret_seq);
	return e->plan->probe->build == echo_build && find_echo(e, &quoted, ret_flow, ret_seq);
}
