/* SPDX-License-Identifier: MIT */
/* access_word: the words of xinetd's only_from and no_access. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "import/access_word.h"

/* Checks the prefixes of a word, with a blank after each; NULL: it is none. */
static void check(const char *word, const char *wanted)
{
	struct prefix found[ACCESS_WORD_MAX];
	char storage[4096];
	struct text t = TEXT_OVER(storage);
	int n = access_word_read(word, found);

	if (!wanted) {
		if (n != -EINVAL)
			fail_msg("\"%s\" is taken", word);
		return;
	}
	for (int i = 0; i < n; i++) {
		prefix_add_text(&t, &found[i]);
		text_add(&t, " ");
	}
	if (n < 0 || strcmp(storage, wanted) != 0)
		fail_msg("\"%s\" is %d: \"%s\", not \"%s\"", word, n, storage, wanted);
}

TEST(an_address_is_one_host)
{
	check("192.0.2.1", "192.0.2.1/32 ");
	check("2001:db8::1", "2001:db8::1/128 ");
	check("2001:db8::", "2001:db8::/128 ");
}

TEST(zeros_at_the_end_of_an_ipv4_address_are_wildcards)
{
	check("192.0.2.0", "192.0.2.0/24 ");
	check("10.0.0.0", "10.0.0.0/8 ");
	check("0.0.0.0", "0.0.0.0/0 ");
	check("10.0.5.0", "10.0.5.0/24 ");
}

TEST(a_network_has_a_length_or_a_mask)
{
	check("192.0.2.0/24", "192.0.2.0/24 ");
	check("192.0.2.77/24", "192.0.2.0/24 ");
	check("192.0.2.128/255.255.255.128", "192.0.2.128/25 ");
	check("10.0.0.0/0.0.0.0", "0.0.0.0/0 ");
	check("2001:db8::/32", "2001:db8::/32 ");
	check("192.0.2.0/33", NULL);
	check("2001:db8::/129", NULL);
	check("192.0.2.0/255.0.255.0", NULL);
	check("192.0.2.0/", NULL);
	check("/24", NULL);
}

TEST(a_list_in_braces_is_one_octet_each)
{
	check("192.0.2.{1,2,30}", "192.0.2.1/32 192.0.2.2/32 192.0.2.30/32 ");
	check("128.138.{209,210}", "128.138.209.0/24 128.138.210.0/24 ");
	check("{10,127}", "10.0.0.0/8 127.0.0.0/8 ");
	check("192.0.2.{1,256}", NULL);
	check("192.0.2.{1,}", NULL);
	check("192.0.2.{}", NULL);
	check("192.0.2.{1", NULL);
	check("192.0.2{1}", NULL);
	check("1.2.3.4.{5}", NULL);
	check(".{5}", NULL);
}

TEST(names_are_none)
{
	check("host.example", NULL);
	check(".example", NULL);
	check("localnet", NULL);
	check("10.1", NULL);
	check("", NULL);
}

TEST(a_list_of_any_length_stays_in_its_room)
{
	char word[1024] = "10.0.0.{1";

	for (size_t i = 0; i < 100; i++)
		strcat(word, ",1");
	strcat(word, "}");
	check(word, NULL);
	memset(word, '1', sizeof(word) - 1);
	check(word, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_one_host),
		cmocka_unit_test(zeros_at_the_end_of_an_ipv4_address_are_wildcards),
		cmocka_unit_test(a_network_has_a_length_or_a_mask),
		cmocka_unit_test(a_list_in_braces_is_one_octet_each),
		cmocka_unit_test(names_are_none),
		cmocka_unit_test(a_list_of_any_length_stays_in_its_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
