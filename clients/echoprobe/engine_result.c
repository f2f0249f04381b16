/* SPDX-License-Identifier: MIT */
/* The findings of the engine, as a result. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "echoprobe/connection.h"
#include "echoprobe/echo.h"
#include "echoprobe/engine_private.h"
#include "echoprobe/in_order.h"
#include "echoprobe/probe.h"

static bool is_silent(const struct engine *e)
{
	return probe_is_silent(e->plan) || (e->unix_datagrams && e->plan->probe->exchange->is_silent);
}

static struct result_scope scope_of(const struct engine *e, const struct tally *tally, const struct engine_flow *f,
				    uint32_t size_bytes)
{
	bool numbered = e->plan->probe->read != in_order_read && size_bytes >= PAYLOAD_NUMBERED;
	struct result_scope s = {
		.tally = tally,
		.numbering = numbered || e->plan->transport != PLAN_UDP ? RESULT_NUMBERED : RESULT_UNNUMBERED,
		.answers = is_silent(e) ? RESULT_SILENT : RESULT_ANSWERED,
		.port = f->port,
		.size_bytes = size_bytes,
		.expects = e->plan->expects,
	};

	if (f->ttl >= 0)
		s.ttl = RESULT_KNOWN(f->ttl);
	return s;
}

static enum result_stamper stamper(const struct engine *e, uint64_t kernel, uint64_t missing)
{
	if (e->total.packets.received == 0)
		return RESULT_STAMPER_UNKNOWN;
	return kernel > 0 && kernel >= missing ? RESULT_STAMPER_KERNEL : RESULT_STAMPER_USER;
}

static struct result_host host_of(struct engine *e)
{
	struct ownhost now = { 0 };
	struct result_host h = {
		.send = stamper(e, e->send_stamps, e->send_missing),
		.receive = stamper(e, e->receive_stamps, e->receive_missing),
		.send_missing = e->send_missing,
		.receive_missing = e->receive_missing,
		.lateness = &e->lateness,
		.receive_delay = &e->receive_delay,
	};
	uint64_t dropped = 0;

	if (e->plan->transport != PLAN_UDP)
		return h;
	for (size_t i = 0; i < e->flows_n; i++)
		dropped += e->flows[i].dropped;
	h.dropped_in_socket = RESULT_KNOWN((int64_t)dropped);
	if (e->phase == ENGINE_OVER)
		now = ownhost_read(e->target.addr.family);
	if (now.known && e->before.known) {
		h.udp_buffer_errors = RESULT_KNOWN((int64_t)(now.buffer_errors - e->before.buffer_errors));
		h.udp_checksum_errors = RESULT_KNOWN((int64_t)(now.checksum_errors - e->before.checksum_errors));
	}
	return h;
}

static void add_notes(struct engine *e)
{
	e->notes.n = 0;
	for (size_t i = 0; i < ENGINE_FAULTS && e->faults[i].error != 0; i++)
		notes_addf(&e->notes, "%" PRIu64 " packets could not be sent: %s", e->faults[i].n,
			   strerror(e->faults[i].error));
	if (e->steps > 0)
		notes_addf(&e->notes,
			   "the wall clock was set during the run: %" PRIu64 " answers were measured by another clock",
			   e->steps);
	if (e->total.packets.unrelated > 0)
		notes_addf(&e->notes, "%" PRIu64 " datagrams came that answer no packet of this run",
			   e->total.packets.unrelated);
	if (e->total.packets.forgotten > 0)
		notes_addf(&e->notes, "%" PRIu64 " answers came so late that their packets stayed lost",
			   e->total.packets.forgotten);
	if (e->plan->transport == PLAN_UDP && e->plan->probe->read == echo_read && e->plan->size_bytes < PAYLOAD_HEADER)
		notes_addf(&e->notes, "a packet under %d bytes has no tag: an answer may be forged, or of another run",
			   PAYLOAD_HEADER);
	if (e->target.addresses_n > 1)
		notes_addf(&e->notes, "%s has %zu addresses, of which the first was tested", e->target.name,
			   e->target.addresses_n);
	if (e->ended_by == RESULT_PROHIBITED)
		notes_addf(&e->notes, "a router or the host said that this is prohibited, so no more was sent");
}

void engine_count_connected(struct engine_flow *f, uint64_t began_ns)
{
	struct engine *e = f->engine;
	struct addr own = connection_source(f->source.fd);

	f->port = own.port;
	if (f->index == 0 && own.family != AF_UNSPEC && e->source.family == AF_UNSPEC) {
		e->source = own;
		flow_find_interface(&own, e->interface);
	}
	e->tcp.connects++;
	e->connect_ns += clock_mono_ns() - began_ns;
}

void engine_report_connections(struct engine *e, struct result *ret)
{
	if (e->tcp.connects > 0)
		e->tcp.connect_ns = RESULT_KNOWN((int64_t)(e->connect_ns / e->tcp.connects));
	ret->tcp = &e->tcp;
}

void engine_begin_interval(struct engine *e)
{
	memset(&e->interval, 0, sizeof(e->interval));
	for (size_t i = 0; i < e->flows_n; i++)
		track_count_in(&e->flows[i].track, &e->flows[i].tally, &e->interval);
}

void engine_take_interval(const struct engine *e, struct result_scope *ret)
{
	*ret = scope_of(e, &e->interval, &e->flows[0], e->plan->size_bytes);
}

/* The connections that were begun: a row has no port, as it is of all flows. */
static void add_sizes(struct engine *e, struct result *ret)
{
	struct result_scope *rows = e->scopes + e->plan->flows;

	for (uint32_t i = 0; i <= e->size_i; i++) {
		rows[i] = scope_of(e, &e->sizes[i], &e->flows[0], e->plan->size_bytes + i * e->plan->step_bytes);
		rows[i].port = 0;
	}
	ret->sizes = rows;
	ret->sizes_n = e->size_i + 1;
}

void engine_result(struct engine *e, struct result *ret)
{
	uint64_t end_ns = e->phase == ENGINE_OVER ? e->ended_ns : clock_mono_ns();

	memset(&e->total, 0, sizeof(e->total));
	for (size_t i = 0; i < e->flows_n; i++) {
		tally_merge(&e->total, &e->flows[i].tally);
		e->scopes[i] = scope_of(e, &e->flows[i].tally, &e->flows[i], e->plan->size_bytes);
	}
	add_notes(e);
	*ret = (struct result){
		.plan = e->plan,
		.started_at = e->started_at,
		.duration_ns = end_ns - e->started_ns,
		.ended_by = e->ended_by,
		.target = { .name = e->target.name, .addr = e->target.addr },
		.source = { .addr = e->source, .interface = e->interface[0] != '\0' ? e->interface : NULL },
		.total = scope_of(e, &e->total, &e->flows[0], e->plan->size_bytes),
		.flows = e->flows_n > 1 ? e->scopes : NULL,
		.flows_n = e->flows_n > 1 ? e->flows_n : 0,
		.icmp = e->icmp.rows,
		.icmp_n = e->icmp.n,
		.host = host_of(e),
		.notes = e->notes.list,
		.notes_n = e->notes.n,
	};
	if (e->sizes)
		add_sizes(e, ret);
	if (e->carrier->report)
		e->carrier->report(e, ret);
	if (e->plan->probe->report)
		e->plan->probe->report(e, ret);
}
