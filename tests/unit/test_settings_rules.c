/* SPDX-License-Identifier: MIT */
/* The rules across keys: what each key alone may say, but all together may not. */
#include "test.h"

#include <errno.h>

#include "base/clock.h"

#include "settings_files.h"

TEST(pools_are_made_changed_and_checked)
{
	struct files *f = *state;

	expect_good(f,
		    "pools = { small = { model = \"prefork\"; max_workers = 3; }; fork = { max_sessions = 9; };\n"
		    "one = { model = \"event\"; workers = 1; }; };\n"
		    "listeners = ( { service = \"echo\"; pool = \"small\"; }, { service = \"time\"; pool = \"one\"; } );");
	assert_int_equal(f->s->pools_n, 5);
	assert_int_equal(f->s->pools[POOL_FORK].max_sessions, 9);
	assert_true(f->s->pools[POOL_EVENT].workers > 0); /* the CPUs */
	assert_string_equal(f->s->pools[3].name, "small");
	assert_int_equal(f->s->pools[3].max_spare, 3); /* defaults give way */
	assert_int_equal(f->s->pools[3].start, 3);
	assert_int_equal(f->s->listeners[0].pool_stream, 3);
	assert_int_equal(f->s->listeners[0].pool_datagram, POOL_EVENT);
	assert_int_equal(f->s->listeners[1].pool_datagram, 4);
	assert_false(f->s->pools[POOL_FORK].used);
	expect_error(f, ONE_LISTENER "pools = { a = { start = 1; }; };",
		     "t.conf:2: pools.a: has no model (\"fork\", \"prefork\" or \"event\")");
	expect_error(f, ONE_LISTENER "pools = { event = { model = \"fork\"; }; };",
		     "t.conf:2: pools.event.model: the built-in pool event keeps its model (write a pool of another name)");
	expect_error(f, ONE_LISTENER "pools = { prefork = { min_spare = 9; }; };",
		     "t.conf:2: pools.prefork.min_spare: is more than max_spare (start 4, min_spare 9 <= max_spare 8 <= "
		     "max_workers 256)");
	expect_error(
		f,
		"pools = { a = { model = \"prefork\"; max_workers = 900; }; b = { model = \"event\"; workers = 101; }; };\n"
		"listeners = ( { service = \"echo\"; transport = \"tcp\"; pool = \"a\"; }, { service = \"time\"; pool = "
		"\"b\"; } );",
		"t.conf: pools: those in use may have 1001 workers together (1000 at most)");
	expect_error(f, "listeners = ( { service = \"echo\"; transport = \"udp\"; pool = \"fork\"; } );",
		     "t.conf:1: listeners.[0].pool: \"fork\" cannot serve datagrams (a pool of model \"event\")");
}

TEST(listeners_that_cannot_all_be_there_are_found)
{
	struct files *f = *state;

	expect_error(f,
		     "listeners = ( { service = \"echo\"; address = \"127.0.0.1\"; },\n{ service = \"echo\"; port = 8; } );",
		     "t.conf:2: listeners.[1].name: \"echo\" is also the name of the listener at t.conf:1 (unique for each "
		     "transport)");
	expect_error(f,
		     "listeners = ( { service = \"echo\"; address = \"127.0.0.1\"; },\n"
		     "{ service = \"time\"; address = \"*\"; port = 7; } );",
		     "t.conf:2: listeners.[1].address: \"*\" port 7 over tcp is taken by the listener at t.conf:1");
	expect_error(f,
		     "listeners = ( { service = \"echo\"; address = \"::1\"; },\n"
		     "{ service = \"time\"; transport = \"udp\"; address = [ \"127.0.0.1\", \"loopback\" ]; port = 7; } );",
		     "t.conf:2: listeners.[1].address: \"loopback\" port 7 over udp is taken by the listener at t.conf:1");
	expect_error(f, "listeners = ( { service = \"echo\"; address = [ \"*\", \"127.0.0.1\" ]; } );",
		     "t.conf:1: listeners.[0].address: \"127.0.0.1\" is there already, by itself or in another of the list");
	expect_error(f,
		     "listeners = ( { service = \"echo\"; transport = \"unix\"; path = \"/run/x\"; },\n"
		     "{ service = \"time\"; transport = \"unixgram\"; path = \"/run/x\"; } );",
		     "t.conf:2: listeners.[1].path: \"/run/x\" is taken by the listener at t.conf:1");
	expect_error(
		f, "listeners = ( { service = \"echo\"; transport = [ \"unix\", \"unixgram\" ]; path = \"/run/x\"; } );",
		"t.conf:1: listeners.[0].path: one path cannot be the socket of several transports (a listener for each)");
	expect_good(
		f,
		"listeners = ( { service = \"echo\"; transport = \"tcp\"; }, { service = \"echo\"; transport = \"udp\"; },\n"
		"{ service = \"time\"; port = 0; }, { service = \"daytime\"; port = 0; address = [ \"127.0.0.1\", "
		"\"127.0.0.2\" ]; },\n"
		"{ service = \"discard\"; port = 7; enabled = false; },\n"
		"{ service = \"echo\"; name = \"v\"; port = 7; interface = \"vrf\"; },\n"
		"{ service = \"echo\"; name = \"u\"; transport = [ \"unix\", \"unixgram\" ]; path = \"@x\"; } );");
	expect_error(f, ONE_LISTENER "port_offset = 1;defaults = { port = 65535; };",
		     "t.conf:2: defaults.port: 65535 and the port_offset of 1 are more than 65535");
}

TEST(unix_keys_are_for_unix_sockets)
{
	struct files *f = *state;

	expect_error(f, "listeners = ( { service = \"echo\"; transport = \"unix\"; } );",
		     "t.conf:1: listeners.[0].path: is missing: a UNIX socket needs one (\"/run/…\" or \"@name\")");
	expect_error(f, "listeners = ( { service = \"echo\"; mode = \"0600\"; } );",
		     "t.conf:1: listeners.[0].mode: is for the transports unix, unixgram and unixpacket only");
	expect_error(f, "listeners = ( { service = \"echo\"; transport = \"unix\"; path = \"/run/x\"; port = 7; } );",
		     "t.conf:1: listeners.[0].port: is for the transports tcp and udp only");
	expect_error(f, "listeners = ( { service = \"echo\"; transport = \"unix\"; path = \"@x\"; owner = \"root\"; } );",
		     "t.conf:1: listeners.[0].owner: is for paths: an abstract name has none");
	expect_error(f, "listeners = ( { service = \"echo\"; transport = \"unix\"; path = \"run/x\"; } );",
		     "t.conf:1: listeners.[0].path: \"run/x\" is not allowed (a path that begins with \"/\", or \"@name\")");
	expect_error(f, "listeners = ( { service = \"tcpmux\"; transport = \"unixgram\"; path = \"@x\"; } );",
		     "t.conf:1: listeners.[0].transport: tcpmux cannot be served over unixgram");
}

TEST(hostname_for_everybody_is_refused)
{
	struct files *f = *state;
	static const char open_resolver[] =
		"t.conf:1: listeners.[0].allow: is missing: hostname looks names up for whoever asks, an open resolver by "
		"another name (RFC 5358); on an address that is not loopback it needs a list of who may ask (or "
		"acknowledge_public = true)";

	expect_error(f, "listeners = ( { service = \"hostname\"; } );", open_resolver);
	expect_error(f, "listeners = ( { service = \"hostname\"; address = [ \"127.0.0.1\", \"192.0.2.1\" ]; } );",
		     open_resolver);
	expect_error(f, "listeners = ( { service = \"hostname\"; transport = \"udp\"; address = \"loopback\"; } );",
		     "t.conf:1: listeners.[0].allow: is missing: hostname over UDP answers a forged source, and needs a "
		     "list of who may ask (or acknowledge_public = true)");
	expect_warning(f,
		       "listeners = ( { service = \"hostname\"; address = [ \"127.0.0.2\", \"::1\" ]; },\n"
		       "{ service = \"hostname\"; name = \"lan\"; port = 1101; allow = [ \"192.0.2.0/24\" ]; transport = [ "
		       "\"tcp\", \"udp\" ]; },\n"
		       "{ service = \"hostname\"; name = \"all\"; port = 1102; acknowledge_public = true; transport = [ "
		       "\"tcp\", \"udp\" ]; },\n"
		       "{ service = \"hostname\"; name = \"local\"; transport = \"unix\"; path = \"@h\"; } );",
		       NULL);
}

/* Wherever hostname listens itself: tcpmux hands it sessions of its own clients. */
TEST(tcpmux_is_no_way_for_everybody_to_reach_hostname)
{
	static const struct {
		const char *tcpmux, *hostname;
		bool refused;
	} rows[] = {
		{ "enabled = true", "enabled = true", true },
		{ "services = [ \"hostname\" ]", "enabled = true", true },
		{ "address = [ \"127.0.0.1\", \"192.0.2.1\" ]", "enabled = true", true },
		{ "address = \"loopback\"; proxy = \"v1\"; proxy_from = \"127.0.0.1\"", "enabled = true", true },
		{ "deny = [ \"192.0.2.1\" ]", "enabled = true", true },
		{ "services = [ \"echo\" ]", "enabled = true", false },
		{ "address = \"loopback\"", "enabled = true", false },
		{ "transport = \"unix\"; path = \"@mux\"", "enabled = true", false },
		{ "allow = [ \"192.0.2.0/24\" ]", "enabled = true", false },
		{ "acknowledge_public = true", "enabled = true", false },
		{ "enabled = true", "allow = [ \"192.0.2.0/24\" ]", false },
		{ "enabled = true", "acknowledge_public = true", false },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		char text[512];

		(void)snprintf(text, sizeof(text),
			       "listeners = ( { service = \"tcpmux\"; %s; }, { service = \"echo\"; transport = \"tcp\"; },\n"
			       "{ service = \"hostname\"; address = \"loopback\"; %s; } );",
			       rows[i].tcpmux, rows[i].hostname);
		if (rows[i].refused)
			expect_error(
				*state, text,
				"t.conf:1: listeners.[0].allow: is missing: through tcpmux everybody reaches a listener, "
				"hostname or one that impairs, that needs a list of who may ask (`allow` here or there, "
				"`services` without it, "
				"or acknowledge_public = true)");
		else
			expect_good(*state, text);
	}
}

/* What is asked of everybody who may be asked by everybody. */
TEST(a_listener_for_everybody_is_judged_by_what_it_can_do_to_others)
{
	struct files *f = *state;
	static const struct {
		const char *listener;
		bool refused;
		const char *begins; /* NULL: nothing is said */
	} rows[] = {
		{ "service = \"echo\"", false, "is missing: echo over UDP answers forged sources" },
		{ "service = \"time\"", false, "is missing: time over UDP answers forged sources" },
		{ "service = \"daytime\"; address = \"192.0.2.1\"", false, "is missing: daytime over UDP answers" },
		{ "service = \"chargen\"; transport = \"udp\"", true, "is missing: chargen over UDP is what floods" },
		{ "service = \"chargen\"; transport = [ \"tcp\", \"udp\" ]; address = \"2001:db8::1\"", true,
		  "is missing: chargen over UDP" },
		{ "service = \"qotd\"; transport = \"udp\"; file = \"q\"", true, "is missing: qotd over UDP sends quotes" },
		{ "service = \"hostname\"", true, "is missing: hostname looks names up" },
		/* not over UDP, not for others, for a list, or on purpose */
		{ "service = \"echo\"; transport = \"tcp\"", false, NULL },
		{ "service = \"chargen\"", false, NULL },
		{ "service = \"qotd\"; file = \"q\"", false, NULL },
		{ "service = \"tcpmux\"; services = [ ]", false, NULL },
		{ "service = \"discard\"", false, NULL },
		{ "service = \"chargen\"; transport = \"udp\"; address = [ \"127.0.0.9\", \"::1\" ]", false, NULL },
		{ "service = \"chargen\"; transport = \"unixgram\"; path = \"@c\"", false, NULL },
		{ "service = \"chargen\"; transport = \"udp\"; allow = [ \"192.0.2.0/24\" ]", false, NULL },
		{ "service = \"chargen\"; transport = \"udp\"; acknowledge_public = true", false, NULL },
		{ "service = \"echo\"; acknowledge_public = true", false, NULL },
	};

	write_text(f, "q", "One.\n");
	for (size_t i = 0; i < array_n(rows); i++) {
		char text[256];
		const char *said;

		(void)snprintf(text, sizeof(text), "listeners = ( { %s; } );", rows[i].listener);
		read_text(f, text);
		said = strstr(issue(f, 0), "is missing");
		if ((f->r != 0) != rows[i].refused || f->report.issues_n != (rows[i].begins != NULL) ||
		    (said != NULL && strncmp(said, rows[i].begins, strlen(rows[i].begins)) != 0))
			fail_msg("%s: %s", rows[i].listener, issue(f, 0));
	}
}

TEST(what_bounds_datagrams_is_read_as_it_is_said)
{
	struct files *f = *state;
	const struct admission_rules *r;

	expect_good(f, ONE_LISTENER);
	r = &f->s->listeners[0].admission;
	assert_int_equal(r->udp_rate.amount, 2000);
	assert_int_equal(r->udp_rate.burst, 4000);
	assert_int_equal(r->udp_rate.burst_ns, 2 * CLOCK_S_NS);
	assert_int_equal(r->amplification, 1000);
	assert_int_equal(r->session_rate.amount, 0);
	assert_false(r->dry_run);
	assert_null(r->allow_ports);
	assert_int_equal(f->s->limits.shape.bytes, 2 << 20);
	assert_int_equal(f->s->limits.totals.answers.amount, 100000);
	assert_int_equal(f->s->limits.totals.answer_bytes.amount, 128 << 20);
	expect_good(f, "limits = { udp_answers = \"none\"; udp_answer_bytes = \"1M/m:4M\"; table = \"64k\"; };\n"
		       "listeners = ( { service = \"echo\"; address = \"loopback\"; udp_rate = \"30/m\"; session_rate = "
		       "\"10/h:2\"; dry_run = true; amplification = 2; allow_source_ports = [ 123, 500, 123 ]; } );");
	r = &f->s->listeners[0].admission;
	assert_int_equal(r->udp_rate.burst, 30); /* unless said, what its period gives */
	assert_int_equal(r->session_rate.burst_ns, 720 * CLOCK_S_NS);
	assert_int_equal(r->amplification, 2000);
	assert_true(r->dry_run);
	assert_true(ports_has(r->allow_ports, 500));
	assert_false(ports_has(r->allow_ports, 501));
	assert_int_equal(f->s->limits.totals.answers.amount, 0);
	assert_int_equal(f->s->limits.totals.answer_bytes.burst, 4 << 20);
	expect_error(f, "listeners = ( { service = \"echo\"; amplification = 0.0; } );",
		     "t.conf:1: listeners.[0].amplification: \"0\" is out of range (0.001 to 1000.0)");
	expect_error(f, "listeners = ( { service = \"echo\"; allow_source_ports = [ 0 ]; } );",
		     "t.conf:1: listeners.[0].allow_source_ports: \"0\" is no port (1 to 65535)");
	expect_error(
		f, "listeners = ( { service = \"echo\"; udp_rate = \"2k/s\"; } );",
		"t.conf:1: listeners.[0].udp_rate: \"2k/s\" is not allowed (a rate: \"200/s\", \"10/m:50\" (in bursts of "
		"up to 50) or \"none\")");
	expect_error(f, "limits = { table = 100; };" ONE_LISTENER,
		     "t.conf:1: limits.table: \"100\" is out of range (\"64k\" to \"1G\")");
}

TEST(speaking_first_and_long_lines_have_rules)
{
	struct files *f = *state;

	expect_error(f, "listeners = ( { service = \"time\"; defer_accept = 5; } );",
		     "t.conf:1: listeners.[0].defer_accept: time speaks first: its clients would wait for nothing (0)");
	expect_error(f,
		     "listeners = ( { service = \"daytime\"; format = \"%A, %d %B %Y %H:%M:%S, as said by this very host of "
		     "ours\"; } );",
		     "t.conf:1: listeners.[0].format: can make 74 bytes, too many for an answer over udp (64 at most)");
	expect_good(f, "listeners = ( { service = \"daytime\"; transport = \"tcp\";\n"
		       "format = \"%A, %d %B %Y %H:%M:%S, as said by this very host of ours\"; },\n"
		       "{ service = \"echo\"; defer_accept = 5; } );");
	expect_error(f, "listeners = ( { service = \"daytime\"; format = \"%n\"; } );",
		     "t.conf:1: listeners.[0].format: \"%n\" has \"%n\", which is no conversion here (strftime(3)'s that "
		     "make one "
		     "line, no widths)");
}

TEST(a_proxy_header_needs_streams_and_balancers_that_are_believed)
{
	struct files *f = *state;
	static const char missing[] =
		"t.conf:1: listeners.[0].proxy_from: is missing: with proxy it says which balancers are believed";

	expect_good(f, "defaults = { proxy_from = [ \"10.0.0.0/8\", \"::1\" ]; };\n"
		       "listeners = ( { service = \"echo\"; transport = \"tcp\"; proxy = \"v2\"; },\n"
		       "{ service = \"time\"; },\n"
		       "{ service = \"discard\"; transport = [ \"tcp\", \"unix\" ]; path = \"@d\"; proxy = \"both\"; "
		       "proxy_from = \"192.0.2.1\"; } );");
	assert_int_equal(f->s->listeners[0].rules.proxy, PROXY_V2);
	assert_int_equal(f->s->listeners[0].rules.proxy_from_n, 2);
	assert_int_equal(f->s->listeners[1].rules.proxy, PROXY_OFF);
	assert_int_equal(f->s->listeners[2].rules.proxy, PROXY_BOTH);
	assert_int_equal(f->s->listeners[2].rules.proxy_from[0].bits, 32);
	expect_error(f, "listeners = ( { service = \"echo\"; transport = \"tcp\"; proxy = \"v1\"; } );", missing);
	expect_error(f, "listeners = ( { service = \"echo\"; transport = \"tcp\"; proxy = \"v1\"; proxy_from = [ ]; } );",
		     missing);
	expect_error(f, "listeners = ( { service = \"echo\"; transport = \"tcp\"; proxy = \"v3\"; } );",
		     "t.conf:1: listeners.[0].proxy: \"v3\" is not allowed (\"off\", \"v1\", \"v2\" or \"both\")");
	expect_error(f, "listeners = ( { service = \"echo\"; transport = \"tcp\"; proxy = \"v1\"; proxy_from = \"lb\"; } );",
		     "t.conf:1: listeners.[0].proxy_from: \"lb\" is no prefix (\"192.0.2.0/24\", \"2001:db8::/32\" or an "
		     "address)");
	/* A UNIX socket's path says who may connect. */
	expect_good(f, "listeners = ( { service = \"echo\"; transport = \"unix\"; path = \"@e\"; proxy = \"v1\"; } );");
	expect_error(f, "listeners = ( { service = \"echo\"; proxy = \"v1\"; proxy_from = \"::1\"; } );",
		     "t.conf:1: listeners.[0].proxy: is for the transports tcp and unix only (another listener for "
		     "others)");
	expect_error(f, "listeners = ( { service = \"echo\"; transport = \"udp\"; proxy = \"v1\"; } );",
		     "t.conf:1: listeners.[0].proxy: is for the transports tcp and unix only");
	/* What `defaults` say is for those that can use it. */
	expect_good(f, "defaults = { proxy = \"v1\"; proxy_from = \"::1\"; };\n"
		       "listeners = ( { service = \"echo\"; transport = \"udp\"; } );");
	expect_error(f,
		     "listeners = ( { service = \"hostname\"; address = \"loopback\"; proxy = \"v1\"; proxy_from = "
		     "\"127.0.0.1\"; } );",
		     "t.conf:1: listeners.[0].allow: is missing: behind a balancer hostname looks names up for whoever gets "
		     "there, and needs a list of who may ask (or acknowledge_public = true)");
}

TEST(require_sync_needs_a_clock_that_can_be_asked)
{
	struct files *f = *state;
	static const char text[] = "listeners = ( { service = \"time\"; require_sync = true; } );";

	if (clock_status_now().state == CLOCK_UNKNOWN)
		expect_error(f, text,
			     "t.conf:1: listeners.[0].require_sync: the kernel does not say whether the clock is "
			     "synchronised (false)");
	else
		expect_good(f, text);
}

TEST(tcpmux_serves_enabled_tcp_listeners)
{
	struct files *f = *state;
	const struct svc_options *o;

	expect_good(f, "listeners = ( { service = \"tcpmux\"; }, { service = \"echo\"; }, { service = \"time\"; enabled = "
		       "false; },\n"
		       "{ service = \"daytime\"; transport = \"udp\"; }, { service = \"discard\"; name = \"sink\"; } );");
	o = &f->s->listeners[0].options;
	assert_int_equal(o->names_n, 2);
	assert_string_equal(o->names[0], "echo");
	assert_string_equal(o->names[1], "sink");
	expect_error(f,
		     "listeners = ( { service = \"tcpmux\"; services = [ \"time\" ]; }, { service = \"time\"; enabled = "
		     "false; } );",
		     "t.conf:1: listeners.[0].services: \"time\" is the name of no enabled tcp listener");
	expect_error(f, "listeners = ( { service = \"tcpmux\"; services = [ \"tcpmux\" ]; }, { service = \"echo\"; } );",
		     "t.conf:1: listeners.[0].services: \"tcpmux\" is the name of no enabled tcp listener");
	expect_error(
		f, "listeners = ( { service = \"tcpmux\"; services = [ \"ecko\" ]; }, { service = \"echo\"; } );",
		"t.conf:1: listeners.[0].services: \"ecko\" is the name of no enabled tcp listener, did you mean \"echo\"?");
}

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(pools_are_made_changed_and_checked),
		PREPARED(listeners_that_cannot_all_be_there_are_found),
		PREPARED(unix_keys_are_for_unix_sockets),
		PREPARED(hostname_for_everybody_is_refused),
		PREPARED(tcpmux_is_no_way_for_everybody_to_reach_hostname),
		PREPARED(a_listener_for_everybody_is_judged_by_what_it_can_do_to_others),
		PREPARED(what_bounds_datagrams_is_read_as_it_is_said),
		PREPARED(speaking_first_and_long_lines_have_rules),
		PREPARED(require_sync_needs_a_clock_that_can_be_asked),
		PREPARED(a_proxy_header_needs_streams_and_balancers_that_are_believed),
		PREPARED(tcpmux_serves_enabled_tcp_listeners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
