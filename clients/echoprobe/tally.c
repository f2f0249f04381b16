/* SPDX-License-Identifier: MIT */
/* Sums of packets' fates. */
#include "echoprobe/tally.h"
#include "wire/impairment.h"

void tally_sent(struct tally *t, uint32_t bytes)
{
	t->packets.sent++;
	t->sent_bytes += bytes;
}

static void count_content(struct tally_packets *packets, enum tally_content content)
{
	switch (content) {
	case TALLY_INTACT:
		break;
	case TALLY_CORRUPTED:
		packets->corrupted++;
		break;
	case TALLY_TRUNCATED:
		packets->truncated++;
		break;
	case TALLY_LENGTHENED:
		packets->lengthened++;
		break;
	}
}

static void add_place(struct tally *t, const struct order_place *place)
{
	if (place->extent == 0)
		return;
	t->packets.reordered++;
	if (place->extent > t->extent_max)
		t->extent_max = place->extent;
	if (place->late_time_ns > t->late_time_max_ns)
		t->late_time_max_ns = place->late_time_ns;
}

static void count_expected(struct tally_expected *expected, const struct tally_answer *answer)
{
	expected->corrupted += answer->content == TALLY_CORRUPTED && impairment_hits(answer->faults, IMPAIRMENT_CORRUPT);
	expected->truncated += answer->content == TALLY_TRUNCATED && impairment_hits(answer->faults, IMPAIRMENT_TRUNCATE);
	expected->reordered += answer->place.extent != 0 && impairment_hits(answer->faults, IMPAIRMENT_REORDER);
}

void tally_received(struct tally *t, const struct tally_answer *answer)
{
	t->packets.received++;
	if (answer->promptness == TALLY_LATE)
		t->packets.late++;
	count_content(&t->packets, answer->content);
	t->received_bytes += answer->bytes;
	histogram_add(&t->rtt, answer->rtt_ns);
	moments_add(&t->rtt_ns, (double)answer->rtt_ns);
	add_place(t, &answer->place);
	if (answer->faults != 0)
		count_expected(&t->expected, answer);
}

void tally_jitter(struct tally *t, double jitter_ns, int64_t arrived_ns)
{
	struct tally_jitter *jitter = &t->jitter;

	if (jitter->each_ns.n == 0 || arrived_ns >= jitter->last_arrived_ns) {
		jitter->last_ns = jitter_ns;
		jitter->last_arrived_ns = arrived_ns;
	}
	moments_add(&jitter->each_ns, jitter_ns);
	if (jitter_ns > jitter->max_ns)
		jitter->max_ns = jitter_ns;
}

static bool is_longer(const struct losses_period *a, const struct losses_period *b)
{
	return a->length != b->length ? a->length > b->length : a->duration_ns > b->duration_ns;
}

void tally_period(struct tally *t, const struct losses_period *period)
{
	t->periods++;
	if (is_longer(period, &t->longest))
		t->longest = *period;
}

void tally_ipdv(struct tally *t, int64_t ipdv_ns)
{
	int64_t abs_ns = ipdv_ns < 0 ? -ipdv_ns : ipdv_ns;

	moments_add(&t->ipdv_abs_ns, (double)abs_ns);
	histogram_add(&t->ipdv_abs, abs_ns);
}

static void merge_packets(struct tally_packets *to, const struct tally_packets *from)
{
	to->sent += from->sent;
	to->received += from->received;
	to->late += from->late;
	to->timed_out += from->timed_out;
	to->recovered += from->recovered;
	to->duplicated += from->duplicated;
	to->reordered += from->reordered;
	to->corrupted += from->corrupted;
	to->truncated += from->truncated;
	to->lengthened += from->lengthened;
	to->other_address += from->other_address;
	to->unrelated += from->unrelated;
	to->forgotten += from->forgotten;
	to->send_failed += from->send_failed;
	to->skipped += from->skipped;
}

static void merge_expected(struct tally_expected *to, const struct tally_expected *from)
{
	to->timed_out += from->timed_out;
	to->recovered += from->recovered;
	to->duplicated += from->duplicated;
	to->reordered += from->reordered;
	to->corrupted += from->corrupted;
	to->truncated += from->truncated;
}

static void merge_jitter(struct tally_jitter *to, const struct tally_jitter *from)
{
	if (from->each_ns.n == 0)
		return;
	if (to->each_ns.n == 0 || from->last_arrived_ns >= to->last_arrived_ns) {
		to->last_ns = from->last_ns;
		to->last_arrived_ns = from->last_arrived_ns;
	}
	moments_merge(&to->each_ns, &from->each_ns);
	if (from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
}

void tally_merge(struct tally *to, const struct tally *from)
{
	merge_packets(&to->packets, &from->packets);
	merge_expected(&to->expected, &from->expected);
	to->sent_bytes += from->sent_bytes;
	to->received_bytes += from->received_bytes;
	to->periods += from->periods;
	if (is_longer(&from->longest, &to->longest))
		to->longest = from->longest;
	if (from->extent_max > to->extent_max)
		to->extent_max = from->extent_max;
	if (from->late_time_max_ns > to->late_time_max_ns)
		to->late_time_max_ns = from->late_time_max_ns;
	histogram_merge(&to->rtt, &from->rtt);
	moments_merge(&to->rtt_ns, &from->rtt_ns);
	merge_jitter(&to->jitter, &from->jitter);
	moments_merge(&to->ipdv_abs_ns, &from->ipdv_abs_ns);
	histogram_merge(&to->ipdv_abs, &from->ipdv_abs);
}

uint64_t tally_lost(const struct tally *t)
{
	const struct tally_packets *packets = &t->packets;

	return packets->timed_out > packets->recovered ? packets->timed_out - packets->recovered : 0;
}

bool tally_pdv(const struct tally *t, unsigned per_mille, int64_t *ret_ns)
{
	if (!histogram_percentile(&t->rtt, per_mille, ret_ns))
		return false;
	*ret_ns -= t->rtt.min_ns;
	return true;
}
