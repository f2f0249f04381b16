/* SPDX-License-Identifier: MIT */
/* The answers of a listener that impairs them. */
#include "datagram/impaired.h"

#include <string.h>

#include "base/clock.h"
#include "worker/impairing.h"

/* An answer that is to be sent behind the next one to its client waits for that so long: longer than between the packets of
 * most probes, and less than these wait for answers. */
#define BEHIND_WAIT_NS (1500 * CLOCK_MS_NS)
#define BEHIND_MAX 64 /* of a socket; the oldest waits no longer */

static void timer_fired(struct loop_timer *t);

int impaired_new(struct datagrams *d)
{
	d->held_timer.fire = timer_fired;
	return held_new(&d->held);
}

void impaired_begin(struct outlet *o)
{
	o->impair = impairing_rules(o->d->w, o->listener, &o->said);
}

void impaired_draw(struct outlet *o, const void *request, size_t n)
{
	o->drawn = impair_draw(o->impair, request, n, impairing_number(o->d->w, o->listener));
}

static void count(const struct outlet *o, enum impaired what, uint64_t n)
{
	if (n)
		impairing_count(o->d->w, o->listener, what, n);
}

/* ---- holding back ---- */

static uint64_t first_ns(const struct held_line *l)
{
	return l->first ? l->first->at_ns : CLOCK_NEVER;
}

static void set_timer(struct datagrams *d)
{
	uint64_t at_ns = CLOCK_NEVER;

	for (size_t i = 0; i < d->outlets_n; i++) {
		uint64_t due_ns = first_ns(&d->outlets[i].leaving), late_ns = first_ns(&d->outlets[i].behind);
		uint64_t first = due_ns < late_ns ? due_ns : late_ns;
		at_ns = first < at_ns ? first : at_ns;
	}
	loop_set_timer(&d->w->loop, &d->held_timer, at_ns);
}

/* Puts an answer at the end of those that leave. */
static void leave(struct outlet *o, struct held_answer *a, uint64_t jitter_ns)
{
	static const struct impair_rules nothing;
	const struct impair_answer answer = { .bytes = (size_t)a->bytes * a->copies, .jitter_ns = jitter_ns };
	struct impair_leave at = impair_send(o->impair ? o->impair : &nothing, &o->way, &answer, o->d->w->loop.now_ns);

	a->at_ns = at.at_ns;
	count(o, IMPAIRED_DELAY, at.delayed ? a->copies : 0);
	count(o, IMPAIRED_RATE, at.paced ? a->copies : 0);
	held_append(&o->leaving, a);
}

/* Answers that were to be sent behind the next one, and waited for none, leave now. */
static void leave_late(struct outlet *o, uint64_t now_ns)
{
	while (first_ns(&o->behind) <= now_ns || o->behind.n > BEHIND_MAX)
		leave(o, held_shift(&o->behind), 0);
}

/* ---- faults ---- */

/* The copy of an answer; NULL: there is no room. */
static struct held_answer *copy(struct outlet *o, const struct outbox_to *to, const struct iovec *answer)
{
	struct held_answer *a = held_take(&o->d->held, answer->iov_len);

	if (!a)
		return NULL;
	a->info = *to->info;
	a->name_bytes = to->name_bytes;
	memcpy(&a->name, to->name, to->name_bytes);
	a->is_special = to->sending != NULL;
	if (to->sending)
		a->sending = *to->sending;
	memcpy(a->content, answer->iov_base, answer->iov_len);
	/* The service's last word comes before the faults: what is done to an answer here is done to it on its way. So when
	 * it leaves is nothing that the service is told. */
	a->sending.departs = false;
	if (o->sender.seal) {
		o->sender.sealing.wall = clock_wall();
		o->sender.seal(&o->sender.sealing, a->sending.handle, a->content, a->bytes);
	}
	return a;
}

static void spoil(struct outlet *o, struct held_answer *a, struct impairment_verdict *v)
{
	a->bytes = (uint32_t)impairment_apply(v, a->content, a->bytes);
	a->copies += impairment_hits(v->hits, IMPAIRMENT_DUPLICATE);
	count(o, IMPAIRED_DUPLICATE, impairment_hits(v->hits, IMPAIRMENT_DUPLICATE));
	count(o, IMPAIRED_CORRUPT, impairment_hits(v->hits, IMPAIRMENT_CORRUPT));
	count(o, IMPAIRED_TRUNCATE, impairment_hits(v->hits, IMPAIRMENT_TRUNCATE));
}

void impaired_answer(struct outlet *o, const struct outbox_to *to, const struct iovec *answer)
{
	struct impairment_verdict v = o->drawn;
	struct held_answer *a, *earlier;
	bool waits = impairment_hits(v.hits, IMPAIRMENT_REORDER);

	if (impairment_hits(v.hits, IMPAIRMENT_DROP)) {
		count(o, IMPAIRED_DROP, 1);
		return;
	}
	a = copy(o, to, answer);
	if (!a) {
		count(o, IMPAIRED_OVERFLOW, 1);
		return;
	}
	spoil(o, a, &v);
	earlier = held_shift_to(&o->behind, to->name, to->name_bytes);
	if (!waits)
		leave(o, a, v.jitter_ns);
	if (earlier) {
		/* Behind one that waits itself it is in its place. */
		count(o, IMPAIRED_REORDER, waits ? 0 : 1);
		leave(o, earlier, 0);
	}
	if (waits) {
		a->at_ns = clock_add(o->d->w->loop.now_ns, BEHIND_WAIT_NS);
		held_append(&o->behind, a);
	}
	leave_late(o, o->d->w->loop.now_ns);
}

/* ---- sending ---- */

static void add_to_outbox(struct outlet *o, struct held_answer *a, unsigned number)
{
	struct outbox_to to = {
		.listener = o->listener,
		.info = &a->info,
		.name = &a->name,
		.name_bytes = a->name_bytes,
		.sending = a->is_special ? &a->sending : NULL,
		.sender = number,
	};

	for (unsigned i = 0; i < a->copies; i++)
		while (!outbox_add(&o->d->outbox, &to, &(struct iovec){ .iov_base = a->content, .iov_len = a->bytes }))
			sender_send(&o->sender, o->source.fd, &o->d->outbox);
}

/* Sends those that leave until then. */
static void send_until(struct outlet *o, uint64_t until_ns)
{
	svc_seal_fn *seal = o->sender.seal;
	struct held_line sent = { 0 };

	if (first_ns(&o->leaving) > until_ns)
		return;
	o->sender.seal = NULL; /* which they had when they came here */
	outbox_begin(&o->d->outbox, o->sender.merges);
	while (first_ns(&o->leaving) <= until_ns) {
		struct held_answer *a = held_shift(&o->leaving);
		add_to_outbox(o, a, sent.n);
		held_append(&sent, a);
	}
	sender_send(&o->sender, o->source.fd, &o->d->outbox);
	o->sender.seal = seal;
	while (sent.first)
		held_give(&o->d->held, held_shift(&sent));
}

void impaired_send(struct outlet *o)
{
	send_until(o, o->d->w->loop.now_ns);
	set_timer(o->d);
}

void impaired_send_all(struct outlet *o)
{
	while (o->behind.first)
		leave(o, held_shift(&o->behind), 0);
	send_until(o, CLOCK_NEVER - 1);
	o->way = (struct impair_way){ 0 };
	set_timer(o->d);
}

static void timer_fired(struct loop_timer *t)
{
	struct datagrams *d = container_of(t, struct datagrams, held_timer);

	for (size_t i = 0; i < d->outlets_n; i++) {
		struct outlet *o = &d->outlets[i];

		if (!o->leaving.first && !o->behind.first)
			continue;
		impaired_begin(o);
		leave_late(o, d->w->loop.now_ns);
		send_until(o, d->w->loop.now_ns);
	}
	set_timer(d);
}
