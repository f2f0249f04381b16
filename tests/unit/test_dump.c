/* SPDX-License-Identifier: MIT */
/* -T: what is printed reads back to the same settings, whatever they are, and says where each came from. */
#include "test.h"

#include <dirent.h>
#include <errno.h>

#include "settings_files.h"

/* The settings as -T prints them; malloc'ed. */
static char *dump(const struct settings *s)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	assert_non_null(to);
	assert_int_equal(settings_dump(s, to), 0);
	assert_int_equal(fclose(to), 0);
	return text;
}

/* Takes the origins away, in place: the comment that ends a line. */
static void cut_origins(char *text)
{
	char *to = text;

	for (char *line = text; *line != '\0';) {
		char *end = strchr(line, '\n'), *cut = end;

		for (char *p = line; p < end - 2; p++)
			if (memcmp(p, " # ", 3) == 0)
				cut = p;
		memmove(to, line, (size_t)(cut - line));
		to += cut - line;
		*to++ = '\n';
		line = end + 1;
	}
	*to = '\0';
}

/* Reads f->s's dump back, twice: the values stay from the first time on, every byte from the second. */
static void expect_round_trip(struct files *f)
{
	char *first = dump(f->s), *second, *third;

	write_text(f, "dumped.conf", first);
	read_options(f, "dumped.conf", NULL);
	assert_string_equal(issue(f, 0), "(no such issue)");
	assert_int_equal(f->r, 0);
	second = dump(f->s);
	write_text(f, "dumped.conf", second);
	read_options(f, "dumped.conf", NULL);
	assert_int_equal(f->r, 0);
	third = dump(f->s);
	assert_string_equal(second, third);
	cut_origins(first);
	cut_origins(second);
	assert_string_equal(first, second);
	free(first);
	free(second);
	free(third);
}

TEST(defaults_read_back_to_the_same)
{
	struct files *f = *state;

	expect_good(f, ONE_LISTENER);
	expect_round_trip(f);
}

TEST(every_kind_of_value_reads_back_to_the_same)
{
	struct files *f = *state;

	write_text(f, "quotes", "one\n");
	write_text(f, "hosts.txt", "HOST : 192.0.2.1 : EXAMPLE :\n");
	expect_good(f, "user = \"nobody\"; port_offset = 1000; host_name = \"a.example\"; drain_timeout = 0.0005;\n"
		       "log = { level = \"error\"; sessions = true; };\n"
		       "limits = { buffers = 5000000000; source_prefix_v6 = 128; };\n"
		       "pools = { one = { model = \"event\"; workers = 3; memory_limit = \"1G\"; }; two = { model = "
		       "\"prefork\"; max_workers = 1; };\n"
		       "three = { model = \"fork\"; max_sessions = 7; }; };\n"
		       "defaults = { address = [ \"127.0.0.1\", \"::1\" ]; allow = [ \"10.0.0.0/8\", \"2001:db8::/32\" ]; "
		       "idle_timeout = 90; proxy_from = \"10.0.0.0/8\"; };\n"
		       "listeners = ( { service = \"echo\"; transport = [ \"tcp\", \"udp\", \"unix\" ]; path = \"/run/a "
		       "\\\"b\\\\n\"; mode = \"0600\"; pool = \"one\"; },\n"
		       "{ service = \"daytime\"; format = \"%Y \\\"#\\\" # \\\\ %H\"; timezone = \"Europe/Rome\"; dscp = "
		       "\"reflect\"; v6only = false; },\n"
		       "{ service = \"time\"; port = 0; deny = \"10.1.0.0/16\"; max_bytes = \"1k\"; enabled = false; },\n"
		       "{ service = \"chargen\"; rate = \"none\"; defer_accept = 0; }, { service = \"qotd\"; file = "
		       "\"quotes\"; pool = \"three\"; },\n"
		       "{ service = \"hostname\"; table = \"hosts.txt\"; request_timeout = \"1h\"; }, { service = "
		       "\"tcpmux\"; services = [ \"echo\" ]; },\n"
		       "{ service = \"echo\"; name = \"proxied\"; transport = \"tcp\"; port = 9; proxy = \"both\"; "
		       "proxy_from = \"::1\"; },\n"
		       "{ service = \"discard\"; transport = \"unixgram\"; path = \"@abstract\"; } );");
	expect_round_trip(f);
}

/* The files that settings name are relative to their own folder; a dump may be kept anywhere. */
TEST(a_dump_names_its_files_from_everywhere)
{
	struct files *f = *state;
	char folder[128], *text;

	write_text(f, "quotes", "one\n");
	expect_good(f, "listeners = ( { service = \"qotd\"; file = \"quotes\"; } );");
	text = dump(f->s);
	(void)snprintf(folder, sizeof(folder), "%s/elsewhere", f->folder);
	assert_int_equal(mkdir(folder, 0755), 0);
	write_text(f, "elsewhere/t.conf", text);
	free(text);
	read_options(f, "elsewhere/t.conf", NULL);
	assert_int_equal(f->r, 0);
	assert_non_null(f->s->listeners[0].options.quotes);
}

TEST(each_value_says_where_it_comes_from)
{
	struct files *f = *state;
	char *text, wanted[160];

	write_text(f, "t.conf",
		   "drain_timeout = \"1m\";\ndefaults = {\n nodelay = false; };\nlisteners = (\n{ service = \"echo\"; } );");
	read_options(f, "t.conf", (const char *const[]){ "log.level=debug", NULL });
	assert_int_equal(f->r, 0);
	text = dump(f->s);
	(void)snprintf(wanted, sizeof(wanted), "\ndrain_timeout = \"1m\"; # %s/t.conf:1\n", f->folder);
	assert_non_null(strstr(text, wanted));
	(void)snprintf(wanted, sizeof(wanted), "\n\t\tnodelay = false; # %s/t.conf:3 defaults\n", f->folder);
	assert_non_null(strstr(text, wanted));
	(void)snprintf(wanted, sizeof(wanted), "\n\t\tservice = \"echo\"; # %s/t.conf:5\n", f->folder);
	assert_non_null(strstr(text, wanted));
	assert_non_null(strstr(text, "\n\tlevel = \"debug\"; # -o\n"));
	assert_non_null(strstr(text, "\nport_offset = 0; # default\n"));
	free(text);
}

/* Values that follow from others are in effect like those that were said. */
TEST(what_is_derived_is_printed_as_well)
{
	struct files *f = *state;
	char *text;

	expect_good(
		f,
		"defaults = { allow = \"127.0.0.1\"; };\n"
		"listeners = ( { service = \"echo\"; }, { service = \"time\"; transport = \"udp\"; address = \"::1\"; } );");
	text = dump(f->s);
	assert_non_null(strstr(text, "\n\t\tpool = \"prefork\"; # default\n"));
	assert_non_null(strstr(text, "\n\t\tv6only = false; # default\n"));
	assert_non_null(strstr(text, "\n\t\tpool = \"event\"; # default\n"));
	assert_non_null(strstr(text, "\n\t\tv6only = true; # default\n"));
	assert_null(strstr(text, "pool is not set"));
	assert_null(strstr(text, "v6only is not set"));
	free(text);
	expect_round_trip(f);
}

/* `defaults` names a pool for those that it can serve. */
TEST(a_pool_of_defaults_that_serves_no_datagrams_is_not_printed_for_them)
{
	struct files *f = *state;
	char *text, wanted[160];

	expect_good(f, "defaults = { pool = \"fork\"; allow = \"127.0.0.1\"; };\n"
		       "listeners = ( { service = \"echo\"; }, { service = \"time\"; transport = \"udp\"; } );");
	text = dump(f->s);
	(void)snprintf(wanted, sizeof(wanted), "\n\t\tpool = \"fork\"; # %s/t.conf:1 defaults\n", f->folder);
	assert_non_null(strstr(text, wanted));
	assert_non_null(strstr(text, "\n\t\tpool = \"event\"; # default\n"));
	free(text);
	expect_round_trip(f);
}

/* Reads one file of conf/ and expects its dump to read back. */
static void expect_conf_round_trip(struct files *f, const char *folder, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/conf/%s/%s", getenv("top_srcdir"), folder, name);
	settings_free(f->s);
	f->s = NULL;
	f->r = settings_read(&(struct settings_source){ .file = path }, &f->s, &f->report);
	if (f->r < 0 || f->report.issues_n > 0)
		fail_msg("%s: %s", name, issue(f, 0));
	expect_round_trip(f);
}

TEST(the_shipped_settings_and_the_examples_read_back)
{
	struct files *f = *state;
	size_t examples_n = 0;
	struct dirent *e;
	char path[512];
	DIR *d;

	assert_non_null(getenv("top_srcdir"));
	expect_conf_round_trip(f, ".", "echotimed.conf");
	(void)snprintf(path, sizeof(path), "%s/conf/examples", getenv("top_srcdir"));
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n < 6 || strcmp(e->d_name + n - 5, ".conf") != 0)
			continue;
		expect_conf_round_trip(f, "examples", e->d_name);
		examples_n++;
	}
	assert_int_equal(closedir(d), 0);
	assert_true(examples_n >= 5);
}

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(defaults_read_back_to_the_same),
		PREPARED(every_kind_of_value_reads_back_to_the_same),
		PREPARED(a_dump_names_its_files_from_everywhere),
		PREPARED(each_value_says_where_it_comes_from),
		PREPARED(what_is_derived_is_printed_as_well),
		PREPARED(a_pool_of_defaults_that_serves_no_datagrams_is_not_printed_for_them),
		PREPARED(the_shipped_settings_and_the_examples_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
