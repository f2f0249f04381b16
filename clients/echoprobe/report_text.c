/* SPDX-License-Identifier: MIT */
/*
 * The report for a person.
 *
 * Flow: a block a target: the headline, counts, delays (text_delays.c), tables of what the test found (report_tables.c),
 * what this host and the network said, notes. What did not happen and cannot be missed has no line.
 */
#include "echoprobe/report_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "echoprobe/chargen.h"
#include "echoprobe/figures.h"
#include "echoprobe/payload.h"
#include "echoprobe/probe.h"
#include "echoprobe/report_tables.h"
#include "echoprobe/text_delays.h"
#include "echoprobe/text_value.h"
#include "echoprobe/units.h"

#define LINE_MAX_BYTES 512

static int64_t count(const struct result *r, enum figure figure)
{
	return figures_get(figure, &r->total).whole;
}

/* --- headline --------------------------------------------------------------------------------------------------------- */

static void add_path(struct text *t, const struct result *r)
{
	if (r->source.addr.family != AF_UNSPEC) {
		addr_add_text_port(t, &r->source.addr);
		text_add(t, " -> ");
	}
	text_add_printable(t, r->target.name, strlen(r->target.name));
	if (r->target.addr.family == AF_UNIX)
		return;
	text_add(t, " (");
	addr_add_text_port(t, &r->target.addr);
	text_add(t, ")");
}

static void add_size(struct text *t, const struct plan *p)
{
	text_addf(t, "%" PRIu32, p->size_bytes);
	if (p->sizes_n > 1)
		text_addf(t, " to %" PRIu32, p->size_bytes + (p->sizes_n - 1) * p->step_bytes);
	text_add(t, " bytes");
}

static void add_manner(struct text *t, const struct result *r)
{
	const struct plan *p = r->plan;

	if (r->stamp) {
		text_addf(t, ", %s", r->stamp->authenticated ? "authenticated" : "unauthenticated");
		if (r->stamp->reflector != RESULT_REFLECTOR_UNKNOWN)
			text_addf(t, ", the reflector is %s",
				  r->stamp->reflector == RESULT_REFLECTOR_STATEFUL ? "stateful" : "stateless");
	} else if (r->tcp) {
		bool says = count(r, FIGURE_bytes_sent) > 0 || p->probe->exchange == &chargen_exchange;

		text_add(t, ", ");
		text_value_plural(t, count(r, FIGURE_packets_sent), says ? "message" : "question",
				  says ? "messages" : "questions");
		if (says) {
			text_add(t, " of ");
			add_size(t, p);
		}
		text_add(t, " in ");
		text_value_plural(t, (int64_t)r->tcp->connects, "connection", "connections");
	} else {
		text_add(t, ", ");
		add_size(t, p);
		text_add(t, " every ");
		text_value_exact(t, p->interval_ns);
	}
}

static void write_headline(const struct result *r, FILE *to)
{
	static const char *const transports[] = {
		[PLAN_UDP] = " over UDP",
		[PLAN_TCP] = " over TCP",
		[PLAN_UNIX] = " over a UNIX socket",
	};
	char storage[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(storage);

	text_addf(&t, "%s%s: ", r->plan->probe->name, r->stamp ? "" : transports[r->plan->transport]);
	add_path(&t, r);
	add_manner(&t, r);
	(void)fprintf(to, "%s\n\n", t.at);
}

/* --- counts ----------------------------------------------------------------------------------------------------------- */

static void write_loss(const struct result *r, FILE *to)
{
	struct figure_value loss = figures_get(FIGURE_own_loss_ratio, &r->total);

	(void)fprintf(to, "  sent %" PRId64 ", back %" PRId64 ", lost %" PRId64, count(r, FIGURE_packets_sent),
		      count(r, FIGURE_packets_received), count(r, FIGURE_packets_lost));
	if (loss.known)
		(void)fprintf(to, " (%.2f %%, likely %.2f to %.2f)", loss.ratio * 100,
			      figures_get(FIGURE_loss_ratio_95_low, &r->total).ratio * 100,
			      figures_get(FIGURE_loss_ratio_95_high, &r->total).ratio * 100);
	(void)fprintf(to, ", late %" PRId64 "\n", count(r, FIGURE_packets_late));
}

static void write_faults(const struct result *r, FILE *to)
{
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	if (r->total.numbering == RESULT_UNNUMBERED) {
		if (r->plan->size_bytes < PAYLOAD_NUMBERED)
			text_add(&t, "packets of this size cannot be told apart");
		else
			text_addf(&t, "answers of %s name no packet", r->plan->probe->name);
		(void)fprintf(to, "  %s: copies, order and changed octets are not known\n", t.at);
	} else {
		text_addf(&t, "  duplicated %" PRId64 ", reordered %" PRId64, count(r, FIGURE_packets_duplicated),
			  count(r, FIGURE_packets_reordered));
		if (count(r, FIGURE_reordering_extent_max) > 0) {
			text_add(&t, " (by ");
			text_value_plural(&t, count(r, FIGURE_reordering_extent_max), "place", "places");
			text_add(&t, " at most)");
		}
		(void)fprintf(to, "%s, corrupted %" PRId64 ", truncated %" PRId64 ", from another address %" PRId64 "\n",
			      t.at, count(r, FIGURE_packets_corrupted), count(r, FIGURE_packets_truncated),
			      count(r, FIGURE_packets_other_address));
	}
	if (count(r, FIGURE_packets_lengthened) > 0)
		(void)fprintf(to, "  lengthened %" PRId64 "\n", count(r, FIGURE_packets_lengthened));
}

static void write_loss_periods(const struct result *r, FILE *to)
{
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	if (count(r, FIGURE_losses_periods) == 0)
		return;
	text_add(&t, "  lost in ");
	text_value_plural(&t, count(r, FIGURE_losses_periods), "place", "places");
	text_addf(&t, ", at most %" PRId64 " in a row (", count(r, FIGURE_losses_longest));
	text_value_duration(&t, count(r, FIGURE_losses_longest_ns));
	(void)fprintf(to, "%s)\n", t.at);
}

static void write_expected(const struct result *r, FILE *to)
{
	(void)fprintf(to,
		      "  of these the server's impair: lost %" PRId64 ", duplicated %" PRId64 ", reordered %" PRId64
		      ", corrupted %" PRId64 ", truncated %" PRId64 "\n",
		      count(r, FIGURE_expected_lost), count(r, FIGURE_expected_duplicated),
		      count(r, FIGURE_expected_reordered), count(r, FIGURE_expected_corrupted),
		      count(r, FIGURE_expected_truncated));
}

static void write_tcp(const struct result *r, FILE *to)
{
	static const char *const ends[] = {
		[RESULT_TCP_OPEN] = "",
		[RESULT_TCP_OWED] = "; after our end the server sent what it owed, then ended",
		[RESULT_TCP_EARLY] = "; the server ended before all had come back",
		[RESULT_TCP_RESET] = "; the server broke the connection off",
		[RESULT_TCP_UNANSWERED] = "; after our end nothing came any more, not even the server's end",
	};
	const struct tally_packets *p = &r->total.tally->packets;
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	if (p->sent > 0 && p->sent == p->received && p->corrupted + p->truncated + p->lengthened == 0)
		text_add(&t, r->plan->probe->whole);
	else
		text_addf(&t, "sent %" PRIu64 ", back %" PRIu64 ", lost %" PRId64 ", late %" PRIu64 ", corrupted %" PRIu64,
			  p->sent, p->received, count(r, FIGURE_packets_lost), p->late, p->corrupted);
	(void)fprintf(to, "  %s%s\n", t.at, ends[r->tcp->end]);
	if (r->tcp->refused + r->tcp->resets > 0)
		(void)fprintf(to, "  refused %" PRIu64 ", broken off %" PRIu64 "\n", r->tcp->refused, r->tcp->resets);
	if (r->tcp->connect_ns.known) {
		t.len = 0;
		text_value_duration(&t, r->tcp->connect_ns.value);
		(void)fprintf(to, "  connect %s\n", t.at);
	}
}

/* The losses that no direction can be blamed for, where there are any. */
static void write_unsound(const struct result *r, FILE *to)
{
	const struct tally_packets *p = &r->total.tally->packets;

	if (p->late + p->corrupted + p->truncated + p->lengthened + p->other_address > 0)
		(void)fprintf(to,
			      "  late %" PRIu64 ", corrupted %" PRIu64 ", truncated %" PRIu64 ", lengthened %" PRIu64
			      ", from another address %" PRIu64 "\n",
			      p->late, p->corrupted, p->truncated, p->lengthened, p->other_address);
}

static void write_silent(const struct result *r, FILE *to)
{
	(void)fprintf(to, "  sent %" PRId64 "; %s answers no datagram, so what arrived is not known\n",
		      count(r, FIGURE_packets_sent), r->plan->probe->name);
	if (count(r, FIGURE_packets_lengthened) > 0)
		(void)fprintf(to, "  answered all the same %" PRId64 "\n", count(r, FIGURE_packets_lengthened));
}

static void write_counts(const struct result *r, FILE *to)
{
	if (r->total.answers == RESULT_SILENT) {
		write_silent(r, to);
	} else if (r->tcp) {
		write_tcp(r, to);
	} else if (r->directions) {
		text_delays_directions(r->directions, to);
		(void)fprintf(to, "  %" PRId64 " sent, %" PRId64 " back\n", count(r, FIGURE_packets_sent),
			      count(r, FIGURE_packets_received));
		write_unsound(r, to);
	} else {
		write_loss(r, to);
		write_faults(r, to);
		write_loss_periods(r, to);
	}
	if (r->total.expects)
		write_expected(r, to);
	(void)fputc('\n', to);
}

static void write_segments(const struct result_tcp *t, FILE *to)
{
	char line[LINE_MAX_BYTES];
	struct text s = TEXT_OVER(line);

	if (t->retransmits.known)
		text_value_plural(&s, t->retransmits.value, "retransmission", "retransmissions");
	if (t->mss_bytes.known)
		text_addf(&s, "%sMSS %" PRId64, s.len ? "; " : "", t->mss_bytes.value);
	if (t->pmtu_bytes.known)
		text_addf(&s, "%spath MTU %" PRId64 " as TCP sees it", s.len ? ", " : "", t->pmtu_bytes.value);
	if (s.len)
		(void)fprintf(to, "  %s\n", s.at);
}

/* --- surroundings ----------------------------------------------------------------------------------------------------- */

static void write_stampers(const struct result *r, FILE *to)
{
	const char *send = result_stamper_name(r->host.send), *receive = result_stamper_name(r->host.receive);

	if (!send || !receive)
		return;
	if (r->host.send == r->host.receive)
		(void)fprintf(to, "  time stamps: %s, both ways.", send);
	else
		(void)fprintf(to, "  time stamps: %s when sending, %s when receiving.", send, receive);
	text_delays_lateness(r, to);
}

static void write_host(const struct result *r, FILE *to)
{
	const struct result_host *h = &r->host;

	write_stampers(r, to);
	if (h->dropped_in_socket.known && h->dropped_in_socket.value > 0)
		(void)fprintf(to,
			      "  This host dropped %" PRId64
			      " answers, for which its buffer had no room: they count as lost.\n",
			      h->dropped_in_socket.value);
	else if (h->dropped_in_socket.known)
		(void)fputs("  This host dropped nothing.\n", to);
	if (h->udp_buffer_errors.value > h->dropped_in_socket.value)
		(void)fprintf(to, "  %" PRId64 " datagrams found no room on this host, whosoever's they were.\n",
			      h->udp_buffer_errors.value);
	if (h->udp_checksum_errors.value > 0)
		(void)fprintf(to,
			      "  %" PRId64
			      " datagrams came to this host with a wrong checksum, as when the path changes bits: "
			      "those of this test count as lost.\n",
			      h->udp_checksum_errors.value);
}

static void write_icmp(const struct result *r, FILE *to)
{
	for (size_t i = 0; i < r->icmp_n; i++) {
		const struct result_icmp *icmp = &r->icmp[i];
		char storage[ADDR_TEXT_MAX];
		struct text from = TEXT_OVER(storage);

		addr_add_text(&from, &icmp->from);
		(void)fprintf(to, "  ICMP from %s: %s", from.at, result_icmp_name(icmp));
		if (icmp->mtu_bytes.known)
			(void)fprintf(to, ", MTU %" PRId64, icmp->mtu_bytes.value);
		(void)fprintf(to, ", %" PRIu64 " %s\n", icmp->count, icmp->count == 1 ? "time" : "times");
	}
}

static void write_notes(const struct result *r, FILE *to)
{
	for (size_t i = 0; i < r->notes_n; i++) {
		char line[LINE_MAX_BYTES];
		struct text t = TEXT_OVER(line);

		text_add_printable(&t, r->notes[i], strlen(r->notes[i]));
		(void)fprintf(to, "  note: %s\n", t.at);
	}
}

/* --- the report ------------------------------------------------------------------------------------------------------- */

static void write_time(const struct result_time *time, FILE *to)
{
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	if (!time->offset_ns.known)
		return;
	text_value_duration(&t, llabs(time->offset_ns.value));
	text_add(&t, time->offset_ns.value < 0 ? " behind, +/- " : " ahead, +/- ");
	text_value_duration(&t, time->bound_ns.value);
	(void)fprintf(to, "  their clock is %s\n", t.at);
}

static void write_figures(const struct result *r, FILE *to)
{
	if (r->total.answers == RESULT_SILENT) {
		write_counts(r, to);
		return;
	}
	if (r->flows_n + r->sizes_n > 0 && r->directions) {
		text_delays_directions(r->directions, to);
		(void)fputc('\n', to);
	}
	if (r->flows_n > 0)
		report_tables_flows(r, to);
	if (r->sizes_n > 0)
		report_tables_sweep(r, to);
	if (r->flows_n + r->sizes_n == 0) {
		write_counts(r, to);
		text_delays_write(r, to);
	}
}

static void write_block(const struct result *r, FILE *to)
{
	if (r->mtu) {
		report_tables_mtu(r, to);
	} else if (r->info) {
		report_tables_info(r, to);
	} else {
		write_headline(r, to);
		write_figures(r, to);
	}
	if (r->time)
		write_time(r->time, to);
	if (r->tcp)
		write_segments(r->tcp, to);
	else if (!r->mtu && !r->info)
		write_host(r, to);
	if (!r->mtu)
		write_icmp(r, to);
	write_notes(r, to);
}

void report_text_finish(const struct result *const *results, size_t n, FILE *to)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			(void)fputc('\n', to);
		write_block(results[i], to);
	}
}
