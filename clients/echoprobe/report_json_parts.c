/* SPDX-License-Identifier: MIT */
/* The parts of the JSON document that are not figures of packets. */
#include "echoprobe/report_json_parts.h"

#include "echoprobe/info_said.h"
#include "echoprobe/json_value.h"
#include "echoprobe/units.h"

/* --- directions ------------------------------------------------------------------------------------------------------ */

static json_t *delays(const struct result_delays *d)
{
	json_t *o = json_value_object();

	json_value_set(o, "min", json_value_of(d->min));
	json_value_set(o, "mean", json_value_of(d->mean));
	json_value_set(o, "p50", json_value_of(d->p50));
	json_value_set(o, "p90", json_value_of(d->p90));
	json_value_set(o, "p99", json_value_of(d->p99));
	json_value_set(o, "max", json_value_of(d->max));
	return o;
}

static json_t *dscp(const struct result_direction *d)
{
	json_t *o = json_value_object(), *seen = json_value_array();

	for (unsigned i = 0; i < 64; i++)
		if (d->dscp_seen >> i & 1)
			json_value_add(seen, json_value_count(i));
	json_value_set(o, "sent", json_value_of(d->dscp_sent));
	json_value_set(o, "seen", seen);
	return o;
}

static json_t *ecn_name(struct result_value bits)
{
	return bits.known ? json_value_text(units_ecn_name((uint8_t)bits.value)) : json_null();
}

static json_t *ecn(const struct result_direction *d)
{
	json_t *o = json_value_object(), *seen = json_value_array();

	for (int64_t i = 0; i < 4; i++)
		if (d->ecn_seen >> i & 1)
			json_value_add(seen, ecn_name(RESULT_KNOWN(i)));
	json_value_set(o, "sent", ecn_name(d->ecn_sent));
	json_value_set(o, "seen", seen);
	return o;
}

static json_t *direction(const struct result_direction *d)
{
	json_t *o = json_value_object(), *variation = json_value_object();

	json_value_set(o, "lost", json_value_of(d->lost));
	json_value_set(o, "duplicated", json_value_of(d->duplicated));
	json_value_set(o, "reordered", json_value_of(d->reordered));
	json_value_set(o, "delay_ns", delays(&d->delay_ns));
	json_value_set(o, "bound_ns", json_value_of(d->bound_ns));
	json_value_set(o, "pdv_ns", delays(&d->pdv_ns));
	json_value_set(variation, "rfc3550", json_value_of(d->rfc3550_ns));
	json_value_set(o, "variation_ns", variation);
	json_value_set(o, "hops", json_value_of(d->hops));
	json_value_set(o, "dscp", dscp(d));
	json_value_set(o, "ecn", ecn(d));
	return o;
}

static json_t *directions(const struct result_directions *d)
{
	json_t *o = json_value_object(), *unknown = json_value_object();

	json_value_set(o, "forward", direction(&d->forward));
	json_value_set(o, "backward", direction(&d->backward));
	json_value_set(unknown, "lost", json_value_of(d->unknown_lost));
	json_value_set(o, "unknown", unknown);
	return o;
}

/* --- stamp ---------------------------------------------------------------------------------------------------------- */

static json_t *clock_state(const struct result_clock_state *s)
{
	json_t *o = json_value_object();

	json_value_set(o, "synchronised", json_boolean(s->synchronised));
	json_value_set(o, "error_ns", json_value_of(s->error_ns));
	return o;
}

static json_t *clocks(const struct result_clock *c)
{
	json_t *o = json_value_object();

	json_value_set(o, "offset_ns", json_value_of(c->offset_ns));
	json_value_set(o, "bound_ns", json_value_of(c->bound_ns));
	json_value_set(o, "by", json_value_text(c->by == RESULT_BY_CAUSALITY ? "causality" : "error-estimates"));
	json_value_set(o, "skew_ppm", c->skew_known ? json_real(c->skew_ppm) : json_null());
	json_value_set(o, "steps", json_value_count(c->steps));
	json_value_set(o, "here", clock_state(&c->here));
	json_value_set(o, "there", clock_state(&c->there));
	return o;
}

static json_t *stamp(const struct result_stamp *s)
{
	static const char *const reflectors[] = {
		[RESULT_REFLECTOR_UNKNOWN] = NULL,
		[RESULT_REFLECTOR_STATELESS] = "stateless",
		[RESULT_REFLECTOR_STATEFUL] = "stateful",
	};
	json_t *o = json_value_object(), *remote = json_value_object();

	json_value_set(o, "reflector", json_value_text(reflectors[s->reflector]));
	json_value_set(o, "authenticated", json_boolean(s->authenticated));
	json_value_set(o, "ssid", json_value_of(s->ssid));
	json_value_set(remote, "p50", json_value_of(s->remote_p50_ns));
	json_value_set(remote, "p99", json_value_of(s->remote_p99_ns));
	json_value_set(o, "remote_ns", remote);
	json_value_set(o, "clock", clocks(&s->clock));
	return o;
}

/* --- single tests ---------------------------------------------------------------------------------------------------- */

static json_t *tcp(const struct result_tcp *t)
{
	static const char *const ends[] = {
		[RESULT_TCP_OPEN] = NULL,
		[RESULT_TCP_OWED] = "owed",
		[RESULT_TCP_EARLY] = "early",
		[RESULT_TCP_RESET] = "reset",
		[RESULT_TCP_UNANSWERED] = "unanswered",
	};
	json_t *o = json_value_object();

	json_value_set(o, "connects", json_value_count(t->connects));
	json_value_set(o, "refused", json_value_count(t->refused));
	json_value_set(o, "resets", json_value_count(t->resets));
	json_value_set(o, "connect_ns", json_value_of(t->connect_ns));
	json_value_set(o, "retransmits", json_value_of(t->retransmits));
	json_value_set(o, "mss_bytes", json_value_of(t->mss_bytes));
	json_value_set(o, "pmtu_bytes", json_value_of(t->pmtu_bytes));
	json_value_set(o, "end", json_value_text(ends[t->end]));
	return o;
}

static json_t *server_time(const struct result_time *t)
{
	json_t *o = json_value_object();

	json_value_set(o, "offset_ns", json_value_of(t->offset_ns));
	json_value_set(o, "bound_ns", json_value_of(t->bound_ns));
	return o;
}

static json_t *mtu(const struct result_mtu *m)
{
	json_t *o = json_value_object(), *blackhole = json_value_array();

	json_value_set(o, "forward_bytes", json_value_of(m->forward_bytes));
	json_value_set(o, "backward_bytes", json_value_of(m->backward_bytes));
	json_value_set(o, "backward_at_most_bytes", json_value_of(m->backward_at_most_bytes));
	json_value_set(o, "payload_bytes", json_value_of(m->payload_bytes));
	json_value_set(o, "interface_bytes", json_value_of(m->interface_bytes));
	json_value_set(o, "learnt_bytes", json_value_of(m->learnt_bytes));
	json_value_set(o, "router", json_value_text(m->router));
	json_value_set(o, "forward_by", json_value_text(result_found_name(m->forward_by)));
	json_value_set(o, "backward_by", json_value_text(result_found_name(m->backward_by)));
	if (m->blackhole_forward)
		json_value_add(blackhole, json_value_text("forward"));
	if (m->blackhole_backward)
		json_value_add(blackhole, json_value_text("backward"));
	json_value_set(o, "blackhole", blackhole);
	return o;
}

static json_t *change(const struct info_change *c, const struct result *r, const struct info_said *said)
{
	json_t *o = json_value_object();

	json_value_set(o, "member", json_value_text(info_member_name(c->member)));
	switch (c->member) {
	case INFO_ADDRESS:
		json_value_set(o, "sent", json_value_addr(&r->source.addr));
		json_value_set(o, "seen", json_value_addr(&said->client));
		break;
	case INFO_ECN:
		json_value_set(o, "sent", ecn_name(RESULT_KNOWN(c->sent)));
		json_value_set(o, "seen", ecn_name(RESULT_KNOWN(c->seen)));
		break;
	default:
		json_value_set(o, "sent", json_value_of(RESULT_KNOWN(c->sent)));
		json_value_set(o, "seen", json_value_of(RESULT_KNOWN(c->seen)));
	}
	return o;
}

static json_t *info(const struct result *r)
{
	json_t *o = json_value_object(), *changed = json_value_array(), *said;
	struct info_change changes[INFO_CHANGES_MAX];
	struct info_said seen;
	size_t n = info_said_read(r->info->json, &seen) == 0 ? info_said_changes(r, &seen, changes) : 0;

	for (size_t i = 0; i < n; i++)
		json_value_add(changed, change(&changes[i], r, &seen));
	said = json_loads(r->info->json, JSON_REJECT_DUPLICATES, NULL);
	json_value_set(o, "said", said ? said : json_null());
	json_value_set(o, "answers", json_value_count(r->info->datagrams));
	json_value_set(o, "addresses", json_value_count(r->info->addresses_n));
	json_value_set(o, "changed", changed);
	return o;
}

void report_json_parts(const struct result *r, json_t *document)
{
	if (r->directions)
		json_value_set(document, "directions", directions(r->directions));
	if (r->stamp)
		json_value_set(document, "stamp", stamp(r->stamp));
	if (r->tcp)
		json_value_set(document, "tcp", tcp(r->tcp));
	if (r->time)
		json_value_set(document, "time", server_time(r->time));
	if (r->mtu)
		json_value_set(document, "mtu", mtu(r->mtu));
	if (r->info)
		json_value_set(document, "info", info(r));
}

/* --- ICMP, the host -------------------------------------------------------------------------------------------------- */

static json_t *percentile(const struct histogram *h, unsigned per_mille)
{
	int64_t v = 0;

	return h && histogram_percentile(h, per_mille, &v) ? json_value_of(RESULT_KNOWN(v)) : json_null();
}

static json_t *stamps(const struct result_host *h)
{
	json_t *o = json_value_object();

	json_value_set(o, "send", json_value_text(result_stamper_name(h->send)));
	json_value_set(o, "receive", json_value_text(result_stamper_name(h->receive)));
	json_value_set(o, "send_missing", json_value_count(h->send_missing));
	json_value_set(o, "receive_missing", json_value_count(h->receive_missing));
	return o;
}

json_t *report_json_icmp(const struct result_icmp *icmp)
{
	json_t *o = json_value_object();

	json_value_set(o, "type", json_value_count(icmp->type));
	json_value_set(o, "code", json_value_count(icmp->code));
	json_value_set(o, "name", json_value_text(result_icmp_name(icmp)));
	json_value_set(o, "from", json_value_addr(&icmp->from));
	json_value_set(o, "count", json_value_count(icmp->count));
	if (icmp->mtu_bytes.known)
		json_value_set(o, "mtu_bytes", json_value_of(icmp->mtu_bytes));
	return o;
}

json_t *report_json_host(const struct result_host *h)
{
	json_t *o = json_value_object(), *lateness = json_value_object(), *delay = json_value_object();
	struct result_value max = { .known = h->lateness && h->lateness->n > 0 };

	if (max.known)
		max.value = h->lateness->max_ns;
	json_value_set(lateness, "p50", percentile(h->lateness, 500));
	json_value_set(lateness, "p99", percentile(h->lateness, 990));
	json_value_set(lateness, "max", json_value_of(max));
	json_value_set(delay, "p50", percentile(h->receive_delay, 500));
	json_value_set(delay, "p99", percentile(h->receive_delay, 990));
	json_value_set(o, "timestamps", stamps(h));
	json_value_set(o, "lateness_ns", lateness);
	json_value_set(o, "receive_delay_ns", delay);
	json_value_set(o, "dropped_in_socket", json_value_of(h->dropped_in_socket));
	json_value_set(o, "udp_buffer_errors", json_value_of(h->udp_buffer_errors));
	json_value_set(o, "udp_checksum_errors", json_value_of(h->udp_checksum_errors));
	return o;
}
