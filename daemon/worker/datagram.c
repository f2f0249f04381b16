/* SPDX-License-Identifier: MIT */
/* Datagram sockets in a worker: read in batches, checked, answered from the address that was asked. */
#include "worker/datagram.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "worker/ask.h"
#include "worker/judge.h"
#include "worker/packet.h"
#include "worker/sender.h"

#define BATCH 32
#define SLOT_BYTES 65536  /* the longest datagram there is, both families */
#define ANSWER_BYTES 1232 /* of a service that is no mirror: it fits any path unfragmented */

/* One socket. */
struct outlet {
	struct loop_source source;
	struct sender sender;
	const struct listener *listener;
	struct datagrams *d;
	size_t index; /* of the listener in the plan */
	bool reading;
	uint32_t dropped; /* by the kernel, in all, as last seen */
};

/* A datagram that waits for the resolver. */
struct pending {
	struct ask ask; /* its descriptor is −1 while unused */
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
	unsigned pending_n;
	uint8_t *slots;   /* BATCH × SLOT_BYTES, touched as datagrams are long   */
	uint8_t *answers; /* BATCH × ANSWER_BYTES                                */
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_iov[BATCH], out_iov[BATCH];
	struct sockaddr_storage peers[BATCH];
	_Alignas(struct cmsghdr) char in_control[BATCH][PACKET_CONTROL_BYTES];
	_Alignas(struct cmsghdr) char out_control[BATCH][PACKET_CONTROL_BYTES];
};

static void outlet_ready(struct loop_source *s, uint32_t events);

static int add_outlet(struct datagrams *d, size_t index)
{
	const struct listener *l = &d->w->plan->listeners[index];
	struct outlet *o = &d->outlets[d->outlets_n++];

	*o = (struct outlet){
		.source = { .fd = l->fd, .ready = outlet_ready },
		.listener = l,
		.d = d,
		.index = index,
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
	judge_begin(w);
	struct datagrams *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	w->datagrams = d; /* the worker's from here on, whatever fails below */
	d->w = w;
	d->outlets = calloc(n, sizeof(*d->outlets));
	d->pending = calloc(DATAGRAM_ASKS_MAX, sizeof(*d->pending));
	d->slots = mmap(NULL, BATCH * (SLOT_BYTES + ANSWER_BYTES), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!d->outlets || !d->pending || d->slots == MAP_FAILED)
		return -ENOMEM;
	d->answers = d->slots + BATCH * SLOT_BYTES;
	for (size_t i = 0; i < DATAGRAM_ASKS_MAX; i++)
		d->pending[i].ask.source.fd = -1;
	for (size_t i = 0; i < w->plan->listeners_n; i++)
		if (is_ours(w, &w->plan->listeners[i]) && add_outlet(d, i) < 0)
			return -ENOMEM;
	return 0;
}

/* What the kernel has dropped at a socket since there is one; 0 where it does not say. */
static uint32_t drops_of(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t n = sizeof(info);

	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &n) == 0 ? info[SK_MEMINFO_DROPS] : 0;
}

/* total: as a datagram says, or the socket. One that was queued earlier may say less than we know. */
static void count_drops(struct outlet *o, uint32_t total)
{
	if ((int32_t)(total - o->dropped) <= 0)
		return;
	counters_add(&o->d->w->counters[o->listener->row].kernel_drops, total - o->dropped);
	o->dropped = total;
}

static void start_reading(struct outlet *o)
{
	if (loop_add(&o->d->w->loop, &o->source, EPOLLIN) < 0)
		return;
	o->dropped = drops_of(o->source.fd); /* those before are not ours to count */
	sender_begin(&o->sender, o->source.fd);
	o->reading = true;
}

static void stop_reading(struct outlet *o)
{
	count_drops(o, drops_of(o->source.fd));
	loop_remove(&o->d->w->loop, &o->source);
	o->reading = false;
}

/* A worker that drains needs its sockets for what the resolver still owes, no longer: as long as anybody has one open its
 * port is taken, and what is sent there is lost without a word. */
static void let_go(struct datagrams *d)
{
	if (!d->w->draining || d->pending_n)
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
		bool mine = d->w->going && !d->w->draining &&
			    atomic_load(&d->w->plan->readers[o->index]) == d->w->record_index;

		if (mine && !o->reading)
			start_reading(o);
		else if (!mine && o->reading)
			stop_reading(o);
	}
	let_go(d);
}

bool datagram_idle(const struct datagrams *d)
{
	return !d || !d->pending_n;
}

static void prepare_answer(const struct outlet *o, const struct packet_info *info, struct msghdr *to, char *control)
{
	to->msg_control = control;
	packet_write(o->listener, info, to);
}

static void ask_ready(struct loop_source *s, uint32_t events);
static void ask_late(struct loop_timer *t);

/* A datagram's question goes to the resolver; its answer is sent when it comes. */
static void begin_ask(struct outlet *o, const struct packet_info *info, const struct msghdr *request, const void *state,
		      const struct lookup_question *question)
{
	struct worker *w = o->d->w;
	struct counters *counters = &w->counters[o->listener->row];
	struct pending *p = NULL;

	for (size_t i = 0; i < DATAGRAM_ASKS_MAX && !p; i++)
		if (o->d->pending[i].ask.source.fd < 0)
			p = &o->d->pending[i];
	counters_add(&counters->lookups, 1);
	if (!p || ask_begin(w, &p->ask, question, ask_ready) < 0) {
		counters_add(&counters->lookups_failed, 1);
		return;
	}
	p->outlet = o;
	p->info = *info;
	memcpy(p->state, state, o->listener->settings->service->state_bytes);
	p->peer_len = request->msg_namelen;
	memcpy(&p->peer, request->msg_name, request->msg_namelen);
	p->timer = (struct loop_timer){ .fire = ask_late };
	loop_set_timer(&w->loop, &p->timer, p->ask.deadline_ns);
	o->d->pending_n++;
}

static void fill_context(const struct outlet *o, const struct packet_info *info, struct svc_context *ret)
{
	worker_fill_context(o->d->w, o->listener, ret);
	ret->peer = info->gate.source;
	ret->local = info->gate.local;
}

static void finish_ask(struct pending *p, const struct lookup_answer *answer)
{
	struct outlet *o = p->outlet;
	struct svc_context ctx;
	uint8_t bytes[ANSWER_BYTES];
	struct svc_io io = { .out = bytes, .out_cap = sizeof(bytes) };
	_Alignas(struct cmsghdr) char control[PACKET_CONTROL_BYTES];

	fill_context(o, &p->info, &ctx);
	ask_count(o->d->w, o->listener->row, &p->ask, answer->result);
	loop_cancel_timer(&o->d->w->loop, &p->timer);
	o->d->pending_n--;
	if (o->listener->settings->service->answer(p->state, &ctx, answer, &io) == SVC_DONE &&
	    judge_answer(o->d->w, o->listener, &p->info.gate, io.out_len)) {
		struct iovec iov = { .iov_base = bytes, .iov_len = io.out_len };
		struct mmsghdr m = {
			.msg_hdr = { .msg_name = &p->peer, .msg_namelen = p->peer_len, .msg_iov = &iov, .msg_iovlen = 1 }
		};
		prepare_answer(o, &p->info, &m.msg_hdr, control);
		sender_send(&o->sender, o->source.fd, &m, 1);
	}
	let_go(o->d);
	worker_linger_ended(o->d->w);
}

static void ask_ready(struct loop_source *s, uint32_t events)
{
	struct pending *p = container_of(s, struct pending, ask.source);

	(void)events;
	finish_ask(p, ask_take(p->outlet->d->w, &p->ask));
}

static void ask_late(struct loop_timer *t)
{
	struct pending *p = container_of(t, struct pending, timer);

	ask_cancel(p->outlet->d->w, &p->ask);
	finish_ask(p, &ask_no_answer);
}

/* What the service answers to datagram i. False: nothing (now). */
static bool serve(struct outlet *o, const struct packet_info *info, unsigned i, struct iovec *answer)
{
	struct datagrams *d = o->d;
	const struct service *service = o->listener->settings->service;
	static _Alignas(max_align_t) uint8_t state[SVC_STATE_MAX];
	struct svc_context ctx;
	struct svc_io io = {
		.in = d->in_iov[i].iov_base,
		.in_len = info->gate.length,
		.out = d->answers + (size_t)i * ANSWER_BYTES,
		.out_cap = judge_room(o->listener, &info->gate, ANSWER_BYTES),
	};

	if (service->traits & SVC_MIRROR) {
		*answer = (struct iovec){ .iov_base = d->in_iov[i].iov_base, .iov_len = info->gate.length };
		return true;
	}
	memset(state, 0, service->state_bytes);
	fill_context(o, info, &ctx);
	enum svc_verdict verdict = service->input(service->state_bytes ? state : NULL, &ctx, &io);
	if (verdict == SVC_ASK) {
		begin_ask(o, info, &d->in[i].msg_hdr, state, &io.question);
		return false;
	}
	if (verdict == SVC_DROP) {
		bool unsure = o->listener->settings->options.require_sync && ctx.clock.state != CLOCK_SYNCHRONISED;
		counters_add(&d->w->counters[o->listener->row].refused[unsure ? REFUSED_UNSYNCHRONISED : REFUSED_MALFORMED],
			     1);
	}
	*answer = (struct iovec){ .iov_base = io.out, .iov_len = io.out_len };
	return verdict == SVC_DONE;
}

static bool is_from_us(const struct worker *w, const struct msghdr *in)
{
	for (size_t i = 0; i < w->plan->listeners_n; i++)
		if (packet_is_from(&w->plan->listeners[i], in))
			return true;
	return false;
}

/* Checks datagram i, has it served and queues its answer. True: there is one. */
static bool handle(struct outlet *o, unsigned i, unsigned to)
{
	struct datagrams *d = o->d;
	struct counters *counters = &d->w->counters[o->listener->row];
	struct msghdr *in = &d->in[i].msg_hdr, *out = &d->out[to].msg_hdr;
	struct packet_info info = packet_read(o->listener, in, d->in[i].msg_len);

	counters_add(&counters->received_bytes, info.gate.length);
	count_drops(o, info.dropped);
	info.gate.is_ours = o->listener->transport == TRANSPORT_UNIXGRAM && is_from_us(d->w, in);
	if (!judge_request(d->w, o->listener, &info.gate) || !serve(o, &info, i, &d->out_iov[to]))
		return false;
	if (!in->msg_namelen) { /* an unbound UNIX client cannot be answered */
		counters_add(&counters->refused[REFUSED_SOURCE_ADDRESS], 1);
		return false;
	}
	if (!judge_answer(d->w, o->listener, &info.gate, d->out_iov[to].iov_len))
		return false;
	*out = (struct msghdr){
		.msg_name = in->msg_name, .msg_namelen = in->msg_namelen, .msg_iov = &d->out_iov[to], .msg_iovlen = 1
	};
	prepare_answer(o, &info, out, d->out_control[to]);
	return true;
}

static void outlet_ready(struct loop_source *s, uint32_t events)
{
	struct outlet *o = container_of(s, struct outlet, source);
	struct datagrams *d = o->d;
	/* A UNIX client sends nothing beside its bytes that we want: without room its descriptors are not ours to close. */
	size_t control_n = o->listener->transport == TRANSPORT_UNIXGRAM ? 0 : PACKET_CONTROL_BYTES;
	unsigned answers_n = 0;

	(void)events;
	for (unsigned i = 0; i < BATCH; i++) {
		d->in_iov[i] = (struct iovec){ .iov_base = d->slots + (size_t)i * SLOT_BYTES, .iov_len = SLOT_BYTES };
		d->in[i].msg_hdr = (struct msghdr){
			.msg_name = &d->peers[i],
			.msg_namelen = sizeof(d->peers[i]),
			.msg_iov = &d->in_iov[i],
			.msg_iovlen = 1,
			.msg_control = d->in_control[i],
			.msg_controllen = control_n,
		};
	}
	/* An error here is one queued on the socket (an ICMP message, say): reading it cleared it. */
	int n = recvmmsg(s->fd, d->in, BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return;
	counters_add(&d->w->counters[o->listener->row].datagrams_received, (uint64_t)n);
	for (unsigned i = 0; i < (unsigned)n; i++)
		answers_n += handle(o, i, answers_n);
	if (answers_n)
		sender_send(&o->sender, s->fd, d->out, answers_n);
}
