/* SPDX-License-Identifier: MIT */
/*
 * Answers of a server that may say anything, as echoprobe reads them over connections: judged whole or in pieces alike,
 * noted without harm; and of info, what is said there.
 *
 * Input: the test, then the answer.
 * Covers: clients/echoprobe/daytime.c clients/echoprobe/time.c clients/echoprobe/hostname.c clients/echoprobe/chargen.c
 * clients/echoprobe/in_order.c clients/echoprobe/info_said.c
 *
 * Under 80 % of in_order.c: to which packet an answer belongs that came as a datagram is the unit tests'.
 */
#include "fuzz.h"

#include "echoprobe/engine.h"
#include "echoprobe/info_said.h"
#include "echoprobe/probe.h"

static void check_info(const uint8_t *at, size_t n)
{
	static struct plan plan = { .dscp = 10, .ecn = 1, .transport = PLAN_UDP, .size_bytes = 64 };
	struct result r = { .plan = &plan, .source.addr = { .family = AF_INET, .port = 40000, .bytes = { 192, 0, 2, 1 } } };
	char *json = fuzz_text(&(struct fuzz){ at, n });
	struct info_said said;
	struct info_change changes[INFO_CHANGES_MAX];
	size_t changes_n;

	if (info_said_read(json, &said) == 0) {
		changes_n = info_said_changes(&r, &said, changes);
		MUST(changes_n <= INFO_CHANGES_MAX);
		for (size_t i = 0; i < changes_n; i++) {
			MUST(info_member_name(changes[i].member) != NULL);
			MUST(changes[i].member == INFO_ADDRESS || changes[i].sent != changes[i].seen);
		}
	}
	free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const names[] = { "daytime", "time", "hostname", "chargen", "echo", "qotd" };
	static struct engine e;
	static struct plan plan;
	struct fuzz f = { data, n };
	const struct probe *probe = probe_find(names[fuzz_octet(&f) % array_n(names)]);
	const struct payload_id id = { .seq = 1 };
	uint8_t *bytes = fuzz_exact(f.at, f.n, false);
	struct probe_heard heard = { .at = bytes };
	enum tally_content content, last;
	uint8_t asked[PROBE_ASK_MAX];

	check_info(f.at, f.n);
	if (!probe)
		probe = probe_find("daytime");
	memset(&e, 0, sizeof(e));
	plan = (struct plan){ .probe = probe, .transport = PLAN_TCP, .size_bytes = 32, .ask = "HNAME a" };
	e.plan = &plan;
	e.size_bytes = plan.size_bytes;
	if (probe->exchange->ask)
		MUST(probe->exchange->ask(&e, &id, asked) <= sizeof(asked));
	while (heard.n < f.n && probe->exchange->judge(&e, &id, &heard, &content) == PROBE_MORE)
		heard.n++;
	heard.ended = true;
	MUST(probe->exchange->judge(&e, &id, &heard, &content) == PROBE_DONE);
	MUST(probe->exchange->judge(&e, &id, &heard, &last) == PROBE_DONE && last == content);
	if (probe->exchange->note) {
		probe->exchange->note(&e, &heard, 1795351771000000000, 1795351771001000000);
		for (const char *c = e.said; *c != '\0'; c++)
			MUST(*c >= ' ' && *c <= '~');
	}
	free(bytes);
	return 0;
}
