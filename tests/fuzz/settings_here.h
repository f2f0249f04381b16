/* SPDX-License-Identifier: MIT */
/* For fuzz targets of the settings: settings_read() whose reader is a function of the target, in this process. */
#pragma once

#include "fuzz.h"

#include <errno.h>

#include "settings/settings.h"
#include "settings/reader.h"

/* The function in the place of reader_run(): linked with -Wl,--wrap=reader_run. */
int __wrap_reader_run(const struct settings_source *source, struct reader_result *ret);

/* -T without its comments, which say where each value was written, in the heap. NULL: there are no settings. */
static inline char *settings_here(const struct settings_source *source)
{
	struct settings_report report;
	struct settings *s = NULL;
	char *dump = NULL;
	size_t n = 0, kept = 0;
	FILE *to;
	int r = settings_read(source, &s, &report);

	MUST((r == 0) == (report.errors_n == 0) && (r == 0) == (s != NULL));
	MUST(report.issues_n <= SETTINGS_ISSUES_MAX);
	for (size_t i = 0; i < report.issues_n; i++)
		for (const char *c = report.issues[i].text; *c != '\0'; c++)
			MUST((unsigned char)*c >= ' ' && *c != 0x7F);
	if (r < 0)
		return NULL;
	to = open_memstream(&dump, &n);
	MUST(to && settings_dump(s, to) == 0 && fclose(to) == 0);
	settings_free(s);
	for (char *at = dump; *at != '\0'; at++) {
		char *comment = *at == '#' ? strchr(at, '\n') : NULL;

		if (comment)
			at = comment;
		dump[kept++] = *at;
	}
	dump[kept] = '\0';
	return dump;
}
