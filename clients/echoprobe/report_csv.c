/* SPDX-License-Identifier: MIT */
/* A row a packet. */
#include "echoprobe/report_csv.h"

#include <inttypes.h>

#include "base/attr.h"
#include "base/clock.h"
#include "echoprobe/units.h"

static void add_number(struct result_value v, FILE *to)
{
	(void)fputc(',', to);
	if (v.known)
		(void)fprintf(to, "%" PRId64, v.value);
}

void report_csv_start(const struct result *r maybe_unused, FILE *to)
{
	(void)fputs("flow,seq,sent_unix_ns,result,rtt_ns,forward_ns,backward_ns,remote_ns,bytes,ttl,dscp,ecn\n", to);
	(void)fflush(to);
}

void report_csv_packet(const struct result *r maybe_unused, const struct result_packet *p, FILE *to)
{
	const char *fate = result_fate_name(p->fate);

	(void)fprintf(to, "%" PRIu32 ",%" PRIu64 ",%" PRId64 ",%s", p->flow, p->seq,
		      (int64_t)p->sent_at.tv_sec * (int64_t)CLOCK_S_NS + p->sent_at.tv_nsec, fate ? fate : "");
	add_number(p->rtt_ns, to);
	add_number(p->forward_ns, to);
	add_number(p->backward_ns, to);
	add_number(p->remote_ns, to);
	add_number(p->bytes, to);
	add_number(p->ttl, to);
	add_number(p->dscp, to);
	(void)fprintf(to, ",%s\n", p->ecn.known ? units_ecn_name((uint8_t)p->ecn.value) : "");
}
