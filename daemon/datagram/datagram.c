/* SPDX-License-Identifier: MIT */
/* Datagram sockets in a worker: read in batches, checked, answered from the address that was asked. */
#include "datagram/datagram.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/pages.h"
#include "worker/admission.h"
#include "datagram/asks.h"
#include "datagram/batch.h"
#include "datagram/collect.h"
#include "datagram/impaired.h"
#include "datagram/outlet.h"

#define BATCHES 8    /* read from a socket in a row, before others have their turn      */
#define BATCH_BUSY 4 /* after so many messages at once there are more by now            */

static void outlet_ready(struct loop_source *s, uint32_t events);
static void rest_over(struct loop_timer *t);

static int add_outlet(struct datagrams *d, size_t index)
{
	const struct listener *l = &d->w->plan->listeners[index];
	struct outlet *o = &d->outlets[d->outlets_n++];

	*o = (struct outlet){
		.source = { .fd = l->fd, .ready = outlet_ready },
		.listener = l,
		.d = d,
		.index = index,
		.resting = { .over = { .fire = rest_over } },
	};
	const struct svc_needs *needs = &l->settings->service->needs;
	if (needs->memory) {
		o->memory = pages_take(needs->memory(&l->settings->options));
		if (!o->memory)
			return -ENOMEM;
	}
	return sender_new(l, &d->w->counters[l->row], &o->sender);
}

static bool is_ours(const struct worker *w, const struct listener *l)
{
	return l->pool == w->pool_index && (l->transport & TRANSPORT_DATAGRAMS);
}

int datagram_new(struct worker *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->plan->listeners_n; i++)
		n += is_ours(w, &w->plan->listeners[i]);
	if (!n)
		return 0;
	admission_begin(w);
	struct datagrams *d = pages_take(sizeof(*d));
	if (!d)
		return -ENOMEM;
	w->datagrams = d; /* the worker's from here on, whatever fails below */
	d->w = w;
	d->outlets = pages_take(n * sizeof(*d->outlets));
	if (!d->outlets || asks_new(d) < 0 || impaired_new(d) < 0 || batch_new(&d->batch) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < w->plan->listeners_n; i++)
		if (is_ours(w, &w->plan->listeners[i]) && add_outlet(d, i) < 0)
			return -ENOMEM;
	return 0;
}

static int wait_for(struct outlet *o)
{
	return loop_add(&o->d->w->loop, &o->source, EPOLLIN | EPOLLRDHUP);
}

static void count_drops(struct outlet *o)
{
	drops_count(&o->drops, o->source.fd, &o->d->w->counters[o->listener->row], o->d->w->loop.now_ns);
}

static void start_reading(struct outlet *o)
{
	drops_begin(&o->drops, o->source.fd);
	sender_begin(&o->sender, o->source.fd);
	o->reading = true;
	if (wait_for(o) < 0)
		resting_go_on(&o->resting, o->d->w);
}

static void stop_reading(struct outlet *o)
{
	count_drops(o);
	impaired_send_all(o);
	loop_cancel_timer(&o->d->w->loop, &o->resting.over);
	loop_remove(&o->d->w->loop, &o->source);
	o->reading = false;
}

static void rest_over(struct loop_timer *t)
{
	struct outlet *o = container_of(t, struct outlet, resting.over);

	if (wait_for(o) < 0)
		resting_go_on(&o->resting, o->d->w);
}

static bool take_errors(struct outlet *o, uint32_t events)
{
	return events & EPOLLERR && o->listener->transport == TRANSPORT_UDP && sender_take_errors(&o->sender, o->source.fd);
}

/* Handles an error of the socket. A lasting one, because another process has shut the socket down, would be reported in
 * every turn. */
static void trouble(struct outlet *o, bool brought)
{
	if (o->reading && resting_is_due(&o->resting, o->d->w, brought))
		loop_remove(&o->d->w->loop, &o->source);
}

void datagram_look(struct datagrams *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->outlets_n; i++) {
		struct outlet *o = &d->outlets[i];
		bool mine = d->w->phase == WORKER_SERVING &&
			    atomic_load(&d->w->plan->readers[o->index]) == d->w->record_index;

		if (mine && !o->reading)
			start_reading(o);
		else if (!mine && o->reading)
			stop_reading(o);
	}
	outlet_let_go(d);
}

/* Adds an answer to those that wait. */
static void add_answer(struct outlet *o, const struct alike *a, const struct iovec *answer,
		       const struct svc_sending *sending)
{
	struct datagrams *d = o->d;
	struct outbox_to to = {
		.listener = o->listener,
		.info = a->info,
		.name = a->message->msg_name,
		.name_bytes = a->message->msg_namelen,
		.sending = sending,
		.sender = a->sender,
	};

	if (o->impair) {
		impaired_answer(o, &to, answer);
		return;
	}
	while (!outbox_add(&d->outbox, &to, answer))
		sender_send(&o->sender, o->source.fd, &d->outbox);
}

/* Room for an answer until it is sent. */
static uint8_t *room_for_answer(struct outlet *o)
{
	if (o->d->answers_n == ANSWERS) {
		sender_send(&o->sender, o->source.fd, &o->d->outbox);
		o->d->answers_n = 0;
	}
	return o->d->answers[o->d->answers_n++];
}

/* Whether the client has a name: an unbound UNIX client cannot be answered. False: the datagrams have been counted. */
static bool has_name(const struct outlet *o, const struct alike *a, uint32_t n)
{
	if (!a->message->msg_namelen)
		admission_refused(o->d->w, o->listener,
				  &(struct admission_refusal){ REFUSED_SOURCE_ADDRESS, &a->info->checked.source, n });
	return a->message->msg_namelen;
}

/* Fills what the service wants to know of a datagram beyond its bytes. */
static void collect(struct outlet *o, const struct alike *a, struct svc_context *ctx)
{
	static struct svc_facts facts;
	unsigned wanted = o->listener->settings->service->needs.collects;

	collect_read(o->listener, a->message, a->info, &facts);
	facts.now_ns = o->d->w->loop.now_ns;
	facts.uptime_s = worker_uptime_s(o->d->w);
	if (wanted & SVC_LIMITED)
		facts.limited = rate_limits_was_limited(o->d->w->plan->limits, &a->info->checked.source, facts.now_ns);
	if (wanted & SVC_DROPS) {
		count_drops(o);
		facts.dropped = o->drops.seen;
	}
	ctx->facts = &facts;
	ctx->memory = o->memory;
}

/* The room where a service makes its answer, and the answer's largest length. */
static void give_room(struct outlet *o, const struct alike *a, unsigned i, struct svc_io *io)
{
	bool in_place = o->listener->settings->service->traits & SVC_IN_PLACE;

	io->out = in_place ? a->at[i] : room_for_answer(o);
	io->out_cap = admission_room(o->listener, &a->info->checked, in_place ? BATCH_SLOT_BYTES : ANSWER_BYTES);
}

/* Has the service answer datagram i of those. */
static void serve(struct outlet *o, const struct alike *a, unsigned i, struct svc_context *ctx)
{
	struct datagrams *d = o->d;
	const struct service *service = o->listener->settings->service;
	static _Alignas(max_align_t) uint8_t state[SVC_STATE_MAX];
	struct svc_io io = {
		.in = a->at[i],
		.in_len = a->info->checked.length,
	};

	if (o->impair)
		impaired_draw(o, io.in, io.in_len);
	give_room(o, a, i, &io);
	if (service->needs.collects)
		collect(o, a, ctx);
	memset(state, 0, service->state_bytes);
	ctx->peer = a->info->checked.source;
	ctx->local = a->info->checked.local;
	ctx->local.port = o->listener->address.port;
	ctx->random = worker_random(d->w);
	enum svc_verdict verdict = service->input(service->state_bytes ? state : NULL, ctx, &io);
	if (verdict == SVC_ASK)
		asks_begin(o, a, state, &io.question);
	else if (verdict == SVC_DROP) {
		bool unsure = o->listener->settings->options.require_sync && ctx->clock.state != CLOCK_SYNCHRONISED;
		admission_refused(d->w, o->listener,
				  &(struct admission_refusal){ unsure ? REFUSED_UNSYNCHRONISED : REFUSED_MALFORMED,
							       &a->info->checked.source, 1 });
	} else if (verdict == SVC_DONE && has_name(o, a, 1) &&
		   admission_answers(d->w, o->listener, &a->info->checked, &(struct admission_answer){ io.out_len, 1 }))
		add_answer(o, a, &(struct iovec){ .iov_base = io.out, .iov_len = io.out_len }, &io.sending);
	if (io.sending.is_uncounted)
		counters_add(&d->w->counters[o->listener->row].uncounted, 1);
}

/* Sends back those of which `wanted` has a bit. */
static void mirror(struct outlet *o, const struct alike *a, uint64_t wanted)
{
	uint32_t n = (uint32_t)__builtin_popcountll(wanted), length = a->info->checked.length;

	if (!n || !has_name(o, a, n))
		return;
	n = admission_answers(o->d->w, o->listener, &a->info->checked, &(struct admission_answer){ length, n });
	for (unsigned i = 0; n; i++)
		if (wanted >> i & 1) {
			if (o->impair)
				impaired_draw(o, a->at[i], length);
			add_answer(o, a, &(struct iovec){ .iov_base = a->at[i], .iov_len = length }, NULL);
			n--;
		}
}

/* Checks datagrams that are alike, and has them answered. */
static void handle(struct outlet *o, const struct alike *a, struct svc_context *ctx)
{
	const struct worker_plan *plan = o->d->w->plan;
	uint64_t wanted;

	a->info->checked.payloads = (const uint8_t *const *)a->at;
	a->info->checked.is_ours = o->listener->transport == TRANSPORT_UNIXGRAM &&
				   packet_is_from_any(plan->listeners, plan->listeners_n, a->message);
	wanted = admission_requests(o->d->w, o->listener, &a->info->checked, a->n);
	if (o->listener->settings->service->traits & SVC_MIRROR) {
		mirror(o, a, wanted);
		return;
	}
	for (unsigned i = 0; i < a->n; i++)
		if (wanted >> i & 1)
			serve(o, a, i, ctx);
}

/* Answers what was read. */
static void serve_batch(struct outlet *o, struct svc_context *ctx)
{
	struct datagrams *d = o->d;
	struct counters *counters = &d->w->counters[o->listener->row];
	struct alike a;
	uint64_t received_n = 0, bytes = 0;

	impaired_begin(o);
	outbox_begin(&d->outbox, o->sender.merges);
	o->sender.sealing = *ctx;
	o->sender.sealing.memory = o->memory;
	d->answers_n = 0;
	while (batch_next(d->batch, &a)) {
		received_n += a.n;
		bytes += (uint64_t)a.n * a.info->checked.length;
		handle(o, &a, ctx);
	}
	sender_send(&o->sender, o->source.fd, &d->outbox);
	if (o->impair)
		impaired_send(o);
	counters_add(&counters->datagrams_received, received_n);
	counters_add(&counters->received_bytes, bytes);
}

/* Under load the socket is read as long as there is something: waiting for what is there already costs as much as
 * reading it. */
static void outlet_ready(struct loop_source *s, uint32_t events)
{
	struct outlet *o = container_of(s, struct outlet, source);
	struct svc_context ctx;
	unsigned n = BATCH_BUSY;
	/* First, for answers to come tell when those before left; and last, for what these have brought. */
	bool brought = take_errors(o, events);

	worker_fill_context(o->d->w, o->listener, &ctx);
	for (int i = 0; n >= BATCH_BUSY && i < BATCHES; i++) {
		n = batch_read(o->d->batch, o->listener, s->fd);
		if (n)
			serve_batch(o, &ctx);
		brought |= n;
	}
	if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
		trouble(o, take_errors(o, events) || brought);
	if (o->d->w->loop.now_ns >= o->drops.due_ns)
		count_drops(o);
}
