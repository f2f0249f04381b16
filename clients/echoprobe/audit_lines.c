/* SPDX-License-Identifier: MIT */
/* The rules of services that answer with text. */
#include "echoprobe/audit_lines.h"

#include <jansson.h>
#include <string.h>

#include "base/text.h"

#define CHARGEN_MAX 512
#define QUOTE_END 512 /* a quote is shorter */
#define RING_FIRST 0x20
#define RING_LAST 0x7E

static bool is_nothing(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->n == 0)
		audit_heard_break(f, "nothing came");
	return h->n == 0;
}

static bool is_break(uint8_t c)
{
	return c == '\r' || c == '\n';
}

static bool is_printable(uint8_t c)
{
	return c >= RING_FIRST && c <= RING_LAST;
}

void audit_lines_printable(const struct audit_heard *h, struct audit_finding *f)
{
	for (size_t i = 0; i < h->n; i++)
		if (!is_printable(h->at[i]) && !is_break(h->at[i])) {
			char why[64];
			struct text t = TEXT_OVER(why);

			text_addf(&t, "octet %zu is %02x", i, h->at[i]);
			audit_heard_break_at(f, h, i, why);
			return;
		}
}

/* Line breaks before it and behind it are no lines: NIST's begins with one. */
void audit_lines_daytime(const struct audit_heard *h, struct audit_finding *f)
{
	size_t first = 0, end = h->n;

	if (is_nothing(h, f))
		return;
	audit_lines_printable(h, f);
	while (first < end && is_break(h->at[first]))
		first++;
	while (end > first && is_break(h->at[end - 1]))
		end--;
	for (size_t i = first; i < end && f->verdict == AUDIT_KEPT; i++)
		if (is_break(h->at[i]))
			audit_heard_break_at(f, h, i, "it has more than one line");
	if (first == end && f->verdict == AUDIT_KEPT)
		audit_heard_break_at(f, h, 0, "it has no text");
}

/* --- RFC 864 -------------------------------------------------------------------------------------------------------- */

static void break_by_length(const struct audit_heard *h, size_t most, struct audit_finding *f)
{
	char why[64];
	struct text t = TEXT_OVER(why);

	text_addf(&t, "it has %zu", h->n);
	audit_heard_break_at(f, h, most, why);
}

void audit_lines_chargen_length(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->n > CHARGEN_MAX)
		break_by_length(h, CHARGEN_MAX, f);
}

void audit_lines_chargen_unasked(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->end == AUDIT_RESET)
		audit_heard_break(f, "the connection was reset after %zu octets", h->n);
	else if (h->end != AUDIT_ENOUGH)
		audit_heard_break(f, "no more than %zu octets came", h->n);
}

/* The next whole line, without its end. False: there is none. */
static bool next_line(const struct audit_heard *h, size_t *at, const uint8_t **ret, size_t *ret_n)
{
	const uint8_t *end = memchr(h->at + *at, '\n', h->n - *at);

	if (!end)
		return false;
	*ret = h->at + *at;
	*ret_n = (size_t)(end - *ret);
	*at += *ret_n + 1;
	if (*ret_n > 0 && (*ret)[*ret_n - 1] == '\r')
		--*ret_n;
	return true;
}

static uint8_t after(uint8_t c)
{
	return c == RING_LAST ? RING_FIRST : (uint8_t)(c + 1);
}

void audit_lines_chargen_pattern(const struct audit_heard *h, struct audit_finding *f)
{
	const uint8_t *before = NULL, *line;
	size_t at = 0, before_n = 0, n;

	while (next_line(h, &at, &line, &n)) {
		bool same = !before || n == before_n;

		for (size_t i = 0; before && same && i < n; i++)
			if (line[i] != after(before[i])) {
				audit_heard_break_at(f, h, (size_t)(line - h->at) + i,
						     "this line does not go on as the one before");
				return;
			}
		if (!same) {
			audit_heard_break_at(f, h, (size_t)(line - h->at),
					     "this line is of another length than the one before");
			return;
		}
		before = line;
		before_n = n;
	}
	if (h->n == 0)
		audit_heard_skip(f, "nothing came");
	else if (!before)
		audit_heard_break_at(f, h, 0, "it has no lines");
}

/* --- RFC 865 -------------------------------------------------------------------------------------------------------- */

void audit_lines_quote_length(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->n >= QUOTE_END)
		break_by_length(h, QUOTE_END - 1, f);
}

void audit_lines_pieces(const struct audit_heard *h, struct audit_finding *f)
{
	if (!is_nothing(h, f) && h->early)
		audit_heard_break_at(f, h, 0, "it is answered before it is whole");
}

/* --- RFC 953 -------------------------------------------------------------------------------------------------------- */

/* Takes a word and the blanks and the colon behind it. False: something else is there. */
static bool take(const struct audit_heard *h, size_t *at, const char *word)
{
	size_t n = strlen(word), i = *at;

	if (h->n - i < n || memcmp(h->at + i, word, n) != 0)
		return false;
	for (i += n; i < h->n && (h->at[i] == ' ' || h->at[i] == '\t'); i++)
		;
	if (i == h->n || h->at[i] != ':')
		return false;
	for (i++; i < h->n && (h->at[i] == ' ' || h->at[i] == '\t'); i++)
		;
	*at = i;
	return true;
}

static bool is_error(const struct audit_heard *h, const char *code)
{
	size_t at = 0;

	return take(h, &at, "ERR") && take(h, &at, code);
}

static void expect_error(const struct audit_heard *h, const char *code, struct audit_finding *f)
{
	if (is_error(h, code) || is_nothing(h, f))
		return;
	if (is_error(h, "TMPSYS"))
		audit_heard_skip(f, "its resolver did not answer in time");
	else
		audit_heard_break_at(f, h, 0, "it is something else");
}

void audit_lines_illegal(const struct audit_heard *h, struct audit_finding *f)
{
	expect_error(h, "ILLCOM", f);
}

void audit_lines_no_name(const struct audit_heard *h, struct audit_finding *f)
{
	expect_error(h, "NAMNFD", f);
}

void audit_lines_no_address(const struct audit_heard *h, struct audit_finding *f)
{
	expect_error(h, "ADRNFD", f);
}

void audit_lines_version(const struct audit_heard *h, struct audit_finding *f)
{
	size_t at = 0;

	if (!is_nothing(h, f) && !take(h, &at, "VERSION"))
		audit_heard_break_at(f, h, 0, "it is something else");
}

/* --- RFC 1078 ------------------------------------------------------------------------------------------------------- */

void audit_lines_mux_no(const struct audit_heard *h, struct audit_finding *f)
{
	if (is_nothing(h, f))
		return;
	if (h->at[0] != '-')
		audit_heard_break_at(f, h, 0, "it does not begin with -");
	else if (h->n < 3 || memcmp(h->at + h->n - 2, "\r\n", 2) != 0)
		audit_heard_break_at(f, h, 0, "it does not end with CR LF");
}

void audit_lines_mux_help(const struct audit_heard *h, struct audit_finding *f)
{
	if (is_nothing(h, f))
		return;
	if (h->at[0] == '-' || h->at[0] == '+')
		audit_heard_break_at(f, h, 0, "it is taken for a service");
	else
		audit_lines_printable(h, f);
}

/* --- info ----------------------------------------------------------------------------------------------------------- */

void audit_lines_object(const struct audit_heard *h, struct audit_finding *f)
{
	json_t *value = json_loadb((const char *)h->at, h->n, 0, NULL);

	if (!json_is_object(value) && !is_nothing(h, f))
		audit_heard_break_at(f, h, 0, "it is no JSON object");
	json_decref(value);
}
