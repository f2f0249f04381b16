/* SPDX-License-Identifier: MIT */
/* Access lists: who may ask, whichever of the two lists says so and however specifically. */

#include "test.h"

#include "admission/acl.h"

#define LIST_MAX 4

struct row {
	const char *allow[LIST_MAX], *deny[LIST_MAX];
	const char *peer;
	bool allowed;
};

static size_t parse_list(const char *const *texts, struct prefix *list)
{
	size_t n = 0;

	for (; n < LIST_MAX && texts[n] != NULL; n++)
		assert_int_equal(prefix_parse(texts[n], &list[n]), 0);
	return n;
}

static void check_row(const struct row *row)
{
	struct prefix allow[LIST_MAX], deny[LIST_MAX];
	struct acl acl = { .allow = allow, .deny = deny };
	struct addr peer;

	acl.allow_n = parse_list(row->allow, allow);
	acl.deny_n = parse_list(row->deny, deny);
	assert_int_equal(addr_parse(row->peer, &peer), 0);
	peer.port = 50000;
	if (acl_allows(&acl, &peer) != row->allowed)
		fail_msg("%s with allow %s, %s and deny %s, %s is %s", row->peer, row->allow[0], row->allow[1], row->deny[0],
			 row->deny[1], row->allowed ? "allowed" : "denied");
}

#define CHECK(rows)                                                                                                         \
	for (size_t i_ = 0; i_ < array_n(rows); i_++)                                                                       \
	check_row(&(rows)[i_])

TEST(without_lists_everybody_may)
{
	static const struct row rows[] = {
		{ .peer = "192.0.2.1", .allowed = true },
		{ .peer = "2001:db8::1", .allowed = true },
	};
	const struct acl none = { 0 };
	struct addr peer = { .family = AF_INET };

	CHECK(rows);
	assert_true(acl_allows(&none, &peer)); /* NULL lists, as settings leave them */
}

TEST(a_deny_list_alone_keeps_out_only_those_it_holds)
{
	static const struct row rows[] = {
		{ .deny = { "192.0.2.0/24" }, .peer = "192.0.2.255", .allowed = false },
		{ .deny = { "192.0.2.0/24" }, .peer = "192.0.3.0", .allowed = true },
		{ .deny = { "192.0.2.0/24" }, .peer = "2001:db8::1", .allowed = true },
		{ .deny = { "192.0.2.1", "2001:db8::/32" }, .peer = "2001:db8:ffff::", .allowed = false },
	};

	CHECK(rows);
}

TEST(an_allow_list_alone_keeps_out_all_others)
{
	static const struct row rows[] = {
		{ .allow = { "192.0.2.0/24" }, .peer = "192.0.2.7", .allowed = true },
		{ .allow = { "192.0.2.0/24" }, .peer = "192.0.3.7", .allowed = false },
		{ .allow = { "192.0.2.0/24" }, .peer = "2001:db8::1", .allowed = false },
		{ .allow = { "192.0.2.0/24", "::/0" }, .peer = "2001:db8::1", .allowed = true },
		{ .allow = { "::/0" }, .peer = "192.0.2.7", .allowed = false },
	};

	CHECK(rows);
}

TEST(the_more_specific_prefix_decides)
{
	static const struct row rows[] = {
		{ .allow = { "10.0.0.0/8" }, .deny = { "10.1.0.0/16" }, .peer = "10.1.2.3", .allowed = false },
		{ .allow = { "10.0.0.0/8" }, .deny = { "10.1.0.0/16" }, .peer = "10.2.2.3", .allowed = true },
		{ .allow = { "10.1.0.0/16" }, .deny = { "10.0.0.0/8" }, .peer = "10.1.2.3", .allowed = true },
		{ .allow = { "10.1.0.0/16" }, .deny = { "10.0.0.0/8" }, .peer = "10.2.2.3", .allowed = false },
		{ .allow = { "10.1.0.0/16" }, .deny = { "10.0.0.0/8" }, .peer = "11.0.0.1", .allowed = false },
		/* three deep, whatever their order */
		{ .allow = { "10.1.2.0/24", "10.0.0.0/8" }, .deny = { "10.1.0.0/16" }, .peer = "10.1.2.3", .allowed = true },
		{ .allow = { "10.0.0.0/8", "10.1.2.0/24" },
		  .deny = { "10.1.0.0/16" },
		  .peer = "10.1.3.3",
		  .allowed = false },
		{ .allow = { "10.1.2.0/24" }, .deny = { "10.1.2.3", "0.0.0.0/0" }, .peer = "10.1.2.3", .allowed = false },
		{ .allow = { "2001:db8::/32" }, .deny = { "2001:db8:1::/48" }, .peer = "2001:db8:1::1", .allowed = false },
		/* everybody but ours is denied: a /0 is a match too */
		{ .allow = { "10.0.0.0/8" }, .deny = { "0.0.0.0/0" }, .peer = "10.9.9.9", .allowed = true },
		{ .deny = { "0.0.0.0/0" }, .peer = "10.9.9.9", .allowed = false },
	};

	CHECK(rows);
}

TEST(of_equally_specific_prefixes_deny_wins)
{
	static const struct row rows[] = {
		{ .allow = { "10.1.0.0/16" }, .deny = { "10.1.0.0/16" }, .peer = "10.1.2.3", .allowed = false },
		{ .allow = { "0.0.0.0/0" }, .deny = { "0.0.0.0/0" }, .peer = "10.1.2.3", .allowed = false },
		{ .allow = { "::1" }, .deny = { "::1/128" }, .peer = "::1", .allowed = false },
	};

	CHECK(rows);
}

TEST(an_ipv4_mapped_peer_is_the_ipv4_one)
{
	static const struct row rows[] = {
		{ .allow = { "192.0.2.0/24" }, .peer = "::ffff:192.0.2.1", .allowed = true },
		{ .deny = { "::ffff:192.0.2.0/120" }, .peer = "192.0.2.1", .allowed = false },
		{ .deny = { "::/0" }, .peer = "::ffff:192.0.2.1", .allowed = true },
	};

	CHECK(rows);
}

TEST(a_unix_peer_is_always_allowed)
{
	struct prefix p;
	struct acl acl = { .allow = &p, .allow_n = 1 };
	struct addr peer = { .family = AF_UNIX };

	assert_int_equal(prefix_parse("192.0.2.1", &p), 0);
	assert_true(acl_allows(&acl, &peer));
	acl = (struct acl){ .deny = &p, .deny_n = 1 };
	assert_true(acl_allows(&acl, &peer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_lists_everybody_may),
		cmocka_unit_test(a_deny_list_alone_keeps_out_only_those_it_holds),
		cmocka_unit_test(an_allow_list_alone_keeps_out_all_others),
		cmocka_unit_test(the_more_specific_prefix_decides),
		cmocka_unit_test(of_equally_specific_prefixes_deny_wins),
		cmocka_unit_test(an_ipv4_mapped_peer_is_the_ipv4_one),
		cmocka_unit_test(a_unix_peer_is_always_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
