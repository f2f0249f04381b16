/* SPDX-License-Identifier: MIT */
/* The service manager's store for descriptors. */
#include "generation/fdstore.h"

#include <string.h>

#include "net/adopt.h"
#include "generation/sd_notify.h"

static bool has_key(const struct generation *g, const char *key)
{
	for (size_t i = 0; i < g->listeners_n; i++)
		if (strcmp(g->listeners[i].key, key) == 0)
			return true;
	return false;
}

static void store(struct listener *l)
{
	char storage[64];
	struct text name = TEXT_OVER(storage);

	if (l->stored || l->origin != ORIGIN_BOUND)
		return;
	adopt_stored_name(l, &name);
	sd_notify_unstore(name.at); /* one of that name that was of no use */
	l->stored = sd_notify_store(name.at, l->fd);
}

static void unstore(const struct listener *l)
{
	char storage[64];
	struct text name = TEXT_OVER(storage);

	adopt_stored_name(l, &name);
	sd_notify_unstore(name.at);
}

void fdstore_settle(struct generation *g, const struct generation *before)
{
	adopt_drop_stored(&g->fleet->passed, sd_notify_unstore);
	if (!sd_notify_has_store())
		return;
	for (size_t i = 0; before && i < before->listeners_n; i++)
		if (before->listeners[i].stored && !has_key(g, before->listeners[i].key))
			unstore(&before->listeners[i]);
	for (size_t i = 0; i < g->listeners_n; i++)
		store(&g->listeners[i]);
}
