/* SPDX-License-Identifier: MIT */
/* hostname (RFC 953): requests as clients send them, and the answers line by line. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "serve.h"
#include "service/hosttable.h"

#define ILLCOM "ERR : ILLCOM : Illegal command :\r\n"
#define NAMNFD "ERR : NAMNFD : Name not found :\r\n"
#define ADRNFD "ERR : ADRNFD : Address not found :\r\n"
#define TMPSYS "ERR : TMPSYS : Temporary system failure, try again later :\r\n"

static const char table_text[] = "HOST : 192.0.2.10 : SRI-NIC.ARPA,SRI-NIC,NIC : DEC-2060 : TOPS20 : TCP/TELNET,ICMP :\n"
				 "HOST : 192.0.2.11, [2001:db8::b] : TWIN.ARPA :\n"
				 "NET : 192.0.2.0 : TWIN.ARPA,DOCNET :\n"
				 "GATEWAY : 192.0.2.1, 198.51.100.1 : GW.ARPA,GW :\n"
				 "DOMAIN : 192.0.2.10 : ARPA :\n";
#define DOMAIN_LINES "DOMAIN : 192.0.2.10 : ARPA :\r\n"
#define NET_LINES "NET : 192.0.2.0 : TWIN.ARPA,DOCNET :\r\n"
#define GATEWAY_LINES "GATEWAY : 192.0.2.1, 198.51.100.1 : GW.ARPA,GW :\r\n"
#define NIC_LINE "HOST : 192.0.2.10 : SRI-NIC.ARPA,SRI-NIC,NIC : DEC-2060 : TOPS20 : TCP/TELNET,ICMP :\r\n"
#define TWIN_LINE "HOST : 192.0.2.11, [2001:db8::b] : TWIN.ARPA :\r\n"

static struct hosttable *table;

static int read_table(void **state maybe_unused)
{
	struct lines_fault fault = { 0 };

	return hosttable_parse(&(struct hosttable_source){ table_text, strlen(table_text), 1795351771 }, &table, &fault);
}

static int free_table(void **state maybe_unused)
{
	hosttable_free(table);
	return 0;
}

static void request(struct serve *s, const char *line)
{
	serve_begin(s, "hostname", TRANSPORT_TCP);
	serve_send(s, line);
}

static void assert_answer(const char *line, const struct hosttable *t, const char *expected)
{
	struct serve s;

	serve_begin(&s, "hostname", TRANSPORT_TCP);
	s.options.table = t;
	serve_send(&s, line);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_string_equal(s.said, expected);
}

static void assert_asks_for_name(const char *line, const char *expected)
{
	struct serve s;

	request(&s, line);
	assert_int_equal(s.verdict, SVC_ASK);
	assert_int_equal(s.question.kind, LOOKUP_BY_NAME);
	assert_string_equal(s.question.name, expected);
	assert_int_equal(s.said_n, 0);
}

static void assert_asks_for_address(const char *line, const char *expected)
{
	struct addr a;
	struct serve s;

	assert_int_equal(addr_parse(expected, &a), 0);
	request(&s, line);
	assert_int_equal(s.verdict, SVC_ASK);
	assert_int_equal(s.question.kind, LOOKUP_BY_ADDRESS);
	assert_true(addr_same(&s.question.addr, &a));
}

static struct lookup_answer found(const char *name)
{
	struct lookup_answer a = { .result = LOOKUP_FOUND };

	assert_int_equal(text_copy(a.name, sizeof(a.name), name), 0);
	return a;
}

static void add_alias(struct lookup_answer *a, const char *name)
{
	assert_int_equal(text_copy(a->aliases[a->aliases_n++], LOOKUP_NAME_MAX, name), 0);
}

static void add_address(struct lookup_answer *a, const char *text)
{
	assert_int_equal(addr_parse(text, &a->addresses[a->addresses_n++]), 0);
}

/* What a client reads when the resolver answers so. */
static void assert_resolved(const char *line, const struct lookup_answer *answer, const char *expected)
{
	struct serve s;

	request(&s, line);
	serve_resolve(&s, answer);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_string_equal(s.said, expected);
}

TEST(a_name_is_asked_for_as_it_was_sent)
{
	assert_asks_for_name("HNAME nic\r\n", "nic");
	assert_asks_for_name("hname NIC\r\n", "NIC");
	assert_asks_for_name("HnAmE \t nic.example.  \r\n", "nic.example.");
	assert_asks_for_name("HNAME nic\n", "nic"); /* a bare LF */
	assert_asks_for_name("  HNAME _dns-1.example\r\n", "_dns-1.example");
	assert_asks_for_name("HNAME nic\r\nHNAME other\r\n", "nic"); /* one request a connection */
}

TEST(a_name_that_is_none_never_reaches_the_resolver)
{
	char line[400];

	assert_answer("HNAME a/b\r\n", NULL, ILLCOM);
	assert_answer("HNAME a b\r\n", NULL, ILLCOM);
	assert_answer("HNAME .\r\n", NULL, ILLCOM);
	assert_answer("HNAME a..b\r\n", NULL, ILLCOM);
	assert_answer("HNAME .a\r\n", NULL, ILLCOM);
	assert_answer("HNAME caf\xc3\xa9\r\n", NULL, ILLCOM);
	assert_answer("HNAME a\x1b[2J\r\n", NULL, ILLCOM);
	snprintf(line, sizeof(line), "HNAME %063d\r\n", 1);
	assert_asks_for_name(line, "000000000000000000000000000000000000000000000000000000000000001");
	snprintf(line, sizeof(line), "HNAME %064d\r\n", 1);
	assert_answer(line, NULL, ILLCOM);
	snprintf(line, sizeof(line), "HNAME %063d.%063d.%063d.%061d\r\n", 1, 2, 3, 4);
	line[6 + 253] = '\0';
	strcat(line, ".\r\n"); /* 253 octets and the dot at the end */
	{
		struct serve s;

		request(&s, line);
		assert_int_equal(s.verdict, SVC_ASK);
		assert_int_equal(strlen(s.question.name), 254);
	}
	snprintf(line, sizeof(line), "HNAME %063d.%063d.%063d.%062d\r\n", 1, 2, 3, 4);
	assert_answer(line, NULL, ILLCOM);
}

TEST(an_address_is_asked_for_in_its_one_form)
{
	assert_asks_for_address("HADDR 192.0.2.1\r\n", "192.0.2.1");
	assert_asks_for_address("haddr 2001:DB8::1\r\n", "2001:db8::1");
	assert_asks_for_address("HADDR [2001:db8::1]\r\n", "2001:db8::1");
	assert_asks_for_address("HADDR ::ffff:192.0.2.1\r\n", "192.0.2.1");
}

TEST(an_address_that_is_none_is_not_found)
{
	static const char *const lines[] = { "HADDR 999.1.1.1\r\n",  "HADDR nic\r\n",
					     "HADDR 192.0.2\r\n",    "HADDR 192.0.2.1 192.0.2.2\r\n",
					     "HADDR fe80::1%lo\r\n", "HADDR [\r\n",
					     "HADDR 0x7f.1\r\n" };

	for (size_t i = 0; i < array_n(lines); i++)
		assert_answer(lines[i], NULL, ADRNFD);
}

TEST(without_an_argument_this_host_and_the_peer_are_meant)
{
	struct serve s;

	assert_asks_for_name("HNAME\r\n", "here.example");
	assert_asks_for_address("HADDR\r\n", "192.0.2.7");
	serve_begin(&s, "hostname", TRANSPORT_UNIX);
	s.ctx.peer = (struct addr){ .family = AF_UNIX };
	serve_send(&s, "HADDR\r\n");
	assert_string_equal(s.said, ADRNFD);
	serve_begin(&s, "hostname", TRANSPORT_TCP);
	s.ctx.host_name = "not a name";
	serve_send(&s, "HNAME\r\n");
	assert_string_equal(s.said, NAMNFD);
}

TEST(what_the_resolver_found_is_one_record)
{
	struct lookup_answer a = found("nic.example");

	add_address(&a, "192.0.2.1");
	assert_resolved("HNAME nic\r\n", &a, "HOST : 192.0.2.1 : nic.example :\r\n");
	add_address(&a, "192.0.2.2");
	add_address(&a, "2001:db8::1");
	add_alias(&a, "www.example");
	add_alias(&a, "ftp.example");
	assert_resolved("HNAME nic\r\n", &a,
			"HOST : 192.0.2.1, 192.0.2.2, [2001:db8::1] : nic.example,www.example,ftp.example :\r\n");
	a.addresses_n = 0; /* asked by address: that one */
	assert_resolved("HADDR 198.51.100.9\r\n", &a, "HOST : 198.51.100.9 : nic.example,www.example,ftp.example :\r\n");
	assert_resolved("HADDR 2001:db8::9\r\n", &a, "HOST : [2001:db8::9] : nic.example,www.example,ftp.example :\r\n");
	assert_resolved("HNAME nic\r\n", &a, NAMNFD); /* a name without any address */
}

TEST(a_link_local_peer_is_told_without_our_interface)
{
	struct lookup_answer a = found("near.example");
	struct serve s;

	serve_begin(&s, "hostname", TRANSPORT_TCP);
	s.ctx.peer = (struct addr){ .family = AF_INET6, .scope = 3, .bytes = { 0xFE, 0x80, [15] = 1 } };
	serve_send(&s, "HADDR\r\n");
	assert_int_equal(s.question.addr.scope, 3);
	serve_resolve(&s, &a);
	assert_string_equal(s.said, "HOST : [fe80::1] : near.example :\r\n");
}

TEST(not_found_and_could_not_find_out_are_never_mixed_up)
{
	struct lookup_answer none = { .result = LOOKUP_NOT_FOUND }, failed = { .result = LOOKUP_FAILED };

	assert_resolved("HNAME nosuch\r\n", &none, NAMNFD);
	assert_resolved("HADDR 192.0.2.1\r\n", &none, ADRNFD);
	assert_resolved("HNAME\r\n", &none, NAMNFD);
	assert_resolved("HNAME nosuch\r\n", &failed, TMPSYS);
	assert_resolved("HADDR 192.0.2.1\r\n", &failed, TMPSYS);
}

TEST(names_of_the_resolver_are_not_trusted)
{
	static const char *const evil[] = { "", "a b", "a\nHOST", "\x1b[2J", "a:b", "a,b", "a\x80", "a/b" };
	struct lookup_answer a;

	for (size_t i = 0; i < array_n(evil); i++) {
		a = found(evil[i]);
		add_address(&a, "192.0.2.1");
		assert_resolved("HNAME nic\r\n", &a, NAMNFD);
		assert_resolved("HADDR 192.0.2.1\r\n", &a, ADRNFD);
		a = found("nic.example");
		add_address(&a, "192.0.2.1");
		add_alias(&a, evil[i]);
		add_alias(&a, "www.example");
		assert_resolved("HNAME nic\r\n", &a, "HOST : 192.0.2.1 : nic.example,www.example :\r\n");
	}
	a = found("nic.example");
	add_address(&a, "192.0.2.1");
	memset(a.aliases, 'x', sizeof(a.aliases)); /* no NUL anywhere, and a number that is no number of aliases */
	a.aliases_n = UINT32_MAX;
	assert_resolved("HNAME nic\r\n", &a, "HOST : 192.0.2.1 : nic.example :\r\n");
	a.addresses_n = UINT32_MAX;
	assert_resolved("HNAME nic\r\n", &a, NAMNFD);
	memset(a.name, 'x', sizeof(a.name));
	a.addresses_n = 1;
	assert_resolved("HNAME nic\r\n", &a, NAMNFD);
}

TEST(what_is_no_command_is_illegal)
{
	static const char *const lines[] = { "FOO\r\n",       "\r\n",           "\n",
					     "   \r\n",       "HNAMES nic\r\n", "HNAM\r\n",
					     "ALL of it\r\n", "VERSION 2\r\n",  "HNAME\x0bnic\r\n",
					     "\xff\xfe\r\n" };
	struct serve s;

	for (size_t i = 0; i < array_n(lines); i++)
		assert_answer(lines[i], table, ILLCOM);
	serve_begin(&s, "hostname", TRANSPORT_TCP);
	serve_send_bytes(&s, "ALL\0\r\n", 6);
	assert_string_equal(s.said, ILLCOM);
}

TEST(a_line_may_come_byte_by_byte)
{
	struct serve s;

	serve_begin(&s, "hostname", TRANSPORT_TCP);
	for (const char *c = "HNAME nic.example\r"; *c != '\0'; c++) {
		serve_send_bytes(&s, c, 1);
		assert_int_equal(s.verdict, SVC_MORE);
	}
	serve_send(&s, "\n");
	assert_int_equal(s.verdict, SVC_ASK);
	assert_string_equal(s.question.name, "nic.example");
	serve_send(&s, "HNAME more\r\n"); /* while the resolver thinks */
	assert_int_equal(s.verdict, SVC_MORE);
	assert_int_equal(s.pending_n, 0);
}

TEST(a_line_over_512_octets_is_illegal)
{
	static char line[10240];
	struct serve s;

	memset(line, 'x', sizeof(line));
	serve_begin(&s, "hostname", TRANSPORT_TCP);
	serve_send_bytes(&s, line, sizeof(line));
	assert_int_equal(s.verdict, SVC_DONE);
	assert_string_equal(s.said, ILLCOM);

	serve_begin(&s, "hostname", TRANSPORT_TCP);
	for (int i = 0; i < 511; i++) {
		serve_send(&s, "x");
		assert_int_equal(s.verdict, SVC_MORE);
	}
	serve_send(&s, "x");
	assert_int_equal(s.verdict, SVC_DONE);
	assert_string_equal(s.said, ILLCOM);

	memset(line, ' ', 512); /* 512 with its line end is a line */
	memcpy(line, "HNAME nic", 9);
	memcpy(line + 510, "\r\n", 3);
	assert_asks_for_name(line, "nic");
	memcpy(line + 510, " \r\n", 4);
	assert_answer(line, NULL, ILLCOM);
}

TEST(a_line_without_its_end_counts_when_the_client_is_done)
{
	struct serve s;

	request(&s, "HNAME nic");
	assert_int_equal(s.verdict, SVC_MORE);
	serve_end(&s);
	assert_int_equal(s.verdict, SVC_ASK);
	assert_string_equal(s.question.name, "nic");

	request(&s, "");
	serve_end(&s);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_int_equal(s.said_n, 0);
}

TEST(the_table_answers_before_the_resolver)
{
	assert_answer("HNAME nic\r\n", table, NIC_LINE);
	assert_answer("HNAME Sri-Nic.arpa.\r\n", table, NIC_LINE);
	assert_answer("HADDR 198.51.100.1\r\n", table, GATEWAY_LINES);
	assert_answer("HADDR [2001:db8:0::b]\r\n", table, TWIN_LINE);
	assert_answer("HNAME twin.arpa\r\n", table, "BEGIN:\r\n" NET_LINES TWIN_LINE "END:\r\n");
	assert_answer("HADDR 192.0.2.10\r\n", table, "BEGIN:\r\n" DOMAIN_LINES NIC_LINE "END:\r\n");
}

TEST(what_the_table_does_not_know_is_asked_for)
{
	struct serve s;

	serve_begin(&s, "hostname", TRANSPORT_TCP);
	s.options.table = table;
	serve_send(&s, "HNAME other.example.\r\n");
	assert_int_equal(s.verdict, SVC_ASK);
	assert_string_equal(s.question.name, "other.example.");
}

TEST(groups_come_from_the_table)
{
	assert_answer("ALL\r\n", table, "BEGIN:\r\n" DOMAIN_LINES NET_LINES GATEWAY_LINES NIC_LINE TWIN_LINE "END:\r\n");
	assert_answer("all-dom\r\n", table, "BEGIN:\r\n" DOMAIN_LINES NET_LINES GATEWAY_LINES NIC_LINE TWIN_LINE "END:\r\n");
	assert_answer("DOMAINS\r\n", table, "BEGIN:\r\n" DOMAIN_LINES "END:\r\n");
	assert_answer("ALL-INGWAY\r\n", table, "BEGIN:\r\n" GATEWAY_LINES "END:\r\n");
	assert_answer("ALL-OLD\r\n", table,
		      "BEGIN:\r\nNET : 192.0.2.0 : DOCNET :\r\nGATEWAY : 192.0.2.1, 198.51.100.1 : GW :\r\n"
		      "HOST : 192.0.2.10 : SRI-NIC,NIC : DEC-2060 : TOPS20 : TCP/TELNET,ICMP :\r\nEND:\r\n");
}

TEST(without_a_table_groups_are_empty)
{
	static const char *const lines[] = { "ALL\r\n", "ALL-OLD\r\n", "DOMAINS\r\n", "ALL-DOM\r\n", "ALL-INGWAY\r\n" };

	for (size_t i = 0; i < array_n(lines); i++)
		assert_answer(lines[i], NULL, "BEGIN:\r\nEND:\r\n");
}

TEST(the_version_is_the_tables)
{
	assert_answer("VERSION\r\n", NULL, "VERSION : NONE\r\n");
	assert_answer("version\r\n", table, "VERSION : 2026-11-22T12:49:31Z\r\n");
}

TEST(help_names_every_command)
{
	static const char *const keys[] = { "HELP",    "VERSION", "HNAME",   "HADDR",     "ALL ",
					    "ALL-OLD", "DOMAINS", "ALL-DOM", "ALL-INGWAY" };
	struct serve s;

	request(&s, "HELP\r\n");
	assert_int_equal(s.verdict, SVC_DONE);
	for (size_t i = 0; i < array_n(keys); i++)
		assert_non_null(strstr(s.said, keys[i]));
	for (size_t i = 0; i < s.said_n; i++)
		assert_true((s.said[i] == '\n') == (i > 0 && s.said[i - 1] == '\r')); /* lines end in CR LF */
}

/* 100,000 lines to a client that takes little at a time: every line, whole, in order, however the outputs are cut. */
TEST(a_table_of_100000_lines_is_sent_to_a_slow_reader)
{
	enum { ENTRIES = 100000 };
	char *text = malloc(ENTRIES * 60u), *at = text;
	static struct serve s;
	struct hosttable *big;
	struct lines_fault fault = { 0 };
	unsigned seen = 0, calls = 0;
	char expected[80];

	assert_non_null(text);
	for (unsigned i = 0; i < ENTRIES; i++)
		at += snprintf(at, 60, "HOST : 10.%u.%u.%u : host-%u :\n", i >> 16, i >> 8 & 255, i & 255, i);
	assert_int_equal(hosttable_parse(&(struct hosttable_source){ text, (size_t)(at - text), 0 }, &big, &fault), 0);
	free(text);
	serve_begin(&s, "hostname", TRANSPORT_TCP);
	s.options.table = big;
	s.enough = 0;
	serve_send(&s, "ALL\r\n");
	assert_memory_equal(s.said, "BEGIN:\r\n", 8);
	memmove(s.said, s.said + 8, s.said_n -= 8);
	while (s.verdict == SVC_FLUSH) {
		for (size_t n; s.said_n > 0; memmove(s.said, s.said + n, s.said_n -= n)) {
			n = (size_t)snprintf(expected, sizeof(expected), "HOST : 10.%u.%u.%u : host-%u :\r\n", seen >> 16,
					     seen >> 8 & 255, seen & 255, seen);
			assert_memory_equal(s.said, expected, n);
			seen++;
		}
		serve_call(&s, false, NULL);
		assert_true(calls++ < ENTRIES);
	}
	assert_int_equal(s.verdict, SVC_DONE);
	s.said[s.said_n] = '\0';
	assert_string_equal(s.said + s.said_n - 6, "END:\r\n");
	for (size_t i = 0; i < s.said_n; i++)
		seen += s.said[i] == '\n';
	assert_int_equal(seen, ENTRIES + 1); /* the last output's lines, and END: */
	hosttable_free(big);
}

TEST(a_datagram_is_one_request_with_or_without_a_line_end)
{
	static const char *const requests[] = { "HNAME nic", "hname nic\n", "HNAME nic\r\n",
						"HNAME nic\r\nHNAME other\r\n" };
	struct serve s;

	for (size_t i = 0; i < array_n(requests); i++) {
		serve_begin(&s, "hostname", TRANSPORT_UDP);
		s.options.table = table;
		serve_datagram(&s, requests[i], strlen(requests[i]), 512);
		assert_int_equal(s.verdict, SVC_DONE);
		assert_string_equal(s.said, NIC_LINE);
	}
}

/* What another such server answers above all. */
TEST(a_datagram_that_is_no_request_gets_silence)
{
	static const char *const rows[] = { "",          "\r\n", "FOO",    "HNAME a/b",
					    "VERSION x", ILLCOM, NIC_LINE, "ERR : NAMNFD : Name not found :\r\n" };
	static const enum transport transports[] = { TRANSPORT_UDP, TRANSPORT_UNIXGRAM };
	struct serve s;

	for (size_t i = 0; i < array_n(rows) * array_n(transports); i++) {
		const char *row = rows[i / array_n(transports)];

		serve_begin(&s, "hostname", transports[i % array_n(transports)]);
		s.options.table = table;
		serve_datagram(&s, row, strlen(row), 512);
		assert_int_equal(s.verdict, SVC_DROP);
		assert_int_equal(s.said_n, 0);
	}
}

/* The longest answer that fits a room. */
static void assert_fits(const struct lookup_answer *a, size_t room, const char *expected)
{
	struct serve s;

	serve_begin(&s, "hostname", TRANSPORT_UDP);
	serve_datagram(&s, "HNAME nic", 9, room);
	assert_int_equal(s.verdict, SVC_ASK);
	serve_resolve(&s, a);
	assert_int_equal(s.verdict, expected != NULL ? SVC_DONE : SVC_DROP);
	assert_string_equal(s.said, expected != NULL ? expected : "");
}

TEST(a_datagram_answer_loses_aliases_then_addresses_but_stays_a_line)
{
	struct lookup_answer a = found("nic.example");

	add_address(&a, "192.0.2.1");
	add_address(&a, "2001:db8::1");
	add_alias(&a, "www");
	add_alias(&a, "ftp");
	assert_fits(&a, 57, "HOST : 192.0.2.1, [2001:db8::1] : nic.example,www,ftp :\r\n");
	assert_fits(&a, 56, "HOST : 192.0.2.1, [2001:db8::1] : nic.example,www :\r\n");
	assert_fits(&a, 52, "HOST : 192.0.2.1, [2001:db8::1] : nic.example :\r\n");
	assert_fits(&a, 48, "HOST : 192.0.2.1 : nic.example :\r\n");
	assert_fits(&a, 34, "HOST : 192.0.2.1 : nic.example :\r\n");
	assert_fits(&a, 33, NULL);
	assert_fits(&a, 0, NULL);
}

TEST(a_list_in_a_datagram_is_whole_or_not_sent)
{
	struct serve s;

	serve_begin(&s, "hostname", TRANSPORT_UDP);
	s.options.table = table;
	serve_datagram(&s, "DOMAINS", 7, 44);
	assert_string_equal(s.said, "BEGIN:\r\n" DOMAIN_LINES "END:\r\n");
	serve_datagram(&s, "DOMAINS", 7, 43);
	assert_int_equal(s.verdict, SVC_DROP);
	assert_int_equal(s.said_n, 0);
}

TEST(the_longest_answer_of_a_resolver_fits_one_output)
{
	struct lookup_answer a = found("nic.example");
	struct serve s;
	char name[LOOKUP_NAME_MAX];

	snprintf(name, sizeof(name), "%060d.%060d.%060d.%060d", 1, 2, 3, 4);
	for (int i = 0; i < LOOKUP_ALIASES_MAX; i++)
		add_alias(&a, name);
	for (int i = 0; i < LOOKUP_ADDRESSES_MAX; i++)
		add_address(&a, "2001:db8:1111:2222:3333:4444:5555:6666");
	request(&s, "HNAME nic\r\n");
	serve_resolve(&s, &a);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_true(s.said_n > SVC_OUT_MIN - 256 && s.said_n <= SVC_OUT_MIN);
	assert_string_equal(s.said + s.said_n - 4, " :\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_asked_for_as_it_was_sent),
		cmocka_unit_test(a_name_that_is_none_never_reaches_the_resolver),
		cmocka_unit_test(an_address_is_asked_for_in_its_one_form),
		cmocka_unit_test(an_address_that_is_none_is_not_found),
		cmocka_unit_test(without_an_argument_this_host_and_the_peer_are_meant),
		cmocka_unit_test(what_the_resolver_found_is_one_record),
		cmocka_unit_test(a_link_local_peer_is_told_without_our_interface),
		cmocka_unit_test(not_found_and_could_not_find_out_are_never_mixed_up),
		cmocka_unit_test(names_of_the_resolver_are_not_trusted),
		cmocka_unit_test(what_is_no_command_is_illegal),
		cmocka_unit_test(a_line_may_come_byte_by_byte),
		cmocka_unit_test(a_line_over_512_octets_is_illegal),
		cmocka_unit_test(a_line_without_its_end_counts_when_the_client_is_done),
		cmocka_unit_test(the_table_answers_before_the_resolver),
		cmocka_unit_test(what_the_table_does_not_know_is_asked_for),
		cmocka_unit_test(groups_come_from_the_table),
		cmocka_unit_test(without_a_table_groups_are_empty),
		cmocka_unit_test(the_version_is_the_tables),
		cmocka_unit_test(help_names_every_command),
		cmocka_unit_test(a_table_of_100000_lines_is_sent_to_a_slow_reader),
		cmocka_unit_test(a_datagram_is_one_request_with_or_without_a_line_end),
		cmocka_unit_test(a_datagram_that_is_no_request_gets_silence),
		cmocka_unit_test(a_datagram_answer_loses_aliases_then_addresses_but_stays_a_line),
		cmocka_unit_test(a_list_in_a_datagram_is_whole_or_not_sent),
		cmocka_unit_test(the_longest_answer_of_a_resolver_fits_one_output),
	};

	return cmocka_run_group_tests(tests, read_table, free_table);
}
