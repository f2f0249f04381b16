/* SPDX-License-Identifier: MIT */
/*
 * The log: lines on standard error, each in one write, never waiting for the reader.
 *
 * Flow: log_begin, any number of values, log_end. A line that is too long loses its end and says so; one that cannot be
 * written at once is lost and counted.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log_relay.h"

/* Room for what log_end() may have to add; kept free until then. */
#define TAIL_MAX sizeof(",\"cut\":true}\n")

#define PRIORITY_OF_ERROR 3 /* syslog's LOG_ERR; the levels follow in its order */

enum how {
	HOW_POLLED,      /* descriptor 2 as it is: asked before each write         */
	HOW_FILE,        /* descriptor 2 as it is: a write to it never waits       */
	HOW_NONBLOCKING, /* a description of our own, which may be non-blocking    */
	HOW_SOCKET,      /* one call can be non-blocking                           */
};

static struct {
	enum how how;
	int own_fd; /* for HOW_NONBLOCKING, else -1 */
	bool journal;
	bool torn; /* the last write stopped within a line */
	enum log_level level;
	enum log_format format;
} out = { .own_fd = -1, .level = LOG_LEVEL_NOTICE };

static _Atomic uint64_t lost_here;
static _Atomic uint64_t *lost = &lost_here;

static const char *const level_names[] = { "error", "warning", "notice", "info", "debug" };

/* systemd says which stream is the journal's: "device:inode". A program between us and it may have put another there. */
static bool is_journal(const struct stat *st)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[48];

	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
	return stream && strcmp(stream, ours) == 0;
}

/* A second description of the file behind descriptor 2, not on one of 0, 1, 2. The descriptor or -1. */
static int reopen(void)
{
	cleanup_fd int fd = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || fd > STDERR_FILENO)
		return fd_take(&fd);
	return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

void log_open(void)
{
	struct stat st;

	fd_close(&out.own_fd);
	out.how = HOW_FILE;
	out.journal = false;
	out.torn = false;
	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	out.journal = is_journal(&st);
	if (S_ISSOCK(st.st_mode)) {
		out.how = HOW_SOCKET;
		return;
	}
	/* A file never makes a writer wait, and another description of it has another position: who writes to it after us
	 * would overwrite what we wrote. */
	if (S_ISREG(st.st_mode))
		return;
	out.own_fd = reopen();
	out.how = out.own_fd >= 0 ? HOW_NONBLOCKING : HOW_POLLED;
}

void log_open_serving(void)
{
	log_open();
	/* A terminal takes parts of lines, which another process would go on with. */
	if ((out.how == HOW_POLLED || isatty(STDERR_FILENO)) && log_relay_begin() == 0)
		log_open();
}

void log_close(void)
{
	if (getpid() == 1)
		log_relay_end();
}

int log_fd(void)
{
	return out.own_fd;
}

void log_set(enum log_level level, enum log_format format)
{
	/* A forked process that writes what is there already has a page of memory more. */
	if (out.level == level && out.format == format)
		return;
	out.level = level;
	out.format = format;
}

bool log_wants(enum log_level level)
{
	return level <= out.level;
}

void log_count_lost_in(_Atomic uint64_t *word)
{
	lost = word ? word : &lost_here;
}

uint64_t log_lost(void)
{
	return *lost;
}

/* Writes as write(2) does, without waiting. */
static ssize_t try_write(const char *from, size_t n)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	switch (out.how) {
	case HOW_SOCKET:
		return send(STDERR_FILENO, from, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	case HOW_NONBLOCKING:
		return write(out.own_fd, from, n);
	case HOW_FILE:
		return write(STDERR_FILENO, from, n);
	case HOW_POLLED:
		break;
	}
	/* A writable pipe takes a page, and a line is less, but for another writer between the two calls; a writable
	 * terminal takes a byte. So this is for a process that may wait for a moment (log_open). */
	if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)
		return -1;
	return write(STDERR_FILENO, from, n);
}

/* Writes storage + 1: a line. Storage begins with a newline, which goes first where the last line is unfinished. False: it
 * is lost, and counted. */
static bool write_line(const char *storage, size_t n)
{
	const char *from = out.torn ? storage : storage + 1;
	size_t all = out.torn ? n + 1 : n;
	ssize_t done = try_write(from, all);

	if (done == (ssize_t)all) {
		out.torn = false;
		return true;
	}
	if (done > 0)
		out.torn = true;
	(*lost)++;
	return false;
}

/* A piece of a line: its key, its value, and how they stand in a text line (in JSON all are alike). */
struct piece {
	const char *key;
	const char *value;
	enum { FORM_PAIR, FORM_WORD, FORM_SENTENCE } form;
};

/* True for a value that a reader of key=value lines takes whole: no end of a value, no key, not empty. */
static bool is_plain(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '=')
			return false;
	}
	return n > 0;
}

/* Appends the piece with the first n bytes of its value. */
static void add_piece(struct log_line *l, const struct piece *p, size_t n)
{
	if (l->json)
		text_addf(&l->text, ",\"%s\":", p->key);
	else if (p->form == FORM_PAIR)
		text_addf(&l->text, " %s=", p->key);
	else
		text_add(&l->text, p->form == FORM_WORD ? " " : ": ");
	if (!l->json && p->form == FORM_SENTENCE)
		text_add_printable(&l->text, p->value, n);
	else if (!l->json && is_plain(p->value, n))
		text_add_bytes(&l->text, p->value, n);
	else
		text_add_quoted(&l->text, p->value, n);
}

/* Appends all of that or nothing. Whether it did. */
static bool try_piece(struct log_line *l, const struct piece *p, size_t n)
{
	size_t before = l->text.len;

	add_piece(l, p, n);
	if (!l->text.cut)
		return true;
	l->text.cut = false;
	l->text.len = before;
	l->text.at[before] = '\0';
	return false;
}

/* Appends as much of the value as fits, found by bisection: escapes make six bytes of one. */
static void add_part(struct log_line *l, const struct piece *p, size_t n)
{
	size_t before = l->text.len, fits = 0;

	for (size_t step = LOG_LINE_MAX / 2; step > 0; step /= 2) {
		if (fits + step < n && try_piece(l, p, fits + step)) {
			fits += step;
			l->text.len = before;
		}
	}
	while (fits > 0 && ((unsigned char)p->value[fits] & 0xC0) == 0x80) /* not within a UTF-8 character */
		fits--;
	(void)try_piece(l, p, fits);
	l->text.cut = true;
}

static void put_piece(struct log_line *l, const struct piece *p)
{
	size_t n = strlen(p->value);

	if (!l->text.cut && !try_piece(l, p, n))
		add_part(l, p, n);
}

static void add_json_time(struct text *t)
{
	struct timespec now = clock_wall();
	struct civil c = civil_from_unix(now.tv_sec);

	text_addf(t, "{\"time\":\"%04jd-%02d-%02dT%02d:%02d:%02d.%09ldZ\"", (intmax_t)c.year, c.month, c.day, c.hour,
		  c.minute, c.second, now.tv_nsec);
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
	l->wanted = log_wants(level);
	if (!l->wanted)
		return;
	l->json = out.format == LOG_FORMAT_JSON;
	l->storage[0] = '\n';
	l->text = (struct text){ .at = l->storage + 1, .cap = sizeof(l->storage) - 1 - TAIL_MAX };
	if (l->json) {
		add_json_time(&l->text);
		text_addf(&l->text, ",\"level\":\"%s\",\"event\":\"%s\"", level_names[level], event);
	} else if (out.journal) {
		text_addf(&l->text, "<%d>%s", PRIORITY_OF_ERROR + (int)level, event);
	} else {
		text_addf(&l->text, "%s %s", level_names[level], event);
	}
}

void log_word(struct log_line *l, const char *key, const char *value)
{
	if (l->wanted)
		put_piece(l, &(struct piece){ .key = key, .value = value, .form = FORM_WORD });
}

void log_text(struct log_line *l, const char *key, const char *value)
{
	if (l->wanted)
		put_piece(l, &(struct piece){ .key = key, .value = value });
}

void log_number(struct log_line *l, const char *key, int64_t value)
{
	if (l->wanted && !l->text.cut)
		text_addf(&l->text, l->json ? ",\"%s\":%jd" : " %s=%jd", key, (intmax_t)value);
}

void log_addr(struct log_line *l, const char *key, const struct addr *a)
{
	char storage[ADDR_TEXT_MAX];
	struct text t = TEXT_OVER(storage);

	if (!l->wanted)
		return;
	addr_add_text_port(&t, a);
	log_text(l, key, storage);
}

bool log_end(struct log_line *l)
{
	if (!l->wanted)
		return true;
	l->text.cap += TAIL_MAX;
	if (l->text.cut)
		text_add(&l->text, l->json ? ",\"cut\":true" : " cut=true");
	text_add(&l->text, l->json ? "}\n" : "\n");
	l->wanted = false;
	return write_line(l->storage, l->text.len);
}

void log_say(enum log_level level, const char *event, const char *fmt, ...)
{
	char sentence[LOG_LINE_MAX]; /* one that fills it does not fit the line either, and is marked as cut there */
	struct log_line l;
	va_list args;

	log_begin(&l, level, event);
	if (!l.wanted)
		return;
	va_start(args, fmt);
	if (vsnprintf(sentence, sizeof(sentence), fmt, args) < 0)
		sentence[0] = '\0';
	va_end(args);
	put_piece(&l, &(struct piece){ .key = "message", .value = sentence, .form = FORM_SENTENCE });
	log_end(&l);
}
