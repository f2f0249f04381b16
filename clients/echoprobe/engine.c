/* SPDX-License-Identifier: MIT */
/* The test of one target: its memory, its sockets, its timers and its end. */
#include "echoprobe/engine.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/pages.h"
#include "echoprobe/engine_private.h"
#include "echoprobe/probe.h"

#define LOOKS_MAX 5
#define LOOK_NS 50000                    /* a look at both clocks takes far less */
#define LINGER_MIN_NS (20 * CLOCK_MS_NS) /* for further copies of the last answer */

/* The program may lose the processor between two looks at clocks: then it looks again. */
struct engine_now engine_now(void)
{
	uint64_t mono_ns = clock_mono_ns();
	struct timespec wall = clock_wall();

	for (unsigned i = 0; i < LOOKS_MAX && clock_mono_ns() - mono_ns > LOOK_NS; i++) {
		mono_ns = clock_mono_ns();
		wall = clock_wall();
	}
	return (struct engine_now){
		.mono_ns = (int64_t)mono_ns,
		.clock_ns = wall.tv_sec * (int64_t)CLOCK_S_NS + wall.tv_nsec - (int64_t)mono_ns,
	};
}

struct timespec engine_wall(int64_t mono_ns, int64_t clock_ns)
{
	int64_t ns = mono_ns + clock_ns;

	return (struct timespec){ .tv_sec = ns / (int64_t)CLOCK_S_NS, .tv_nsec = (long)(ns % (int64_t)CLOCK_S_NS) };
}

/* --- beginning ------------------------------------------------------------------------------------------------------ */

static int random_bytes(void *to, size_t n)
{
	return getrandom(to, n, 0) == (ssize_t)n ? 0 : -EIO;
}

static int init_payload(struct payload *p, const struct plan *plan)
{
	int r = random_bytes(&p->run, sizeof(p->run));

	if (r == 0)
		r = random_bytes(&p->key, sizeof(p->key));
	p->fill = plan->fill;
	p->text = plan->fill_text;
	p->text_n = plan->fill_text ? strlen(plan->fill_text) : 0;
	return r;
}

/* Memory that is there before the first packet: a page that is first touched between two packets would delay one. */
static void *touched_pages(size_t bytes)
{
	char *at = pages_take(bytes);

	if (at)
		memset(at, 0, bytes);
	return at;
}

static int init_track(struct engine_flow *f, const struct plan *plan)
{
	size_t slots_n = pending_capacity(plan->interval_ns, plan->burst, plan->timeout_ns);
	size_t highs_n = slots_n < ORDER_CAPACITY ? slots_n : ORDER_CAPACITY;
	struct track_memory memory = { .slots_n = slots_n, .highs_n = highs_n };

	f->memory_bytes = slots_n * sizeof(*memory.slots) + highs_n * sizeof(*memory.highs);
	f->memory = touched_pages(f->memory_bytes);
	if (!f->memory)
		return -ENOMEM;
	memory.slots = f->memory;
	memory.highs = (void *)(memory.slots + slots_n);
	track_init(&f->track, &memory, plan->timeout_ns, plan->warmup);
	track_count_in(&f->track, &f->tally, NULL);
	track_begin_part(&f->track, f->engine->sizes);
	return 0;
}

static int open_session(struct engine_flow *f, struct text *why)
{
	const struct probe_session *session = f->engine->plan->probe->session;
	int r = session ? session->open(f) : 0;

	if (r < 0)
		text_add(why, "there is not enough memory for so many packets under way");
	return r;
}

static void give_memory(struct engine_flow *f)
{
	const struct probe_session *session = f->engine->plan->probe->session;

	if (session)
		session->close(f);
	pages_give(f->memory, f->memory_bytes);
}

static int open_flow(struct engine *e, const struct target_source *from, uint16_t index, struct text *why)
{
	struct engine_flow *f = &e->flows[index];
	int r;

	*f = (struct engine_flow){ .engine = e, .index = index, .ttl = -1, .source.fd = -1 };
	r = init_track(f, e->plan);
	if (r < 0) {
		text_add(why, "there is not enough memory for so many packets under way");
		return r;
	}
	r = open_session(f, why);
	if (r == 0)
		r = e->carrier->open(f, from, why);
	if (r < 0)
		give_memory(f);
	return r;
}

static int open_flows(struct engine *e, struct text *why)
{
	struct target_source from;
	int r = target_source(e->plan, e->target.addr.family, &from, why);

	for (uint16_t i = 0; r == 0 && i < e->plan->flows; i++) {
		r = open_flow(e, &from, i, why);
		e->flows_n += r == 0;
	}
	return r;
}

static size_t scopes_bytes(const struct plan *plan)
{
	return (plan->flows + plan->sizes_n) * sizeof(struct result_scope);
}

int engine_open(struct engine *e, struct text *why)
{
	const struct plan *plan = e->plan;
	uint64_t seed = 0;
	int r;

	e->planned = plan->count == 0 ? UINT64_MAX : plan->warmup + plan->count;
	e->size_bytes = plan->size_bytes;
	e->flows_n = 0;
	e->flows = pages_take(plan->flows * sizeof(*e->flows));
	e->scopes = pages_take(scopes_bytes(plan));
	if (plan->sizes_n > 1)
		e->sizes = pages_take(plan->sizes_n * sizeof(*e->sizes));
	r = e->flows && e->scopes && (e->sizes || plan->sizes_n <= 1) ? init_payload(&e->payload, plan) : -ENOMEM;
	if (r == 0)
		r = random_bytes(&seed, sizeof(seed));
	if (r < 0)
		text_addf(why, "cannot begin: %s", strerror(-r));
	if (r == 0)
		r = open_flows(e, why);
	if (r < 0) {
		engine_close(e);
		return r;
	}
	e->started_at = clock_wall();
	e->started_ns = clock_mono_ns();
	schedule_init(&e->schedule, plan, clock_mono_ns(), seed);
	return 0;
}

void engine_close(struct engine *e)
{
	for (size_t i = 0; i < e->flows_n; i++) {
		e->carrier->close(&e->flows[i]);
		give_memory(&e->flows[i]);
	}
	e->flows_n = 0;
	pages_give(e->flows, e->plan->flows * sizeof(*e->flows));
	pages_give(e->scopes, scopes_bytes(e->plan));
	if (e->sizes)
		pages_give(e->sizes, e->plan->sizes_n * sizeof(*e->sizes));
	e->flows = NULL;
	e->scopes = NULL;
	e->sizes = NULL;
}

/* --- the loop ------------------------------------------------------------------------------------------------------- */

static void send_due(struct loop_timer *t)
{
	engine_send_due(container_of(t, struct engine, send));
}

/* Packets whose time is over, oldest first. */
static void expire(struct engine_flow *f)
{
	int64_t now_ns = (int64_t)f->engine->loop->now_ns;
	uint64_t seq;

	while (track_expired(&f->track, now_ns, &seq)) {
		const struct pending_slot *slot = pending_slot(&f->track.pending, seq);
		struct result_packet p = { .flow = f->index, .seq = seq, .fate = RESULT_LOST };

		if (seq < f->track.warmup)
			continue;
		p.sent_at = engine_wall(slot->sent_ns, slot->clock_ns);
		engine_tell(f->engine, &p);
	}
}

static void fire_expiry(struct loop_timer *t)
{
	struct engine *e = container_of(t, struct engine, expiry);

	for (size_t i = 0; i < e->flows_n; i++)
		expire(&e->flows[i]);
	engine_settle(e);
}

/* The longest that anything took to come back, which a further copy may take as well. */
static uint64_t linger_ns(const struct engine *e)
{
	uint64_t longest_ns = LINGER_MIN_NS;

	for (size_t i = 0; i < e->flows_n; i++) {
		const struct histogram *rtt = &e->flows[i].tally.rtt;

		if (rtt->n > 0 && rtt->max_ns > 0 && 2 * (uint64_t)rtt->max_ns > longest_ns)
			longest_ns = 2 * (uint64_t)rtt->max_ns;
	}
	return longest_ns;
}

/* At most until the last packet's time is over; a connection that ends says so, and is waited for until then. */
static uint64_t linger_until_ns(const struct engine *e)
{
	uint64_t now_ns = clock_mono_ns(), until_ns = e->carrier->is_done ? CLOCK_NEVER : clock_add(now_ns, linger_ns(e));
	uint64_t last_ns = clock_add(e->last_sent_ns, e->plan->timeout_ns);

	return last_ns < now_ns ? now_ns : last_ns < until_ns ? last_ns : until_ns;
}

static void begin(struct engine *e)
{
	uint64_t now_ns = clock_mono_ns(), duration_ns = e->plan->duration_ns;

	if (duration_ns != CLOCK_NEVER)
		duration_ns /= e->plan->sizes_n;
	e->phase = ENGINE_SENDING;
	e->schedule.due_ns = now_ns;
	e->schedule.sent = 0;
	if (e->carrier->send)
		loop_set_timer(e->loop, &e->send, now_ns);
	loop_set_timer(e->loop, &e->end, clock_add(now_ns, duration_ns));
	for (size_t i = 0; e->carrier->begin && i < e->flows_n; i++)
		e->carrier->begin(&e->flows[i]);
}

/* False: there is none, or the run was broken off. */
static bool begin_next_size(struct engine *e)
{
	if (e->size_i + 1 >= e->plan->sizes_n || (e->ended_by != RESULT_COUNT && e->ended_by != RESULT_DURATION))
		return false;
	e->size_i++;
	e->size_bytes += e->plan->step_bytes;
	if (e->plan->count != 0)
		e->planned = track_next(&e->flows[0].track) + e->plan->count;
	for (size_t i = 0; i < e->flows_n; i++)
		track_begin_part(&e->flows[i].track, &e->sizes[e->size_i]);
	begin(e);
	return true;
}

static void finish(struct engine *e)
{
	loop_cancel_timer(e->loop, &e->send);
	loop_cancel_timer(e->loop, &e->expiry);
	loop_cancel_timer(e->loop, &e->end);
	for (size_t i = 0; i < e->flows_n; i++)
		track_end(&e->flows[i].track, (int64_t)schedule_due_ns(&e->schedule));
	if (begin_next_size(e))
		return;
	e->phase = ENGINE_OVER;
	e->ended_ns = clock_mono_ns();
	for (size_t i = 0; i < e->flows_n; i++)
		if (e->flows[i].source.fd >= 0)
			loop_remove(e->loop, &e->flows[i].source);
}

static void fire_end(struct loop_timer *t)
{
	struct engine *e = container_of(t, struct engine, end);

	if (e->phase == ENGINE_SENDING)
		engine_stop(e, RESULT_DURATION);
	else if (e->phase == ENGINE_CONNECTING)
		begin(e); /* those that did not connect in time lose their packets */
	else
		finish(e);
}

void engine_connected(struct engine *e)
{
	if (--e->connecting_n == 0 && e->phase == ENGINE_CONNECTING)
		begin(e);
}

static bool is_done(const struct engine *e)
{
	if (!e->carrier->is_done)
		return false;
	for (size_t i = 0; i < e->flows_n; i++)
		if (!e->carrier->is_done(&e->flows[i]))
			return false;
	return true;
}

void engine_settle(struct engine *e)
{
	uint64_t next_ns = CLOCK_NEVER;

	for (size_t i = 0; i < e->flows_n; i++) {
		uint64_t at_ns = track_deadline_ns(&e->flows[i].track);

		if (at_ns < next_ns)
			next_ns = at_ns;
	}
	if (e->phase == ENGINE_WAITING && is_done(e))
		finish(e);
	else if (next_ns != CLOCK_NEVER)
		loop_set_timer(e->loop, &e->expiry, next_ns);
	else if (e->phase == ENGINE_WAITING && e->end.place == 0)
		loop_set_timer(e->loop, &e->end, linger_until_ns(e));
}

void engine_stop(struct engine *e, enum result_end why)
{
	if (e->phase == ENGINE_WAITING && e->size_i + 1 < e->plan->sizes_n)
		e->ended_by = why; /* of a size that was over: no other one follows */
	if (e->phase != ENGINE_SENDING && e->phase != ENGINE_CONNECTING)
		return;
	e->phase = ENGINE_WAITING;
	e->ended_by = why;
	loop_cancel_timer(e->loop, &e->send);
	loop_cancel_timer(e->loop, &e->end);
	for (size_t i = 0; e->carrier->stop && i < e->flows_n; i++)
		e->carrier->stop(&e->flows[i]);
	engine_settle(e);
}

int engine_start(struct engine *e, struct loop *loop, struct batch *batch, struct engine_watch *watch)
{
	int r = 0;

	e->loop = loop;
	e->batch = batch;
	e->watch = watch;
	e->send.fire = send_due;
	e->expiry.fire = fire_expiry;
	e->end.fire = fire_end;
	e->before = ownhost_read(e->target.addr.family);
	e->started_at = clock_wall();
	e->started_ns = clock_mono_ns();
	for (size_t i = 0; r >= 0 && i < e->flows_n; i++) {
		r = e->carrier->start(&e->flows[i]);
		e->connecting_n += r > 0;
	}
	if (r < 0)
		return r;
	if (e->phase != ENGINE_CONNECTING)
		return 0; /* nobody was there */
	if (e->connecting_n == 0)
		begin(e);
	else
		loop_set_timer(loop, &e->end, clock_add(e->started_ns, e->plan->timeout_ns));
	return 0;
}

bool engine_is_over(const struct engine *e)
{
	return e->phase == ENGINE_OVER;
}
