/* SPDX-License-Identifier: MIT */
/*
 * From one program to the next, in place: the same process, sockets and sessions.
 *
 * Flow: on SIGUSR2 a child executes what stands at this program's path now, with all that we would hand over, and says
 * whether it could go on with that (takeover.h); if so, this process executes the same file. What is handed over is text in
 * a memfd (handover.h) and the descriptors it names. Nobody else notices: workers serve on, and are taken for the generation
 * before by the next program's first.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/loop.h"
#include "upgrade/handover.h"

#define UPGRADE_CHECK_NS (10 * CLOCK_S_NS) /* for the child to say so */
#define UPGRADE_TIMERS 1

struct upgrade {
	struct handover all; /* what would be handed over */
	char path[4096];     /* where the next program is looked for; "": nowhere */
	int image_fd;        /* this one */
	bool wanted;
	bool checked; /* fleet.checker is over, and how: */
	bool is_fine;
	int program_fd;            /* the next one */
	struct loop_source report; /* what the child says */
	struct loop_timer timer;
	char said[512];
	size_t said_n;
};

/* Remembers what is executed here, and where it came from. Before the process becomes anybody else. */
void upgrade_begin(struct upgrade *u, const struct handover *all);

/* Takes the next step that is possible. Does not return if that is to become another program. */
void upgrade_advance(struct upgrade *u);

/* A child of ours is dead. False: it was not the one that tries. */
bool upgrade_bury(struct upgrade *u, const siginfo_t *info);
