/* SPDX-License-Identifier: MIT */
/* Answers that do not say to which packet they belong. */
#include "echoprobe/in_order.h"

#include "echoprobe/engine.h"

bool in_order_oldest(const struct engine_flow *f, uint64_t *ret_seq)
{
	const struct pending *p = &f->track.pending;

	for (uint64_t seq = pending_first(p); seq < p->next; seq++)
		if (pending_slot(p, seq)->state == PENDING_WAITING) {
			*ret_seq = seq;
			return true;
		}
	return false;
}

enum probe_found in_order_read(const struct engine_flow *f, const struct batch_datagram *d, struct probe_answer *ret)
{
	const struct probe_heard heard = { .at = d->at, .n = d->n, .ended = true };
	struct payload_id id = { .flow = f->index };

	if (!in_order_oldest(f, &ret->seq))
		return PROBE_UNRELATED;
	id.seq = (uint32_t)ret->seq;
	f->engine->plan->probe->exchange->judge(f->engine, &id, &heard, &ret->content);
	return PROBE_ANSWER;
}

bool in_order_is_text(const struct probe_heard *heard)
{
	for (size_t i = 0; i < heard->n; i++) {
		uint8_t c = heard->at[i];

		if ((c < 0x20 || c > 0x7E) && c != '\r' && c != '\n' && c != '\t')
			return false;
	}
	return true;
}

void in_order_note(struct engine *e, const struct probe_heard *heard, int64_t asked_ns maybe_unused,
		   int64_t answered_ns maybe_unused)
{
	struct text t = TEXT_OVER(e->said);
	size_t n = heard->n < sizeof(e->said) / 2 ? heard->n : sizeof(e->said) / 2;

	while (n > 0 && (heard->at[n - 1] == '\n' || heard->at[n - 1] == '\r'))
		n--;
	text_add_printable(&t, (const char *)heard->at, n);
}

void in_order_report(struct engine *e, struct result *ret)
{
	if (e->said[0] != '\0')
		notes_addf(&e->notes, "the last answer was: %s", e->said);
	ret->notes_n = e->notes.n;
}
