/* SPDX-License-Identifier: MIT */
/* What the settings come to mean, and what is said to somebody who got them wrong. */
#include "test.h"

#include <errno.h>

#include "base/clock.h"

#include "settings_files.h"

/* Reads the text with options. */
static void read_with(struct files *f, const char *text, const char *const *options)
{
	write_text(f, "t.conf", text);
	read_options(f, "t.conf", options);
}

TEST(everything_has_its_default)
{
	struct files *f = *state;
	const struct listener_settings *l;

	expect_good(f, "listeners = ( { service = \"echo\"; } );");
	assert_int_equal(f->s->drain_timeout_ns, 30 * CLOCK_S_NS);
	assert_int_equal(f->s->log.level, LOG_LEVEL_INFO);
	assert_int_equal(f->s->limits.sessions, 16384);
	assert_int_equal(f->s->limits.buffers, 256 << 20);
	assert_int_equal(f->s->resolver.timeout_ns, 3 * CLOCK_S_NS);
	assert_true(f->s->host_name[0] != '\0');
	assert_int_equal(f->s->listeners_n, 1);
	l = &f->s->listeners[0];
	assert_string_equal(l->name, "echo");
	assert_int_equal(l->transports, TRANSPORT_TCP | TRANSPORT_UDP);
	assert_int_equal(l->port, 7);
	assert_int_equal(l->addresses_n, 1);
	assert_int_equal(l->addresses[0].kind, LISTENER_ADDRESS_ANY);
	assert_true(l->enabled);
	assert_true(l->socket.nodelay);
	assert_false(l->socket.v6only);
	assert_int_equal(l->rules.idle_timeout_ns, 300 * CLOCK_S_NS);
	assert_int_equal(l->admission.max_datagram, 65535);
	assert_int_equal(l->mode, 0666);
	assert_ptr_equal(l->options.zone, &zone_utc);
	assert_string_equal(f->s->pools[l->pool_stream].name, "prefork");
	assert_string_equal(f->s->pools[l->pool_datagram].name, "event");
	assert_true(f->s->pools[l->pool_stream].used);
	assert_int_equal(l->line, 1);
}

TEST(values_are_taken_in_every_form)
{
	struct files *f = *state;
	const struct listener_settings *l;

	expect_good(f, "drain_timeout = 1.5; log = { level = \"debug\"; format = \"json\"; sessions = TRUE; };\n"
		       "listeners = ( { service = \"chargen\"; transport = ( \"tcp\", \"udp\" ); port = \"echo\"; rate = "
		       "\"60k/m\";\n"
		       "address = [ \"127.0.0.1\", \"::1\" ]; dscp = \"reflect\"; v6only = true; max_bytes = 10; "
		       "idle_timeout = 0;\n"
		       "deny = \"10.0.0.0/8\"; allow = [ \"192.0.2.1\", \"2001:db8::/32\" ]; max_datagram = \"1k\"; } );");
	assert_int_equal(f->s->drain_timeout_ns, 1500 * CLOCK_MS_NS);
	assert_int_equal(f->s->log.level, LOG_LEVEL_DEBUG);
	assert_int_equal(f->s->log.format, LOG_FORMAT_JSON);
	assert_true(f->s->log.sessions);
	l = &f->s->listeners[0];
	assert_int_equal(l->transports, TRANSPORT_TCP | TRANSPORT_UDP);
	assert_int_equal(l->port, 7);
	assert_int_equal(l->addresses_n, 2);
	assert_int_equal(l->addresses[1].addr.family, AF_INET6);
	assert_int_equal(l->rules.pace_bytes_per_s, 1024);
	assert_int_equal(l->socket.dscp, SETTINGS_DSCP_REFLECT);
	assert_true(l->socket.v6only);
	assert_int_equal(l->admission.acl.allow_n, 2);
	assert_int_equal(l->admission.acl.allow[0].bits, 32);
	assert_int_equal(l->admission.acl.deny_n, 1);
	assert_int_equal(l->admission.max_datagram, 1024);
}

TEST(a_listeners_own_value_wins_over_the_defaults)
{
	struct files *f = *state;

	expect_good(f,
		    "defaults = { address = \"loopback\"; idle_timeout = \"1m\"; format = \"iso\"; path = \"/run/x\"; };\n"
		    "listeners = ( { service = \"echo\"; idle_timeout = \"2m\"; }, { service = \"daytime\"; } );");
	assert_int_equal(f->s->listeners[0].rules.idle_timeout_ns, 120 * CLOCK_S_NS);
	assert_int_equal(f->s->listeners[1].rules.idle_timeout_ns, 60 * CLOCK_S_NS);
	assert_string_equal(f->s->listeners[1].options.format, "iso");
	assert_string_equal(f->s->listeners[1].path, ""); /* a TCP listener has none */
	assert_int_equal(f->s->listeners[0].addresses[0].kind, LISTENER_ADDRESS_LOOPBACK);
	/* A wrong default is said once, not once for each listener. */
	expect_error(f,
		     "defaults = { idle_timeout = \"soon\"; };\nlisteners = ( { service = \"echo\"; }, { service = "
		     "\"time\"; } );",
		     "t.conf:1: defaults.idle_timeout: \"soon\" is not allowed (a duration: \"250ms\", \"30s\", \"5m\", "
		     "\"1h\" or "
		     "seconds)");
}

TEST(unknown_keys_come_with_what_was_meant)
{
	struct files *f = *state;

	expect_error(f, ONE_LISTENER "prot_offset = 1;",
		     "t.conf:2: prot_offset: there is no such key, did you mean \"port_offset\"?");
	expect_error(f, ONE_LISTENER "lgo = { level = \"info\"; x = 1; };",
		     "t.conf:2: lgo: there is no such key, did you mean \"log\"?");
	expect_error(f, ONE_LISTENER "log = { levle = \"info\"; };",
		     "t.conf:2: log.levle: there is no such key, did you mean \"log.level\"?");
	expect_error(f, ONE_LISTENER "pools = { event = { wrokers = 1; }; };",
		     "t.conf:2: pools.event.wrokers: there is no such key, did you mean \"workers\"?");
	expect_error(f, "listeners = ( { service = \"echo\";\nadress = \"*\"; } );",
		     "t.conf:2: listeners.[0].adress: there is no such key, did you mean \"address\"?");
	expect_error(f, ONE_LISTENER "defaults = { prot = 7; };",
		     "t.conf:2: defaults.prot: there is no such key, did you mean \"port\"?");
	expect_error(f, "listeners = ( { service = \"dyatime\"; } );",
		     "t.conf:1: listeners.[0].service: there is no service \"dyatime\", did you mean \"daytime\"? (echo, "
		     "discard, "
		     "chargen, qotd, daytime, time, hostname, tcpmux, info, stamp)");
	expect_error(f, "listeners = ( { service = \"echo\"; pool = \"evetn\"; } );",
		     "t.conf:1: listeners.[0].pool: there is no pool \"evetn\", did you mean \"event\"?");
	expect_error(f, ONE_LISTENER "impairment = { port = 9907; };",
		     "t.conf:2: impairment: there is no such key (echotimed.conf(5) has them all)");
}

TEST(a_key_of_another_group_comes_with_where_it_belongs)
{
	struct files *f = *state;

	expect_error(f, ONE_LISTENER "level = \"info\";",
		     "t.conf:2: level: there is no such key here (it belongs in a group: log.level)");
	expect_error(f, ONE_LISTENER "udp_rate = \"5/s\";",
		     "t.conf:2: udp_rate: there is no such key here (it belongs in a listener, or in `defaults`)");
	expect_error(f, "listeners = ( { service = \"echo\";\ndrain_timeout = 5; } );",
		     "t.conf:2: listeners.[0].drain_timeout: there is no such key here (it belongs outside of all groups)");
	expect_error(
		f, ONE_LISTENER "limits = { max_sessions = 5; };",
		"t.conf:2: limits.max_sessions: there is no such key here (it belongs in a pool: pools.NAME.max_sessions; "
		"or in a listener, or in `defaults`)");
}

TEST(of_a_pool_without_a_model_nothing_else_is_said)
{
	struct files *f = *state;

	expect_error(f, ONE_LISTENER "pools = { x = { start = 5; max_workers = 3; workers = 2; }; };",
		     "t.conf:2: pools.x: has no model (\"fork\", \"prefork\" or \"event\")");
}

TEST(an_address_with_a_port_is_told_what_to_write)
{
	struct files *f = *state;

	expect_error(
		f, "listeners = ( { service = \"echo\"; address = \"127.0.0.1:10007\"; } );",
		"t.conf:1: listeners.[0].address: \"127.0.0.1:10007\" has a port: `port` is a key of its own (address = "
		"\"127.0.0.1\"; port = 10007;)");
	expect_error(
		f, "listeners = ( { service = \"echo\"; address = \"[::1]:7\"; } );",
		"t.conf:1: listeners.[0].address: \"[::1]:7\" has a port: `port` is a key of its own (address = \"::1\"; "
		"port = 7;)");
}

TEST(wrong_types_and_ranges_say_what_is_allowed)
{
	struct files *f = *state;

	expect_error(f, ONE_LISTENER "port_offset = \"5\";",
		     "t.conf:2: port_offset: is text (\"5\"); a whole number is wanted, without quotation marks");
	expect_error(f, ONE_LISTENER "port_offset = 1.0;", "t.conf:2: port_offset: is a number (a whole number)");
	expect_error(f, ONE_LISTENER "port_offset = [ 1 ];", "t.conf:2: port_offset: is an array (a whole number)");
	expect_error(f, ONE_LISTENER "log = { sessions = 1; };",
		     "t.conf:2: log.sessions: is a whole number (true or false)");
	expect_error(
		f, ONE_LISTENER "log = { level = \"loud\"; };",
		"t.conf:2: log.level: \"loud\" is not allowed (\"error\", \"warning\", \"notice\", \"info\" or \"debug\")");
	expect_error(f, ONE_LISTENER "log = 5;", "t.conf:2: log: is a whole number (a group is wanted: { NAME = VALUE; })");
	expect_error(f, "listeners = { };",
		     "t.conf:1: listeners: is a group (a list of groups is wanted: ( { service = \"echo\"; } ))");
	expect_error(f, "listeners = ( 5 );",
		     "t.conf:1: listeners.[0]: is a whole number (a group is wanted: { NAME = VALUE; })");
	expect_error(f, ONE_LISTENER "resolver = { timeout = \"2h\"; };",
		     "t.conf:2: resolver.timeout: \"2h\" is out of range (\"100ms\" to \"1m\")");
	expect_error(f, ONE_LISTENER "limits = { buffers = \"1k\"; };",
		     "t.conf:2: limits.buffers: \"1k\" is out of range (\"1M\" to \"1024G\")");
	expect_error(
		f, "listeners = ( { service = \"echo\"; mode = 0660; } );",
		"t.conf:1: listeners.[0].mode: is a whole number (permission bits as a string of octal digits: \"0660\")");
	expect_error(f, "listeners = ( { service = \"echo\"; address = \"localhost\"; } );",
		     "t.conf:1: listeners.[0].address: \"localhost\" is no address (\"*\", \"loopback\", an IPv4 or an IPv6 "
		     "address; "
		     "never a name)");
	expect_error(f, "listeners = ( { service = \"echo\"; port = \"no-such-port\"; } );",
		     "t.conf:1: listeners.[0].port: the services database has no \"no-such-port\" (0 to 65535, or a name it "
		     "has)");
	expect_error(f, "listeners = ( { service = \"echo\"; allow = [ \"10.0.0.1/8\" ]; } );",
		     "t.conf:1: listeners.[0].allow: \"10.0.0.1/8\" has bits set beyond its length (\"192.0.2.0/24\", "
		     "\"2001:db8::/32\" or an address)");
	expect_error(f, "listeners = ( { service = \"echo\"; allow = ( ( \"a\" ) ); } );",
		     "t.conf:1: listeners.[0].allow.[0]: is a list (a single value is wanted)");
	expect_error(f, "listeners = ( { service = \"chargen\"; rate = \"1M/s:2M\"; } );",
		     "t.conf:1: listeners.[0].rate: \"1M/s:2M\" is not allowed (a rate: \"1M/s\", \"64k/m\" or \"none\")");
}

TEST(users_and_groups_are_names_or_numbers)
{
	static const char *const option[] = { "user=65533", NULL };
	struct files *f = *state;

	expect_good(f, "user = 65534; group = \"65533\"; control = { group = 4294967294L; };\n"
		       "listeners = ( { service = \"echo\"; transport = \"unix\"; path = \"/s\"; owner = 0; group = "
		       "\"www-data\"; } );");
	assert_string_equal(f->s->user, "65534");
	assert_string_equal(f->s->group, "65533");
	assert_string_equal(f->s->control.group, "4294967294");
	assert_string_equal(f->s->listeners[0].owner, "0");
	assert_string_equal(f->s->listeners[0].group, "www-data");
	read_with(f, "user = \"nobody\"; listeners = ( { service = \"echo\"; } );", option);
	assert_string_equal(f->s->user, "65533");
	expect_error(f, "user = -1;\nlisteners = ( { service = \"echo\"; } );",
		     "t.conf:1: user: \"-1\" is not allowed (a name, or a number of 0 to 4294967294)");
	expect_error(f, "group = \"4294967295\";\nlisteners = ( { service = \"echo\"; } );",
		     "t.conf:1: group: \"4294967295\" is not allowed (a name, or a number of 0 to 4294967294)");
}

TEST(keys_of_other_services_and_models_are_refused)
{
	struct files *f = *state;

	expect_error(f, "listeners = ( { service = \"echo\"; format = \"iso\"; } );",
		     "t.conf:1: listeners.[0].format: echo does not have this key (daytime only)");
	expect_error(f, "listeners = ( { service = \"echo\"; request_timeout = 5; } );",
		     "t.conf:1: listeners.[0].request_timeout: echo does not have this key (hostname tcpmux only)");
	expect_error(f, ONE_LISTENER "pools = { prefork = { workers = 2; }; };",
		     "t.conf:2: pools.prefork.workers: a pool of model prefork does not have this key (event only)");
	/* The model decides, wherever it stands. */
	expect_good(f, ONE_LISTENER "pools = { mine = { workers = 2; model = \"event\"; }; };");
}

TEST(options_win_over_the_file_and_take_its_types)
{
	struct files *f = *state;
	static const char text[] = "port_offset = 5; log = { level = \"info\"; };\n"
				   "listeners = ( { service = \"echo\"; transport = [ \"tcp\", \"udp\" ]; } );";

	read_with(f, text,
		  (const char *const[]){ "port_offset=10000", "log.level=debug", "log.sessions=true",
					 "listeners.[0].transport=tcp", "listeners.[0].address=127.0.0.1, ::1",
					 "defaults.idle_timeout=250ms", "pools.mine.model=event",
					 "listeners.[0].allow=", NULL });
	assert_string_equal(issue(f, 0), "(no such issue)");
	assert_int_equal(f->r, 0);
	assert_int_equal(f->s->listeners[0].port, 10007);
	assert_int_equal(f->s->log.level, LOG_LEVEL_DEBUG);
	assert_true(f->s->log.sessions);
	assert_int_equal(f->s->listeners[0].transports, TRANSPORT_TCP);
	assert_int_equal(f->s->listeners[0].addresses_n, 2);
	assert_int_equal(f->s->listeners[0].rules.idle_timeout_ns, 250 * CLOCK_MS_NS);
	assert_int_equal(f->s->listeners[0].admission.acl.allow_n, 0);
	assert_string_equal(f->s->pools[3].name, "mine");
	/* One element of an array; the later of two options. */
	read_with(f, text,
		  (const char *const[]){ "listeners.[0].transport.[1]=unix", "listeners.[0].path=@a",
					 "listeners.[0].path=@b", NULL });
	assert_int_equal(f->s->listeners[0].transports, TRANSPORT_TCP | TRANSPORT_UNIX);
	assert_string_equal(f->s->listeners[0].path, "@b");
}

TEST(wrong_options_are_shown_as_options)
{
	struct files *f = *state;
	static const struct {
		const char *option, *error;
	} rows[] = {
		{ "port_offset=x", "-o port_offset: \"x\" is not allowed (a whole number)" },
		{ "prot_offset=1", "-o prot_offset: there is no such key, did you mean \"port_offset\"?" },
		{ "listeners.[7].port=1", "-o listeners.[7].port: there is no such listener" },
		{ "listeners.[0].transport.[5]=tcp",
		  "-o listeners.[0].transport.[5]: there is no such key (echotimed.conf(5) has them all)" },
		{ "listeners=x", "-o listeners: is a text (a list of groups is wanted: ( { service = \"echo\"; } ))" },
		{ "log=x", "-o log: is a text (a group is wanted: { NAME = VALUE; })" },
		{ "listeners.[0].enabled=false", "t.conf: listeners: none is enabled, nothing would be served" },
		{ "pools.new.start=1", "t.conf: pools.new: has no model (\"fork\", \"prefork\" or \"event\")" },
	};

	/* What was the second element is none of the option's one. */
	read_with(f, "listeners = ( { service = \"echo\"; transport = [ \"tcp\", \"udp\" ]; } );",
		  (const char *const[]){ "listeners.[0].transport=tcp", "listeners.[0].transport.[1]=unix", NULL });
	assert_string_equal(issue(f, 0),
			    "-o listeners.[0].transport.[1]: there is no such key (echotimed.conf(5) has them all)");
	for (size_t i = 0; i < array_n(rows); i++) {
		read_with(f, ONE_LISTENER, (const char *const[]){ rows[i].option, NULL });
		assert_string_equal(issue(f, 0), rows[i].error);
		assert_int_equal(f->report.errors_n, 1);
		assert_int_equal(f->r, -EINVAL);
	}
}

TEST(an_option_is_a_key_an_equals_sign_and_a_value)
{
	struct settings_override o = { 0 };
	char good[] = "a.b=c=d", empty[] = "a=", no_key[] = "=b", no_equals[] = "ab";

	assert_int_equal(settings_split_override(good, &o), 0);
	assert_string_equal(o.key, "a.b");
	assert_string_equal(o.value, "c=d");
	assert_int_equal(settings_split_override(empty, &o), 0);
	assert_string_equal(o.value, "");
	assert_int_equal(settings_split_override(no_key, &o), -EINVAL);
	assert_int_equal(settings_split_override(no_equals, &o), -EINVAL);
}

TEST(twenty_errors_are_shown_and_all_are_counted)
{
	struct files *f = *state;
	char text[2048] = ONE_LISTENER;

	for (int i = 0; i < 30; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "wrong%d = %d;\n", i, i);
	read_text(f, text);
	assert_int_equal(f->report.issues_n, 20);
	assert_int_equal(f->report.errors_n, 30);
	assert_non_null(strstr(issue(f, 19), "t.conf:21: wrong19: "));
}

TEST(what_does_not_fit_is_said)
{
	struct files *f = *state;
	char *text = malloc(121 * 64 + 64);

	assert_non_null(text);
	(void)strcpy(text, "listeners = (");
	for (int i = 0; i < 121; i++)
		(void)snprintf(text + strlen(text), 64, "{ service = \"echo\"; name = \"e%d\"; port = %d; },\n", i,
			       1000 + i);
	(void)strcat(text, ");");
	expect_error(f, text, "t.conf:1: listeners: there are 121 (120 at most)");
	(void)strcpy(text, ONE_LISTENER "pools = {");
	for (int i = 0; i < 30; i++)
		(void)snprintf(text + strlen(text), 64, "p%d = { model = \"fork\"; };\n", i);
	(void)strcat(text, "};");
	read_text(f, text);
	assert_string_equal(issue(f, 0),
			    "t.conf:31: pools.p29: is one pool too many, or its name too long (32 pools, 63 characters)");
	(void)strcpy(text, "listeners = ( { service = \"echo\"; address = [");
	for (int i = 1; i <= 65; i++)
		(void)snprintf(text + strlen(text), 64, "\"127.0.0.%d\",", i);
	(void)strcat(text, "]; } );");
	expect_error(f, text, "t.conf:1: listeners.[0].address: there are 65 addresses (1 to 64)");
	expect_error(f,
		     "listeners = ( { service = \"echo\"; name = "
		     "\"0123456789012345678901234567890123456789012345678901234567890123\"; } );",
		     "t.conf:1: listeners.[0].name: \"01234567890123456789…\" is too long (63 bytes at most)");
	free(text);
}

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(everything_has_its_default),
		PREPARED(values_are_taken_in_every_form),
		PREPARED(a_listeners_own_value_wins_over_the_defaults),
		PREPARED(unknown_keys_come_with_what_was_meant),
		PREPARED(a_key_of_another_group_comes_with_where_it_belongs),
		PREPARED(of_a_pool_without_a_model_nothing_else_is_said),
		PREPARED(an_address_with_a_port_is_told_what_to_write),
		PREPARED(wrong_types_and_ranges_say_what_is_allowed),
		PREPARED(users_and_groups_are_names_or_numbers),
		PREPARED(keys_of_other_services_and_models_are_refused),
		PREPARED(options_win_over_the_file_and_take_its_types),
		PREPARED(wrong_options_are_shown_as_options),
		PREPARED(an_option_is_a_key_an_equals_sign_and_a_value),
		PREPARED(twenty_errors_are_shown_and_all_are_counted),
		PREPARED(what_does_not_fit_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
