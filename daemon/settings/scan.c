/* SPDX-License-Identifier: MIT */
/*
 * The settings' files, opened with care and put together to one text.
 *
 * Flow: scan_read() → copy_file() → include() where the file says so → copy_file() for that file. Each byte that is kept
 * comes through put(), which also notes where each line comes from.
 */
#include "settings/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"
#include "settings/tokens.h"

struct scan_open {
	const char *file;
	dev_t dev;
	ino_t ino;
	const struct scan_open *outer;
	unsigned depth;
};

/* A file while it is copied. */
struct cursor {
	struct scan *s;
	const char *begin, *p, *end;
	struct scan_line at;
};

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

		if (!lines)
			return scan_refuse(s, from, "out of memory");
		s->lines = lines;
		s->lines_cap = cap;
	}
	s->lines[s->lines_n++] = *from;
	return 0;
}

static unsigned count_lines(const char *bytes, size_t n)
{
	unsigned lines_n = 0;

	for (size_t i = 0; i < n; i++)
		lines_n += bytes[i] == '\n';
	return lines_n;
}

/* Appends bytes that stand at `from`. The limit is of what libconfig is given, so a file included a hundred times counts a
 * hundred times. */
static int put(struct scan *s, const char *bytes, size_t n, const struct scan_line *from)
{
	struct scan_line next = *from;

	if (n > SCAN_TEXT_MAX - s->len) {
		next.line += count_lines(bytes, SCAN_TEXT_MAX - s->len);
		return scan_refuse(s, &next, "the settings become too long here (%zu bytes at most, includes counted)",
				   SCAN_TEXT_MAX);
	}
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

/* Checks an open file before a byte of it is read. `at`: the line that names it. */
static int check_file(struct scan *s, int fd, const struct scan_line *at, struct scan_open *here)
{
	struct stat st;
	const char *what;
	const char *name = at->line > 0 ? here->file
					: "this"; /* the message begins with the file, or with who includes it */

	if (fstat(fd, &st) < 0)
		return scan_refuse(s, at, "cannot look at %s: %s", here->file, strerror(errno));
	what = S_ISDIR(st.st_mode) ? "a folder" : S_ISFIFO(st.st_mode) ? "a pipe" : "a device";
	if (!S_ISREG(st.st_mode))
		return scan_refuse(s, at, "%s is %s (a file is wanted)", name, what);
	if ((st.st_mode & S_IWOTH) != 0)
		return scan_refuse(s, at, "%s can be written by anybody (chmod o-w it)", name);
	for (const struct scan_open *o = s->open; o; o = o->outer)
		if (o->dev == st.st_dev && o->ino == st.st_ino)
			return scan_refuse(s, at, "%s includes itself", name);
	here->dev = st.st_dev;
	here->ino = st.st_ino;
	here->outer = s->open;
	here->depth = s->open ? s->open->depth + 1 : 0;
	if (here->depth > SCAN_INCLUDES_MAX || ++s->files_n > SCAN_FILES_MAX)
		return scan_refuse(s, at, "too many files include one another (%d deep, %d in all at most)",
				   SCAN_INCLUDES_MAX, SCAN_FILES_MAX);
	return 0;
}

/* ---- tokens ---- */

/* Copies the next n bytes as they are. */
static int copy(struct cursor *c, size_t n)
{
	int r = put(c->s, c->p, n, &c->at);

	c->at.line += count_lines(c->p, n);
	c->p += n;
	return r;
}

/* A whole number beyond 32 bits goes out with an L: without one libconfig 1.5 cuts it in silence, and 1.8 takes some in
 * hexadecimal digits for negative. Whatever is no whole number is for libconfig. */
static int copy_number(struct cursor *c, const struct token *t)
{
	char text[32];
	int64_t v = 0;
	int r = tokens_integer(t, &v);

	if (r == -ERANGE)
		return scan_refuse(c->s, &c->at, "%.*s does not fit (whole numbers have 64 bits)",
				   t->n < 40 ? (int)t->n : 40, t->at);
	if (r < 0 || (v >= INT32_MIN && v <= INT32_MAX))
		return copy(c, t->n);
	(void)snprintf(text, sizeof(text), "%" PRId64 "L", v);
	c->p += t->n;
	return put(c->s, text, strlen(text), &c->at);
}

/* A NUL would end the string for everybody who reads it. */
static int copy_string(struct cursor *c, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (c->p[i] != '\\')
			continue;
		if (n - i >= 4 && (c->p[i + 1] | 0x20) == 'x' && c->p[i + 2] == '0' && c->p[i + 3] == '0')
			return scan_refuse(c->s, &c->at, "a string holds a NUL byte");
		i++;
	}
	return copy(c, n);
}

static bool begins_line(const struct cursor *c)
{
	const char *p = c->p;

	while (p > c->begin && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	return p == c->begin || p[-1] == '\n';
}

static int include(struct scan *s, const char *name, const struct scan_line *from);

/* `@include "file"`, alone at the beginning of its line. */
static int take_include(struct cursor *c)
{
	static const char word[] = "@include";
	const char *from = c->p + sizeof(word) - 1;
	struct scan_line at = c->at;
	struct token file;
	char name[1024] = "";

	if (!begins_line(c) || (size_t)(c->end - c->p) < sizeof(word) || memcmp(c->p, word, sizeof(word) - 1) != 0)
		return scan_refuse(c->s, &at, "'@' begins nothing but a line of its own: @include \"FILE\"");
	file = tokens_next(from, c->end);
	if (file.kind != TOKEN_STRING || memchr(from, '\n', (size_t)(file.at + file.n - from)))
		return scan_refuse(c->s, &at, "@include wants a file's name between quotation marks");
	if (file.n - 2 >= sizeof(name) || memchr(file.at, '\\', file.n))
		return scan_refuse(c->s, &at, "the name of the file to include is too long or has a backslash");
	memcpy(name, file.at + 1, file.n - 2);
	c->p = file.at + file.n;
	return include(c->s, name, &at);
}

/* The depth is bounded: libconfig and flatten.c go down by calling themselves. */
static int copy_opening(struct cursor *c)
{
	struct scan *s = c->s;

	if (s->depth == SCAN_DEPTH_MAX)
		return scan_refuse(s, &c->at, "groups and lists are nested too deeply (%d at most)", SCAN_DEPTH_MAX);
	s->brackets[s->depth++] = (struct scan_bracket){ .opener = *c->p, .at = c->at };
	return copy(c, 1);
}

/* libconfig would say `syntax error` at the end of the file; the line of the opening bracket is what helps. */
static int copy_closing(struct cursor *c)
{
	struct scan *s = c->s;
	const struct scan_bracket *b = s->depth > 0 ? &s->brackets[s->depth - 1] : NULL;

	if (!b)
		return scan_refuse(s, &c->at, "'%c' closes nothing", *c->p);
	if (b->opener != "{(["[strchr("})]", *c->p) - "})]"])
		return scan_refuse(s, &c->at, "'%c' cannot close the '%c' of %s:%u", *c->p, b->opener, b->at.file,
				   b->at.line);
	s->depth--;
	return copy(c, 1);
}

/* A comma before a closing bracket goes: libconfig 1.7 allows it, 1.5 does not. */
static int copy_mark(struct cursor *c)
{
	struct scan *s = c->s;
	size_t comma_at = s->comma_at;

	if (*c->p == '@')
		return take_include(c);
	s->comma_at = *c->p == ',' ? s->len + 1 : 0;
	if (strchr("{([", *c->p))
		return copy_opening(c);
	if (!strchr("})]", *c->p))
		return copy(c, 1);
	if (*c->p != '}' && comma_at > 0)
		s->text[comma_at - 1] = ' ';
	return copy_closing(c);
}

static bool is_in_list(const struct scan *s)
{
	return s->depth > 0 && s->brackets[s->depth - 1].opener != '{';
}

static int copy_token(struct cursor *c, const struct token *t)
{
	if (t->kind == TOKEN_UNENDED)
		return scan_refuse(c->s, &c->at, "a %s does not end", *t->at == '"' ? "string" : "comment");
	const char *too_many = token_limits_count(&c->s->limits, t, c->s->depth, is_in_list(c->s));
	if (too_many)
		return scan_refuse(c->s, &c->at, "%s", too_many);
	if (t->kind == TOKEN_MARK)
		return copy_mark(c);
	c->s->comma_at = 0;
	if (t->kind == TOKEN_NUMBER)
		return copy_number(c, t);
	return t->kind == TOKEN_STRING ? copy_string(c, t->n) : copy(c, t->n);
}

static int copy_tokens(struct cursor *c)
{
	int r = 0;

	while (r == 0 && c->p < c->end) {
		struct token t = tokens_next(c->p, c->end);

		r = copy(c, (size_t)(t.at - c->p));
		if (r == 0 && t.kind != TOKEN_END)
			r = copy_token(c, &t);
	}
	return r;
}

/* ---- files ---- */

/* All bytes of a file, or one more than can be kept: then put() will say on which line it became too long. */
static int read_whole(struct cursor *c, int fd, char *bytes)
{
	size_t n = 0;
	ssize_t got = 1;

	while (got > 0 && n <= SCAN_TEXT_MAX) {
		got = read(fd, bytes + n, SCAN_TEXT_MAX + 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	c->begin = c->p = bytes;
	c->end = bytes + n;
	return got < 0 ? scan_refuse(c->s, &c->at, "cannot be read: %s", strerror(errno)) : 0;
}

/* Appends the text of the open file `file`, whose name lives as long as the process. */
static int copy_file(struct scan *s, int fd, const char *file)
{
	struct cursor c = { .s = s, .at = { .file = file } };
	cleanup_free char *bytes = malloc(SCAN_TEXT_MAX + 1);

	if (!bytes)
		return scan_refuse(s, &c.at, "out of memory");
	int r = read_whole(&c, fd, bytes);
	if (r < 0)
		return r;
	const char *nul = memchr(c.p, '\0', (size_t)(c.end - c.p));
	c.at.line = 1 + (nul ? count_lines(c.p, (size_t)(nul - c.p)) : 0);
	if (nul)
		return scan_refuse(s, &c.at, "there is a NUL byte (settings are text)");
	if (c.end - c.p >= 3 && memcmp(c.p, "\xEF\xBB\xBF", 3) == 0)
		return scan_refuse(s, &c.at, "begins with a byte order mark (save it as UTF-8 without one)");
	return copy_tokens(&c);
}

/* The text line under way changes its origin twice: to the file's first line, and back to what follows the include. */
static int include(struct scan *s, const char *name, const struct scan_line *from)
{
	struct scan_line inside = { .line = 1 };
	struct scan_open here;
	cleanup_fd int fd = -1;
	char *file;
	int r;

	if (asprintf(&file, "%s%s%s", name[0] == '/' ? "" : s->folder, name[0] == '/' || s->folder[0] == '\0' ? "" : "/",
		     name) < 0)
		return scan_refuse(s, from, "out of memory");
	/* O_NONBLOCK, because opening a FIFO would wait for its writer. */
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return scan_refuse(s, from, "cannot include %s: %s", file, strerror(errno));
	here.file = file;
	r = check_file(s, fd, from, &here);
	if (r < 0)
		return r;
	s->open = &here;
	inside.file = file;
	s->lines[s->lines_n - 1] = inside;
	r = copy_file(s, fd, file);
	s->open = here.outer;
	if (r == 0 && (s->len == 0 || s->text[s->len - 1] != '\n'))
		r = put(s, "\n", 1, from);
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
	here.file = file;
	r = check_file(s, fd, &at, &here);
	if (r < 0)
		return r;
	s->open = &here; /* cppcheck-suppress autoVariables ; scan_read() takes it away */
	at.line = 1;
	r = add_line(s, &at);
	return r < 0 ? r : copy_file(s, fd, file);
}

int scan_read(struct scan *s, const char *file)
{
	struct scan_line at = { .file = file };
	const char *slash = strrchr(file, '/');
	int r;

	s->text = malloc(SCAN_TEXT_MAX + 1);
	s->folder = !slash ? "" : strndup(file, slash == file ? 1 : (size_t)(slash - file));
	if (!s->text || !s->folder)
		return scan_refuse(s, &at, "out of memory");
	s->text[0] = '\0';
	r = read_main(s, file);
	s->open = NULL;
	if (r == 0 && s->depth > 0)
		return scan_refuse(s, &s->brackets[s->depth - 1].at, "'%c' is never closed",
				   s->brackets[s->depth - 1].opener);
	return r;
}
