/* SPDX-License-Identifier: MIT */
/*
 * How many lines of one event may be logged a second: for events that strangers, or a failing kernel, cause at any rate.
 *
 * Who is about to log such an event asks first; a line that may not be written is counted, and nothing of it is formatted.
 * Owns: nothing; the counts are in memory that all processes of the daemon share, or in this process's own until told.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

#define LOG_QUOTA_PER_S 10
#define LOG_QUOTA_EVENTS 16     /* different events; those beyond have no limit */
#define LOG_QUOTA_EVENT_BYTES 8 /* of an event's name that tell it from others  */

struct log_quota {
	struct log_quota_event {
		_Atomic uint64_t name;   /* the event's first bytes; 0: unused              */
		_Atomic uint64_t second; /* << 8 | lines written in it                      */
		_Atomic uint64_t withheld;
	} events[LOG_QUOTA_EVENTS];
};

/* The counts are here from now on: zeroed memory, or memory that other processes count in. NULL: in a static one. */
void log_quota_share(struct log_quota *q);

/* Whether a line of this event may be logged now; if it may not although its level is wanted, it is counted as withheld. */
bool log_quota_take(enum log_level level, const char *event);

/* Takes the count of lines withheld of event i (below LOG_QUOTA_EVENTS): they are the caller's to tell. name: its first
 * bytes. */
uint64_t log_quota_withheld(unsigned i, char name[LOG_QUOTA_EVENT_BYTES + 1]);
