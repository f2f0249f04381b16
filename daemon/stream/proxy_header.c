/* SPDX-License-Identifier: MIT */
/* The header of the PROXY protocol that comes before a session. */
#include "stream/proxy_header.h"

#include <errno.h>
#include <sys/socket.h>

#include "session/proxy.h"
#include "worker/admission.h"
#include "stream/banner.h"
#include "stream/sessions.h"

/* The header's state lies where the service's will be: no session has begun, and none needs more room for it. */
_Static_assert(sizeof(struct proxy) <= WORKER_STATE_STRIDE, "a header does not fit into a service's state");

static void refuse_header(struct client *c, enum refusal why, enum session_end end)
{
	admission_refused(c->w, c->listener, &(struct admission_refusal){ why, &c->peer, 1 });
	/* Before its header is read nobody knows whether a client, or a health check, would get the line. */
	sessions_end(c, end, why == REFUSED_PROXY || !banner_send(c->source.fd, c->listener));
}

/* The client is known now, or is the balancer itself: then no caps of a source count, as for all that it passes on. */
static enum refusal name_client(struct client *c, const struct proxy *p, bool is_real)
{
	struct table_request request;

	if (!is_real)
		c->peer = p->client;
	c->is_proxied = true;
	c->is_exempt = is_real;
	c->has_header = !is_real && c->listener->settings->service->state_bytes == 0;
	request = admission_request(c->w, c->listener, &c->peer);
	request.is_exempt = is_real;
	return admission_name(c->w, c->listener, &request, c->slot);
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

/* True: the header ends at *ret_used of n bytes, and its client is admitted. */
static bool take_header(struct client *c, const uint8_t *in, size_t n, size_t *ret_used)
{
	struct proxy *p = sessions_state(c);
	enum proxy_verdict v = proxy_take(p, in, n, ret_used);
	enum refusal why;

	if (v == PROXY_MORE) {
		wait_on(c);
		return false;
	}
	why = v == PROXY_BAD ? REFUSED_PROXY : name_client(c, p, v == PROXY_REAL);
	if (why == REFUSED_NOT) {
		loop_cancel_timer(&c->w->loop, &c->timer);
		return true;
	}
	refuse_header(c, why, why == REFUSED_PROXY ? SESSION_END_RESET : SESSION_END_LIMIT);
	return false;
}

bool proxy_header_read(struct client *c, uint8_t *buffer, size_t bytes, struct span *ret)
{
	ssize_t n = recv(c->source.fd, buffer, bytes, MSG_DONTWAIT);
	size_t used;

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		wait_on(c);
		return false;
	}
	if (n <= 0) {
		refuse_header(c, REFUSED_PROXY, SESSION_END_RESET);
		return false;
	}
	if (!take_header(c, buffer, (size_t)n, &used))
		return false;
	*ret = (struct span){ buffer + used, (size_t)n - used };
	return true;
}

const struct addr *proxy_header_server(const struct client *c)
{
	return &((const struct proxy *)sessions_state(c))->server;
}

void proxy_header_late(struct client *c)
{
	refuse_header(c, REFUSED_PROXY, SESSION_END_LIMIT);
}

void proxy_header_begin(struct client *c)
{
	proxy_begin(sessions_state(c), c->listener->settings->rules.proxy);
}
