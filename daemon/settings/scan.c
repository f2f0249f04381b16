/* SPDX-License-Identifier: MIT */
/*
 * The settings' files, opened with care and put together to one text.
 *
 * Flow: scan_read() → tokens_read() for the file → scan_include() where it says so → tokens_read() for that file. Each
 * byte that is kept comes through scan_put(), which also notes where each line comes from.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/text.h"
#include "settings/scan.h"
#include "settings/tokens.h"

struct scan_open {
	dev_t dev;
	ino_t ino;
	const struct scan_open *outer;
	unsigned depth;
};

/* Line 0: the file as a whole. */
int scan_refuse(struct scan *s, const struct scan_line *at, const char *fmt, ...)
{
	struct text t = TEXT_OVER(s->problem);
	va_list args;

	if (at->line > 0)
		text_addf(&t, "%s:%u: ", at->file, at->line);
	else
		text_addf(&t, "%s: ", at->file);
	va_start(args, fmt);
	text_vaddf(&t, fmt, args);
	va_end(args);
	return -EINVAL;
}

/* Text line lines_n + 1 comes from here. */
static int add_line(struct scan *s, const struct scan_line *from)
{
	if (s->lines_n == s->lines_cap) {
		size_t cap = s->lines_cap == 0 ? 1024 : s->lines_cap * 2;
		struct scan_line *lines = reallocarray(s->lines, cap, sizeof(*lines));

		if (lines == NULL)
			return scan_refuse(s, from, "out of memory");
		s->lines = lines;
		s->lines_cap = cap;
	}
	s->lines[s->lines_n++] = *from;
	return 0;
}

/* The limit is of what libconfig is given, so a file included a hundred times counts a hundred times. */
int scan_put(struct scan *s, const char *bytes, size_t n, const struct scan_line *from)
{
	struct scan_line next = *from;

	if (n > SCAN_TEXT_MAX - s->len)
		return scan_refuse(s, from, "the settings become too long here (%zu bytes at most, includes counted)",
				   SCAN_TEXT_MAX);
	memcpy(s->text + s->len, bytes, n);
	s->len += n;
	s->text[s->len] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != '\n')
			continue;
		next.line++;
		if (add_line(s, &next) < 0)
			return -EINVAL;
	}
	return 0;
}

struct scan_line scan_where(const struct scan *s, unsigned line)
{
	if (line == 0)
		line = 1;
	return s->lines[line <= s->lines_n ? line - 1 : s->lines_n - 1];
}

/* What an open file must be before a byte of it is read. `at`: who names it. */
static int check_file(struct scan *s, int fd, const char *file, const struct scan_line *at, struct scan_open *ret)
{
	struct stat st;
	const char *what,
		*name = at->line > 0 ? file : "this"; /* the message begins with the file itself, or who includes it */

	if (fstat(fd, &st) < 0)
		return scan_refuse(s, at, "cannot look at %s: %s", file, strerror(errno));
	what = S_ISDIR(st.st_mode) ? "a folder" : S_ISFIFO(st.st_mode) ? "a pipe" : "a device";
	if (!S_ISREG(st.st_mode))
		return scan_refuse(s, at, "%s is %s (a file is wanted)", name, what);
	if ((st.st_mode & S_IWOTH) != 0)
		return scan_refuse(s, at, "%s can be written by anybody (chmod o-w it)", name);
	for (const struct scan_open *o = s->open; o != NULL; o = o->outer)
		if (o->dev == st.st_dev && o->ino == st.st_ino)
			return scan_refuse(s, at, "%s includes itself", name);
	*ret = (struct scan_open){ .dev = st.st_dev, .ino = st.st_ino, .outer = s->open };
	ret->depth = s->open != NULL ? s->open->depth + 1 : 0;
	if (ret->depth > SCAN_INCLUDES_MAX || ++s->files_n > SCAN_FILES_MAX)
		return scan_refuse(s, at, "too many files include one another (%d deep, %d in all at most)",
				   SCAN_INCLUDES_MAX, SCAN_FILES_MAX);
	return 0;
}

/* All bytes of a file, or one more than can be kept: then scan_put() will say on which line it became too long. *ret is
 * malloc'ed. */
static int read_whole(struct scan *s, int fd, const struct scan_line *at, char **ret, size_t *ret_n)
{
	char *bytes = malloc(SCAN_TEXT_MAX + 1);
	size_t n = 0;
	ssize_t got = 1;

	if (bytes == NULL)
		return scan_refuse(s, at, "out of memory");
	while (got > 0 && n <= SCAN_TEXT_MAX) {
		got = read(fd, bytes + n, SCAN_TEXT_MAX + 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	*ret = bytes;
	*ret_n = n;
	return got < 0 ? scan_refuse(s, at, "cannot be read: %s", strerror(errno)) : 0;
}

/* The text of the open file `file`, whose name lives as long as the process. */
static int read_open(struct scan *s, int fd, const char *file)
{
	struct scan_line at = { .file = file };
	char *bytes = NULL;
	const char *nul;
	size_t n = 0;
	int r = read_whole(s, fd, &at, &bytes, &n);

	nul = bytes != NULL && r == 0 ? memchr(bytes, '\0', n) : NULL;
	if (nul != NULL) {
		at.line = 1;
		for (const char *p = bytes; p < nul; p++)
			at.line += *p == '\n';
		r = scan_refuse(s, &at, "there is a NUL byte (settings are text)");
	}
	if (r == 0 && n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
		at.line = 1;
		r = scan_refuse(s, &at, "begins with a byte order mark (save it as UTF-8 without one)");
	}
	if (r == 0)
		r = tokens_read(s, bytes, n, file);
	free(bytes);
	return r;
}

/* The text line under way changes its origin twice: to the file's first line, and back to what follows the include. */
int scan_include(struct scan *s, const char *name, const struct scan_line *from)
{
	struct scan_line inside = { .line = 1 };
	struct scan_open here;
	cleanup_fd int fd = -1;
	char *file;
	int r;

	if (asprintf(&file, "%s%s%s", name[0] == '/' ? "" : s->folder, name[0] == '/' || s->folder[0] == '\0' ? "" : "/",
		     name) < 0)
		return scan_refuse(s, from, "out of memory");
	/* Not blocking: opening a FIFO would wait for its writer. */
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return scan_refuse(s, from, "cannot include %s: %s", file, strerror(errno));
	r = check_file(s, fd, file, from, &here);
	if (r < 0)
		return r;
	s->open = &here;
	inside.file = file;
	s->lines[s->lines_n - 1] = inside;
	r = read_open(s, fd, file);
	s->open = here.outer;
	if (r == 0 && (s->len == 0 || s->text[s->len - 1] != '\n'))
		r = scan_put(s, "\n", 1, from);
	if (r == 0)
		s->lines[s->lines_n - 1] = *from; /* what is left of the line */
	return r;
}

static int read_main(struct scan *s, const char *file)
{
	struct scan_line at = { .file = file };
	struct scan_open here;
	cleanup_fd int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r;

	if (fd < 0) {
		s->failed = -errno;
		return scan_refuse(s, &at, "%s", strerror(-s->failed));
	}
	r = check_file(s, fd, file, &at, &here);
	if (r < 0)
		return r;
	s->open = &here; /* cppcheck-suppress autoVariables ; scan_read() takes it away */
	at.line = 1;
	r = add_line(s, &at);
	return r < 0 ? r : read_open(s, fd, file);
}

int scan_read(struct scan *s, const char *file)
{
	struct scan_line at = { .file = file };
	const char *slash = strrchr(file, '/');
	int r;

	s->frames[0] = (struct scan_frame){ .kind = '{' };
	s->text = malloc(SCAN_TEXT_MAX + 1);
	s->folder = slash == NULL ? "" : strndup(file, slash == file ? 1 : (size_t)(slash - file));
	if (s->text == NULL || s->folder == NULL)
		return scan_refuse(s, &at, "out of memory");
	s->text[0] = '\0';
	r = read_main(s, file);
	s->open = NULL;
	if (r == 0 && s->depth > 0)
		return scan_refuse(s, &s->frames[s->depth].at, "'%c' is never closed", s->frames[s->depth].kind);
	return r;
}
