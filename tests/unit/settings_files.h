/* SPDX-License-Identifier: MIT */
/* For tests of the settings: a folder that goes away with the test, files in it, and what reading them gave. */
#pragma once

#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings/settings.h"

struct files {
	char folder[64];
	char path[128]; /* of the file written last */
	int r;          /* what settings_read() gave, and its results */
	struct settings *s;
	struct settings_report report;
};

static int files_setup(void **state)
{
	struct files *f = calloc(1, sizeof(*f));

	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/test_settings.XXXXXX");
	*state = f;
	return mkdtemp(f->folder) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
	(void)st;
	(void)flag;
	(void)walk;
	return remove(path);
}

static int files_teardown(void **state)
{
	struct files *f = *state;

	settings_free(f->s);
	(void)nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

/* Writes n bytes to a file of the folder; f->path is its path. */
static void write_bytes(struct files *f, const char *name, const char *bytes, size_t n)
{
	FILE *to;

	(void)snprintf(f->path, sizeof(f->path), "%s/%s", f->folder, name);
	to = fopen(f->path, "w");
	assert_non_null(to);
	assert_int_equal(fwrite(bytes, 1, n, to), n);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(chmod(f->path, 0644), 0);
}

static inline void write_text(struct files *f, const char *name, const char *text)
{
	write_bytes(f, name, text, strlen(text));
}

/* Reads a file of the folder with up to eight options, "KEY=VALUE", NULL behind the last. */
static void read_options(struct files *f, const char *name, const char *const *options)
{
	struct settings_override overrides[8];
	char texts[8][256];
	size_t n = 0;

	for (; options != NULL && options[n] != NULL; n++) {
		assert_true(n < 8);
		(void)snprintf(texts[n], sizeof(texts[n]), "%s", options[n]);
		assert_int_equal(settings_split_override(texts[n], &overrides[n]), 0);
	}
	(void)snprintf(f->path, sizeof(f->path), "%s/%s", f->folder, name);
	settings_free(f->s);
	f->s = NULL;
	f->r = settings_read(&(struct settings_source){ f->path, overrides, n }, &f->s, &f->report);
}

/* Writes the text as t.conf and reads it. */
static inline void read_text(struct files *f, const char *text)
{
	write_text(f, "t.conf", text);
	read_options(f, "t.conf", NULL);
}

/* The text of an issue, without the folder wherever a file is named. */
static const char *issue(struct files *f, size_t i)
{
	size_t n = strlen(f->folder);
	char *at;

	if (i >= f->report.issues_n)
		return "(no such issue)";
	while ((at = strstr(f->report.issues[i].text, f->folder)) != NULL)
		memmove(at, at + n + 1, strlen(at + n + 1) + 1);
	return f->report.issues[i].text;
}

/* Reads the text, which has that one error. */
static inline void expect_error(struct files *f, const char *text, const char *error)
{
	read_text(f, text);
	assert_string_equal(issue(f, 0), error);
	assert_int_equal(f->report.errors_n, 1);
	assert_int_equal(f->r, -EINVAL);
	assert_null(f->s);
}

/* Reads the text, which is good, at most with warnings. */
static inline void expect_good(struct files *f, const char *text)
{
	read_text(f, text);
	if (f->r != 0 || f->report.errors_n != 0)
		fail_msg("%s", issue(f, 0));
	assert_non_null(f->s);
}

/* Reads the text, which is good but for that one warning; NULL: for none. */
static inline void expect_warning(struct files *f, const char *text, const char *warning)
{
	expect_good(f, text);
	assert_string_equal(issue(f, 0), warning != NULL ? warning : "(no such issue)");
	assert_int_equal(f->report.issues_n, warning != NULL);
}

/* One listener that is always good. */
#define ONE_LISTENER "listeners = ( { service = \"echo\"; address = \"loopback\"; } );\n"
