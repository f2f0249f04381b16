/* SPDX-License-Identifier: MIT */
/* The lines of a text file whose bytes are in memory. */
#include "base/lines.h"

#include <string.h>

bool lines_next(struct lines *l, const char **ret, size_t *ret_n)
{
	const char *lf, *comment;
	size_t n;

	if (l->at == l->end)
		return false;
	*ret = l->at;
	lf = memchr(l->at, '\n', (size_t)(l->end - l->at));
	n = (size_t)((lf ? lf : l->end) - l->at);
	l->at += n + !!lf;
	l->line++;
	if (n > 0 && (*ret)[n - 1] == '\r')
		n--;
	comment = l->comment != '\0' ? memchr(*ret, l->comment, n) : NULL;
	if (comment)
		n = (size_t)(comment - *ret);
	while (n > 0 && ((*ret)[n - 1] == ' ' || (*ret)[n - 1] == '\t'))
		n--;
	*ret_n = n;
	return true;
}
