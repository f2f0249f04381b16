/* SPDX-License-Identifier: MIT */
/* A packet's place is its number's low bits, so nothing is searched. */
#include "echoprobe/pending.h"

#include <assert.h>

#include "base/clock.h"

size_t pending_capacity(uint64_t interval_ns, uint64_t burst, uint64_t timeout_ns)
{
	uint64_t slots = clock_add(timeout_ns, CLOCK_S_NS) / (interval_ns != 0 ? interval_ns : 1), packets;
	size_t capacity = PENDING_CAPACITY_MIN;

	if (__builtin_mul_overflow(clock_add(slots, 1), burst, &packets))
		packets = UINT64_MAX;
	while (capacity < packets && capacity < PENDING_CAPACITY_MAX)
		capacity *= 2;
	return capacity;
}

void pending_init(struct pending *p, struct pending_slot *ring, size_t capacity)
{
	assert(capacity != 0 && (capacity & (capacity - 1)) == 0);
	*p = (struct pending){ .ring = ring, .capacity = capacity };
}

uint64_t pending_first(const struct pending *p)
{
	return p->next > p->capacity + p->floor ? p->next - p->capacity : p->floor;
}

void pending_forget(struct pending *p)
{
	assert(p->waiting == 0);
	p->floor = p->next;
}

static struct pending_slot *place(const struct pending *p, uint64_t seq)
{
	return &p->ring[seq & (p->capacity - 1)];
}

struct pending_slot *pending_slot(const struct pending *p, uint64_t seq)
{
	assert(seq < p->next && seq >= pending_first(p));
	return place(p, seq);
}

struct pending_slot *pending_add(struct pending *p, enum pending_state state)
{
	struct pending_slot *slot = place(p, p->next);

	if (p->next >= p->capacity && slot->state == PENDING_WAITING)
		p->waiting--;
	if (state == PENDING_WAITING)
		p->waiting++;
	p->next++;
	*slot = (struct pending_slot){ .state = (uint8_t)state };
	return slot;
}

enum pending_known pending_find(const struct pending *p, uint32_t low, uint64_t *ret_seq)
{
	uint32_t before = (uint32_t)p->next - 1 - low; /* so many packets before the last one */

	if (before >= p->next)
		return PENDING_NEVER_SENT;
	*ret_seq = p->next - 1 - before;
	return *ret_seq < pending_first(p) ? PENDING_FORGOTTEN : PENDING_KNOWN;
}

void pending_answer(struct pending *p, uint64_t seq, int64_t delay_ns)
{
	struct pending_slot *slot = pending_slot(p, seq);

	assert(slot->state == PENDING_WAITING || slot->state == PENDING_TIMED_OUT);
	if (slot->state == PENDING_WAITING)
		p->waiting--;
	slot->state = PENDING_ANSWERED;
	slot->delay_ns = delay_ns;
}

bool pending_oldest(struct pending *p, uint64_t *ret_seq)
{
	uint64_t first = pending_first(p);

	if (p->waiting == 0)
		return false;
	if (p->oldest < first)
		p->oldest = first;
	while (place(p, p->oldest)->state != PENDING_WAITING)
		p->oldest++;
	*ret_seq = p->oldest;
	return true;
}

void pending_time_out(struct pending *p, uint64_t seq)
{
	struct pending_slot *slot = pending_slot(p, seq);

	assert(slot->state == PENDING_WAITING);
	slot->state = PENDING_TIMED_OUT;
	p->waiting--;
}
