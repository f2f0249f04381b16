/* SPDX-License-Identifier: MIT */
/* media: which of the two formats of metrics an asker would rather have. */
#include "base/media.h"

#include <string.h>

#include "base/decimal.h"
#include "base/text.h"

struct span {
	const char *at, *end;
};

/* The next part of a list, without the spaces around it, and what is left. A `stop` in quotation marks is none. */
static struct span take_part(struct span *rest, char stop)
{
	struct span part = *rest;
	const char *s = rest->at;
	bool quoted = false;

	for (; s < rest->end && (quoted || *s != stop); s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (*s == '\\' && quoted && s + 1 < rest->end)
			s++;
	}
	part.end = s;
	rest->at = s < rest->end ? s + 1 : s;
	while (part.at < part.end && (*part.at == ' ' || *part.at == '\t'))
		part.at++;
	while (part.at < part.end && (part.end[-1] == ' ' || part.end[-1] == '\t'))
		part.end--;
	return part;
}

/* The word as text; none if it is longer than what is looked for. */
static void copy_part(const struct span *part, char to[32])
{
	size_t n = (size_t)(part->end - part->at);

	if (n >= 32)
		n = 0;
	memcpy(to, part->at, n);
	to[n] = '\0';
}

/* The quality, in thousandths. What is no quality counts as unsaid. */
static uint64_t take_quality(struct span parameters)
{
	uint64_t q;

	while (parameters.at < parameters.end) {
		struct span part = take_part(&parameters, ';');
		char text[32];

		copy_part(&part, text);
		if ((text[0] == 'q' || text[0] == 'Q') && text[1] == '=' && decimal_thousandths(text + 2, &q) == 0 &&
		    q <= 1000)
			return q;
	}
	return 1000;
}

/* The narrowest range that holds a type decides; of those that differ in their parameters only, the best. */
static void add_range(struct media_wish *wish, const char *type, uint64_t q)
{
	unsigned by = text_same_ignoring_case(type, "text/plain") ? 3
		      : text_same_ignoring_case(type, "text/*")   ? 2
		      : strcmp(type, "*/*") == 0                  ? 1
								  : 0;

	if (text_same_ignoring_case(type, "application/openmetrics-text") && q > wish->openmetrics)
		wish->openmetrics = q;
	if (by > wish->text_by || (by > 0 && by == wish->text_by && q > wish->text)) {
		wish->text = q;
		wish->text_by = by;
	}
}

void media_read(const char *accept, struct media_wish *wish)
{
	struct span rest = { accept, accept + strlen(accept) };

	while (rest.at < rest.end) {
		struct span range = take_part(&rest, ','), type = take_part(&range, ';');
		char text[32];

		copy_part(&type, text);
		add_range(wish, text, take_quality(range));
	}
}

bool media_wants_openmetrics(const struct media_wish *wish)
{
	return wish->openmetrics > 0 && wish->openmetrics >= wish->text;
}
