/* SPDX-License-Identifier: MIT */
/* The kinds of settings that bound what strangers can have sent: rates with bursts, a factor, sets of ports. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "admission/ports.h"
#include "admission/rate.h"
#include "settings/kinds.h"
#include "settings/value.h"

#define ACCEPTS_STRING (1u << ITEM_STRING | 1u << ITEM_OPTION)
#define ACCEPTS_MANY (1u << ITEM_ARRAY | 1u << ITEM_LIST | 1u << ITEM_OPTION)

/* A burst that is not said is as much as the rate gives in its period. */
static int take_rate(const struct given *g, bool sizes)
{
	struct value_rate v = { 0 };
	int r = value_rate(g->texts[0], sizes, &v);
	struct rate rate = { .amount = v.amount, .period_ns = v.period_ns, .burst = v.burst != 0 ? v.burst : v.amount };

	if (r < 0)
		return r;
	if (rate.amount > RATE_MAX || rate.burst > RATE_MAX)
		return -ERANGE;
	rate_settle(&rate);
	memcpy((char *)g->object + g->setting->offset, &rate, sizeof(rate));
	return 0;
}

static int take_limit(const struct given *g)
{
	return take_rate(g, false);
}

static int take_limit_bytes(const struct given *g)
{
	return take_rate(g, true);
}

static void add_amount(struct text *t, bool sizes, uint64_t amount)
{
	if (sizes)
		value_add_size(t, amount);
	else
		text_addf(t, "%" PRIu64, amount);
}

static bool print_rate(FILE *to, const struct rate *r, bool sizes)
{
	char storage[96];
	struct text t = TEXT_OVER(storage);

	if (r->amount == 0) {
		text_add(&t, "none");
	} else {
		add_amount(&t, sizes, r->amount);
		text_add(&t, r->period_ns == CLOCK_S_NS ? "/s" : r->period_ns == 60 * CLOCK_S_NS ? "/m" : "/h");
		if (r->burst != r->amount) {
			text_add(&t, ":");
			add_amount(&t, sizes, r->burst);
		}
	}
	kinds_print_string(to, t.at);
	return true;
}

static bool print_limit(FILE *to, const struct setting *setting, const void *object)
{
	return print_rate(to, (const struct rate *)(const void *)((const char *)object + setting->offset), false);
}

static bool print_limit_bytes(FILE *to, const struct setting *setting, const void *object)
{
	return print_rate(to, (const struct rate *)(const void *)((const char *)object + setting->offset), true);
}

static int number_factor(const struct setting *setting maybe_unused, const char *text, uint64_t *ret)
{
	return decimal_thousandths(text, ret);
}

static void show_factor(struct text *t, const struct setting *setting maybe_unused, uint64_t v)
{
	value_add_thousandths(t, v);
}

static int take_ports(const struct given *g)
{
	struct listener_settings *l = g->object;
	struct ports *set = g->n > 0 ? draft_keep(g->draft, calloc(1, sizeof(*set))) : NULL;

	if (g->n > 0 && !set)
		return -ENOMEM;
	for (size_t i = 0; i < g->n; i++) {
		int64_t v = 0;

		if (value_integer(g->texts[i], &v) < 0 || v < 1 || v > UINT16_MAX) {
			text_addf(g->why, "\"%.64s\" is no port (1 to 65535)", g->texts[i]);
			return -ERANGE;
		}
		ports_add(set, (uint16_t)v);
	}
	l->admission.allow_ports = set;
	return 0;
}

static bool print_ports(FILE *to, const struct setting *setting maybe_unused, const void *object)
{
	const struct listener_settings *l = object;
	const char *before = " ";

	(void)fputc('[', to);
	for (uint32_t port = 1; port <= UINT16_MAX; port++)
		if (ports_has(l->admission.allow_ports, (uint16_t)port)) {
			(void)fprintf(to, "%s%" PRIu32, before, port);
			before = ", ";
		}
	return fputs(" ]", to) >= 0;
}

const struct kind kinds_LIMIT = {
	.wanted = "a rate: \"200/s\", \"10/m:50\" (in bursts of up to 50) or \"none\"",
	.accepts = ACCEPTS_STRING,
	.take = take_limit,
	.print = print_limit,
};
const struct kind kinds_LIMIT_BYTES = {
	.wanted = "a rate of bytes: \"128M/s\", \"1M/s:4M\" (in bursts of up to 4M) or \"none\"",
	.accepts = ACCEPTS_STRING,
	.take = take_limit_bytes,
	.print = print_limit_bytes,
};
const struct kind kinds_FACTOR = {
	.wanted = "a number with up to three decimals: 1.0, 2.5",
	.accepts = 1u << ITEM_FLOAT | 1u << ITEM_INTEGER | 1u << ITEM_OPTION,
	.number = number_factor,
	.show = show_factor,
};
const struct kind kinds_PORTS = {
	.wanted = "an array of ports: [ 123, 500 ]",
	.accepts = ACCEPTS_MANY,
	.many = true,
	.take = take_ports,
	.print = print_ports,
};
