/* SPDX-License-Identifier: MIT */
/* The system's error texts, made to stand within a sentence. */
#include "net/why.h"

#include <ctype.h>
#include <string.h>

void why_add_error(struct text *t, int r)
{
	const char *s = strerror(-r);

	/* A capital that only begins the sentence, not one of an abbreviation. */
	if (isupper((unsigned char)s[0]) && islower((unsigned char)s[1]))
		text_addf(t, "%c%s", tolower((unsigned char)s[0]), s + 1);
	else
		text_add(t, s);
}
