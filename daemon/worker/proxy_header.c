/* SPDX-License-Identifier: MIT */
/* The header of the PROXY protocol that comes before a session. */
#include "worker/proxy_header.h"

#include <errno.h>
#include <sys/socket.h>

#include "session/proxy.h"
#include "worker/admission.h"
#include "worker/sessions.h"

/* It lies where the service's state will be: no session has begun, and none needs more room for it. */
_Static_assert(sizeof(struct proxy) <= WORKER_STATE_STRIDE, "a header does not fit into a service's state");

/* Where all of the process read: lent by client.c. */
static uint8_t *in_bytes;

bool proxy_header_is_due(const struct listener *l)
{
	return l->settings->rules.proxy != PROXY_OFF && (l->transport & TRANSPORT_STREAMS);
}

static void refuse(struct client *c, enum refusal why, enum session_end end)
{
	admission_refused(c->w, c->listener, why, &c->peer, 1);
	sessions_end(c, end, true);
}

/* Who asks is known, or is the balancer itself: then no caps of a source count, as for all that it passes on. */
static enum refusal name_client(struct client *c, const struct proxy *p, bool is_real)
{
	struct table_request request;

	if (!is_real)
		c->peer = p->client;
	c->is_proxied = true;
	c->is_exempt = is_real;
	request = acceptor_request(c->w, c->listener, &c->peer);
	request.is_exempt = is_real;
	return admission_session(c->w, c->listener, &request, ADMISSION_NAMED, &c->slot);
}

static void wait_on(struct client *c)
{
	if (c->registered)
		return;
	if (loop_add(&c->w->loop, &c->source, EPOLLIN) < 0) {
		sessions_end(c, SESSION_END_LIMIT, true);
		return;
	}
	c->registered = true;
	c->waits_for = EPOLLIN;
	loop_set_timer(&c->w->loop, &c->timer, c->session.started_ns + PROXY_HEADER_WAIT_NS);
}

static void take(struct client *c, size_t n)
{
	struct proxy *p = sessions_state(c);
	size_t used;
	enum proxy_verdict v = proxy_take(p, in_bytes, n, &used);
	enum refusal why;

	if (v == PROXY_MORE) {
		wait_on(c);
		return;
	}
	why = v == PROXY_BAD ? REFUSED_PROXY : name_client(c, p, v == PROXY_REAL);
	if (why != REFUSED_NOT) {
		refuse(c, why, why == REFUSED_PROXY ? SESSION_END_RESET : SESSION_END_LIMIT);
		return;
	}
	loop_cancel_timer(&c->w->loop, &c->timer);
	client_begin(c, in_bytes + used, n - used);
}

static void read_some(struct client *c)
{
	/* What may be behind the header is no more than any service is given at once. */
	ssize_t n = recv(c->source.fd, in_bytes, WORKER_LINE_BYTES, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		wait_on(c);
	else if (n <= 0)
		refuse(c, REFUSED_PROXY, SESSION_END_RESET);
	else
		take(c, (size_t)n);
}

static void proxy_header_ready(struct loop_source *s, uint32_t events)
{
	struct client *c = container_of(s, struct client, source);

	client_drain_errors(c, events);
	read_some(c);
}

static void proxy_header_late(struct loop_timer *t)
{
	refuse(container_of(t, struct client, timer), REFUSED_PROXY, SESSION_END_LIMIT);
}

void proxy_header_await(struct client *c, uint8_t *scratch)
{
	in_bytes = scratch;
	c->source.ready = proxy_header_ready;
	c->timer.fire = proxy_header_late;
	proxy_begin(sessions_state(c), c->listener->settings->rules.proxy);
	read_some(c);
}
