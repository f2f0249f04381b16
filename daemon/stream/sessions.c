/* SPDX-License-Identifier: MIT */
/* The sessions of one worker: their storage, how they end, and the connections that linger after them. */
#include "stream/sessions.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/pages.h"
#include "worker/admission.h"
#include "stream/slowed.h"
#include "worker/impairing.h"
#include "worker/model.h"

#define LOOK_AFTER_NS (10 * CLOCK_MS_NS)
#define LOOK_COUNTED_NS (20 * CLOCK_MS_NS) /* while a cap counts it: its client may come again as soon as it has all */
#define LOOK_LAST_NS (500 * CLOCK_MS_NS)
#define DRAIN_BYTES 4096

int sessions_prepare(struct worker *w, uint32_t n)
{
	w->clients_cap = (size_t)n + SESSIONS_LINGERING_MAX;
	w->clients = pages_take(w->clients_cap * sizeof(*w->clients));
	w->states = pages_take(w->clients_cap * WORKER_STATE_STRIDE);
	w->slowed = pages_take(w->clients_cap * sizeof(*w->slowed));
	return w->clients && w->states && w->slowed ? 0 : -ENOMEM;
}

struct client *sessions_take(struct worker *w)
{
	struct client *c = w->free_clients;

	if (c) {
		w->free_clients = c->next_free;
		return c;
	}
	assert(w->clients_used < w->clients_cap);
	return &w->clients[w->clients_used++];
}

void *sessions_state(const struct client *c)
{
	return c->w->states + (size_t)(c - c->w->clients) * WORKER_STATE_STRIDE;
}

static void give_back(struct client *c)
{
	c->next_free = c->w->free_clients;
	c->w->free_clients = c;
}

void sessions_note(struct client *c)
{
	atomic_store_explicit(&c->slot->active_ns, c->session.active_ns, memory_order_relaxed);
	atomic_store_explicit(&c->slot->in_bytes, c->session.in_bytes, memory_order_relaxed);
	atomic_store_explicit(&c->slot->out_bytes, c->session.out_bytes, memory_order_relaxed);
}

/* Says that a session is over, once. */
static void tell_end(const struct client *c, enum session_end why)
{
	struct log_line l;

	if (why == SESSION_END_IMPAIRED)
		impairing_count(c->w, c->listener, IMPAIRED_CLOSE_AFTER, 1);
	if (!c->w->plan->settings->log.sessions)
		return;
	log_begin(&l, LOG_LEVEL_INFO, "session");
	log_text(&l, "listener", c->listener->settings->name);
	log_text(&l, "transport", service_transport_name(c->listener->transport));
	log_addr(&l, "peer", &c->peer);
	log_number(&l, "ms", (int64_t)((clock_mono_ns() - c->session.started_ns) / CLOCK_MS_NS));
	log_number(&l, "in", (int64_t)c->session.in_bytes);
	log_number(&l, "out", (int64_t)c->session.out_bytes);
	log_text(&l, "end", session_end_name(why));
	log_end(&l);
}

/* The session is over; the connection may still be there. */
static void end_session(struct client *c, enum session_end why)
{
	struct worker *w = c->w;

	lookup_client_cancel(w, &c->ask);
	if (c->block)
		buffers_give(&w->buffers, c->block, &c->slot->owed_bytes);
	c->block = NULL;
	tell_end(c, why);
	if (c->is_slowed)
		slowed_end(c);
	/* The counts of ends come last: a process that sees the session over finds the rest counted. */
	histogram_add(&w->counters[c->listener->row].session_time, clock_mono_ns() - c->session.started_ns);
	counters_add(&w->counters[c->listener->row].sessions_ended, 1);
	table_release(w->plan->table, c->slot, w->pid);
	c->slot = NULL;
}

static void unlink_lingering(struct client *c)
{
	struct worker *w = c->w;

	*(c->older ? &c->older->younger : &w->lingering_first) = c->younger;
	*(c->younger ? &c->younger->older : &w->lingering_last) = c->older;
	c->older = c->younger = NULL;
	w->lingering_n--;
}

static void close_connection(struct client *c)
{
	loop_close(&c->w->loop, &c->source);
	loop_cancel_timer(&c->w->loop, &c->timer);
	give_back(c);
}

static void reset_at_close(const struct client *c)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (c->listener->transport == TRANSPORT_TCP)
		(void)setsockopt(c->source.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void sessions_end(struct client *c, enum session_end why, bool reset)
{
	struct worker *w = c->w;

	if (reset)
		reset_at_close(c);
	if (w->model->is_reaped) {
		tell_end(c, why);
		atomic_store(&c->slot->over, 1);
		w->phase = WORKER_LEAVING;
		return;
	}
	end_session(c, why);
	close_connection(c);
	worker_session_ended(w);
}

/* ---- what the client has not acknowledged ---- */

/* The bytes sent to the client that wait in the kernel's memory. The end of the direction, where it was sent, is one of
 * them. */
static uint32_t unacknowledged(const struct client *c, bool end_was_said)
{
	int n = 0;

	if (c->listener->transport != TRANSPORT_TCP || ioctl(c->source.fd, SIOCOUTQ, &n) < 0 || n <= (int)end_was_said)
		return 0;
	return (uint32_t)n;
}

static bool is_gone(const struct client *c)
{
	int err = 0;
	socklen_t len = sizeof(err);

	return getsockopt(c->source.fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err != 0;
}

/* No event tells of an acknowledgement, and once both directions are closed the kernel reports only that, in every
 * turn: the client is looked at, the less often the longer it takes. */
static void look_again(struct client *c, uint64_t until_ns)
{
	struct loop *l = &c->w->loop;
	uint64_t age_ns = l->now_ns - c->session.active_ns;
	uint64_t most_ns = c->session.phase == SESSION_CLOSING ? LOOK_COUNTED_NS : LOOK_LAST_NS;
	uint64_t step_ns = age_ns < LOOK_AFTER_NS ? LOOK_AFTER_NS : age_ns < most_ns ? age_ns : most_ns;
	uint64_t at_ns = clock_add(l->now_ns, step_ns);

	if (c->registered)
		loop_remove(l, &c->source);
	c->registered = false;
	loop_set_timer(l, &c->timer, at_ns < until_ns ? at_ns : until_ns);
}

/* ---- lingering ---- */

static void close_lingering(struct client *c, bool reset)
{
	if (reset)
		reset_at_close(c);
	unlink_lingering(c);
	close_connection(c);
	worker_leave_if_done(c->w);
}

/* Closes a lingering connection. A client that was given time enough is reset; the kernel goes on with the others. */
void sessions_close(struct client *c)
{
	close_lingering(c, c->session.phase == SESSION_STALLED && unacknowledged(c, true));
}

/* Waits for what a lingering connection's client still sends, and for its end. */
static int watch_lingering(struct client *c)
{
	struct loop *l = &c->w->loop;

	loop_set_timer(l, &c->timer, c->session.wake_ns);
	if (c->registered)
		return c->waits_for == EPOLLIN ? 0 : loop_change(l, &c->source, EPOLLIN);
	c->registered = true;
	return loop_add(l, &c->source, EPOLLIN);
}

/* Most clients close as soon as they have their answer. Where other sessions go on meanwhile, that is looked up later, which
 * costs less than to be told. */
static int begin_lingering(struct client *c)
{
	struct worker *w = c->w;

	if (c->session.eof) {
		look_again(c, c->session.wake_ns);
		return 0;
	}
	if (w->loop.solo == &c->source) { /* it lingers beside the next one */
		loop_remove(&w->loop, &c->source);
		c->registered = false;
	}
	if (c->registered || w->model->is_single)
		return watch_lingering(c);
	loop_set_timer(&w->loop, &c->timer, w->loop.now_ns + LOOK_AFTER_NS);
	return 0;
}

static void linger(struct client *c)
{
	struct worker *w = c->w;

	session_linger(&c->session, w->loop.now_ns);
	enum session_end why = (enum session_end)c->session.end;
	if (begin_lingering(c) < 0) {
		sessions_end(c, why, false);
		return;
	}
	if (w->lingering_n == SESSIONS_LINGERING_MAX && !sessions_drain(w->lingering_first))
		sessions_close(w->lingering_first);
	end_session(c, why);
	c->older = w->lingering_last;
	c->younger = NULL;
	*(c->older ? &c->older->younger : &w->lingering_first) = c;
	w->lingering_last = c;
	w->lingering_n++;
	worker_session_ended(w);
}

/* A client that takes its last bytes is not idle. */
static void go_on_closing(struct client *c, uint32_t unread)
{
	if (unread < c->unread) {
		session_sent(&c->session, 0, c->w->loop.now_ns);
		sessions_note(c);
	}
	c->unread = unread;
	look_again(c, session_deadline(&c->session, false));
}

/* The client did not take its last bytes as quickly as most do: the caps count it again. False: they refuse it, and it
 * is over. */
static bool count_again(struct client *c)
{
	struct table_request request = admission_request(c->w, c->listener, &c->peer);
	enum refusal why;

	if (!c->is_uncounted)
		return true;
	request.is_exempt = c->is_exempt;
	why = table_recount(c->w->plan->table, c->slot, &request);
	c->is_uncounted = false;
	if (why == REFUSED_NOT)
		return true;
	admission_refused(c->w, c->listener, &(struct admission_refusal){ why, &c->peer, 1 });
	sessions_end(c, SESSION_END_LIMIT, true);
	return false;
}

void sessions_finish(struct client *c)
{
	struct worker *w = c->w;
	enum session_end why = c->session.end ? (enum session_end)c->session.end : SESSION_END_EOF;

	if (c->session.eof && !unacknowledged(c, false)) {
		sessions_end(c, why, false);
		return;
	}
	/* First: a client that sees the end may come again at once, and most have acknowledged the rest by then. */
	table_uncount(w->plan->table, c->slot);
	c->is_uncounted = true;
	if (shutdown(c->source.fd, SHUT_WR) < 0) {
		sessions_end(c, why, false);
		return;
	}
	c->unread = unacknowledged(c, true);
	if (c->unread <= SESSIONS_OWED_MAX) {
		linger(c);
		return;
	}
	session_closing(&c->session);
	go_on_closing(c, c->unread);
}

static void closing_due(struct client *c)
{
	uint32_t unread = unacknowledged(c, true);
	enum session_end end = is_gone(c) ? SESSION_END_RESET : session_expired(&c->session, c->w->loop.now_ns);

	if (end == SESSION_END_NONE && unread <= SESSIONS_OWED_MAX)
		linger(c);
	else if (end != SESSION_END_NONE && (end != SESSION_END_IDLE || unread >= c->unread))
		sessions_end(c, end, true);
	else if (count_again(c))
		go_on_closing(c, unread);
}

bool sessions_drain(struct client *c)
{
	uint8_t scratch[DRAIN_BYTES];
	ssize_t r = recv(c->source.fd, scratch, sizeof(scratch), MSG_DONTWAIT);

	if (r > 0 || (r < 0 && (errno == EAGAIN || errno == EINTR)))
		return false;
	if (r == 0 && unacknowledged(c, true) && !is_gone(c)) {
		c->session.eof = true;
		look_again(c, c->session.wake_ns);
		return false;
	}
	sessions_close(c);
	return true;
}

void sessions_over_due(struct client *c)
{
	if (c->session.phase == SESSION_CLOSING) {
		closing_due(c);
		return;
	}
	if (sessions_drain(c))
		return;
	if (c->w->loop.now_ns >= c->session.wake_ns) {
		if (c->session.phase == SESSION_STALLED || !unacknowledged(c, true)) {
			sessions_close(c);
			return;
		}
		session_stall(&c->session, c->w->loop.now_ns);
	}
	if (c->session.eof)
		look_again(c, c->session.wake_ns);
	else if (watch_lingering(c) < 0)
		sessions_close(c);
}

static enum session_end end_of_mark(uint32_t mark)
{
	switch (mark) {
	case KILL_DRAIN:
		return SESSION_END_DRAIN;
	case KILL_IDLE:
		return SESSION_END_IDLE;
	case KILL_ROOM:
		return SESSION_END_ROOM;
	default:
		return SESSION_END_KILLED;
	}
}

/* A session is marked for having been idle by the supervisor, which saw it a while ago, or saw another session in its
 * slot. */
static bool is_idle(const struct client *c)
{
	uint64_t limit_ns = c->listener->settings->rules.idle_timeout_busy_ns;

	return limit_ns && clock_mono_ns() >= clock_add(c->session.active_ns, limit_ns);
}

void sessions_look(struct worker *w)
{
	for (size_t i = 0; i < w->clients_used; i++) {
		struct client *c = &w->clients[i];
		uint32_t mark = c->slot ? table_mark_of(c->slot) : KILL_NOT;

		if (mark == KILL_IDLE && !is_idle(c))
			table_unmark(c->slot);
		else if (mark != KILL_NOT)
			sessions_end(c, end_of_mark(mark), true);
	}
}

void sessions_end_all(struct worker *w)
{
	for (size_t i = 0; i < w->clients_used; i++)
		if (w->clients[i].slot)
			sessions_end(&w->clients[i], SESSION_END_DRAIN, true);
	while (w->lingering_first)
		sessions_close(w->lingering_first);
}
