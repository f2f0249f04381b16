/* SPDX-License-Identifier: MIT */
/* audit: what rules make of what a server said, and where services are looked for. */
#include "test.h"

#include <string.h>

#include "base/bytes.h"
#include "echoprobe/audit_echo.h"
#include "echoprobe/audit_lines.h"
#include "echoprobe/audit_said.h"
#include "echoprobe/audit_stamp.h"

#define CLOCK_S 1795351771 /* 2026-11-22 12:49:31 UTC */

static struct audit_heard heard(const char *text)
{
	return (struct audit_heard){
		.at = (const uint8_t *)text,
		.n = strlen(text),
		.answers = 1,
		.end = AUDIT_ENDED,
		.clock_s = CLOCK_S,
	};
}

static enum audit_verdict judge(audit_judge_fn *fn, const struct audit_heard *h)
{
	struct audit_finding f = { 0 };

	fn(h, &f);
	assert_true(f.verdict == AUDIT_KEPT || f.reason[0] != '\0');
	assert_true(f.bytes_n <= h->n && f.at + f.bytes_n <= h->n);
	return f.verdict;
}

static enum audit_verdict judge_text(audit_judge_fn *fn, const char *text)
{
	struct audit_heard h = heard(text);

	return judge(fn, &h);
}

TEST(every_form_of_a_daytime_is_one_line)
{
	static const char *const right[] = {
		"Sun Nov 22 12:49:52 2026\r\n",
		"22 NOV 2026 12:49:31 UTC\r\n",
		"2026-11-22T12:49:31Z\r\n",
		"\n53604 05-08-22 02:57:53 50 0 0 725.6 UTC(NIST) * \n",
		"12:49:52",
	};
	static const char *const wrong[] = { "", "\r\n", "12:49\r\nof a Sunday\r\n", "12:49\t52\r\n", "12:49\x80\r\n" };

	for (size_t i = 0; i < array_n(right); i++)
		assert_int_equal(judge_text(audit_lines_daytime, right[i]), AUDIT_KEPT);
	for (size_t i = 0; i < array_n(wrong); i++)
		assert_int_equal(judge_text(audit_lines_daytime, wrong[i]), AUDIT_BROKEN);
}

static enum audit_verdict judge_epoch(const uint8_t *octets, size_t n)
{
	struct audit_heard h = { .at = octets, .n = n, .clock_s = CLOCK_S };

	return judge(audit_said_epoch, &h);
}

TEST(a_time_counts_from_1900_whatever_the_clock_says)
{
	static const uint8_t since_1900[] = { 0xEE, 0xAD, 0x63, 0x5B }, since_1970[] = { 0x6B, 0x02, 0xE4, 0xDB },
			     reversed[] = { 0x5B, 0x63, 0xAD, 0xEE }, of_1983[] = { 0x9C, 0xBC, 0x44, 0x80 },
			     two[] = { 0xEE, 0xAD, 0x63, 0x5B, 0, 0, 0, 0 };

	assert_int_equal(judge_epoch(since_1900, 4), AUDIT_KEPT);
	assert_int_equal(judge_epoch(of_1983, 4), AUDIT_KEPT);
	assert_int_equal(judge_epoch(two, 8), AUDIT_KEPT);
	assert_int_equal(judge_epoch(since_1970, 4), AUDIT_BROKEN);
	assert_int_equal(judge_epoch(reversed, 4), AUDIT_BROKEN);
	assert_int_equal(judge_epoch(since_1900, 3), AUDIT_NOT_TESTABLE);
	assert_int_equal(judge_epoch(since_1900, 0), AUDIT_NOT_TESTABLE);
}

/* Two lines of the ring from a character on. */
static void write_lines(char *to, unsigned first)
{
	for (unsigned line = 0; line < 2; line++) {
		for (unsigned i = 0; i < 72; i++)
			*to++ = (char)(0x20 + (first + line + i) % 95);
		to = stpcpy(to, "\r\n");
	}
}

TEST(a_pattern_may_begin_anywhere_in_the_ring)
{
	char lines[2 * 74 + 1];

	for (unsigned first = 0; first < 95; first++) {
		write_lines(lines, first);
		assert_int_equal(judge_text(audit_lines_chargen_pattern, lines), AUDIT_KEPT);
		lines[74 + 40]++;
		assert_int_equal(judge_text(audit_lines_chargen_pattern, lines), AUDIT_BROKEN);
	}
}

TEST(what_is_no_lines_of_one_length_is_no_pattern)
{
	assert_int_equal(judge_text(audit_lines_chargen_pattern, "abc\r\nbcd\r\ncd"), AUDIT_KEPT);
	assert_int_equal(judge_text(audit_lines_chargen_pattern, "abc\r\nbc\r\n"), AUDIT_BROKEN);
	assert_int_equal(judge_text(audit_lines_chargen_pattern, "abcdef"), AUDIT_BROKEN);
	assert_int_equal(judge_text(audit_lines_chargen_pattern, ""), AUDIT_NOT_TESTABLE);
}

TEST(an_echo_is_judged_by_its_octets_and_its_length)
{
	struct audit_heard h = heard("abcdef");

	h.said = (const uint8_t *)"abcdef";
	h.said_n = 6;
	assert_int_equal(judge(audit_echo_same, &h), AUDIT_KEPT);
	assert_int_equal(judge(audit_echo_half_close, &h), AUDIT_KEPT);
	h.n = 5;
	assert_int_equal(judge(audit_echo_same, &h), AUDIT_BROKEN);
	assert_int_equal(judge(audit_echo_stream, &h), AUDIT_KEPT);
	assert_int_equal(judge(audit_echo_half_close, &h), AUDIT_BROKEN);
	assert_int_equal(judge(audit_echo_urgent, &h), AUDIT_BROKEN);
	h.n = 6;
	h.end = AUDIT_SILENT;
	assert_int_equal(judge(audit_echo_half_close, &h), AUDIT_BROKEN);
	h.said = (const uint8_t *)"abcdeF";
	assert_int_equal(judge(audit_echo_stream, &h), AUDIT_BROKEN);
	h.answers = 0;
	h.n = 0;
	assert_int_equal(judge(audit_echo_same, &h), AUDIT_BROKEN);
}

TEST(errors_of_hostname_are_known_with_and_without_blanks)
{
	assert_int_equal(judge_text(audit_lines_no_name, "ERR : NAMNFD : Name not found :\r\n"), AUDIT_KEPT);
	assert_int_equal(judge_text(audit_lines_no_name, "ERR:NAMNFD:Name not found:\r\n"), AUDIT_KEPT);
	assert_int_equal(judge_text(audit_lines_no_name, "ERR : TMPSYS : later :\r\n"), AUDIT_NOT_TESTABLE);
	assert_int_equal(judge_text(audit_lines_no_name, "ERR : ADRNFD : Address not found :\r\n"), AUDIT_BROKEN);
	assert_int_equal(judge_text(audit_lines_no_name, "ERR"), AUDIT_BROKEN);
	assert_int_equal(judge_text(audit_lines_no_name, ""), AUDIT_BROKEN);
	assert_int_equal(judge_text(audit_lines_version, "VERSION : NONE\r\n"), AUDIT_KEPT);
}

TEST(a_refusal_of_tcpmux_is_a_line)
{
	assert_int_equal(judge_text(audit_lines_mux_no, "-\r\n"), AUDIT_KEPT);
	assert_int_equal(judge_text(audit_lines_mux_no, "-No\n"), AUDIT_BROKEN);
	assert_int_equal(judge_text(audit_lines_mux_no, "-"), AUDIT_BROKEN);
	assert_int_equal(judge_text(audit_lines_mux_no, "+Go\r\n"), AUDIT_BROKEN);
}

TEST(a_reflection_is_judged_by_its_fields)
{
	uint8_t packet[44] = { 0 }, request[44] = { 1, 2, 3, 4 };
	struct audit_heard h = { .said = request, .said_n = 44, .at = packet, .n = 44, .answers = 1 };

	bytes_put_be16(packet + 12, 0x8001);
	bytes_put_be32(packet + 4, 100);
	bytes_put_be32(packet + 16, 100);
	memcpy(packet + 24, request, 14);
	assert_int_equal(judge(audit_stamp_sender, &h), AUDIT_KEPT);
	assert_int_equal(judge(audit_stamp_times, &h), AUDIT_KEPT);
	assert_int_equal(judge(audit_stamp_zero, &h), AUDIT_KEPT);
	packet[43] = 1;
	packet[13] = 0;
	packet[30]++;
	bytes_put_be32(packet + 16, 101);
	assert_int_equal(judge(audit_stamp_sender, &h), AUDIT_BROKEN);
	assert_int_equal(judge(audit_stamp_times, &h), AUDIT_BROKEN);
	assert_int_equal(judge(audit_stamp_zero, &h), AUDIT_BROKEN);
	assert_int_equal(judge(audit_stamp_error, &h), AUDIT_BROKEN);
	h.n = 43;
	assert_int_equal(judge(audit_stamp_error, &h), AUDIT_NOT_TESTABLE);
}

static uint16_t port_of(const char *word, enum audit_service service, enum plan_transport transport)
{
	struct plan plan = { .port = word };
	struct audit_ports ports;
	char storage[256];
	struct text why = TEXT_OVER(storage);

	if (audit_ports_read(&plan, &ports, &why) < 0) {
		assert_true(why.len > 0);
		return UINT16_MAX;
	}
	return ports.port[service][transport];
}

TEST(ports_are_the_services_own_moved_or_named)
{
	static const char *const wrong[] = { "7",           "echo", "echo=", "echo=0", "echo=70000",
					     "echo/sctp=7", "=7",   "",      "+",      "+65500" };

	assert_int_equal(port_of(NULL, AUDIT_TIME, PLAN_UDP), 37);
	assert_int_equal(port_of(NULL, AUDIT_INFO, PLAN_UDP), 0);
	assert_int_equal(port_of("+10000", AUDIT_STAMP, PLAN_UDP), 10862);
	assert_int_equal(port_of("echo=7007,time/udp=3737", AUDIT_ECHO, PLAN_TCP), 7007);
	assert_int_equal(port_of("echo=7007,time/udp=3737", AUDIT_TIME, PLAN_UDP), 3737);
	assert_int_equal(port_of("echo=7007,time/udp=3737", AUDIT_TIME, PLAN_TCP), 0);
	assert_int_equal(port_of("echo=7007", AUDIT_DISCARD, PLAN_TCP), 0);
	for (size_t i = 0; i < array_n(wrong); i++)
		assert_int_equal(port_of(wrong[i], AUDIT_ECHO, PLAN_UDP), UINT16_MAX);
}

TEST(the_rules_of_a_service_stand_together_and_have_names_of_their_own)
{
	for (size_t i = 0; i < audit_rules_n; i++) {
		const struct audit_rule *rule = &audit_rules[i];
		size_t n = strlen(audit_service_name(rule->service));

		assert_memory_equal(rule->id, audit_service_name(rule->service), n);
		assert_memory_equal(rule->id + n, rule->transport == PLAN_UDP ? "-udp-" : "-tcp-", 5);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(audit_rules[j].id, rule->id);
			assert_true(audit_rules[j].service <= rule->service);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_a_daytime_is_one_line),
		cmocka_unit_test(a_time_counts_from_1900_whatever_the_clock_says),
		cmocka_unit_test(a_pattern_may_begin_anywhere_in_the_ring),
		cmocka_unit_test(what_is_no_lines_of_one_length_is_no_pattern),
		cmocka_unit_test(an_echo_is_judged_by_its_octets_and_its_length),
		cmocka_unit_test(errors_of_hostname_are_known_with_and_without_blanks),
		cmocka_unit_test(a_refusal_of_tcpmux_is_a_line),
		cmocka_unit_test(a_reflection_is_judged_by_its_fields),
		cmocka_unit_test(ports_are_the_services_own_moved_or_named),
		cmocka_unit_test(the_rules_of_a_service_stand_together_and_have_names_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
