/* SPDX-License-Identifier: MIT */
/* The kind of settings that are hours of the day. */
#include <errno.h>

#include "settings/kinds.h"
#include "settings/types.h"

static struct hours *field_of(const struct setting *setting, const void *object)
{
	return (struct hours *)(void *)((char *)(uintptr_t)object + setting->offset);
}

static int take_hours(const struct given *g)
{
	struct hours *h = field_of(g->setting, g->object);

	h->n = 0;
	if (g->n > HOURS_MAX) {
		text_addf(g->why, "%zu spans (%d at most)", g->n, HOURS_MAX);
		return -ERANGE;
	}
	for (size_t i = 0; i < g->n; i++, h->n++)
		if (hours_parse(g->texts[i], &h->spans[i]) < 0) {
			text_addf(g->why, "\"%.64s\" is no span of hours (\"08:00-17:59\")", g->texts[i]);
			return -EINVAL;
		}
	return 0;
}

static bool print_hours(FILE *to, const struct setting *setting, const void *object)
{
	const struct hours *h = field_of(setting, object);

	(void)fputc('[', to);
	for (uint32_t i = 0; i < h->n; i++)
		(void)fprintf(to, "%s\"%02u:%02u-%02u:%02u\"", i == 0 ? " " : ", ", h->spans[i].from / 60U,
			      h->spans[i].from % 60U, h->spans[i].to / 60U, h->spans[i].to % 60U);
	return fputs(" ]", to) >= 0;
}

const struct kind kinds_HOURS = {
	.wanted = "an array of spans of hours: [ \"08:00-17:59\" ]",
	.accepts = 1u << ITEM_STRING | 1u << ITEM_OPTION | 1u << ITEM_ARRAY,
	.many = true,
	.take = take_hours,
	.print = print_hours,
};
