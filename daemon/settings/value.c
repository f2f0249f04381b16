/* SPDX-License-Identifier: MIT */
/* The texts that a setting may hold, turned into numbers and back. Pure: no locale, no floating point, no rounding. */
#include "settings/value.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/decimal.h"

#define PERCENT_PPM 10000u

/* Largest first: the first that divides is the shortest text. The bare number comes last. */
static const struct decimal_unit duration_units[] = {
	{ "h", 3600 * CLOCK_S_NS }, { "m", 60 * CLOCK_S_NS }, { "s", CLOCK_S_NS }, { "ms", CLOCK_MS_NS }, { "", CLOCK_S_NS },
};
static const struct decimal_unit size_units[] = {
	{ "G", UINT64_C(1) << 30 },
	{ "M", UINT64_C(1) << 20 },
	{ "k", UINT64_C(1) << 10 },
	{ "K", UINT64_C(1) << 10 },
	{ "", 1 },
};

/* A unit is all of the text that is left: "5 s" and "5sec" have none. */
static int find_unit(const struct decimal_unit *units, size_t n, const char *name, uint64_t *ret_factor)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(units[i].name, name) == 0) {
			*ret_factor = units[i].factor;
			return 0;
		}
	return -EINVAL;
}

/* The magnitude first: it is the same range on both sides of zero. */
int value_integer(const char *s, int64_t *ret)
{
	bool minus = *s == '-';
	uint64_t v = 0;
	int r;

	if (*s == '-' || *s == '+')
		s++;
	r = decimal_take(&s, &v);
	if (r == -EINVAL || *s != '\0')
		return -EINVAL;
	if (r < 0 || v > (uint64_t)INT64_MAX) /* INT64_MIN itself is nobody's setting */
		return -ERANGE;
	*ret = minus ? -(int64_t)v : (int64_t)v;
	return 0;
}

int value_bool(const char *s, bool *ret)
{
	bool is_true = text_same_ignoring_case(s, "true");

	if (!is_true && !text_same_ignoring_case(s, "false"))
		return -EINVAL;
	*ret = is_true;
	return 0;
}

int value_duration(const char *s, uint64_t *ret_ns)
{
	return decimal_with_unit(s, duration_units, array_n(duration_units), ret_ns);
}

int value_size(const char *s, uint64_t *ret_bytes)
{
	uint64_t v = 0, factor = 0;
	int r;

	r = decimal_take(&s, &v);
	if (r == -EINVAL || find_unit(size_units, array_n(size_units), s, &factor) < 0)
		return -EINVAL;
	if (r < 0 || __builtin_mul_overflow(v, factor, &v))
		return -ERANGE;
	*ret_bytes = v;
	return 0;
}

/* One number of a rate: the text from *at up to one of `ends`. */
static int take_amount(const char **at, const char *ends, bool sizes, uint64_t *ret)
{
	size_t n = strcspn(*at, ends);
	char number[32];
	int r;

	if (n >= sizeof(number))
		return -EINVAL;
	memcpy(number, *at, n);
	number[n] = '\0';
	*at += n;
	if (!sizes && strspn(number, "0123456789") != n)
		return -EINVAL;
	r = value_size(number, ret);
	return r == 0 && *ret == 0 ? -ERANGE : r;
}

/* The burst is looked at even when the amount is out of range: a text that is none is the worse fault. */
int value_rate(const char *s, bool sizes, struct value_rate *ret)
{
	static const struct decimal_unit periods[] = { { "s", CLOCK_S_NS },
						       { "m", 60 * CLOCK_S_NS },
						       { "h", 3600 * CLOCK_S_NS } };
	struct value_rate v = { 0 };
	char period[2] = "";
	int r, burst_r = 0;

	if (strcmp(s, "none") == 0) {
		*ret = v;
		return 0;
	}
	r = take_amount(&s, "/", sizes, &v.amount);
	if (r == -EINVAL || s[0] != '/' || s[1] == '\0')
		return -EINVAL;
	period[0] = s[1];
	if (find_unit(periods, array_n(periods), period, &v.period_ns) < 0)
		return -EINVAL;
	s += 2;
	if (*s == ':') {
		s++;
		burst_r = take_amount(&s, "", sizes, &v.burst);
	}
	if (burst_r == -EINVAL || *s != '\0')
		return -EINVAL;
	if (r < 0 || burst_r < 0)
		return -ERANGE;
	*ret = v;
	return 0;
}

int value_percent(const char *s, uint64_t *ret_ppm)
{
	static const struct decimal_unit units[] = { { "%", PERCENT_PPM }, { "", 100 * PERCENT_PPM } };

	return decimal_with_unit(s, units, array_n(units), ret_ppm);
}

/* At most the nine permission bits: set-user-id on a socket means nothing. */
int value_mode(const char *s, uint32_t *ret)
{
	size_t n = strlen(s);
	uint32_t v = 0;

	if (n < 1 || n > 4 || strspn(s, "01234567") != n)
		return -EINVAL;
	for (; *s != '\0'; s++)
		v = v * 8 + (uint32_t)(*s - '0');
	if (v > 0777)
		return -ERANGE;
	*ret = v;
	return 0;
}

/* The beginning of word i; its length in *ret_n. NULL behind the last. */
static const char *word_at(const char *words, unsigned i, size_t *ret_n)
{
	for (;; i--) {
		*ret_n = strcspn(words, "|");
		if (i == 0)
			return words;
		if (words[*ret_n] == '\0')
			return NULL;
		words += *ret_n + 1;
	}
}

int value_word(const char *s, const char *words, unsigned *ret)
{
	const char *word;
	size_t n;

	for (unsigned i = 0; (word = word_at(words, i, &n)); i++)
		if (strlen(s) == n && memcmp(s, word, n) == 0) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

/* 0 has no unit: "0h" would be the first that divides. */
void value_add_duration(struct text *t, uint64_t ns)
{
	uint64_t decimals = ns % CLOCK_S_NS;
	int digits = 9;

	if (ns == 0) {
		text_add(t, "0");
		return;
	}
	for (size_t i = 0; i < array_n(duration_units) - 1; i++)
		if (ns % duration_units[i].factor == 0) {
			text_addf(t, "%" PRIu64 "%s", ns / duration_units[i].factor, duration_units[i].name);
			return;
		}
	for (; decimals % 10 == 0; digits--)
		decimals /= 10;
	text_addf(t, "%" PRIu64 ".%0*" PRIu64 "s", ns / CLOCK_S_NS, digits, decimals);
}

/* Likewise. */
void value_add_size(struct text *t, uint64_t bytes)
{
	size_t i = 0;

	if (bytes == 0) {
		text_add(t, "0");
		return;
	}
	while (bytes % size_units[i].factor != 0)
		i++; /* the last unit is 1 */
	text_addf(t, "%" PRIu64 "%s", bytes / size_units[i].factor, size_units[i].name);
}

void value_add_thousandths(struct text *t, uint64_t v)
{
	unsigned part = (unsigned)(v % 1000);
	int digits = 3;

	for (; digits > 1 && part % 10 == 0; digits--)
		part /= 10;
	text_addf(t, "%" PRIu64 ".%0*u", v / 1000, digits, part);
}

void value_add_percent(struct text *t, uint64_t ppm)
{
	uint64_t part = ppm % PERCENT_PPM;
	int digits = 4;

	text_addf(t, "%" PRIu64, ppm / PERCENT_PPM);
	for (; part != 0 && part % 10 == 0; digits--)
		part /= 10;
	if (part != 0)
		text_addf(t, ".%0*" PRIu64, digits, part);
	text_add(t, "%");
}

void value_add_word(struct text *t, const char *words, unsigned i)
{
	size_t n = 0;
	const char *word = word_at(words, i, &n);

	if (word)
		text_add_bytes(t, word, n);
}

void value_add_words(struct text *t, const char *words)
{
	const char *word;
	size_t n, next_n;

	for (unsigned i = 0; (word = word_at(words, i, &n)); i++) {
		bool last = !word_at(words, i + 1, &next_n);

		text_addf(t, "%s\"%.*s\"", i == 0 ? "" : last ? " or " : ", ", (int)n, word);
	}
}
