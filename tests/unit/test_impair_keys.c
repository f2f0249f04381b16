/* SPDX-License-Identifier: MIT */
/* impair in the settings: its keys, where each may be said, and who may be met by it. */
#include "test.h"

#include <errno.h>

#include "base/clock.h"
#include "settings/impair_keys.h"

#include "settings_files.h"

#define UDP "service = \"echo\"; transport = \"udp\"; address = \"loopback\"; "

TEST(every_key_is_read_in_a_listener_and_in_the_defaults)
{
	struct files *f = *state;
	const struct impair_rules *r;

	expect_good(f, "defaults = { impair = { seed = 7; delay = 0.25; }; };\n"
		       "listeners = ( { " UDP
		       "impair = { drop = \"1.5%\"; duplicate = 0.5; corrupt = 1; truncate = \"0.0001%\";\n"
		       "jitter = \"10ms\"; reorder = \"2%\"; rate = \"64k/s\"; by = \"content\"; delay = \"50ms\"; }; },\n"
		       "{ service = \"time\"; transport = \"tcp\"; address = \"loopback\"; impair = { close_after = \"2k\"; "
		       "}; } );");
	r = &f->s->listeners[0].impair;
	assert_true(f->s->listeners[0].impairs);
	assert_int_equal(r->drawn.share_ppm[IMPAIRMENT_DROP], 15000);
	assert_int_equal(r->drawn.share_ppm[IMPAIRMENT_DUPLICATE], 500000);
	assert_int_equal(r->drawn.share_ppm[IMPAIRMENT_CORRUPT], 1000000);
	assert_int_equal(r->drawn.share_ppm[IMPAIRMENT_TRUNCATE], 1);
	assert_int_equal(r->drawn.share_ppm[IMPAIRMENT_REORDER], 20000);
	assert_int_equal(r->drawn.seed, 7);
	assert_int_equal(r->drawn.jitter_ns, 10 * CLOCK_MS_NS);
	assert_int_equal(r->delay_ns, 50 * CLOCK_MS_NS);
	assert_int_equal(r->rate_bytes_per_s, 65536);
	assert_int_equal(r->by, IMPAIR_BY_CONTENT);
	r = &f->s->listeners[1].impair;
	assert_int_equal(r->delay_ns, 250 * CLOCK_MS_NS);
	assert_int_equal(r->close_after_bytes, 2048);
}

TEST(a_listener_impairs_nothing_unless_it_is_said)
{
	struct files *f = *state;

	expect_good(f, "listeners = ( { " UDP
		       "}, { service = \"time\"; address = \"loopback\"; impair = { drop = 0; seed = 3; }; } );");
	assert_false(f->s->listeners[0].impairs);
	assert_false(f->s->listeners[1].impairs);
}

TEST(what_is_no_such_key_or_value_is_an_error)
{
	struct files *f = *state;

	expect_error(f, "listeners = ( { " UDP "impair = { dorp = 1; }; } );",
		     "t.conf:1: listeners.[0].impair.dorp: there is no such key, did you mean \"impair.drop\"?");
	expect_error(f, "listeners = ( { " UDP "impiar = { drop = 1; }; } );",
		     "t.conf:1: listeners.[0].impiar: there is no such key, did you mean \"impair\"?");
	expect_error(f, "listeners = ( { " UDP "impair = \"5%\"; } );",
		     "t.conf:1: listeners.[0].impair: is a string (a group is wanted: { NAME = VALUE; })");
	expect_error(f, "listeners = ( { " UDP "impair = { drop = \"101%\"; }; } );",
		     "t.conf:1: listeners.[0].impair.drop: \"101%\" is out of range (\"0%\" to \"100%\")");
	expect_error(f, "listeners = ( { " UDP "impair = { drop = \"5\"; }; } );",
		     "t.conf:1: listeners.[0].impair.drop: \"5\" is out of range (\"0%\" to \"100%\")");
	expect_error(
		f, "listeners = ( { " UDP "impair = { drop = \"5 %\"; }; } );",
		"t.conf:1: listeners.[0].impair.drop: \"5 %\" is not allowed (a share: \"1.5%\", or a number from 0 to 1)");
	expect_error(f, "impair = { drop = \"1%\"; };\n" ONE_LISTENER,
		     "t.conf:1: impair: there is no such key (echotimed.conf(5) has them all)");
}

TEST(a_fault_is_refused_where_a_transport_cannot_have_it)
{
	struct files *f = *state;

	expect_error(
		f, "listeners = ( { service = \"echo\"; address = \"loopback\"; impair = { drop = \"1%\"; }; } );",
		"t.conf:1: listeners.[0].impair.drop: is for the transports udp and unixgram only (another listener for "
		"others)");
	expect_error(f,
		     "defaults = { impair = { reorder = \"1%\"; }; };\n"
		     "listeners = ( { service = \"echo\"; address = \"loopback\"; transport = \"tcp\"; } );",
		     "t.conf:1: defaults.impair.reorder: is for the transports udp and unixgram only (another listener for "
		     "others)");
	expect_error(f, "listeners = ( { " UDP "impair = { close_after = 1; }; } );",
		     "t.conf:1: listeners.[0].impair.close_after: is for the transports tcp, unix and unixpacket only");
	expect_good(f, "listeners = ( { service = \"echo\"; address = \"loopback\"; impair = { delay = 1; close_after = 9; "
		       "}; } );");
}

TEST(nobody_is_met_by_it_by_accident)
{
	static const struct {
		const char *listener;
		bool refused;
	} rows[] = {
		{ "transport = \"udp\"", true },
		{ "transport = \"tcp\"", true },
		{ "transport = \"tcp\"; address = [ \"127.0.0.1\", \"192.0.2.1\" ]", true },
		{ "transport = \"tcp\"; address = \"loopback\"; proxy = \"v1\"; proxy_from = \"127.0.0.1\"", true },
		{ "transport = \"tcp\"; deny = [ \"192.0.2.1\" ]", true },
		{ "transport = \"tcp\"; address = \"loopback\"", false },
		{ "transport = \"udp\"; address = [ \"127.0.0.1\", \"::1\" ]", false },
		{ "transport = \"unix\"; path = \"@x\"", false },
		{ "transport = \"udp\"; allow = \"192.0.2.0/24\"", false },
		{ "transport = \"tcp\"; acknowledge_public = true", false },
	};
	struct files *f = *state;
	char text[512];

	for (size_t i = 0; i < array_n(rows); i++) {
		(void)snprintf(text, sizeof(text),
			       "listeners = ( { service = \"discard\"; %s; impair = { delay = 1; }; } );", rows[i].listener);
		if (rows[i].refused)
			expect_error(
				f, text,
				"t.conf:1: listeners.[0].allow: is missing: with `impair` this listener does not do what "
				"its service is for (an `allow` list, a loopback address, or acknowledge_public = true)");
		else
			expect_warning(f, text, NULL);
	}
}

static void set(struct impair_rules *r, const char *said, const char *refused)
{
	char storage[400];
	struct text why = TEXT_OVER(storage);

	assert_int_equal(impair_keys_set(r, said, &why), refused ? -EINVAL : 0);
	assert_string_equal(why.at, refused ? refused : "");
}

static void expect_keys(const struct impair_rules *r, const char *wanted)
{
	char storage[400];
	struct text t = TEXT_OVER(storage);

	impair_keys_add(&t, r);
	assert_string_equal(t.at, wanted);
}

TEST(keys_are_set_one_by_one_and_shown_as_they_are_said)
{
	struct impair_rules r = { 0 };

	(void)state;
	expect_keys(&r, "nothing");
	set(&r, "drop=5%", NULL);
	set(&r, "delay=20ms", NULL);
	set(&r, "rate=10k/s", NULL);
	set(&r, "by=content", NULL);
	set(&r, "seed=42", NULL);
	expect_keys(&r, "drop=5% delay=20ms rate=10k/s seed=42 by=content");
	set(&r, "drop=0", NULL);
	set(&r, "corrupt=0.25", NULL);
	set(&r, "by=order", NULL);
	expect_keys(&r, "corrupt=25% delay=20ms rate=10k/s seed=42");
	set(&r, "delay", "\"delay\" is not KEY=VALUE");
	set(&r, "=5", "\"=5\" is not KEY=VALUE");
	set(&r, "by=chance", "\"chance\" is not allowed (\"order\" or \"content\")");
	set(&r, "jitter=1h", "\"1h\" is out of range (\"0\" to \"1m\")");
	set(&r, "port=7",
	    "impair has no \"port\" (drop, duplicate, corrupt, truncate, delay, jitter, reorder, rate, close_after, seed, "
	    "by)");
	expect_keys(&r, "corrupt=25% delay=20ms rate=10k/s seed=42");
}

#define PREPARED(test) cmocka_unit_test_setup_teardown(test, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(every_key_is_read_in_a_listener_and_in_the_defaults),
		PREPARED(a_listener_impairs_nothing_unless_it_is_said),
		PREPARED(what_is_no_such_key_or_value_is_an_error),
		PREPARED(a_fault_is_refused_where_a_transport_cannot_have_it),
		PREPARED(nobody_is_met_by_it_by_accident),
		cmocka_unit_test(keys_are_set_one_by_one_and_shown_as_they_are_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
