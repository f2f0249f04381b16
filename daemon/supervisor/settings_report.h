/* SPDX-License-Identifier: MIT */
/* The report of what is wrong with the settings: in a daemon's log, or on the terminal. */
#pragma once

#include "settings/settings.h"

/* Tells what settings_read() gave for a file: r and the report. */
void settings_report_log(const char *file, int r, const struct settings_report *report);
void settings_report_print(const char *file, int r, const struct settings_report *report);

/* The exit code for it (sysexits); 0 for 0. */
int settings_report_exit_code(int r, const struct settings_report *report);

/* Under activation = "only", and nothing was passed: which units there are. */
void settings_report_what_to_enable(const struct settings *settings);
