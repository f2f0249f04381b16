/* SPDX-License-Identifier: MIT */
/* xinetd.conf(5), read. */
#include "import/xinetd_conf.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"

#define BLANKS " \t\r\n\v\f"
#define PATH_MAX_HERE 4096

struct reading {
	struct foreign *f;
	struct foreign_entry *entry; /* between its braces, or before "{"; NULL: outside */
	bool open;                   /* "{" has come */
	unsigned depth;
};

static int read_path(struct reading *r, const char *path, const char *place);

/* The line without blanks at its ends; "" where it is a comment. */
static char *trim(char *line)
{
	line += strspn(line, BLANKS);
	if (*line == '#')
		*line = '\0';
	for (size_t n = strlen(line); n > 0 && strchr(BLANKS, line[n - 1]); n--)
		line[n - 1] = '\0';
	return line;
}

/* "name = words", "name += words", "name -= words". */
static int read_attribute(struct reading *r, char *line, const char *place)
{
	size_t n = strcspn(line, BLANKS "+-=");
	char *p = line + n + strspn(line + n, BLANKS);
	char op = *p;

	if (n == 0 || (op != '=' && op != '+' && op != '-') || (op != '=' && p[1] != '='))
		return foreign_refuse(r->f, place, "\"%s\" is no attribute (name = words)", line);
	p += op == '=' ? 1 : 2;
	struct foreign_attribute a = { line, op, p, (char *)place };
	line[n] = '\0';
	for (char *c = line; *c; c++)
		*c = text_lower(*c);
	return foreign_add_attribute(r->f, r->entry, &a);
}

static int begin_entry(struct reading *r, const char *service, const char *place)
{
	if (service) {
		r->entry = foreign_add(r->f, service, place);
		return r->entry ? 0 : -ENOMEM;
	}
	r->entry = &r->f->defaults;
	if (!r->entry->place && !(r->entry->place = strdup(place)))
		return foreign_refuse(r->f, place, "out of memory");
	return 0;
}

/* A line outside of braces. */
static int read_outside(struct reading *r, char *line, const char *place)
{
	char *word = strsep(&line, BLANKS);
	char *rest = line ? trim(line) : NULL;

	if (strcmp(word, "defaults") == 0 && (!rest || *rest == '\0'))
		return begin_entry(r, NULL, place);
	if (rest && strcmp(word, "service") == 0 && *rest != '\0' && !strpbrk(rest, BLANKS "{}"))
		return begin_entry(r, rest, place);
	if (rest && *rest != '\0' && (strcmp(word, "include") == 0 || strcmp(word, "includedir") == 0))
		return read_path(r, rest, place);
	return foreign_refuse(r->f, place, "\"%s\" begins nothing that xinetd.conf(5) has", word);
}

static int read_line(struct reading *r, char *line, const char *place)
{
	line = trim(line);
	if (*line == '\0')
		return 0;
	if (!r->entry)
		return read_outside(r, line, place);
	if (!r->open) {
		if (strcmp(line, "{") != 0)
			return foreign_refuse(r->f, place, "\"{\" is wanted, not \"%s\"", line);
		r->open = true;
	} else if (strcmp(line, "}") == 0) {
		r->entry = NULL;
		r->open = false;
	} else
		return read_attribute(r, line, place);
	return 0;
}

static int read_file(struct reading *r, const char *path, const char *place)
{
	cleanup_file FILE *file = fopen(path, "re");
	cleanup_free char *line = NULL;
	size_t cap = 0;
	int result = 0;

	if (!file)
		return foreign_refuse(r->f, place ? place : path, "cannot open %s: %s", path, strerror(errno));
	for (unsigned n = 1; result == 0 && getline(&line, &cap, file) >= 0; n++) {
		char here[PATH_MAX_HERE + 16];

		snprintf(here, sizeof(here), "%s:%u", path, n);
		result = read_line(r, line, here);
	}
	if (result == 0 && ferror(file))
		result = foreign_refuse(r->f, path, "cannot be read");
	if (result == 0 && r->entry)
		result = foreign_refuse(r->f, path, "ends before \"}\"");
	return result;
}

static int takes(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return !strchr(d->d_name, '.') && d->d_name[n - 1] != '~';
}

static int read_folder(struct reading *r, const char *path, const char *place)
{
	struct dirent **found;
	int n = scandir(path, &found, takes, alphasort);
	int result = 0;

	if (n < 0)
		return foreign_refuse(r->f, place ? place : path, "cannot read %s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		char file[PATH_MAX_HERE];
		struct stat st;

		if (result == 0 && snprintf(file, sizeof(file), "%s/%s", path, found[i]->d_name) < (int)sizeof(file) &&
		    stat(file, &st) == 0 && S_ISREG(st.st_mode))
			result = read_file(r, file, place);
		free(found[i]);
	}
	free(found);
	return result;
}

static int read_path(struct reading *r, const char *path, const char *place)
{
	struct stat st;
	int result;

	if (++r->depth > XINETD_CONF_DEPTH_MAX)
		return foreign_refuse(r->f, place, "files include each other more than %d deep", XINETD_CONF_DEPTH_MAX);
	if (stat(path, &st) < 0)
		result = foreign_refuse(r->f, place ? place : path, "cannot open %s: %s", path, strerror(errno));
	else
		result = S_ISDIR(st.st_mode) ? read_folder(r, path, place) : read_file(r, path, place);
	r->depth--;
	return result;
}

int xinetd_conf_read(struct foreign *f, const char *path)
{
	struct reading r = { .f = f };

	f->daytime = "smtp4";
	return read_path(&r, path, NULL);
}
