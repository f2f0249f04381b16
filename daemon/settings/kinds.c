/* SPDX-License-Identifier: MIT */
/* The kinds of settings that are numbers in the end, and what all kinds share. */
#include "settings/kinds.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "settings/value.h"

/* Numbers are kept in fields of one, four or eight bytes; schema.c has checked that min and max fit. */
static void store(void *field, size_t size, uint64_t v)
{
	uint8_t v8 = (uint8_t)v;
	uint32_t v32 = (uint32_t)v;

	assert(size == 1 || size == 4 || size == 8);
	memcpy(field, size == 1 ? (void *)&v8 : size == 4 ? (void *)&v32 : (void *)&v, size);
}

/* The same way back, for -T. */
static uint64_t load(const void *field, size_t size)
{
	uint64_t v = 0;
	uint32_t v32;

	assert(size == 1 || size == 4 || size == 8);
	if (size == 8)
		memcpy(&v, field, 8);
	if (size == 4) {
		memcpy(&v32, field, 4);
		v = v32;
	}
	return size == 1 ? *(const uint8_t *)field : v;
}

/* No setting is negative: a sign is a number out of range, not a text that is none. */
static int number_integer(const struct setting *setting maybe_unused, const char *text, uint64_t *ret)
{
	int64_t v = 0;
	int r = value_integer(text, &v);

	if (r == 0 && v < 0)
		return -ERANGE;
	*ret = (uint64_t)v;
	return r;
}

static int number_duration(const struct setting *setting maybe_unused, const char *text, uint64_t *ret)
{
	return value_duration(text, ret);
}

static int number_size(const struct setting *setting maybe_unused, const char *text, uint64_t *ret)
{
	return value_size(text, ret);
}

/* Bytes a second, rounded down: a pace, so a burst means nothing here. */
static int number_rate(const struct setting *setting maybe_unused, const char *text, uint64_t *ret)
{
	struct value_rate v = { 0 };
	int r = value_rate(text, true, &v);

	if (r == 0 && v.burst != 0)
		return -EINVAL;
	if (r < 0 || v.amount == 0) {
		*ret = 0;
		return r;
	}
	*ret = v.amount / (v.period_ns / CLOCK_S_NS);
	return *ret == 0 ? -ERANGE : 0;
}

static int number_percent(const struct setting *setting maybe_unused, const char *text, uint64_t *ret)
{
	return value_percent(text, ret);
}

/* Octal, and a string: libconfig reads 0660 as six hundred and sixty. */
static int number_mode(const struct setting *setting maybe_unused, const char *text, uint64_t *ret)
{
	uint32_t v = 0;
	int r = value_mode(text, &v);

	*ret = v;
	return r;
}

static int number_bool(const struct setting *setting maybe_unused, const char *text, uint64_t *ret)
{
	bool v = false;
	int r = value_bool(text, &v);

	*ret = v ? 1 : 0;
	return r;
}

/* The word's place in the setting, which is its enum's value. */
static int number_word(const struct setting *setting, const char *text, uint64_t *ret)
{
	unsigned v = 0;
	int r = value_word(text, setting->words, &v);

	*ret = v;
	return r;
}

static void show_integer(struct text *t, const struct setting *setting maybe_unused, uint64_t v)
{
	text_addf(t, "%" PRIu64, v);
}

/* With quotation marks: these are what -T prints and what messages quote as allowed. */
static void show_duration(struct text *t, const struct setting *setting maybe_unused, uint64_t v)
{
	text_add(t, "\"");
	value_add_duration(t, v);
	text_add(t, "\"");
}

static void show_size(struct text *t, const struct setting *setting maybe_unused, uint64_t v)
{
	text_add(t, "\"");
	value_add_size(t, v);
	text_add(t, "\"");
}

/* 0 is how "none" is kept. */
static void show_rate(struct text *t, const struct setting *setting maybe_unused, uint64_t v)
{
	text_add(t, "\"");
	if (v == 0)
		text_add(t, "none");
	else
		value_add_size(t, v);
	text_add(t, v == 0 ? "\"" : "/s\"");
}

static void show_percent(struct text *t, const struct setting *setting maybe_unused, uint64_t v)
{
	text_add(t, "\"");
	value_add_percent(t, v);
	text_add(t, "\"");
}

static void show_mode(struct text *t, const struct setting *setting maybe_unused, uint64_t v)
{
	text_addf(t, "\"%04" PRIo64 "\"", v);
}

static void show_bool(struct text *t, const struct setting *setting maybe_unused, uint64_t v)
{
	text_add(t, v != 0 ? "true" : "false");
}

static void show_word(struct text *t, const struct setting *setting, uint64_t v)
{
	text_add(t, "\"");
	value_add_word(t, setting->words, (unsigned)v);
	text_add(t, "\"");
}

/* "reflect" lies outside the bounds of the setting, so the setting cannot check it. */
static int take_dscp(const struct given *g)
{
	uint64_t v = (uint64_t)SETTINGS_DSCP_REFLECT;
	int r = 0;

	if (strcmp(g->texts[0], "reflect") != 0)
		r = number_integer(g->setting, g->texts[0], &v);
	if (r < 0 || (v != (uint64_t)SETTINGS_DSCP_REFLECT && v > g->setting->max))
		return -EINVAL;
	store((char *)g->object + g->setting->offset, g->setting->size, v);
	return 0;
}

static bool print_dscp(FILE *to, const struct setting *setting, const void *object)
{
	int v = (int)load((const char *)object + setting->offset, setting->size);

	return (v == SETTINGS_DSCP_REFLECT ? fputs("\"reflect\"", to) : fprintf(to, "%d", v)) >= 0;
}

#define ACCEPT(kind) (1u << ITEM_##kind)
#define A_INTEGER (ACCEPT(INTEGER) | ACCEPT(OPTION))
#define A_STRING (ACCEPT(STRING) | ACCEPT(OPTION))

#define WANTED_DURATION "a duration: \"250ms\", \"30s\", \"5m\", \"1h\" or seconds"
#define WANTED_SIZE "a size: \"64k\", \"4M\", \"1G\" or bytes"
#define KIND_NUMBER(text, types, read, write)                                                                               \
	{                                                                                                                   \
		.wanted = text, .accepts = types, .number = read, .show = write                                             \
	}

const struct kind kinds_INTEGER = KIND_NUMBER("a whole number", A_INTEGER, number_integer, show_integer);
const struct kind kinds_INTEGER8 = KIND_NUMBER("a whole number", A_INTEGER, number_integer, show_integer);
const struct kind kinds_INTEGER64 = KIND_NUMBER("a whole number", A_INTEGER, number_integer, show_integer);
const struct kind kinds_DURATION = KIND_NUMBER(WANTED_DURATION, A_STRING | A_INTEGER | ACCEPT(FLOAT), number_duration,
					       show_duration);
const struct kind kinds_SIZE = KIND_NUMBER(WANTED_SIZE, A_STRING | A_INTEGER, number_size, show_size);
const struct kind kinds_SIZE32 = KIND_NUMBER(WANTED_SIZE, A_STRING | A_INTEGER, number_size, show_size);
const struct kind kinds_RATE = KIND_NUMBER("a rate: \"1M/s\", \"64k/m\" or \"none\"", A_STRING, number_rate, show_rate);
const struct kind kinds_PERCENT = KIND_NUMBER("a share: \"1.5%\", or a number from 0 to 1",
					      A_STRING | A_INTEGER | ACCEPT(FLOAT), number_percent, show_percent);
const struct kind kinds_MODE = KIND_NUMBER("permission bits as a string of octal digits: \"0660\"", A_STRING, number_mode,
					   show_mode);
const struct kind kinds_BOOL = KIND_NUMBER("true or false", ACCEPT(BOOL) | ACCEPT(OPTION), number_bool, show_bool);
const struct kind kinds_LOG_LEVEL = KIND_NUMBER(NULL, A_STRING, number_word, show_word);
const struct kind kinds_LOG_FORMAT = KIND_NUMBER(NULL, A_STRING, number_word, show_word);
const struct kind kinds_ACTIVATION = KIND_NUMBER(NULL, A_STRING, number_word, show_word);
const struct kind kinds_MODEL = KIND_NUMBER(NULL, A_STRING, number_word, show_word);
const struct kind kinds_IMPAIR_BY = KIND_NUMBER(NULL, A_STRING, number_word, show_word);
const struct kind kinds_PROXY = KIND_NUMBER(NULL, A_STRING, number_word, show_word);
const struct kind kinds_STAMP_MODE = KIND_NUMBER(NULL, A_STRING, number_word, show_word);
const struct kind kinds_STAMP_SESSIONS = KIND_NUMBER(NULL, A_STRING, number_word, show_word);
const struct kind kinds_STAMP_FORM = KIND_NUMBER(NULL, A_STRING, number_word, show_word);
const struct kind kinds_STAMP_TIMESCALE = KIND_NUMBER(NULL, A_STRING, number_word, show_word);
const struct kind kinds_DSCP = {
	.wanted = "0..63 or \"reflect\"",
	.accepts = A_STRING | A_INTEGER,
	.take = take_dscp,
	.print = print_dscp,
};

/* A word has no bounds: that it is one of the list is all there is to it. */
static int take_number(const struct given *g)
{
	const struct setting *setting = g->setting;
	uint64_t v = 0;
	int r = setting->kind->number(setting, g->texts[0], &v);

	if (r == 0 && (setting->words[0] == '\0' && (v < setting->min || v > setting->max)))
		r = -ERANGE;
	if (r == 0)
		store((char *)g->object + setting->offset, setting->size, v);
	return r;
}

/* A kind that can say more than what is allowed has said it in `why`; else it is said here, in one form for all. */
int kinds_take(const struct given *g)
{
	const struct kind *kind = g->setting->kind;
	int r = kind->take ? kind->take(g) : take_number(g);

	if (r == 0 || r == -ENOMEM || g->why->len > 0)
		return r;
	text_addf(g->why, "\"%.100s\" is %s (", g->n > 0 ? g->texts[0] : "", r == -ERANGE ? "out of range" : "not allowed");
	if (r == -ERANGE && kind->show) {
		kind->show(g->why, g->setting, g->setting->min);
		text_add(g->why, " to ");
		kind->show(g->why, g->setting, g->setting->max);
	} else if (kind->wanted) {
		text_add(g->why, kind->wanted);
	} else {
		value_add_words(g->why, g->setting->words);
	}
	text_add(g->why, ")");
	return r;
}

/* In the unit a person would choose, from the field itself: what is in effect. */
void kinds_show(struct text *t, const struct setting *setting, const void *object)
{
	setting->kind->show(t, setting, load((const char *)object + setting->offset, setting->size));
}

bool kinds_print(FILE *to, const struct setting *setting, const void *object)
{
	char storage[256];
	struct text t = TEXT_OVER(storage);

	if (setting->kind->print)
		return setting->kind->print(to, setting, object);
	kinds_show(&t, setting, object);
	return fputs(t.at, to) >= 0;
}

/* Bytes above 0x7E go out as they are, as they came in. */
void kinds_print_string(FILE *to, const char *s)
{
	(void)fputc('"', to);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			(void)fprintf(to, "\\%c", *s);
		else if ((unsigned char)*s < 0x20 || *s == 0x7F)
			(void)fprintf(to, "\\x%02x", (unsigned)(unsigned char)*s);
		else
			(void)fputc(*s, to);
	}
	(void)fputc('"', to);
}
