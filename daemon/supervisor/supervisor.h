/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: starts processes, watches over them, reloads and stops; it never reads a client's byte.
 *
 * Flow: whatever happens (a signal, a word from a worker, a death, a deadline) is noted where it belongs, and advance() then
 * takes every step that has become possible: a coming generation that is ready replaces the current one, drained ones end,
 * pools are filled up, the daemon ends. It is one small state machine, safe to call at any time. start.c has how it begins;
 * upgrade/, how one program gives way to the next.
 */
#pragma once

#include <stddef.h>

#include "settings/settings.h"

/* Runs the daemon with these settings (which are its own from here on) until it is told to stop. The exit code
 * (sysexits). */
int supervisor_run(const char *file, const struct settings_override *overrides, size_t overrides_n,
		   struct settings *settings);
