/* SPDX-License-Identifier: MIT */
/* --expect-impair in words. */
#include "echoprobe/expect.h"

#include <errno.h>
#include <string.h>

#include "echoprobe/units.h"

#define WORD_MAX 40 /* "18446744073709551615", "duplicate=0.0001%", and the NUL */

static const struct {
	const char *name;
	enum impairment_fault fault;
} keys[] = {
	{ "drop", IMPAIRMENT_DROP },         { "duplicate", IMPAIRMENT_DUPLICATE }, { "corrupt", IMPAIRMENT_CORRUPT },
	{ "truncate", IMPAIRMENT_TRUNCATE }, { "reorder", IMPAIRMENT_REORDER },
};

/* The next word up to a comma, in storage; where the rest begins, NULL: it was the last. -EINVAL: it is too long. */
static int next_word(const char **s, char storage[WORD_MAX])
{
	const char *comma = strchr(*s, ',');
	size_t n = comma ? (size_t)(comma - *s) : strlen(*s);

	if (n >= WORD_MAX)
		return -EINVAL;
	memcpy(storage, *s, n);
	storage[n] = '\0';
	*s = comma ? comma + 1 : NULL;
	return 0;
}

static int take_share(char *word, struct impairment *i)
{
	char *percent = strchr(word, '=');
	uint32_t ppm;
	int r;

	if (!percent)
		return -EINVAL;
	*percent++ = '\0';
	r = units_share(percent, &ppm);
	for (unsigned k = 0; r == 0 && k < array_n(keys); k++)
		if (strcmp(word, keys[k].name) == 0 && i->share_ppm[keys[k].fault] == 0) {
			i->share_ppm[keys[k].fault] = ppm;
			return 0;
		}
	return r < 0 ? r : -EINVAL;
}

int expect_parse(const char *s, struct impairment *ret)
{
	struct impairment i = { .seed = 0 };
	char word[WORD_MAX];
	int r = next_word(&s, word);

	if (r == 0)
		r = units_number(word, 0, UINT64_MAX, &i.seed);
	if (r == 0 && !s)
		r = -EINVAL;
	while (r == 0 && s) {
		r = next_word(&s, word);
		if (r == 0)
			r = take_share(word, &i);
	}
	if (r == 0)
		*ret = i;
	return r;
}
