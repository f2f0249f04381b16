/* SPDX-License-Identifier: MIT */
/* What is wrong with the settings, told: in the log of a daemon, on the terminal of who asks. */
#pragma once

#include "settings/settings.h"

/* What settings_read() gave for a file: r and the report. */
void settings_report_log(const char *file, int r, const struct settings_report *report);
void settings_report_print(const char *file, int r, const struct settings_report *report);

/* The exit code for it (sysexits); 0 for 0. */
int settings_report_exit_code(int r, const struct settings_report *report);

/* Under activation = "only", and nothing was passed: which units there are. */
void settings_report_what_to_enable(const struct settings *settings);
