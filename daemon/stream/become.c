/* SPDX-License-Identifier: MIT */
/* tcpmux: a session that goes on as another listener's. */
#include "stream/become.h"

#include <string.h>

#include "stream/sessions.h"
#include "stream/slowed.h"
#include "worker/admission.h"

/* The listener of this name that serves streams; NULL if there is none. */
static const struct listener *listener_named(const struct worker *w, const char *name)
{
	for (size_t i = 0; i < w->plan->listeners_n; i++) {
		const struct listener *l = &w->plan->listeners[i];

		if (l->transport == TRANSPORT_TCP && strcmp(l->settings->name, name) == 0)
			return l;
	}
	return NULL;
}

bool become_another(struct client *c, const struct svc_io *io)
{
	const struct listener *to = listener_named(c->w, c->listener->settings->options.names[io->become]);
	enum refusal why = REFUSED_SESSIONS;

	if (to) {
		struct table_request request = admission_request(c->w, to, &c->peer);
		request.is_exempt = c->is_exempt;
		why = admission_is_proxied(to) && !c->is_proxied ? REFUSED_PROXY
								 : admission_become(c->w, to, &request, c->slot);
	}
	if (why != REFUSED_NOT) {
		if (to)
			admission_refused(c->w, to, &(struct admission_refusal){ why, &c->peer, 1 });
		sessions_end(c, SESSION_END_LIMIT, true);
		return false;
	}
	counters_add(&c->w->counters[c->listener->row].sessions_ended, 1);
	counters_add(&c->w->counters[to->row].sessions, 1);
	c->listener = to;
	c->has_header = false;
	session_become(&c->session, to->settings->service, &to->settings->rules);
	if (slowed_begin(c))
		return true;
	admission_refused(c->w, to, &(struct admission_refusal){ REFUSED_BUFFERS, &c->peer, 1 });
	sessions_end(c, SESSION_END_LIMIT, true);
	return false;
}
