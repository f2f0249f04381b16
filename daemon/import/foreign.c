/* SPDX-License-Identifier: MIT */
/* The configuration of another super-server, in memory. */
#include "import/foreign.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define BLANKS " \t\r\n\v\f"

int foreign_refuse(struct foreign *f, const char *place, const char *fmt, ...)
{
	struct text t = TEXT_OVER(f->problem);
	va_list args;

	text_addf(&t, "%s: ", place);
	va_start(args, fmt);
	text_vaddf(&t, fmt, args);
	va_end(args);
	return -EINVAL;
}

struct foreign_entry *foreign_add(struct foreign *f, const char *service, const char *place)
{
	struct foreign_entry *entries = reallocarray(f->entries, f->entries_n + 1, sizeof(*entries));

	if (!entries) {
		foreign_refuse(f, place, "out of memory");
		return NULL;
	}
	f->entries = entries;
	struct foreign_entry *e = &entries[f->entries_n++];
	*e = (struct foreign_entry){ .service = strdup(service), .place = strdup(place) };
	if (e->service && e->place)
		return e;
	foreign_refuse(f, place, "out of memory");
	return NULL;
}

/* The words with one blank between two, to be freed. */
static char *squeeze(const char *words)
{
	char *squeezed = malloc(strlen(words) + 1), *to = squeezed;

	if (!squeezed)
		return NULL;
	for (const char *p = words + strspn(words, BLANKS); *p; p += strspn(p, BLANKS)) {
		size_t n = strcspn(p, BLANKS);

		if (to != squeezed)
			*to++ = ' ';
		memcpy(to, p, n);
		to += n;
		p += n;
	}
	*to = '\0';
	return squeezed;
}

int foreign_add_attribute(struct foreign *f, struct foreign_entry *e, const struct foreign_attribute *like)
{
	struct foreign_attribute *attributes = reallocarray(e->attributes, e->attributes_n + 1, sizeof(*attributes));

	if (attributes) {
		e->attributes = attributes;
		struct foreign_attribute *a = &attributes[e->attributes_n++];
		*a = (struct foreign_attribute){ strdup(like->name), like->op, squeeze(like->words), strdup(like->place) };
		if (a->name && a->words && a->place)
			return 0;
	}
	foreign_refuse(f, like->place, "out of memory");
	return -ENOMEM;
}

const struct foreign_attribute *foreign_find(const struct foreign_entry *e, const char *name)
{
	for (size_t i = e->attributes_n; i-- > 0;)
		if (strcmp(e->attributes[i].name, name) == 0)
			return &e->attributes[i];
	return NULL;
}

int foreign_each_word(const char *words, foreign_word_fn *take, void *context)
{
	cleanup_free char *copy = strdup(words);
	char *rest = copy;
	int r = copy ? 0 : -ENOMEM;

	for (char *word; r >= 0 && (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			r = take(context, word);
	return r;
}

/* -EEXIST: it is the one that is looked for. */
static int compare(void *context, const char *word)
{
	return strcmp(context, word) == 0 ? -EEXIST : 0;
}

bool foreign_has_word(const struct foreign_entry *e, const char *name, const char *word)
{
	char *wanted = (char *)word; /* compare() reads it only */

	for (size_t i = 0; i < e->attributes_n; i++)
		if (strcmp(e->attributes[i].name, name) == 0 && e->attributes[i].op != '-' &&
		    foreign_each_word(e->attributes[i].words, compare, wanted) == -EEXIST)
			return true;
	return false;
}

/* Words that are put together. */
struct gathering {
	char *words; /* NULL: out of memory */
	const char *without;
};

static int gather(void *context, const char *word)
{
	struct gathering *g = context;
	char *more;

	if (g->without && foreign_each_word(g->without, compare, (char *)word) == -EEXIST)
		return 0;
	if (asprintf(&more, "%s%s%s", g->words, *g->words ? " " : "", word) < 0)
		more = NULL;
	free(g->words);
	g->words = more;
	return more ? 0 : -ENOMEM;
}

/* Applies the attributes of a name to *words. True: there was one. */
static bool apply(const struct foreign_entry *e, const char *name, char **words)
{
	bool any = false;

	for (size_t i = 0; i < e->attributes_n && *words; i++) {
		const struct foreign_attribute *a = &e->attributes[i];

		if (strcmp(a->name, name) != 0)
			continue;
		cleanup_free char *before = *words;
		struct gathering g = { strdup(""), a->op == '-' ? a->words : NULL };
		if (g.words && a->op != '=')
			(void)foreign_each_word(before, gather, &g); /* out of memory: words is NULL */
		if (g.words && a->op != '-')
			(void)foreign_each_word(a->words, gather, &g);
		*words = g.words;
		any = true;
	}
	return any;
}

char *foreign_words(const struct foreign *f, const struct foreign_entry *e, const char *name)
{
	char *words = strdup("");

	if (words && e != &f->defaults)
		(void)apply(&f->defaults, name, &words);
	if (words && apply(e, name, &words))
		return words;
	free(words);
	return NULL;
}

static void free_entry(struct foreign_entry *e)
{
	for (size_t i = 0; i < e->attributes_n; i++) {
		free(e->attributes[i].name);
		free(e->attributes[i].words);
		free(e->attributes[i].place);
	}
	free(e->attributes);
	free(e->service);
	free(e->place);
}

void foreign_free(struct foreign *f)
{
	free_entry(&f->defaults);
	for (size_t i = 0; i < f->entries_n; i++)
		free_entry(&f->entries[i]);
	free(f->entries);
}
