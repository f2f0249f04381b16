/* SPDX-License-Identifier: MIT */
/* Datagrams that wait for the resolver. */
#include "datagram/asks.h"

#include <errno.h>
#include <string.h>

#include "base/pages.h"
#include "worker/admission.h"
#include "datagram/impaired.h"
#include "worker/lookup_client.h"

/* A datagram that waits for the resolver. */
struct pending {
	struct lookup_client ask; /* its descriptor is −1 while unused */
	uint64_t source;          /* lookup_client_source() */
	struct loop_timer timer;
	struct outlet *outlet;
	struct packet_info info;
	struct impairment_verdict drawn;
	struct sockaddr_storage peer;
	socklen_t peer_len;
	_Alignas(max_align_t) uint8_t state[SVC_STATE_MAX];
};

int asks_new(struct datagrams *d)
{
	d->pending = pages_take(DATAGRAM_ASKS_MAX * sizeof(*d->pending));
	if (!d->pending)
		return -ENOMEM;
	for (size_t i = 0; i < DATAGRAM_ASKS_MAX; i++)
		d->pending[i].ask.source.fd = -1;
	return 0;
}

/* A socket that is read no more holds nothing back. */
static void send_answer(struct pending *p, const struct outbox_to *to, const struct iovec *answer)
{
	struct outlet *o = p->outlet;

	impaired_begin(o);
	if (!o->impair) {
		(void)outbox_add(&o->d->outbox, to, answer);
		sender_send(&o->sender, o->source.fd, &o->d->outbox);
		return;
	}
	o->drawn = p->drawn;
	impaired_answer(o, to, answer);
	if (o->reading)
		impaired_send(o);
	else
		impaired_send_all(o);
}

static void finish_ask(struct pending *p, const struct lookup_answer *answer)
{
	struct outlet *o = p->outlet;
	struct svc_context ctx;
	uint8_t bytes[ANSWER_BYTES];
	struct svc_io io = { .out = bytes, .out_cap = sizeof(bytes) };

	worker_fill_context(o->d->w, o->listener, &ctx);
	ctx.peer = p->info.checked.source;
	ctx.local = p->info.checked.local;
	lookup_client_count(o->d->w, o->listener->row, &p->ask, answer->result);
	loop_cancel_timer(&o->d->w->loop, &p->timer);
	o->d->w->datagrams_waiting--;
	if (o->listener->settings->service->answer(p->state, &ctx, answer, &io) == SVC_DONE &&
	    admission_answers(o->d->w, o->listener, &p->info.checked, &(struct admission_answer){ io.out_len, 1 })) {
		struct outbox_to to = {
			.listener = o->listener, .info = &p->info, .name = &p->peer, .name_bytes = p->peer_len
		};
		send_answer(p, &to, &(struct iovec){ .iov_base = bytes, .iov_len = io.out_len });
	}
	outlet_let_go(o->d);
	worker_leave_if_done(o->d->w);
}

static void ask_ready(struct loop_source *s, uint32_t events)
{
	struct pending *p = container_of(s, struct pending, ask.source);

	(void)events;
	finish_ask(p, lookup_client_take(p->outlet->d->w, &p->ask));
}

static void ask_late(struct loop_timer *t)
{
	struct pending *p = container_of(t, struct pending, timer);

	ask_ready(&p->ask.source, 0);
}

/* A free place for a lookup; NULL: none. A source has no more of them than are left for others. */
static struct pending *take_pending(struct datagrams *d, uint64_t source)
{
	struct pending *found = NULL;
	unsigned own = 0;

	for (struct pending *p = d->pending; p < d->pending + DATAGRAM_ASKS_MAX; p++) {
		own += p->ask.source.fd >= 0 && p->source == source;
		found = p->ask.source.fd < 0 ? p : found;
	}
	return own < DATAGRAM_ASKS_MAX - d->w->datagrams_waiting ? found : NULL;
}

void asks_begin(struct outlet *o, const struct alike *a, const void *state, const struct lookup_question *question)
{
	struct worker *w = o->d->w;
	struct counters *counters = &w->counters[o->listener->row];
	struct lookup_client_request asked = { .question = question,
					       .source = lookup_client_source(w, &a->info->checked.source) };
	struct pending *p = take_pending(o->d, asked.source);

	counters_add(&counters->lookups, 1);
	if (!p || lookup_client_begin(w, &p->ask, &asked, ask_ready) < 0) {
		counters_add(&counters->lookups_failed, 1);
		return;
	}
	p->outlet = o;
	p->source = asked.source;
	p->info = *a->info;
	p->drawn = o->drawn;
	memcpy(p->state, state, o->listener->settings->service->state_bytes);
	p->peer_len = a->message->msg_namelen;
	memcpy(&p->peer, a->message->msg_name, a->message->msg_namelen);
	p->timer = (struct loop_timer){ .fire = ask_late };
	loop_set_timer(&w->loop, &p->timer, p->ask.deadline_ns);
	o->d->w->datagrams_waiting++;
}
