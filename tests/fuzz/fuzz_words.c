/* SPDX-License-Identifier: MIT */
/*
 * Words of echoprobe's command line: one value by each reader; and, parted by blanks, a command line.
 *
 * Covers: clients/echoprobe/units.c clients/echoprobe/options.c
 */
#include "fuzz.h"

#include "echoprobe/options.h"
#include "echoprobe/units.h"

#define WORDS_MAX 32

static void check_units(const char *s)
{
	struct units_host host;
	uint64_t n = 7;
	uint32_t ppm = 0;
	uint8_t octet = 0;

	(void)!units_duration(s, &n);
	if (units_rate(s, &n) == 0)
		MUST(n >= 1 && n <= UINT64_C(1000000000000));
	if (units_share(s, &ppm) == 0)
		MUST(ppm <= 1000000);
	if (units_number(s, 3, 9, &n) == 0)
		MUST(n >= 3 && n <= 9);
	if (units_dscp(s, &octet) == 0)
		MUST(octet < 64);
	if (units_ecn(s, &octet) == 0)
		MUST(octet < 4 && strcmp(units_ecn_name(octet), s) == 0);
	if (units_host(s, &host) == 0) {
		MUST(host.host[0] != '\0' && memchr(host.host, '\0', sizeof(host.host)));
		MUST(memchr(host.port, '\0', sizeof(host.port)));
	}
}

static void check_line(char *line)
{
	static struct plan plan;
	char *words[WORDS_MAX + 1] = { "echoprobe" }, *rest = NULL, said[512];
	struct text why = TEXT_OVER(said);
	enum options_what what;
	int n = 1;

	for (char *at = strtok_r(line, " ", &rest); at && n < WORDS_MAX; at = strtok_r(NULL, " ", &rest))
		words[n++] = at;
	memset(&plan, 0, sizeof(plan));
	if (options_read(n, words, &plan, &what, &why) == 0)
		MUST(why.len == 0 && (what != OPTIONS_RUN || plan.hosts_n > 0));
	else
		MUST(why.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *s = fuzz_text(&(struct fuzz){ data, n });

	check_units(s);
	check_line(s);
	free(s);
	return 0;
}
