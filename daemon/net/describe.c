/* SPDX-License-Identifier: MIT */
/* What a configuration would do, for a person: -t. */
#include "net/describe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/listener.h"

static const char *const models[] = { [POOL_FORK] = "fork", [POOL_PREFORK] = "prefork", [POOL_EVENT] = "event" };

static const char *const proxies[] = { [PROXY_V1] = "v1", [PROXY_V2] = "v2", [PROXY_BOTH] = "v1 or v2" };

static void describe(const struct listener *l, FILE *to)
{
	const struct session_rules *rules = &l->settings->rules;
	const struct pool_settings *pool = &l->all->pools[l->pool];
	char storage[192];
	struct text where = TEXT_OVER(storage);

	listener_add_where(&where, l);
	fprintf(to, "%-20s %-28s pool %s (%s)", l->label, where.at, pool->name, models[pool->model]);
	if (l->transport & TRANSPORT_SESSIONS)
		fprintf(to, ", at most %" PRIu32 " sessions, %" PRIu32 " a source, idle %" PRIu64 " s", rules->max_sessions,
			rules->max_sessions_per_source, rules->idle_timeout_ns / CLOCK_S_NS);
	else
		fprintf(to, ", datagrams up to %" PRIu32 " bytes", rules->max_datagram);
	if (rules->acl.allow_n || rules->acl.deny_n)
		fprintf(to, ", allow %zu, deny %zu prefixes", rules->acl.allow_n, rules->acl.deny_n);
	if (rules->proxy != PROXY_OFF && (l->transport & TRANSPORT_STREAMS))
		fprintf(to, ", PROXY header %s from %zu prefixes", proxies[rules->proxy], rules->proxy_from_n);
	fputc('\n', to);
}

int describe_listeners(const struct settings *s, FILE *to)
{
	struct listener *list = calloc(LISTENER_MAX, sizeof(*list));
	size_t n = 0;
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->listeners_n; i++)
		if (s->listeners[i].enabled)
			r = listener_plan(s, &s->listeners[i], list, &n, LISTENER_MAX);
	for (size_t i = 0; r == 0 && i < n; i++)
		describe(&list[i], to);
	if (r == 0)
		fprintf(to,
			"limits: %" PRIu32 " sessions, %" PRIu32 " a source (IPv4 /%u, IPv6 /%u), %" PRIu64
			" bytes of buffers\n",
			s->limits.sessions, s->limits.sessions_per_source, s->limits.source_prefix_v4,
			s->limits.source_prefix_v6, s->limits.buffers);
	free(list);
	return r;
}
