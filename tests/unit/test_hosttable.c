/* SPDX-License-Identifier: MIT */
/* The host table (RFC 952): what is read, what is refused and where, and who is found. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/hosttable.h"

static struct hosttable *table(const char *text)
{
	struct hosttable *t;
	struct lines_fault fault = { 0 };

	if (hosttable_parse(&(struct hosttable_source){ text, strlen(text), 0 }, &t, &fault) < 0)
		fail_msg("line %u: %s", fault.line, fault.why);
	return t;
}

/* An entry as it is sent. */
static const char *line_of(const struct hosttable *t, uint32_t entry)
{
	static char storage[RECORD_TEXT_MAX + 1];
	struct text text = TEXT_OVER(storage);
	struct record r = hosttable_record(t, entry);

	record_add_text(&text, &r);
	return storage;
}

static void assert_read_as(const char *text, const char *expected)
{
	struct hosttable *t = table(text);

	assert_string_equal(line_of(t, 0), expected);
	hosttable_free(t);
}

TEST(the_entry_of_rfc_953_is_read)
{
	assert_read_as("HOST : 26.0.0.73, 10.0.0.51 : SRI-NIC.ARPA,SRI-NIC,NIC :\n"
		       "          DEC-2060 : TOPS20 :TCP/TELNET,TCP/SMTP,TCP/TIME,\n"
		       "          TCP/FTP,TCP/ECHO,ICMP :\n",
		       "HOST : 26.0.0.73, 10.0.0.51 : SRI-NIC.ARPA,SRI-NIC,NIC : DEC-2060 : TOPS20 : "
		       "TCP/TELNET,TCP/SMTP,TCP/TIME,TCP/FTP,TCP/ECHO,ICMP :\r\n");
}

TEST(blanks_comments_and_line_ends_do_not_matter)
{
	static const char expected[] = "HOST : 192.0.2.1 : AB,cd : PDP-11/70 :\r\n";

	assert_read_as("HOST:192.0.2.1:AB,cd:PDP-11/70:\n", expected);
	assert_read_as("HOST:192.0.2.1:AB,cd:PDP-11/70:", expected);
	assert_read_as("; a table\r\n\r\nhost\t:  192.0.2.1 :AB ,\tcd : PDP-11/70 : ; it is old: really\r\n", expected);
	assert_read_as("HOST : 192.0.2.1 :\n;\n\n  AB, ; the first\n\tcd :\n \t \nHOST : 192.0.2.2 : x1 :\n",
		       "HOST : 192.0.2.1 : AB,cd :\r\n");
}

TEST(fields_that_are_not_known_are_null)
{
	assert_read_as("HOST : 192.0.2.1 : AB :\n", "HOST : 192.0.2.1 : AB :\r\n");
	assert_read_as("HOST : 192.0.2.1 : AB : : : :\n", "HOST : 192.0.2.1 : AB :\r\n");
	assert_read_as("HOST : 192.0.2.1 : AB :: UNIX :\n", "HOST : 192.0.2.1 : AB :: UNIX :\r\n");
	assert_read_as("HOST : 192.0.2.1 : AB :::TCP/ECHO,\n UDP :\n", "HOST : 192.0.2.1 : AB ::: TCP/ECHO,UDP :\r\n");
}

TEST(addresses_of_both_families_are_read_ipv4_first)
{
	assert_read_as("HOST : [2001:DB8::1], 192.0.2.1, [::1] : AB :\n",
		       "HOST : 192.0.2.1, [2001:db8::1], [::1] : AB :\r\n");
}

static void assert_refused(const char *text, unsigned expected_line, const char *word)
{
	struct hosttable *t;
	struct lines_fault fault = { 0 };

	if (hosttable_parse(&(struct hosttable_source){ text, strlen(text), 0 }, &t, &fault) != -EINVAL)
		fail_msg("refused: %s", text);
	assert_int_equal(fault.line, expected_line);
	assert_non_null(fault.why);
	if (strstr(fault.why, word) == NULL)
		fail_msg("\"%s\" speaks of %s", fault.why, word);
}

TEST(mistakes_are_told_with_the_line_where_the_entry_begins)
{
	assert_refused("HOST : 192.0.2.1 : AB\n", 1, "colon");
	assert_refused("HOST : 192.0.2.1 : AB : CPU : OS : TCP : more :\n", 1, "six");
	assert_refused("HOST : 192.0.2.1 : AB : CPU : OS : TCP : more\n", 1, "colon");
	assert_refused("HOST : 192.0.2.1 :\n", 1, "NAMES");
	assert_refused("\n;\nHOSTS : 192.0.2.1 : AB :\n", 3, "GATEWAY");
	assert_refused("HOST : 192.0.2.1 : AB :\nHOST : 192.0.2.256 : AC :\nHOST : 192.0.2.3 : AD :\n", 2, "address");
	assert_refused("HOST : 192.0.2.1,, 192.0.2.2 : AB :\n", 1, "address");
	assert_refused("HOST :: AB :\n", 1, "address");
	assert_refused("HOST : 2001:db8::1 : AB :\n", 1, "");
	assert_refused("HOST : [fe80::1%lo] : AB :\n", 1, "address");
	assert_refused("HOST : 192.0.2.1 :: CPU :\n", 1, "name");
	assert_refused("HOST : 192.0.2.1 : A B :\n", 1, "name");
	assert_refused("HOST : 192.0.2.1 : AB,\n\n  A$C :\nHOST : 192.0.2.3 : AD :\n", 1, "name");
	assert_refused("HOST : 192.0.2.1 : a..b :\n", 1, "name");
	assert_refused("HOST : 192.0.2.1 : AB : C PU :\n", 1, "word");
	assert_refused("HOST : 192.0.2.1 : AB : CPU : OS : TCP/ECHO,,UDP :\n", 1, "word");
	assert_refused("HOST : 192.0.2.1 : AB : CPU\x1b :\n", 1, "word");
	assert_refused("  HOST : 192.0.2.1 : AB :\n", 1, "blank");
}

TEST(nul_bytes_and_endless_entries_are_refused)
{
	static char text[6000] = "HOST : 192.0.2.1 : AB :\nHOST : 192.0.2.2 : ";
	struct hosttable *t;
	struct lines_fault fault = { 0 };
	size_t n = strlen(text);

	assert_int_equal(hosttable_parse(&(struct hosttable_source){ "HOST : 192.0.2.1 : A\0B :\n", 25, 0 }, &t, &fault),
			 -EINVAL);
	assert_int_equal(fault.line, 1);
	while (n + 10 < sizeof(text))
		n += (size_t)snprintf(text + n, sizeof(text) - n, "name,\n ");
	assert_refused(text, 2, "long");
	text[n = 24] = '\0';
	n += (size_t)snprintf(text + n, sizeof(text) - n, "HOST : 192.0.2.2 : AB");
	for (int i = 0; i < 64; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",N%d", i);
	snprintf(text + n, sizeof(text) - n, " :\n");
	assert_refused(text, 2, "64 names");
}

TEST(a_table_without_entries_is_one)
{
	struct hosttable *t = table("; nothing yet\n");
	const uint32_t *found;
	uint32_t first;

	for (unsigned kind = 0; kind < HOSTTABLE_KINDS; kind++)
		assert_int_equal(hosttable_kind_entries(t, (enum hosttable_kind)kind, &first), 0);
	assert_int_equal(hosttable_find_name(t, "AB", &found), 0);
	assert_int_equal(hosttable_find_address(t, &(struct addr){ .family = AF_INET }, &found), 0);
	hosttable_free(t);
	hosttable_free(NULL);
}

TEST(entries_are_in_the_order_of_their_kinds)
{
	static const char *const expected[] = { "DOMAIN : 192.0.2.9 : ARPA :\r\n", "NET : 192.0.2.0 : NET-1 :\r\n",
						"NET : 10.0.0.0 : NET-2 :\r\n",    "GATEWAY : 192.0.2.3 : GW :\r\n",
						"HOST : 192.0.2.1 : H1 :\r\n",     "HOST : 192.0.2.2 : H2 :\r\n" };
	struct hosttable *t = table("HOST:192.0.2.1:H1:\nNET:192.0.2.0:NET-1:\nGATEWAY:192.0.2.3:GW:\nNET:10.0.0.0:NET-2:\n"
				    "HOST:192.0.2.2:H2:\nDOMAIN:192.0.2.9:ARPA:\n");
	uint32_t first;

	for (uint32_t i = 0; i < array_n(expected); i++)
		assert_string_equal(line_of(t, i), expected[i]);
	assert_int_equal(hosttable_kind_entries(t, HOSTTABLE_DOMAIN, &first), 1);
	assert_int_equal(first, 0);
	assert_int_equal(hosttable_kind_entries(t, HOSTTABLE_NET, &first), 2);
	assert_int_equal(first, 1);
	assert_int_equal(hosttable_kind_entries(t, HOSTTABLE_GATEWAY, &first), 1);
	assert_int_equal(first, 3);
	assert_int_equal(hosttable_kind_entries(t, HOSTTABLE_HOST, &first), 2);
	assert_int_equal(first, 4);
	hosttable_free(t);
}

TEST(names_are_found_in_any_case_and_addresses_on_any_port)
{
	struct hosttable *t = table("HOST:192.0.2.1,[2001:db8::1]:Alpha.Example,al,AL:\nHOST:192.0.2.2,192.0.2.1:beta:\nNET:"
				    "192.0.2.0:alpha.example:\n");
	struct addr a;
	const uint32_t *found;

	assert_int_equal(hosttable_find_name(t, "ALPHA.example", &found), 2);
	assert_int_equal(found[0], 0); /* the NET */
	assert_int_equal(found[1], 1);
	assert_int_equal(hosttable_find_name(t, "aL", &found), 1); /* said twice by one entry: found once */
	assert_int_equal(found[0], 1);
	assert_int_equal(hosttable_find_name(t, "beta", &found), 1);
	assert_int_equal(found[0], 2);
	assert_int_equal(hosttable_find_name(t, "alph", &found), 0);
	assert_int_equal(hosttable_find_name(t, "alpha.example2", &found), 0);
	assert_int_equal(hosttable_find_name(t, "", &found), 0);
	assert_int_equal(addr_parse("192.0.2.1", &a), 0);
	a.port = 1234;
	assert_int_equal(hosttable_find_address(t, &a, &found), 2);
	assert_int_equal(found[0], 1);
	assert_int_equal(found[1], 2);
	assert_int_equal(addr_parse("2001:db8::1", &a), 0);
	assert_int_equal(hosttable_find_address(t, &a, &found), 1);
	assert_int_equal(addr_parse("192.0.2.3", &a), 0);
	assert_int_equal(hosttable_find_address(t, &a, &found), 0);
	hosttable_free(t);
}

TEST(each_of_100000_entries_is_found)
{
	enum { ENTRIES = 100000 };
	char *text = malloc(ENTRIES * 80u);
	size_t n = 0;
	struct hosttable *t;
	struct lines_fault fault = { 0 };

	assert_non_null(text);
	for (unsigned i = 0; i < ENTRIES; i++) /* in an order that is not the index's */
		n += (size_t)snprintf(text + n, 80, "HOST : 10.%u.%u.%u : Host-%u.example,h%u :\n", i >> 16, i >> 8 & 255,
				      i & 255, i * 7919u % ENTRIES, i);
	assert_int_equal(hosttable_parse(&(struct hosttable_source){ text, n, 42 }, &t, &fault), 0);
	free(text);
	assert_int_equal(hosttable_mtime_unix_s(t), 42);
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct addr a = { .family = AF_INET, .bytes = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };
		char name[32];
		const uint32_t *found;

		snprintf(name, sizeof(name), "hOST-%u.example", i * 7919u % ENTRIES);
		assert_int_equal(hosttable_find_name(t, name, &found), 1);
		assert_int_equal(found[0], i);
		assert_int_equal(hosttable_find_address(t, &a, &found), 1);
		assert_int_equal(found[0], i);
	}
	hosttable_free(t);
}

/* Random bytes that look like a table: whatever is taken can be said and found again. */
TEST(a_table_of_random_bytes_is_refused_or_whole)
{
	static const char letters[] = "HOSTHOSTNETGATEWAY :::::,,,..;\n\n\n \t[]0123456789abc-_%\r$";
	uint32_t random = 20261122;
	unsigned taken = 0;

	for (int round = 0; round < 20000; round++) {
		char text[200];
		size_t n = 0;
		struct hosttable *t;
		struct lines_fault fault = { 0 };

		if (round % 2 == 0)
			n = (size_t)snprintf(text, sizeof(text), "HOST : 192.0.2.1 : AB :\nNET:10.0.0.1:CD:x:\n");
		for (size_t extra = n / 8; extra < 100; extra++) {
			random = random * 1664525 + 1013904223;
			if (n < 60 && (random >> 8) % 16 != 0)
				break;
			text[n > 60 || round % 2 ? n++ : (random >> 12) % n] =
				letters[(random >> 16) % (sizeof(letters) - 1)];
		}
		if (hosttable_parse(&(struct hosttable_source){ text, n, 0 }, &t, &fault) < 0) {
			assert_true(fault.line >= 1 && fault.line <= 100 && fault.why != NULL);
			continue;
		}
		for (uint32_t first, i = 0, all = hosttable_kind_entries(t, HOSTTABLE_HOST, &first) + first; i < all;
		     i++, taken++) {
			struct record r = hosttable_record(t, i);
			const uint32_t *found;

			assert_true(strlen(line_of(t, i)) > 10);
			for (size_t k = 0; k < r.names_n; k++)
				assert_true(hosttable_find_name(t, r.names[k], &found) >= 1);
			for (size_t k = 0; k < r.addresses_n; k++)
				assert_true(hosttable_find_address(t, &r.addresses[k], &found) >= 1);
		}
		hosttable_free(t);
	}
	assert_true(taken > 100); /* the test looked at something */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_entry_of_rfc_953_is_read),
		cmocka_unit_test(blanks_comments_and_line_ends_do_not_matter),
		cmocka_unit_test(fields_that_are_not_known_are_null),
		cmocka_unit_test(addresses_of_both_families_are_read_ipv4_first),
		cmocka_unit_test(mistakes_are_told_with_the_line_where_the_entry_begins),
		cmocka_unit_test(nul_bytes_and_endless_entries_are_refused),
		cmocka_unit_test(a_table_without_entries_is_one),
		cmocka_unit_test(entries_are_in_the_order_of_their_kinds),
		cmocka_unit_test(names_are_found_in_any_case_and_addresses_on_any_port),
		cmocka_unit_test(each_of_100000_entries_is_found),
		cmocka_unit_test(a_table_of_random_bytes_is_refused_or_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
