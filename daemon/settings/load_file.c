/* SPDX-License-Identifier: MIT */
/* The files that settings name: their bytes as the reader brought them, their entries, their names. */
#include "settings/load_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "settings/issues.h"

/* The reason why a file could not be read, in words. */
static const char *why_unread(int64_t error)
{
	switch (error) {
	case -EFBIG:
		return "too long (1 MiB of quotes, 32 MiB of a host table, 4 KiB of a key, 64 MiB in all)";
	case -EINVAL:
		return "not a regular file";
	case -EPERM:
		return "its mode lets others read it, or not the service (0600, or 0640 with the service's group)";
	default:
		return strerror((int)-error);
	}
}

struct loaded *load_file_entry(struct draft *d, const char *name)
{
	struct settings_own *own = d->settings->own;
	struct loaded *l;

	for (size_t i = 0; i < own->loaded_n; i++)
		if (strcmp(own->loaded[i].name, name) == 0)
			return &own->loaded[i];
	l = reallocarray(own->loaded, own->loaded_n + 1, sizeof(*l));
	name = draft_text(d, name);
	if (l)
		own->loaded = l;
	if (!l || !name) {
		d->no_memory = true;
		return NULL;
	}
	own->loaded[own->loaded_n] = (struct loaded){ .name = name };
	return &own->loaded[own->loaded_n++];
}

const struct item *load_file_find(struct draft *d, const struct listener_settings *l, enum item_kind kind, const char *key,
				  const char *name)
{
	const struct item *item = items_find_named(d->items, kind, name);

	if (!item)
		issues_add_at(d, l, key, "\"%.200s\" is no name of a file", name);
	else if (item->number < 0)
		issues_add_at(d, l, key, "cannot read %.200s: %s", name, why_unread(item->number));
	return item && item->number == 0 ? item : NULL;
}

const char *load_file_absolute(struct draft *d, const char *name)
{
	const char *slash = strrchr(d->file, '/');
	char *path = NULL;

	if (name[0] == '/')
		return name;
	cleanup_free char *folder = !slash ? strdup(".")
					   : strndup(d->file, slash == d->file ? 1 : (size_t)(slash - d->file));
	if (folder) {
		cleanup_free char *real = realpath(folder, NULL);

		if (!real || asprintf(&path, "%s/%s", real, name) < 0)
			path = NULL;
	}
	return draft_keep(d, path);
}
