/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: starts processes, watches over them, reloads and stops; it never reads a client's byte.
 *
 * Flow: whatever happens (a signal, a word from a worker, a death, a deadline) is noted where it belongs, and
 * supervisor_advance() then takes every step that has become possible: a coming generation that is ready replaces the
 * current one, drained ones end, pools are filled up, the daemon ends. It is one small state machine, safe to call at any
 * time. start.c has how it begins; upgrade.c and takeover.c, how one program gives way to the next.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sysexits.h>

#include "base/attr.h"
#include "base/loop.h"
#include "settings/settings.h"
#include "net/adopt.h"
#include "supervisor/control.h"
#include "supervisor/labels.h"
#include "supervisor/lost.h"
#include "supervisor/outcome.h"
#include "supervisor/rates.h"
#include "supervisor/records.h"
#include "supervisor/upgrade.h"
#include "shared/shared.h"

struct generation;

struct supervisor {
	const char *file; /* the configuration */
	const struct settings_override *overrides;
	size_t overrides_n;
	char user[SETTINGS_NAME_MAX], group[SETTINGS_NAME_MAX]; /* of the settings that it started with */
	struct loop loop;
	struct loop_source signals;
	struct loop_timer timer;
	struct shared *shared;
	int shared_fd; /* of its memory */
	/* What the shared memory does not say, for whoever shares it can write there. */
	struct table table;
	uint64_t secret; /* of the table */
	struct pool_deaths census;
	struct records records;
	struct labels labels;
	struct adopt passed;                            /* by the service manager, for life */
	int life[2];                                    /* workers hold the reading end; nothing is ever written */
	struct generation *current, *coming, *draining; /* draining: a list */
	uint32_t generations;                           /* the number of the last one */
	struct rates rates;
	pid_t pid;
	struct timespec started;
	uint64_t started_ns;
	uint64_t watchdog_ns;  /* how often the service manager wants a sign of life; 0: never */
	uint64_t tick_ns;      /* when the next look at everything is due */
	uint64_t retry_ns;     /* when settings that could not be read are tried again */
	uint32_t lookups_were; /* how many questions waited at the last look */
	uint64_t lost_told;    /* lines of the log that are known to be lost  */
	struct lost lost;
	bool reload_wanted, stopping, ended;
	bool renews;            /* what comes has the settings of the current generation, for sockets that were bound anew */
	struct outcome outcome; /* of the last reload */
	struct control control;
	struct upgrade upgrade;
	int exit_code;
};

/* Runs the daemon with these settings (which are its own from here on) until it is told to stop. The exit code
 * (sysexits). */
int supervisor_run(const char *file, const struct settings_override *overrides, size_t overrides_n,
		   struct settings *settings);

/* Maps what all processes share: what s->shared_fd is, or, if that is -1, new memory. With new memory comes a new secret; of
 * other memory s->secret is to be set. 0 or -errno. */
int supervisor_share(struct supervisor *s) must_check;

/* Takes every step that has become possible. */
void supervisor_advance(struct supervisor *s);
