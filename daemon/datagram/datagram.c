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
#include "worker/lookup_client.h"
#include "worker/resting.h"
#include "datagram/batch.h"
#include "datagram/drops.h"
#include "datagram/outbox.h"
#include "datagram/sender.h"

#define ANSWER_BYTES 1232 /* of a service that is no mirror: it fits any path unfragmented */
#define ANSWERS 128       /* of such services, sent at once                                */
#define BATCHES 8         /* read from a socket in a row, before others have their turn      */
#define BATCH_BUSY 4      /* after so many messages at once there are more by now            */

/* A datagram socket. */
struct outlet {
	struct loop_source source;
	struct sender sender;
	const struct listener *listener;
	struct datagrams *d;
	size_t index; /* of the listener in the plan */
	bool reading;
	struct resting resting; /* while it is to be read, it is in no loop then */
	struct drops drops;
};

/* A datagram that waits for the resolver. */
struct pending {
	struct lookup_client ask; /* its descriptor is −1 while unused */
	uint64_t source;          /* lookup_client_source() */
	struct loop_timer timer;
	struct outlet *outlet;
	struct packet_info info;
	struct sockaddr_storage peer;
	socklen_t peer_len;
	_Alignas(max_align_t) uint8_t state[SVC_STATE_MAX];
};

struct datagrams {
	struct worker *w;
	struct outlet *outlets;
	size_t outlets_n;
	struct pending *pending; /* DATAGRAM_ASKS_MAX */
	struct batch *batch;
	struct outbox outbox; /* empty between batches */
	unsigned answers_n;
	uint8_t answers[ANSWERS][ANSWER_BYTES];
};

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
	d->pending = pages_take(DATAGRAM_ASKS_MAX * sizeof(*d->pending));
	if (!d->outlets || !d->pending || batch_new(&d->batch) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < DATAGRAM_ASKS_MAX; i++)
		d->pending[i].ask.source.fd = -1;
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
	if (wait_for(o) < 0)
		return;
	drops_begin(&o->drops, o->source.fd);
	sender_begin(&o->sender, o->source.fd);
	o->reading = true;
}

static void stop_reading(struct outlet *o)
{
	count_drops(o);
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

/* Handles an error of the socket. Queued errors are thrown away; a lasting one, because another process has shut the
 * socket down, would be reported in every turn. */
static void trouble(struct outlet *o, uint32_t events, bool brought)
{
	if (events & EPOLLERR && o->listener->transport == TRANSPORT_UDP)
		brought |= fd_drain_errors(o->source.fd);
	if (o->reading && resting_is_due(&o->resting, o->d->w, brought))
		loop_remove(&o->d->w->loop, &o->source);
}

/* A worker that drains needs its sockets for what the resolver still owes, no longer: as long as any process has one
 * open its port is taken, and what is sent there is lost silently. */
static void let_go(struct datagrams *d)
{
	if (d->w->phase < WORKER_DRAINING || d->w->datagrams_waiting)
		return;
	for (size_t i = 0; i < d->outlets_n; i++)
		fd_close(&d->outlets[i].source.fd);
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
	let_go(d);
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
		(void)outbox_add(&o->d->outbox, &to, &(struct iovec){ .iov_base = bytes, .iov_len = io.out_len });
		sender_send(&o->sender, o->source.fd, &o->d->outbox);
	}
	let_go(o->d);
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

/* Asks a resolver; the answer is sent when it comes. */
static void begin_ask(struct outlet *o, const struct alike *a, const void *state, const struct lookup_question *question)
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
	memcpy(p->state, state, o->listener->settings->service->state_bytes);
	p->peer_len = a->message->msg_namelen;
	memcpy(&p->peer, a->message->msg_name, a->message->msg_namelen);
	p->timer = (struct loop_timer){ .fire = ask_late };
	loop_set_timer(&w->loop, &p->timer, p->ask.deadline_ns);
	o->d->w->datagrams_waiting++;
}

/* Adds an answer to those that wait. */
static void add_answer(struct outlet *o, const struct alike *a, const struct iovec *answer)
{
	struct datagrams *d = o->d;
	struct outbox_to to = {
		.listener = o->listener,
		.info = a->info,
		.name = a->message->msg_name,
		.name_bytes = a->message->msg_namelen,
		.sender = a->sender,
	};

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

/* Has the service answer datagram i of those. */
static void serve(struct outlet *o, const struct alike *a, unsigned i, struct svc_context *ctx)
{
	struct datagrams *d = o->d;
	const struct service *service = o->listener->settings->service;
	static _Alignas(max_align_t) uint8_t state[SVC_STATE_MAX];
	struct svc_io io = {
		.in = a->at[i],
		.in_len = a->info->checked.length,
		.out = room_for_answer(o),
		.out_cap = admission_room(o->listener, &a->info->checked, ANSWER_BYTES),
	};

	memset(state, 0, service->state_bytes);
	ctx->peer = a->info->checked.source;
	ctx->local = a->info->checked.local;
	ctx->random = worker_random(d->w);
	enum svc_verdict verdict = service->input(service->state_bytes ? state : NULL, ctx, &io);
	if (verdict == SVC_ASK)
		begin_ask(o, a, state, &io.question);
	else if (verdict == SVC_DROP) {
		bool unsure = o->listener->settings->options.require_sync && ctx->clock.state != CLOCK_SYNCHRONISED;
		admission_refused(d->w, o->listener,
				  &(struct admission_refusal){ unsure ? REFUSED_UNSYNCHRONISED : REFUSED_MALFORMED,
							       &a->info->checked.source, 1 });
	} else if (verdict == SVC_DONE && has_name(o, a, 1) &&
		   admission_answers(d->w, o->listener, &a->info->checked, &(struct admission_answer){ io.out_len, 1 }))
		add_answer(o, a, &(struct iovec){ .iov_base = io.out, .iov_len = io.out_len });
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
			add_answer(o, a, &(struct iovec){ .iov_base = a->at[i], .iov_len = length });
			n--;
		}
}

/* Checks datagrams that are alike, and has them answered. */
static void handle(struct outlet *o, const struct alike *a, struct svc_context *ctx)
{
	const struct worker_plan *plan = o->d->w->plan;
	uint64_t wanted;

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

	outbox_begin(&d->outbox, o->sender.merges);
	d->answers_n = 0;
	while (batch_next(d->batch, &a)) {
		received_n += a.n;
		bytes += (uint64_t)a.n * a.info->checked.length;
		handle(o, &a, ctx);
	}
	sender_send(&o->sender, o->source.fd, &d->outbox);
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
	bool brought = false;

	worker_fill_context(o->d->w, o->listener, &ctx);
	for (int i = 0; n >= BATCH_BUSY && i < BATCHES; i++) {
		n = batch_read(o->d->batch, o->listener, s->fd);
		if (n)
			serve_batch(o, &ctx);
		brought |= n;
	}
	if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
		trouble(o, events, brought);
	if (o->d->w->loop.now_ns >= o->drops.due_ns)
		count_drops(o);
}
