/* SPDX-License-Identifier: MIT */
/*
 * info: one JSON object, whose members are left out where they are unknown, and from the end where a datagram's answer would
 * be longer than its request.
 */
#include "service/info.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/civil.h"
#include "service/output.h"

#define INFO_BYTES_MAX 4096
#define OUTERMOST_MAX 32

/* The object being written, and where it may end: behind any of its own members. */
struct object {
	struct text *t;
	size_t ends[OUTERMOST_MAX];
	size_t members_n;
};

static void add_name(struct text *t, const char *name)
{
	if (t->at[t->len - 1] != '{')
		text_add(t, ",");
	text_addf(t, "\"%s\":", name);
}

static void add_string(struct text *t, const char *name, const char *value)
{
	add_name(t, name);
	text_add_quoted(t, value, strlen(value));
}

static void add_number(struct text *t, const char *name, int64_t value)
{
	add_name(t, name);
	text_addf(t, "%lld", (long long)value);
}

static void add_bool(struct text *t, const char *name, bool value)
{
	add_name(t, name);
	text_add(t, value ? "true" : "false");
}

/* Ends a member: what was just written is a whole one. */
static void end_member(struct object *o)
{
	if (!o->t->cut && o->members_n < OUTERMOST_MAX)
		o->ends[o->members_n++] = o->t->len;
}

static void add_end_point(struct object *o, const char *name, const char *port_name, const struct addr *a)
{
	char line[ADDR_TEXT_MAX];
	struct text address = TEXT_OVER(line);

	if (a->family != AF_INET && a->family != AF_INET6)
		return;
	addr_add_text(&address, a);
	add_string(o->t, name, line);
	end_member(o);
	add_number(o->t, port_name, a->port);
	end_member(o);
}

/* ---- what came ---- */

static void add_ip(struct object *o, const struct svc_facts *f)
{
	static const char *const ecn[] = { "not", "ect1", "ect0", "ce" };

	if (f->interface_name) {
		add_string(o->t, "interface", f->interface_name);
		end_member(o);
	}
	if (f->ttl >= 0) {
		add_number(o->t, "ttl", f->ttl);
		end_member(o);
	}
	if (f->traffic_class >= 0) {
		add_number(o->t, "dscp", f->traffic_class >> 2);
		end_member(o);
		add_string(o->t, "ecn", ecn[f->traffic_class & 3]);
		end_member(o);
	}
	if (f->fragment_bytes != 0) {
		add_number(o->t, "fragment_bytes", f->fragment_bytes);
		end_member(o);
	}
}

static void add_time(struct object *o, const struct svc_facts *f)
{
	static const char *const kinds[] = { [SVC_TIME_USER] = "user", [SVC_TIME_SOFTWARE] = "software" };
	struct civil c = civil_from_unix(f->received.tv_sec);

	add_name(o->t, "received_at");
	text_addf(o->t, "\"%04lld-%02d-%02dT%02d:%02d:%02d.%09ldZ\"", (long long)c.year, c.month, c.day, c.hour, c.minute,
		  c.second, f->received.tv_nsec);
	end_member(o);
	add_string(o->t, "timestamp_kind", kinds[f->received_by]);
	end_member(o);
}

/* ---- who tells it ---- */

static void add_host(struct object *o, const struct svc_context *ctx)
{
	const struct svc_facts *f = ctx->facts;

	add_string(o->t, "host", ctx->host_name);
	end_member(o);
	add_number(o->t, "uptime_s", (int64_t)f->uptime_s);
	end_member(o);
	if (f->dropped >= 0) {
		add_number(o->t, "rx_dropped", f->dropped);
		end_member(o);
	}
}

/* The balancer: its header's addresses count as client and server above, and its own stand here. */
static void add_proxy(struct object *o, const struct addr *balancer)
{
	char line[ADDR_TEXT_MAX];
	struct text address = TEXT_OVER(line);

	if (balancer->family == AF_UNSPEC)
		return;
	addr_add_text(&address, balancer);
	add_name(o->t, "proxy");
	text_add(o->t, "{");
	add_string(o->t, "balancer", line);
	add_number(o->t, "balancer_port", balancer->port);
	text_add(o->t, "}");
	end_member(o);
}

/* Members that came later to the kernel's structure than 2.6 may be missing there. */
static void add_tcp(struct object *o, const struct svc_facts *f)
{
	const struct tcp_info *i = f->tcp;

	if (!i || f->tcp_bytes < offsetof(struct tcp_info, tcpi_total_retrans) + sizeof(i->tcpi_total_retrans))
		return;
	add_name(o->t, "tcp");
	text_add(o->t, "{");
	add_number(o->t, "rtt_us", i->tcpi_rtt);
	add_number(o->t, "rttvar_us", i->tcpi_rttvar);
	add_number(o->t, "mss_bytes", i->tcpi_snd_mss);
	add_number(o->t, "pmtu_bytes", i->tcpi_pmtu);
	add_number(o->t, "retransmits", i->tcpi_total_retrans);
	if (f->congestion)
		add_string(o->t, "congestion", f->congestion);
	add_bool(o->t, "sack", (i->tcpi_options & TCPI_OPT_SACK) != 0);
	add_bool(o->t, "timestamps", (i->tcpi_options & TCPI_OPT_TIMESTAMPS) != 0);
	add_bool(o->t, "ecn", (i->tcpi_options & TCPI_OPT_ECN) != 0);
	if ((i->tcpi_options & TCPI_OPT_WSCALE) != 0)
		add_number(o->t, "window_scale", i->tcpi_rcv_wscale);
	text_add(o->t, "}");
	end_member(o);
}

static void add_clock(struct object *o, const struct clock_status *clock)
{
	if (clock->state == CLOCK_UNKNOWN)
		return;
	add_name(o->t, "clock");
	text_add(o->t, "{");
	add_bool(o->t, "synchronised", clock->state == CLOCK_SYNCHRONISED);
	add_number(o->t, "max_error_us", clock->max_error_us);
	text_add(o->t, "}");
	end_member(o);
}

/* Writes as many members as `room` has for, and the brace behind them. The length; 0 where it has room for no object at
 * all. */
static size_t close_object(struct object *o, size_t room)
{
	if (room < 2)
		return 0;
	while (o->members_n > 0 && o->ends[o->members_n - 1] + 1 > room)
		o->members_n--;
	o->t->len = o->members_n > 0 ? o->ends[o->members_n - 1] : 1;
	o->t->cut = false;
	text_add(o->t, "}");
	return o->t->len;
}

static void write_object(struct object *o, const struct svc_context *ctx, const struct svc_io *io)
{
	text_add(o->t, "{");
	add_end_point(o, "client", "client_port", &ctx->peer);
	add_end_point(o, "server", "server_port", &ctx->local);
	add_string(o->t, "transport", service_transport_name(ctx->transport));
	end_member(o);
	add_ip(o, ctx->facts);
	if (output_is_datagram(ctx)) {
		add_number(o->t, "length", (int64_t)io->in_len);
		end_member(o);
	}
	add_time(o, ctx->facts);
	add_host(o, ctx);
	add_proxy(o, &ctx->facts->balancer);
	add_tcp(o, ctx->facts);
	add_bool(o->t, "limited", ctx->facts->limited);
	end_member(o);
	add_clock(o, &ctx->clock);
}

static enum svc_verdict answer(const struct svc_context *ctx, struct svc_io *io)
{
	char line[INFO_BYTES_MAX];
	struct text t = TEXT_OVER(line);
	struct object o = { .t = &t };
	bool is_line = !output_is_datagram(ctx);
	size_t n;

	write_object(&o, ctx, io);
	n = close_object(&o, is_line ? sizeof(line) - 2 : output_room(io));
	if (n == 0)
		return SVC_DROP;
	if (is_line)
		line[n++] = '\n';
	return output_end(io, line, n);
}

enum svc_verdict info_open(void *state maybe_unused, const struct svc_context *ctx, struct svc_io *io)
{
	return answer(ctx, io);
}

enum svc_verdict info_input(void *state maybe_unused, const struct svc_context *ctx, struct svc_io *io)
{
	return answer(ctx, io);
}
