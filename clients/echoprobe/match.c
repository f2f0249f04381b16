/* SPDX-License-Identifier: MIT */
/* The nearest packet by Hamming distance, over the octets that the answer has. */
#include "echoprobe/match.h"

struct nearest {
	uint64_t seq;
	uint64_t bits;
	uint8_t state; /* enum pending_state: of two as near, the one that waits is nearer, then the one that timed out */
	unsigned n;    /* so many are as near; 0: none yet                   */
};

static bool is_nearer(const struct nearest *a, const struct nearest *b)
{
	if (a->bits != b->bits)
		return a->bits < b->bits;
	return a->state < b->state;
}

static void consider(struct nearest *best, const struct nearest *candidate)
{
	if (best->n == 0 || is_nearer(candidate, best))
		*best = *candidate;
	else if (!is_nearer(best, candidate))
		best->n++;
}

bool match_nearest(const struct match *m, const struct payload_octets *answer, uint64_t *ret_seq)
{
	uint64_t first = pending_first(m->pending), bits = 8 * (uint64_t)answer->n;
	uint64_t from = m->pending->next - first > MATCH_MOST ? m->pending->next - MATCH_MOST : first;
	struct nearest best = { .bits = bits == 0 ? 0 : (bits - 1) / 8 }; /* under an eighth */

	for (uint64_t seq = m->pending->next; seq > from; seq--) {
		struct payload_packet packet = { { .seq = (uint32_t)(seq - 1), .flow = m->flow }, m->sent_n };
		struct nearest candidate = { .seq = seq - 1, .state = pending_slot(m->pending, seq - 1)->state, .n = 1 };

		if (candidate.state == PENDING_UNSENT)
			continue;
		candidate.bits = payload_compare(m->payload, &packet, answer, best.bits).bits;
		if (candidate.bits <= best.bits)
			consider(&best, &candidate);
	}
	*ret_seq = best.seq;
	return best.n == 1;
}
