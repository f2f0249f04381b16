/* SPDX-License-Identifier: MIT */
/* Numbers of a reflector against ours. */
#include "echoprobe/direction.h"

#include <assert.h>

void direction_init(struct direction *d, const struct direction_memory *memory, uint64_t first)
{
	assert(memory->places_n != 0 && (memory->places_n & (memory->places_n - 1)) == 0);
	*d = (struct direction){
		.places = memory->places,
		.places_n = memory->places_n,
		.first = first,
		.next_seq = first,
		.next_number = first,
		.ordered = first,
	};
	for (size_t i = 0; i < d->places_n; i++)
		d->places[i].seen = DIRECTION_UNSEEN;
	order_init(&d->forward, memory->forward_highs, memory->highs_n);
	order_init(&d->backward, memory->backward_highs, memory->highs_n);
}

static struct direction_place *place(const struct direction *d, uint64_t number)
{
	return &d->places[number & (d->places_n - 1)];
}

/* Tells `forward` in which order packets came there, up to before a number, and frees the places. */
static void order_up_to(struct direction *d, uint64_t number)
{
	uint64_t to = number - d->ordered > d->places_n ? d->ordered + d->places_n : number;

	for (; d->ordered < to; d->ordered++) {
		struct direction_place *p = place(d, d->ordered);

		if (p->seen == DIRECTION_ANSWER && order_add(&d->forward, p->seq, 0).extent != 0)
			d->forward_reordered++;
		p->seen = DIRECTION_UNSEEN;
	}
	d->ordered = number;
}

/* Sets the origin by a packet of the warm-up, or by the first one that counts: a reflector that goes on with a session of
 * before has sent more than we have. */
static void find_origin(struct direction *d, const struct direction_answer *answer)
{
	int32_t ahead = (int32_t)(answer->number - (uint32_t)answer->seq);

	if (answer->seq < d->first)
		d->origin = ahead;
	else if (d->has_origin == DIRECTION_NO_ORIGIN)
		d->origin = ahead > 0 ? ahead : 0;
	d->has_origin = DIRECTION_ORIGIN;
}

/* R with all its bits, less the origin: the one next to the highest until now. */
static int64_t full_number(const struct direction *d, uint32_t number)
{
	return (int64_t)d->next_number + (int32_t)(number - (uint32_t)((int64_t)d->next_number + d->origin));
}

static void add_number(struct direction *d, const struct direction_answer *answer, uint64_t number)
{
	struct direction_place *p = place(d, number);

	if (p->seen != DIRECTION_UNSEEN) {
		d->backward_copies++;
		return;
	}
	*p = (struct direction_place){
		.seq = answer->seq,
		.seen = answer->copy == DIRECTION_FIRST_COPY ? DIRECTION_ANSWER : DIRECTION_ANSWER_COPY,
	};
	d->numbers++;
	if (answer->copy == DIRECTION_FURTHER_COPY)
		d->forward_copies++;
	if (number >= d->next_number)
		d->next_number = number + 1;
	if (order_add(&d->backward, number, answer->arrived_ns).extent != 0)
		d->backward_reordered++;
}

void direction_add(struct direction *d, const struct direction_answer *answer)
{
	int64_t number;

	d->differing += answer->number != (uint32_t)answer->seq;
	find_origin(d, answer);
	if (answer->seq < d->first)
		return;
	if (answer->copy == DIRECTION_FIRST_COPY)
		d->answered++;
	if (answer->seq >= d->next_seq)
		d->next_seq = answer->seq + 1;
	number = full_number(d, answer->number);
	if (number < (int64_t)d->ordered)
		return; /* too old to know whether it was there before */
	if ((uint64_t)number >= d->ordered + d->places_n)
		order_up_to(d, (uint64_t)number + 1 - d->places_n);
	add_number(d, answer, (uint64_t)number);
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct direction_counts direction_find(struct direction *d, uint64_t next, uint64_t unsent)
{
	uint64_t lost = less(next, d->first + d->answered + unsent), unknown = least(less(next, d->next_seq), lost);
	uint64_t backward = least(less(d->next_number, d->first + d->numbers), lost - unknown);

	order_up_to(d, d->next_number);
	if (d->differing != 0)
		return (struct direction_counts){
			.kind = DIRECTION_STATEFUL,
			.forward_lost = lost - unknown - backward,
			.backward_lost = backward,
			.unknown_lost = unknown,
			.forward_duplicated = d->forward_copies,
			.backward_duplicated = d->backward_copies,
			.forward_reordered = d->forward_reordered,
			.backward_reordered = d->backward_reordered,
		};
	return (struct direction_counts){
		.kind = lost != unknown || d->backward_copies != 0 || d->backward_reordered != 0 ? DIRECTION_STATELESS
												 : DIRECTION_UNDECIDED,
		.unknown_lost = lost,
	};
}

/* Counters of 32 bits go on from 0. */
static int64_t passed(uint32_t earlier, uint32_t later)
{
	return (int64_t)(uint32_t)(later - earlier);
}

struct direction_losses direction_between(const struct direction_counters *earlier, const struct direction_counters *later)
{
	return (struct direction_losses){
		.forward = passed(earlier->sender_tx, later->sender_tx) - passed(earlier->reflector_rx, later->reflector_rx),
		.backward = passed(earlier->reflector_tx, later->reflector_tx) - passed(earlier->received, later->received),
	};
}
