/* SPDX-License-Identifier: MIT */
/* Settings being made: their storage, and what the file says of a listener. */
#include "settings/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Failing here frees what it was given: the caller has one thing to check. */
void *draft_keep(struct draft *d, void *allocated)
{
	struct settings_own *own = d->settings->own;

	if (allocated && own->kept_n == own->kept_cap) {
		size_t cap = own->kept_cap == 0 ? 64 : own->kept_cap * 2;
		void **kept = reallocarray(own->kept, cap, sizeof(*kept));

		if (!kept) {
			free(allocated);
			allocated = NULL;
		} else {
			own->kept = kept;
			own->kept_cap = cap;
		}
	}
	if (!allocated)
		d->no_memory = true;
	else
		own->kept[own->kept_n++] = allocated;
	return allocated;
}

const char *draft_text(struct draft *d, const char *s)
{
	return draft_keep(d, strdup(s));
}

/* By the list, not by the origins: those are of values that were good. */
bool draft_is_written(const struct draft *d, const struct listener_settings *l, const char *key)
{
	char path[ITEM_PATH_MAX];

	(void)snprintf(path, sizeof(path), "defaults.%s", key);
	if (items_find(d->items, path))
		return true;
	(void)snprintf(path, sizeof(path), "listeners.[%zu].%s", (size_t)(l - d->settings->listeners), key);
	return items_find(d->items, path);
}

bool draft_is_spare(const struct settings *s, const struct listener_settings *l)
{
	return (size_t)(l - s->listeners) >= s->listeners_n;
}
