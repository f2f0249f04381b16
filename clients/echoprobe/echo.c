/* SPDX-License-Identifier: MIT */
/* The echo test (RFC 862). */
#include "echoprobe/echo.h"
#include "echoprobe/engine.h"
#include "echoprobe/match.h"

void echo_build(const struct engine *e, const struct payload_id *id, uint8_t *to)
{
	payload_write(&e->payload, id, to, e->plan->size_bytes);
}

static enum probe_found find_by_number(const struct engine_flow *f, const struct payload_id *id, uint64_t *ret_seq)
{
	switch (pending_find(&f->track.pending, id->seq, ret_seq)) {
	case PENDING_KNOWN:
		return PROBE_ANSWER;
	case PENDING_FORGOTTEN:
		return PROBE_FORGOTTEN;
	case PENDING_NEVER_SENT:
		break;
	}
	return PROBE_UNRELATED;
}

/* The oldest packet without an answer. */
static enum probe_found find_in_order(const struct engine_flow *f, uint64_t *ret_seq)
{
	const struct pending *p = &f->track.pending;

	for (uint64_t seq = pending_first(p); seq < p->next; seq++)
		if (pending_slot(p, seq)->state == PENDING_WAITING) {
			*ret_seq = seq;
			return PROBE_ANSWER;
		}
	return PROBE_UNRELATED;
}

static enum probe_found find_nearest(const struct engine_flow *f, const struct payload_octets *answer, uint64_t *ret_seq)
{
	const struct match match = {
		.payload = &f->engine->payload,
		.pending = &f->track.pending,
		.flow = f->index,
		.sent_n = f->engine->plan->size_bytes,
	};

	return match_nearest(&match, answer, ret_seq) ? PROBE_DAMAGED : PROBE_UNRELATED;
}

enum probe_found echo_read(const struct engine_flow *f, const struct batch_datagram *d, struct probe_answer *ret)
{
	const struct payload *payload = &f->engine->payload;
	const size_t sent_n = f->engine->plan->size_bytes;
	const struct payload_octets answer = { .at = d->at, .n = d->n };
	struct payload_id id = { 0 };
	struct payload_packet packet = { .id.flow = f->index, .n = sent_n };
	enum probe_found found = PROBE_UNRELATED;

	switch (payload_read(payload, sent_n, &answer, &id)) {
	case PAYLOAD_FOUND:
		if (sent_n < PAYLOAD_UNTAGGED || id.flow == f->index)
			found = find_by_number(f, &id, &ret->seq);
		break;
	case PAYLOAD_DAMAGED:
		found = find_nearest(f, &answer, &ret->seq);
		break;
	case PAYLOAD_NAMELESS:
		found = find_in_order(f, &ret->seq);
		break;
	}
	if (found == PROBE_ANSWER || found == PROBE_DAMAGED) {
		packet.id.seq = (uint32_t)ret->seq;
		ret->content = payload_compare(payload, &packet, &answer, UINT64_MAX).content;
	}
	return found;
}
