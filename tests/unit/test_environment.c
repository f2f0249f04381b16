/* SPDX-License-Identifier: MIT */
/* What settings variables mean. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "settings/environment.h"
#include "settings/items.h"

/* The key that the one variable is read as; NULL: it is no setting. */
static const char *key_of(const char *variable)
{
	static char key[2 * ITEM_PATH_MAX];
	char *const variables[] = { (char *)variable, NULL };
	struct settings_override *list;
	size_t n;

	assert_int_equal(environment_read(variables, 0, &list, &n), 0);
	if (n > 0) {
		(void)snprintf(key, sizeof(key), "%s", list[0].key);
		free((char *)list[0].key);
		free((char *)list[0].from);
	}
	free(list);
	return n > 0 ? key : NULL;
}

TEST(two_underscores_part_words_and_digits_are_an_element)
{
	assert_string_equal(key_of("ECHOTIMED__PORT_OFFSET=1"), "port_offset");
	assert_string_equal(key_of("ECHOTIMED__LOG__LEVEL=debug"), "log.level");
	assert_string_equal(key_of("ECHOTIMED__LISTENERS__0__PORT=7"), "listeners.[0].port");
	assert_string_equal(key_of("ECHOTIMED__LISTENERS__12__IMPAIR__SEED="), "listeners.[12].impair.seed");
	assert_string_equal(key_of("ECHOTIMED__LIMITS__SOURCE_PREFIX_V4=24"), "limits.source_prefix_v4");
}

TEST(what_is_no_key_stays_none)
{
	assert_string_equal(key_of("ECHOTIMED__=1"), "");
	assert_string_equal(key_of("ECHOTIMED____=1"), ".");
	assert_string_equal(key_of("ECHOTIMED___X=1"), "_x");
	assert_string_equal(key_of("ECHOTIMED__X__=1"), "x.");
	assert_string_equal(key_of("ECHOTIMED__7=1"), "[7]");
}

TEST(variables_of_other_names_are_others)
{
	assert_null(key_of("ECHOTIMED=/usr/sbin/echotimed"));
	assert_null(key_of("ECHOTIMED_PORT=tcp://10.0.0.1:7"));
	assert_null(key_of("XECHOTIMED__LOG__LEVEL=debug"));
	assert_null(key_of("echotimed__log__level=debug"));
	assert_null(key_of("ECHOTIMED__LOG__LEVEL"));
}

TEST(name_and_value_are_kept_as_they_are)
{
	char *const variables[] = { (char *)"A=1", (char *)"ECHOTIMED__HOST_NAME=A=b", (char *)"ECHOTIMED__USER=", NULL };
	struct settings_override *list;
	size_t n;

	assert_int_equal(environment_read(variables, 1, &list, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].from, "ECHOTIMED__HOST_NAME");
	assert_string_equal(list[0].value, "A=b");
	assert_string_equal(list[1].key, "user");
	assert_string_equal(list[1].value, "");
	list[2] = list[0]; /* there is room for one more */
	for (size_t i = 0; i < n; i++) {
		free((char *)list[i].key);
		free((char *)list[i].from);
	}
	free(list);
}

TEST(a_name_beyond_all_keys_is_cut)
{
	static char variable[3 * ITEM_PATH_MAX] = "ECHOTIMED__";

	memset(variable + strlen(variable), 'A', 2 * ITEM_PATH_MAX);
	variable[strlen("ECHOTIMED__") + 2 * ITEM_PATH_MAX] = '=';
	assert_int_equal(strlen(key_of(variable)), ITEM_PATH_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_underscores_part_words_and_digits_are_an_element),
		cmocka_unit_test(what_is_no_key_stays_none),
		cmocka_unit_test(variables_of_other_names_are_others),
		cmocka_unit_test(name_and_value_are_kept_as_they_are),
		cmocka_unit_test(a_name_beyond_all_keys_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
