/* SPDX-License-Identifier: MIT */
/* The supervisor's start: from nothing, or with what a program before hands over. All of these return 0 or an exit code. */
#pragma once

#include "base/attr.h"
#include "settings/settings.h"
#include "supervisor/core.h"

/* Prepares what is needed before anything is opened; in a takeover, restores what the program before handed over. */
int start_prepare(struct supervisor *s);

/* Opens, becomes the service's user, forks. The settings are taken. */
int start_serve(struct supervisor *s, struct settings *settings);

/* In a child of the program before: could we go on with what it hands over, under these settings? */
int start_try(struct supervisor *s, struct settings *settings);

/* In its place: forks a generation of its own beside that which serves. settings: NULL where the program before comes back
 * and cannot read them. */
int start_again(struct supervisor *s, struct settings *settings);

/* Says that a system call failed. */
int start_fail_call(const char *call, int err);
