/* SPDX-License-Identifier: MIT */
/* echoprobe called by the name echoping. */
#include "echoprobe/as_echoping.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "echoprobe/figures.h"

#define SIZE_BYTES "256" /* echoping's own */
#define TIMEOUT_S "10"   /* likewise       */
#define TOS_ECN_BITS 2

bool as_echoping_is_name(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return strcmp(slash ? slash + 1 : argv0, "echoping") == 0;
}

/* --- the command line ------------------------------------------------------------------------------------------------- */

static void add_word(struct as_echoping *e, const char *word)
{
	char *at = e->storage.at + e->storage.len;

	text_add_bytes(&e->storage, word, strlen(word) + 1);
	if (e->n == AS_ECHOPING_WORDS_MAX)
		e->storage.cut = true;
	else
		e->words[e->n++] = at;
}

static void add_option(struct as_echoping *e, const char *option, const char *value)
{
	add_word(e, option);
	add_word(e, value);
}

/* The byte of RFC 791, as DSCP and ECN, which share it today. */
static int add_tos(struct as_echoping *e, const char *value, struct text *why)
{
	static const char *const ecn[] = { "not", "ect1", "ect0", "ce" };
	char *end;
	unsigned long tos = strtoul(value, &end, 0);
	char dscp[8];
	struct text t = TEXT_OVER(dscp);

	if (*value == '\0' || *end != '\0' || tos > UINT8_MAX) {
		text_add(why, "-P takes the octet of IP that is called type of service, from 0 to 255");
		return -EINVAL;
	}
	text_addf(&t, "%lu", tos >> TOS_ECN_BITS);
	add_option(e, "--dscp", dscp);
	add_option(e, "--ecn", ecn[tos & 3]);
	return 0;
}

/* The options of the test itself. */
struct asked {
	const char *test, *transport;
	const char *size, *timeout;
};

static int take_option(int c, struct as_echoping *e, struct asked *a, struct text *why)
{
	switch (c) {
	case '4':
	case '6':
		add_word(e, c == '4' ? "-4" : "-6");
		return 0;
	case 'v':
		add_word(e, "-v");
		return 0;
	case 'u':
		a->transport = "-u";
		return 0;
	case 'd':
		a->test = "discard";
		return 0;
	case 'c':
		a->test = "chargen";
		return 0;
	case 's':
		a->size = optarg;
		return 0;
	case 't':
		a->timeout = optarg;
		return 0;
	case 'n':
		add_option(e, "-c", optarg);
		return 0;
	case 'w':
		add_option(e, "-i", optarg);
		return 0;
	case 'f':
		add_option(e, "--fill", optarg);
		return 0;
	case 'p': /* the priority of its socket, which no packet carries */
		return 0;
	case 'P':
		return add_tos(e, optarg, why);
	default:
		text_addf(why,
			  "called as echoping it tests echo, discard and chargen only (-4 -6 -u -d -c -s -n -w -t -f -p -P "
			  "-v); there is no -%c",
			  optopt);
		return -EINVAL;
	}
}

int as_echoping_translate(int argc, char **argv, struct as_echoping *ret, struct text *why)
{
	struct asked a = { .test = "echo", .transport = "-T", .size = SIZE_BYTES, .timeout = TIMEOUT_S };
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	ret->storage = TEXT_OVER(ret->bytes);
	add_word(ret, "echoping");
	opterr = 0;
	optind = 0; /* glibc: from the beginning, whatever was read before */
	for (int c; r == 0 && (c = getopt(argc, argv, "46udcs:n:w:t:f:p:P:v")) != -1;)
		r = take_option(c, ret, &a, why);
	if (r < 0)
		return r;
	if (argc - optind != 1) {
		text_add(why, "one host is tested: echoping [options] HOST[:PORT]");
		return -EINVAL;
	}
	if (strcmp(a.test, "discard") == 0 && strcmp(a.transport, "-u") == 0) {
		text_add(why, "discard answers no datagram, so there is no time to tell: leave -u out");
		return -EINVAL;
	}
	add_word(ret, a.transport);
	if (strcmp(a.transport, "-T") == 0)
		add_word(ret, "--reconnect");
	add_option(ret, "-s", a.size);
	add_option(ret, "-W", a.timeout);
	add_word(ret, a.test);
	add_word(ret, argv[optind]);
	if (!ret->storage.cut)
		return 0;
	text_add(why, "that is too long a command line");
	return -EINVAL;
}

/* --- the output ------------------------------------------------------------------------------------------------------- */

static void write_time(const char *name, int64_t ns, FILE *to)
{
	(void)fprintf(to, "%s time: %.6f seconds", name, (double)ns / (double)CLOCK_S_NS);
}

static void write_packet(const struct result *r maybe_unused, const struct result_packet *p, FILE *to)
{
	if (p->fate != RESULT_OK)
		return;
	write_time("Elapsed", p->rtt_ns.value, to);
	(void)fputc('\n', to);
	(void)fflush(to);
}

static void write_figure(const struct result *r, const char *name, enum figure figure, FILE *to)
{
	struct figure_value v = figures_get(figure, &r->total);

	write_time(name, v.whole, to);
	(void)fprintf(to, " (%.0f bytes per sec.)\n",
		      v.whole > 0 ? (double)r->plan->size_bytes * (double)CLOCK_S_NS / (double)v.whole : 0);
}

static void write_summary(const struct result *r, FILE *to)
{
	const struct tally_packets *p = &r->total.tally->packets;

	if (p->received < 2)
		return;
	(void)fputs("---\n", to);
	if (p->received < p->sent)
		(void)fprintf(to, "Warning: %" PRIu64 " message(s) lost (%" PRIu64 " %%)\n", p->sent - p->received,
			      (p->sent - p->received) * 100 / p->sent);
	write_figure(r, "Minimum", FIGURE_rtt_ns_min, to);
	write_figure(r, "Maximum", FIGURE_rtt_ns_max, to);
	write_figure(r, "Average", FIGURE_rtt_ns_mean, to);
	(void)fprintf(to, "Standard deviation: %.6f\n",
		      (double)figures_get(FIGURE_rtt_ns_stddev, &r->total).whole / (double)CLOCK_S_NS);
	write_figure(r, "Median", FIGURE_rtt_ns_p50, to);
}

static void write_summaries(const struct result *const *results, size_t n, FILE *to)
{
	for (size_t i = 0; i < n; i++)
		write_summary(results[i], to);
}

static int status(const struct result *const *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (results[i]->total.tally->packets.received > 0)
			return 0;
	return 1;
}

const struct report as_echoping_report = {
	.name = "echoping",
	.packet = write_packet,
	.finish = write_summaries,
	.status = status,
};
