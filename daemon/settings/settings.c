/* SPDX-License-Identifier: MIT */
/*
 * The settings: read, made, checked, given back.
 *
 * Flow: reader.c (in a child) → the flat list → apply.c, load.c, check.c; any error there, and there are no settings.
 */
#include "settings/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "service/hosttable.h"
#include "service/quotes.h"
#include "settings/apply.h"
#include "settings/check.h"
#include "settings/dump.h"
#include "settings/issues.h"
#include "settings/load.h"
#include "settings/reader.h"

/* Settings with nothing in them; NULL without memory. */
static struct settings *new_settings(void)
{
	struct settings *s = calloc(1, sizeof(*s));
	struct settings_own *own = calloc(1, sizeof(*own));

	if (!s || !own) {
		free(s);
		free(own);
		return NULL;
	}
	s->own = own;
	return s;
}

/* The names of the files outlive the list: they are in each origin. */
static void keep_files(struct draft *d, struct items *f)
{
	const char *kept = NULL;

	for (size_t i = 0; i < f->n; i++) {
		struct item *item = &f->list[i];

		if (item->kind > ITEM_OPTION)
			continue;
		if (!kept || strcmp(kept, item->file) != 0)
			kept = draft_text(d, item->file);
		item->file = kept ? kept : "";
	}
}

/* A message of the reader's about a fault comes whole, in the place of a list. */
static int reported(struct draft *d, const struct items *f)
{
	if (f->list[0].kind != ITEM_ERROR)
		return 0;
	issues_add_whole(d, f->list[0].value);
	d->report->missing = f->list[0].number == -ENOENT;
	return f->list[0].number == -ENOENT || f->list[0].number == -EACCES ? (int)f->list[0].number : -EINVAL;
}

/* The list into the settings. */
static int make(struct draft *d, struct reader_result *result)
{
	int r = reported(d, &result->items);

	if (r < 0)
		return r;
	keep_files(d, &result->items);
	d->items = &result->items;
	if (!d->no_memory)
		apply_list(d);
	if (!d->no_memory)
		load_all(d);
	if (!d->no_memory)
		check_all(d);
	if (d->no_memory)
		return -ENOMEM;
	return d->report->errors_n > 0 ? -EINVAL : 0;
}

/* The report is filled in every case; memory that ran out leaves it as far as it came. */
int settings_read(const struct settings_source *source, struct settings **ret, struct settings_report *ret_report)
{
	cleanup_with(reader_done) struct reader_result result = { 0 };
	struct settings *s = new_settings();
	struct draft d = { .file = source->file, .settings = s, .report = ret_report };
	struct origin nowhere = { 0 };
	int r;

	*ret_report = (struct settings_report){ 0 };
	if (!s)
		return -ENOMEM;
	r = reader_run(source, &result);
	if (r == -EINVAL)
		issues_add(&d, &nowhere, "", "%s", result.why);
	if (r == 0)
		r = make(&d, &result);
	if (r == 0)
		*ret = s;
	else
		settings_free(s);
	return r;
}

const char *settings_user(const struct settings *s)
{
	return s->user[0] != '\0' ? s->user : SETTINGS_DEFAULT_USER;
}

struct settings *settings_share(struct settings *s)
{
	s->own->shared_n++;
	return s;
}

/* Quotes and tables have their own storage, everything else is in the list of what was kept. */
void settings_free(struct settings *s)
{
	if (!s)
		return;
	if (s->own->shared_n > 0) {
		s->own->shared_n--;
		return;
	}
	for (size_t i = 0; i < s->own->loaded_n; i++) {
		quotes_free(s->own->loaded[i].quotes);
		hosttable_free(s->own->loaded[i].table);
	}
	for (size_t i = 0; i < s->own->kept_n; i++)
		free(s->own->kept[i]);
	free(s->own->loaded);
	free(s->own->kept);
	free(s->own);
	free(s);
}

int settings_split_override(char *text, struct settings_override *ret)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text || equals - text >= ITEM_PATH_MAX)
		return -EINVAL;
	*equals = '\0';
	*ret = (struct settings_override){ .key = text, .value = equals + 1, .from = "-o" };
	return 0;
}

int settings_dump(const struct settings *s, FILE *to)
{
	return dump_write(s, to);
}
