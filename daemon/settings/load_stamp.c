/* SPDX-License-Identifier: MIT */
/* A stamp listener's needs beyond its words: its key, and places for its sessions. */
#include "settings/load_stamp.h"

#include <errno.h>
#include <stdlib.h>

#include "settings/issues.h"
#include "settings/load_file.h"
#include "wire/stamp.h"

/* The table's places where `max_sessions` sets no limit: its size is fixed all the same. */
#define SESSIONS_UNSAID 65536

static const char *why_no_key(int error)
{
	switch (error) {
	case -EINVAL:
		return "is not one line of hexadecimal digits, two a byte";
	case -ERANGE:
		return "is no key of 16 to 64 bytes";
	default:
		return "cannot be used: this program was built without libsodium";
	}
}

static void load_key(struct draft *d, struct listener_settings *l)
{
	struct listener_own *own = &d->settings->own->listeners[l - d->settings->listeners];
	const char *name = own->key_file;
	const struct item *item;
	struct loaded *entry;
	int r = 0;

	if (!name || !*name)
		return;
	item = load_file_find(d, l, ITEM_KEY, "key_file", name);
	entry = item != NULL ? load_file_entry(d, name) : NULL;
	if (!entry)
		return;
	if (!entry->key)
		entry->key = draft_keep(d, calloc(1, sizeof(*entry->key)));
	if (entry->key)
		r = stamp_hmac_key_parse(item->value, item->value_n, entry->key);
	if (r < 0)
		issues_add_at(d, l, "key_file", "%.200s %s", name, why_no_key(r));
	l->options.stamp.key = entry->key;
	own->key_file = load_file_absolute(d, name);
}

void load_stamp(struct draft *d, struct listener_settings *l)
{
	load_key(d, l);
	if (l->options.stamp.sessions == STAMP_LISTED) {
		/* A listed sender may be a router, which sends from the port that it is asked at, and a TWAMP-Light sender,
		 * whose request is shorter than any answer. */
		l->admission.server_port = STAMP_PORT;
		l->admission.answer_min = STAMP_BASE;
	}
	l->options.stamp.sessions_max = l->admission.max_sessions > 0 ? l->admission.max_sessions : SESSIONS_UNSAID;
}
