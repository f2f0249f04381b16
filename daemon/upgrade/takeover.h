/* SPDX-License-Identifier: MIT */
/*
 * From one program to the next, in place: the side that comes.
 *
 * Flow: the program before executes us, first in a child that only tries (TAKEOVER_TRY: what comes through alive ends with
 * status 0), then in its own place (TAKEOVER_GO). Until we have settled, whatever goes wrong (an error, a signal, half a
 * minute) executes it again (TAKEOVER_BACK), with what it had handed to us: so until then none of that is closed, waited
 * for, told to drain or ended. We settle when our own processes are ready, or when we are told to stop (TAKEOVER_SETTLED).
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "base/text.h"
#include "upgrade/handover.h"

#define TAKEOVER_VARIABLE "ECHOTIMED_UPGRADE"
#define TAKEOVER_TRY_WORD "try"
#define TAKEOVER_GO_WORD "go"
#define TAKEOVER_BACK_WORD "back"
#ifndef TAKEOVER_TIME_S /* tests wait less */
#define TAKEOVER_TIME_S 30
#endif

enum takeover_mode { TAKEOVER_NONE, TAKEOVER_TRY, TAKEOVER_GO, TAKEOVER_BACK, TAKEOVER_SETTLED };

/* The first call of the program. */
void takeover_begin(char **argv);

/* NONE again once we serve. */
enum takeover_mode takeover_mode(void);

/* The program's own arguments; and, in a takeover, the path that the program before went by, else NULL. */
char **takeover_arguments(void);
const char *takeover_path(void);

/* Restores what the program before handed over. 0; or -errno and why. */
int takeover_restore(const struct handover *h, struct text *why) must_check;

/* The last step: there is no way back any more, and what was handed over is ours to end: whoever died meanwhile is waited
 * for now. GO becomes SETTLED; in any other mode nothing changes. */
void takeover_settle(void);

/* Called when this program serves. */
void takeover_done(void);

/* Last of all: the program ends with this code, or, in the middle of a takeover, is the one before again. */
int takeover_end(int code);
