/* SPDX-License-Identifier: MIT */
/* users: by name, by number, known to the database or not. */
#include "test.h"

#include <errno.h>
#include <pwd.h>
#include <unistd.h>

#include "base/users.h"

#define UNKNOWN 3999999999U

TEST(a_user_is_found_by_name_and_by_number)
{
	uid_t uid;
	gid_t gid;

	assert_int_equal(users_find("root", &uid, &gid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(gid, 0);
	assert_int_equal(users_find("65534", &uid, &gid), 0);
	assert_int_equal(uid, 65534);
	assert_int_equal(gid, getpwuid(65534) ? getpwuid(65534)->pw_gid : 65534);
	assert_int_equal(users_find_group("0", &gid), 0);
	assert_int_equal(gid, 0);
}

TEST(a_number_needs_no_database)
{
	uid_t uid;
	gid_t gid;

	assert_null(getpwuid(UNKNOWN));
	assert_int_equal(users_find("3999999999", &uid, &gid), 0);
	assert_int_equal(uid, UNKNOWN);
	assert_int_equal(gid, UNKNOWN);
	assert_int_equal(users_find_group("3999999999", &gid), 0);
	assert_int_equal(gid, UNKNOWN);
}

TEST(what_is_neither_is_nobody)
{
	static const char *const said[] = { "",   "no-such-user", "-1",         "+1",         "1 ",
					    " 1", "0x10",         "4294967295", "4294967296", "99999999999999999999",
					    "1:1" };
	uid_t uid = 7;
	gid_t gid = 8;

	for (size_t i = 0; i < array_n(said); i++) {
		assert_int_equal(users_find(said[i], &uid, &gid), -ENOENT);
		assert_int_equal(users_find_group(said[i], &gid), -ENOENT);
	}
	assert_int_equal(uid, 7);
	assert_int_equal(gid, 8);
}

TEST(a_pair_has_the_named_group_or_the_users_own)
{
	uid_t uid = 7;
	gid_t gid = 8;

	assert_int_equal(users_find_pair("root", "", &uid, &gid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(gid, 0);
	assert_int_equal(users_find_pair("root", "3999999999", &uid, &gid), 0);
	assert_int_equal(gid, UNKNOWN);
	assert_int_equal(users_find_pair("root", "no such group", &uid, &gid), -ESRCH);
	assert_int_equal(gid, 0);
	assert_int_equal(users_find_pair("no such user", "root", &uid, &gid), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_found_by_name_and_by_number),
		cmocka_unit_test(a_number_needs_no_database),
		cmocka_unit_test(what_is_neither_is_nobody),
		cmocka_unit_test(a_pair_has_the_named_group_or_the_users_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
