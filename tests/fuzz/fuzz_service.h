/* SPDX-License-Identifier: MIT */
/* For fuzz targets of services: what a service may know, from the input; and what its options name. */
#pragma once

#include "fuzz.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "service/hosttable.h"
#include "service/quotes.h"
#include "service/service.h"

#define FUZZ_NAMES_N 2

static inline const struct hosttable *fuzz_table(void)
{
	static const char text[] = "HOST : 192.0.2.10 : SRI-NIC.ARPA,NIC : DEC-2060 : TOPS20 : TCP/TELNET,ICMP :\n"
				   "HOST : 192.0.2.11, [2001:db8::b] : TWIN.ARPA :\nNET : 192.0.2.0 : TWIN.ARPA,DOCNET :\n"
				   "GATEWAY : 192.0.2.1 : GW :\nDOMAIN : 192.0.2.10 : ARPA :\n";
	static struct hosttable *table;
	struct lines_fault fault;

	MUST(table || hosttable_parse(&(struct hosttable_source){ text, sizeof(text) - 1, 7 }, &table, &fault) == 0);
	return table;
}

static inline const struct quotes *fuzz_quotes(void)
{
	static struct quotes *quotes;
	struct lines_fault fault;

	MUST(quotes || quotes_parse("one\n%\ntwo\nlines\n", 16, &quotes, &fault) == 0);
	return quotes;
}

static inline struct addr fuzz_addr(struct fuzz *f)
{
	struct addr a = { .family = fuzz_octet(f) % 2 ? AF_INET6 : AF_INET };

	fuzz_fill(f, a.bytes, a.family == AF_INET ? 4 : 16);
	a.port = (uint16_t)fuzz_number(f, 2);
	return a;
}

/* All that a service is told. */
struct fuzz_context {
	struct svc_context ctx;
	struct svc_options options;
	struct svc_facts facts;
};

static inline void fuzz_context(struct fuzz *f, struct fuzz_context *c)
{
	static const char *const formats[] = { "rfc867", "ctime", "smtp", "smtp4", "iso", "nist", "%A %c %Z %j" };
	static const char *const names[FUZZ_NAMES_N] = { "echo", "Time-2" };
	static const struct tcp_info connection = { .tcpi_rtt = 1000, .tcpi_snd_mss = 1448 };
	uint8_t bits = fuzz_octet(f);

	memset(c, 0, sizeof(*c));
	c->options.format = formats[fuzz_octet(f) % array_n(formats)];
	c->options.zone = &zone_utc;
	c->options.require_sync = bits & 1;
	c->options.table = bits & 2 ? fuzz_table() : NULL;
	c->options.quotes = fuzz_quotes();
	c->options.names = names;
	c->options.names_n = FUZZ_NAMES_N;
	c->options.stamp.mode = bits & 4 ? STAMP_STATEFUL : STAMP_STATELESS;
	c->options.stamp.timestamp = bits & 8 ? STAMP_PTP : STAMP_NTP;
	c->options.stamp.ptp_timescale = bits & 16 ? STAMP_TAI : STAMP_UTC;
	c->options.stamp.sessions_max = 4;
	c->facts = (struct svc_facts){ .ttl = bits & 32 ? 64 : -1,
				       .traffic_class = bits & 64 ? 0xBA : -1,
				       .dropped = bits & 2 ? 5 : -1 };
	c->facts.limited = bits & 128;
	c->facts.interface_name = bits & 32 ? "eth\"0" : NULL;
	c->facts.received.tv_sec = 1795351770;
	c->facts.fragment_bytes = bits & 16 ? 1280 : 0;
	c->facts.balancer = bits & 8 ? (struct addr){ .family = AF_INET, .bytes = { 192, 0, 2, 99 } } : (struct addr){ 0 };
	c->facts.tcp = bits & 4 ? &connection : NULL;
	c->facts.tcp_bytes = sizeof(connection);
	c->facts.congestion = bits & 1 ? "cubic" : NULL;
	c->ctx.wall.tv_sec = 1795351771 + (int64_t)(int32_t)fuzz_number(f, 4);
	c->ctx.wall.tv_nsec = (long)(fuzz_number(f, 4) % 1000000000);
	c->ctx.clock = (struct clock_status){ .state = bits & 64 ? CLOCK_SYNCHRONISED : CLOCK_UNSYNCHRONISED,
					      .max_error_us = 1000 };
	c->ctx.peer = fuzz_addr(f);
	c->ctx.local = fuzz_addr(f);
	c->ctx.host_name = "here.example";
	c->ctx.random = (uint32_t)fuzz_number(f, 4);
	c->ctx.options = &c->options;
	c->ctx.facts = &c->facts;
}

/* The service of an octet, among those that have one of the transports. */
static inline const struct service *fuzz_service(struct fuzz *f, unsigned transports)
{
	size_t i = fuzz_octet(f) % service_table_n;

	while ((service_table[i].possible & transports) == 0)
		i = (i + 1) % service_table_n;
	return &service_table[i];
}
