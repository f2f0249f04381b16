/* SPDX-License-Identifier: MIT */
/* The number of lines of one event that may be logged a second. */
#include "base/log_quota.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"

#define LINES_BITS 8 /* of log_quota_event.second */

static struct log_quota own;
static struct log_quota *quota = &own;

void log_quota_share(struct log_quota *q)
{
	quota = q ? q : &own;
}

static uint64_t name_of(const char *event)
{
	uint64_t name = 0;

	memcpy(&name, event, strnlen(event, LOG_QUOTA_EVENT_BYTES));
	return name;
}

/* The event's counts, claimed if it has none yet; NULL: all are claimed by others. */
static struct log_quota_event *find(uint64_t name)
{
	for (unsigned i = 0; i < LOG_QUOTA_EVENTS; i++) {
		uint64_t found = 0;
		if (atomic_compare_exchange_strong(&quota->events[i].name, &found, name) || found == name)
			return &quota->events[i];
	}
	return NULL;
}

bool log_quota_take(enum log_level level, const char *event)
{
	if (!log_wants(level))
		return false;
	struct log_quota_event *e = find(name_of(event));
	if (!e)
		return true;
	uint64_t second = clock_mono_ns() / CLOCK_S_NS;
	uint64_t was = atomic_load(&e->second), lines;
	do {
		lines = was >> LINES_BITS == second ? was & ((1U << LINES_BITS) - 1) : 0;
		if (lines >= LOG_QUOTA_PER_S) {
			atomic_fetch_add(&e->withheld, 1);
			return false;
		}
	} while (!atomic_compare_exchange_weak(&e->second, &was, second << LINES_BITS | (lines + 1)));
	return true;
}

uint64_t log_quota_withheld(unsigned i, char name[LOG_QUOTA_EVENT_BYTES + 1])
{
	uint64_t bytes = atomic_load(&quota->events[i].name);

	memcpy(name, &bytes, LOG_QUOTA_EVENT_BYTES);
	name[LOG_QUOTA_EVENT_BYTES] = '\0';
	return atomic_exchange(&quota->events[i].withheld, 0);
}
