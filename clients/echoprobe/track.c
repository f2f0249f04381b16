/* SPDX-License-Identifier: MIT */
/* The fates of one flow's packets, from where they happen to the tallies. */
#include "echoprobe/track.h"
#include "wire/impairment.h"

void track_init(struct track *t, const struct track_memory *memory, uint64_t timeout_ns, uint64_t warmup)
{
	*t = (struct track){ .timeout_ns = (int64_t)timeout_ns, .warmup = warmup };
	pending_init(&t->pending, memory->slots, memory->slots_n);
	order_init(&t->order, memory->highs, memory->highs_n);
}

static void list_tallies(struct track *t)
{
	struct tally *all[] = { t->run, t->part, t->interval };

	t->into_n = 0;
	for (unsigned i = 0; i < array_n(all); i++)
		if (all[i])
			t->into[t->into_n++] = all[i];
}

void track_count_in(struct track *t, struct tally *run, struct tally *interval)
{
	t->run = run;
	t->interval = interval;
	list_tallies(t);
}

void track_begin_part(struct track *t, struct tally *part)
{
	pending_forget(&t->pending);
	order_init(&t->order, t->order.ring, t->order.capacity);
	t->losses = (struct losses){ 0 };
	t->variation = (struct variation){ 0 };
	t->part = part;
	list_tallies(t);
}

uint64_t track_next(const struct track *t)
{
	return t->pending.next;
}

static bool is_asked_for(const struct track *t, uint64_t seq, enum impairment_fault fault)
{
	return impairment_hits(pending_slot(&t->pending, seq)->faults, fault);
}

static void time_out(struct track *t, uint64_t seq)
{
	bool expected = is_asked_for(t, seq, IMPAIRMENT_DROP);

	pending_time_out(&t->pending, seq);
	if (seq < t->warmup)
		return;
	for (unsigned i = 0; i < t->into_n; i++) {
		t->into[i]->packets.timed_out++;
		t->into[i]->expected.timed_out += expected;
	}
}

/* A copy of what was answered; the server makes one of a packet, so that all others are the path's. */
static void count_copy(struct track *t, uint64_t seq)
{
	struct pending_slot *slot = pending_slot(&t->pending, seq);
	bool expected = is_asked_for(t, seq, IMPAIRMENT_DUPLICATE);

	if (seq < t->warmup)
		return;
	slot->faults &= (uint8_t) ~(1U << IMPAIRMENT_DUPLICATE);
	for (unsigned i = 0; i < t->into_n; i++) {
		t->into[i]->packets.duplicated++;
		t->into[i]->expected.duplicated += expected;
	}
}

static void add_period(const struct track *t, const struct losses_period *period)
{
	for (unsigned i = 0; i < t->into_n; i++)
		tally_period(t->into[i], period);
}

/* Adds what the final fate of the next packet, which does not wait, says about it and its predecessors. */
static void settle_next(struct track *t)
{
	uint64_t seq = t->settled++;
	const struct pending_slot *slot = pending_slot(&t->pending, seq);
	struct losses_period period;
	int64_t ipdv_ns;
	enum losses_fate fate = slot->state == PENDING_ANSWERED ? LOSSES_RECEIVED : LOSSES_LOST;

	if (slot->state == PENDING_UNSENT || seq < t->warmup)
		return;
	if (losses_add(&t->losses, fate, slot->sent_ns, &period))
		add_period(t, &period);
	if (fate == LOSSES_RECEIVED && variation_in_order(&t->variation, seq, slot->delay_ns, &ipdv_ns))
		for (unsigned i = 0; i < t->into_n; i++)
			tally_ipdv(t->into[i], ipdv_ns);
}

/* A packet that is answered, or was never sent, stays so. */
static void settle_answered(struct track *t)
{
	while (t->settled < t->pending.next) {
		uint8_t state = pending_slot(&t->pending, t->settled)->state;

		if (state != PENDING_ANSWERED && state != PENDING_UNSENT)
			return;
		settle_next(t);
	}
}

static void settle_up_to(struct track *t, uint64_t seq)
{
	while (t->settled < seq) {
		if (pending_slot(&t->pending, t->settled)->state == PENDING_WAITING)
			time_out(t, t->settled);
		settle_next(t);
	}
}

/* The place of the next packet, after the one that was there got its final fate. */
static struct pending_slot *next_place(struct track *t, enum pending_state state)
{
	if (t->pending.next >= t->pending.capacity)
		settle_up_to(t, t->pending.next - t->pending.capacity + 1);
	return pending_add(&t->pending, state);
}

struct pending_slot *track_sent(struct track *t, int64_t sent_ns, uint32_t bytes)
{
	uint64_t seq = t->pending.next;
	struct pending_slot *slot = next_place(t, PENDING_WAITING);

	slot->sent_ns = sent_ns;
	if (seq >= t->warmup)
		for (unsigned i = 0; i < t->into_n; i++)
			tally_sent(t->into[i], bytes);
	return slot;
}

void track_failed(struct track *t, int64_t at_ns)
{
	next_place(t, PENDING_UNSENT)->sent_ns = at_ns;
	for (unsigned i = 0; i < t->into_n; i++)
		t->into[i]->packets.send_failed++;
	settle_answered(t);
}

/* A first answer, to a packet that is counted. */
static void add_answer(struct track *t, const struct track_answer *a, enum tally_promptness promptness, bool timed_out_now)
{
	struct tally_answer answer = {
		.content = a->content,
		.promptness = promptness,
		.bytes = a->bytes,
		.rtt_ns = a->rtt_ns,
		.place = order_add(&t->order, a->seq, a->arrived_ns),
		.faults = pending_slot(&t->pending, a->seq)->faults,
	};

	double jitter_ns;
	bool has_jitter = variation_arrived(&t->variation, a->rtt_ns, &jitter_ns);

	for (unsigned i = 0; i < t->into_n; i++) {
		t->into[i]->packets.recovered += timed_out_now;
		t->into[i]->expected.recovered += timed_out_now && is_asked_for(t, a->seq, IMPAIRMENT_DROP);
		tally_received(t->into[i], &answer);
		if (has_jitter)
			tally_jitter(t->into[i], jitter_ns, a->arrived_ns);
	}
}

enum track_verdict track_answered(struct track *t, const struct track_answer *answer)
{
	enum pending_state state = (enum pending_state)pending_slot(&t->pending, answer->seq)->state;
	enum tally_promptness promptness = answer->rtt_ns > t->timeout_ns ? TALLY_LATE : TALLY_IN_TIME;

	if (state == PENDING_ANSWERED || state == PENDING_UNSENT) {
		count_copy(t, answer->seq);
		return TRACK_DUPLICATE;
	}
	/* The answer overtook track_expired(). */
	if (state == PENDING_WAITING && promptness == TALLY_LATE)
		time_out(t, answer->seq);
	if (answer->seq >= t->warmup)
		add_answer(t, answer, promptness, state == PENDING_TIMED_OUT || promptness == TALLY_LATE);
	pending_answer(&t->pending, answer->seq, answer->rtt_ns);
	settle_answered(t);
	return promptness == TALLY_LATE ? TRACK_LATE : TRACK_OK;
}

void track_count(struct track *t, enum track_event event, uint64_t n)
{
	for (unsigned i = 0; i < t->into_n; i++) {
		switch (event) {
		case TRACK_OTHER_ADDRESS:
			t->into[i]->packets.other_address += n;
			break;
		case TRACK_UNRELATED:
			t->into[i]->packets.unrelated += n;
			break;
		case TRACK_FORGOTTEN:
			t->into[i]->packets.forgotten += n;
			break;
		case TRACK_SKIPPED:
			t->into[i]->packets.skipped += n;
			break;
		}
	}
}

uint64_t track_deadline_ns(struct track *t)
{
	uint64_t seq;

	if (!pending_oldest(&t->pending, &seq))
		return CLOCK_NEVER;
	return clock_add((uint64_t)pending_slot(&t->pending, seq)->sent_ns, (uint64_t)t->timeout_ns + 1);
}

bool track_expired(struct track *t, int64_t now_ns, uint64_t *ret_seq)
{
	if (!pending_oldest(&t->pending, ret_seq) || now_ns - pending_slot(&t->pending, *ret_seq)->sent_ns <= t->timeout_ns)
		return false;
	time_out(t, *ret_seq);
	return true;
}

void track_end(struct track *t, int64_t at_ns)
{
	struct losses_period period;

	settle_up_to(t, t->pending.next);
	if (losses_end(&t->losses, at_ns, &period))
		add_period(t, &period);
}
