/* SPDX-License-Identifier: MIT */
/* The usual slips of who writes settings by hand. */
#include "settings/slips.h"

#include <string.h>
#include <strings.h>

#include "settings/tokens.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define WORD LETTERS "0123456789-_.*"
#define SHOWN 60 /* bytes of what was written */

static const char *line_start(const char *text, unsigned line)
{
	for (; line > 1 && strchr(text, '\n'); line--)
		text = strchr(text, '\n') + 1;
	return text;
}

static bool is_bool(const char *word, size_t n)
{
	return (n == 4 && strncasecmp(word, "true", n) == 0) || (n == 5 && strncasecmp(word, "false", n) == 0);
}

static bool explain_missing(struct text *to)
{
	text_add(to, "there is no value behind the = (NAME = VALUE;)");
	return true;
}

/* A word where a value has to be: `before` is what stands before it. False: it may stand there. */
static bool explain_word(struct text *to, const char *word, size_t n, char before)
{
	const char *next = word + n + strspn(word + n, " \t\r\n");
	int shown = n < SHOWN ? (int)n : SHOWN;

	if (*next == '=' || *next == ':')
		return (before == '=' || before == ':') && explain_missing(to);
	if (is_bool(word, n))
		return false;
	text_addf(to, "%.*s is a bare word (text stands between quotation marks, \"%.*s\"; only true and false do without)",
		  shown, word, shown, word);
	return true;
}

/* The slip that begins at p, when the last character before it that means something is `before`. */
static bool explain_token(struct text *to, const char *p, char before)
{
	bool is_value = before != '\0' && strchr("=:[(,", before);
	size_t n;

	if (*p == '\'' && is_value) {
		n = strcspn(p + 1, "'\n");
		text_addf(to, "text stands between double quotation marks: \"%.*s\"", n < SHOWN ? (int)n : SHOWN, p + 1);
		return true;
	}
	if (before == '[' && (*p == '{' || *p == '(' || *p == '[')) {
		text_add(to, "[ ] holds single values only (a list holds groups: ( { NAME = VALUE; } ))");
		return true;
	}
	if (*p == ';' && (before == '=' || before == ':'))
		return explain_missing(to);
	return is_value && strchr(LETTERS, *p) && explain_word(to, p, strspn(p, WORD), before);
}

void slips_explain(struct text *to, const char *text, unsigned line)
{
	const char *p = line_start(text, line > 1 ? line - 1 : 1), *end = p, *all = text + strlen(text);
	char before = '\0';

	for (const char *q = p; q > text && before == '\0'; q--)
		before = !strchr(" \t\r\n", q[-1]) ? q[-1] : '\0';
	for (int i = 0; i < 2 && *end != '\0'; i++)
		end += strcspn(end, "\n") + (end[strcspn(end, "\n")] == '\n');
	for (struct token t = tokens_next(p, all); t.at < end && t.kind != TOKEN_UNENDED; t = tokens_next(p, all)) {
		if (explain_token(to, t.at, before))
			return;
		before = *t.at;
		p = t.at + t.n;
	}
	text_add(to,
		 "something is wrong here or on the line before (NAME = VALUE; in groups, commas between the elements of a "
		 "list)");
}
