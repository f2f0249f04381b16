/* SPDX-License-Identifier: MIT */
/* The nearest packet by Hamming distance, over the octets that the answer has. */
#include "echoprobe/match.h"

#define SCAN_MOST (16 * MATCH_MOST) /* places that are looked at, most of them answered */

struct nearest {
	uint64_t seq;
	uint64_t bits;
	uint8_t state; /* of two as near, the one that still waits is nearer */
	unsigned n;    /* so many are as near; 0: none yet                   */
};

static bool is_nearer(const struct nearest *a, const struct nearest *b)
{
	if (a->bits != b->bits)
		return a->bits < b->bits;
	return a->state == PENDING_WAITING && b->state != PENDING_WAITING;
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
	uint64_t from = m->pending->next - first > SCAN_MOST ? m->pending->next - SCAN_MOST : first;
	uint64_t allowed = bits == 0 ? 0 : (bits - 1) / 8; /* under an eighth */
	struct nearest best = { .bits = allowed };
	unsigned compared = 0;

	for (uint64_t seq = m->pending->next; seq > from && compared < MATCH_MOST; seq--) {
		struct payload_packet packet = { { .seq = (uint32_t)(seq - 1), .flow = m->flow }, m->sent_n };
		struct nearest candidate = { .seq = seq - 1, .state = pending_slot(m->pending, seq - 1)->state, .n = 1 };

		if (candidate.state != PENDING_WAITING && candidate.state != PENDING_TIMED_OUT)
			continue;
		compared++;
		candidate.bits = payload_compare(m->payload, &packet, answer, best.bits).bits;
		if (candidate.bits <= best.bits)
			consider(&best, &candidate);
	}
	*ret_seq = best.seq;
	return best.n == 1;
}
