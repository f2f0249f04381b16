/* SPDX-License-Identifier: MIT */
/*
 * A file of quotes: refused with a line and a reason, or quotes that may be sent, which read again are the same.
 *
 * Covers: daemon/service/quotes.c daemon/base/lines.c
 */
#include "fuzz.h"

#include "service/quotes.h"

static void check_quote(const char *quote, size_t n)
{
	MUST(n >= 1 && n <= QUOTES_BYTES_MAX);
	for (size_t i = 0; i < n; i++)
		MUST((quote[i] >= ' ' && quote[i] <= '~') || quote[i] == '\r' || quote[i] == '\n');
	MUST(quote[n - 1] == '\n' && quote[n - 2] == '\r');
}

/* All of them as a file, parted by lone percent signs. */
static char *written(const struct quotes *q, size_t *ret_n)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, ret_n);

	MUST(to);
	for (size_t i = 0; i < quotes_n(q); i++) {
		size_t n;
		const char *quote = quotes_at(q, i, &n);

		check_quote(quote, n);
		(void)fwrite(quote, 1, n, to);
		(void)fputs("%\n", to);
	}
	MUST(fclose(to) == 0);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = fuzz_exact(data, n, false), *first, *second;
	struct quotes *q = NULL, *again = NULL;
	struct lines_fault fault = { 0 };
	size_t first_n = 0, second_n = 0;

	if (quotes_parse(text, n, &q, &fault) == 0) {
		MUST(quotes_n(q) >= 1);
		first = written(q, &first_n);
		MUST(quotes_parse(first, first_n, &again, &fault) == 0 && quotes_n(again) == quotes_n(q));
		second = written(again, &second_n);
		MUST(first_n == second_n && memcmp(first, second, first_n) == 0);
		free(first);
		free(second);
	} else {
		MUST(fault.line >= 1 && fault.why != NULL);
	}
	quotes_free(q);
	quotes_free(again);
	free(text);
	return 0;
}
