/* SPDX-License-Identifier: MIT */
/*
 * The log: lines on standard error, each one write of at most 2 KiB, never blocking.
 *
 *     text    LEVEL EVENT key=value key="value with spaces" …          (a terminal)
 *             <P>EVENT key=value …                                     (the journal; P is syslog's priority)
 *     json    {"time":"2026-11-22T12:49:31.123456789Z","level":"notice","event":"…","key":"value",…}
 *
 * A line that is too long loses its end and gets cut=true. A line that cannot be written at once is lost and counted.
 * Values are escaped: nothing a peer sends can start a line.
 * Only supervisor/, worker/ and main.c log; everything below returns its errors.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/text.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

#define LOG_LINE_MAX 2048

/* Prepares descriptor 2: where it is neither a socket nor a file it is reopened non-blocking (its shared flags are never
 * changed) or, where that cannot be, polled before each write; a socket is sent to with MSG_DONTWAIT. Priorities are
 * written where descriptor 2 is the journal (JOURNAL_STREAM). May be called again, and with descriptor 2 closed. */
void log_open(void);

/* The same for who serves, and must never wait: where descriptor 2 is a terminal, or cannot be reopened, it
 * becomes the socket of a relay (base/log_relay.h). For a process that has opened nothing else yet. */
void log_open_serving(void);

/* The last call of a program: process 1 of a container sees to it that its last lines are read (log_relay_end()). */
void log_close(void);

/* The descriptor log_open made for itself (3 or more), for who closes all others; -1 where it made none. */
int log_fd(void);

void log_set(enum log_level level, enum log_format format);
bool log_wants(enum log_level level);

/* The count of lost lines is kept in this word of shared memory, so that all processes add to one. NULL: a static one. */
void log_count_lost_in(_Atomic uint64_t *word);
uint64_t log_lost(void);

/* A line from pieces. Begin; then any number of values; then end writes it. A line below the level costs next to nothing. */
struct log_line {
	bool wanted;
	bool json;
	struct text text;
	char storage[LOG_LINE_MAX];
};
void log_begin(struct log_line *l, enum log_level level, const char *event);
void log_word(struct log_line *l, const char *key, const char *value); /* text: the value alone: "listening echo tcp …" */
void log_text(struct log_line *l, const char *key, const char *value);
void log_number(struct log_line *l, const char *key, int64_t value);
void log_addr(struct log_line *l, const char *key, const struct addr *a); /* with its port */
bool log_end(struct log_line *l);                                         /* false: the line is lost */

/* A line with a sentence: `warning accept: cannot accept on …`, in JSON "message":"…". */
void log_say(enum log_level level, const char *event, const char *fmt, ...) printf_like(3, 4);
