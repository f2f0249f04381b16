/* SPDX-License-Identifier: MIT */
/* A configuration's effect, described for a person: -t. */
#include "net/describe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "net/listener.h"
#include "net/make.h"
#include "settings/impair_keys.h"
#include "settings/value.h"

static const char *const proxies[] = { [PROXY_V1] = "v1", [PROXY_V2] = "v2", [PROXY_BOTH] = "v1 or v2" };

static void describe_rate(FILE *to, const char *what, const struct rate *r)
{
	if (r->amount)
		fprintf(to, ", %" PRIu64 " %s in %" PRIu64 " s (%" PRIu64 " at once)", r->amount, what,
			r->period_ns / CLOCK_S_NS, r->burst);
}

static void describe_size(FILE *to, const char *before, uint64_t bytes)
{
	char storage[32];
	struct text t = TEXT_OVER(storage);

	value_add_size(&t, bytes);
	fprintf(to, "%s%s", before, t.at);
}

/* Does as describe_rate(), where what is counted is bytes. */
static void describe_size_rate(FILE *to, const char *what, const struct rate *r)
{
	if (!r->amount)
		return;
	describe_size(to, ", ", r->amount);
	fprintf(to, " %s in %" PRIu64 " s", what, r->period_ns / CLOCK_S_NS);
	describe_size(to, " (", r->burst);
	fputs(" at once)", to);
}

static void describe_impair(const struct impair_rules *rules, FILE *to)
{
	char storage[512];
	struct text t = TEXT_OVER(storage);

	impair_keys_add(&t, rules);
	fprintf(to, ", impairs on purpose: %s", t.at);
}

static void describe(const struct listener *l, FILE *to)
{
	const struct admission_rules *admission = &l->settings->admission;
	const struct session_rules *rules = &l->settings->rules;
	const struct pool_settings *pool = &l->all->pools[l->pool];
	char storage[192];
	struct text where = TEXT_OVER(storage);

	listener_add_where(&where, l);
	fprintf(to, "%-20s %-28s pool %s (%s)", l->label, where.at, pool->name, pool_model_name(pool->model));
	if (make_wants_multipath(l))
		fputs(", Multipath TCP", to);
	if (l->transport == TRANSPORT_UDP && l->settings->socket.shards > 1)
		fprintf(to, ", %" PRIu32 " sockets", l->settings->socket.shards);
	if (l->transport & TRANSPORT_SESSIONS)
		fprintf(to, ", at most %" PRIu32 " sessions, %" PRIu32 " a source, idle %" PRIu64 " s",
			admission->max_sessions, admission->max_sessions_per_source, rules->idle_timeout_ns / CLOCK_S_NS);
	else
		fprintf(to, ", datagrams up to %" PRIu32 " bytes", admission->max_datagram);
	describe_rate(to, l->transport == TRANSPORT_UDP ? "answers a source" : "sessions a source",
		      l->transport == TRANSPORT_UDP ? &admission->udp_rate : &admission->session_rate);
	if (l->transport == TRANSPORT_UDP && !(l->settings->service->traits & (SVC_SINK | SVC_MIRROR)))
		fprintf(to, ", answers up to %u.%03u times the request", admission->amplification / 1000,
			admission->amplification % 1000);
	if (admission->dry_run)
		fputs(", dry run", to);
	if (admission->acl.allow_n || admission->acl.deny_n)
		fprintf(to, ", allow %zu, deny %zu prefixes", admission->acl.allow_n, admission->acl.deny_n);
	if (rules->proxy != PROXY_OFF && (l->transport & TRANSPORT_STREAMS))
		fprintf(to, ", PROXY header %s from %zu prefixes", proxies[rules->proxy], rules->proxy_from_n);
	if (l->settings->impairs)
		describe_impair(&l->settings->impair, to);
	fputc('\n', to);
}

static void describe_limits(const struct settings *s, FILE *to)
{
	fprintf(to, "limits: %" PRIu32 " sessions, %" PRIu32 " a source (IPv4 /%u, IPv6 /%u)", s->limits.sessions,
		s->limits.sessions_per_source, s->limits.shape.source_bits_v4, s->limits.shape.source_bits_v6);
	describe_size(to, ", buffers of ", s->limits.buffers);
	describe_size(to, ", a table of rates of ", s->limits.shape.bytes);
	describe_rate(to, "UDP answers", &s->limits.totals.answers);
	describe_size_rate(to, "bytes of these", &s->limits.totals.answer_bytes);
	fputc('\n', to);
}

/* A passed socket has its own address, which only its unit says. */
static void describe_activation(const struct settings *s, FILE *to)
{
	if (s->activation == SETTINGS_ACTIVATION_ONLY)
		fputs("activation: nothing of this is bound; the socket units say what listens, and where: "
		      "systemctl list-sockets 'echotimed-*'\n",
		      to);
	else if (access("/run/systemd/system", F_OK) == 0)
		fputs("activation: where a socket unit of echotimed.service is enabled it decides the address, and "
		      "without standalone.conf nothing else listens: systemctl list-sockets 'echotimed-*'\n",
		      to);
}

int describe_listeners(const struct settings *s, FILE *to)
{
	cleanup_free struct listener *storage = calloc(LISTENER_MAX, sizeof(*storage));
	struct listener_list list = { .at = storage, .max = LISTENER_MAX };
	int r = storage ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->listeners_n; i++)
		if (s->listeners[i].enabled)
			r = listener_plan(s, &s->listeners[i], &list);
	for (size_t i = 0; r == 0 && i < list.n; i++)
		if (!list.at[i].shard)
			describe(&list.at[i], to);
	if (r == 0)
		describe_limits(s, to);
	if (r == 0)
		describe_activation(s, to);
	return r;
}
