/* SPDX-License-Identifier: MIT */
/* The echo test (RFC 862). */
#include "echoprobe/echo.h"
#include "echoprobe/engine.h"
#include "echoprobe/in_order.h"
#include "echoprobe/match.h"

void echo_build(const struct engine *e, const struct payload_id *id, uint8_t *to)
{
	payload_write(&e->payload, id, to, e->size_bytes);
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

static enum probe_found find_nearest(const struct engine_flow *f, const struct payload_octets *answer, uint64_t *ret_seq)
{
	const struct match match = {
		.payload = &f->engine->payload,
		.pending = &f->track.pending,
		.flow = f->index,
		.sent_n = f->engine->size_bytes,
	};

	return match_nearest(&match, answer, ret_seq) ? PROBE_DAMAGED : PROBE_UNRELATED;
}

enum probe_found echo_read(const struct engine_flow *f, const struct batch_datagram *d, struct probe_answer *ret)
{
	const struct payload *payload = &f->engine->payload;
	const size_t sent_n = f->engine->size_bytes;
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
		found = in_order_oldest(f, &ret->seq) ? PROBE_ANSWER : PROBE_UNRELATED;
		break;
	}
	if (found == PROBE_ANSWER || found == PROBE_DAMAGED) {
		packet.id.seq = (uint32_t)ret->seq;
		ret->content = payload_compare(payload, &packet, &answer, UINT64_MAX).content;
	}
	return found;
}

size_t echo_ask(const struct engine *e, const struct payload_id *id, uint8_t *to)
{
	echo_build(e, id, to);
	return e->size_bytes;
}

static enum probe_judged judge(const struct engine *e, const struct payload_id *id, const struct probe_heard *heard,
			       enum tally_content *ret)
{
	const struct payload_packet packet = { .id = *id, .n = e->size_bytes };
	const struct payload_octets answer = { .at = heard->at, .n = heard->n };

	if (heard->n < e->size_bytes && !heard->ended)
		return PROBE_MORE;
	*ret = payload_compare(&e->payload, &packet, &answer, UINT64_MAX).content;
	return PROBE_DONE;
}

const struct probe_exchange echo_exchange = { .ask = echo_ask, .judge = judge };
