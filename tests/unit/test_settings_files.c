/* SPDX-License-Identifier: MIT */
/* What settings name: time zones, quotes and host tables, read by the settings reader and kept. */
#include "test.h"

#include <errno.h>

#include "service/hosttable.h"
#include "service/quotes.h"

#include "settings_files.h"

/* Reads the text with options. */
static void read_with(struct files *f, const char *text, const char *const *options)
{
	write_text(f, "t.conf", text);
	read_options(f, "t.conf", options);
}

TEST(zones_quotes_and_tables_are_read)
{
	struct files *f = *state;
	size_t bytes = 0;
	const struct listener_settings *l;

	write_text(f, "quotes", "one\n%\ntwo\n");
	write_text(f, "hosts.txt", "HOST : 192.0.2.1 : EXAMPLE :\n");
	expect_good(f, "defaults = { address = \"loopback\"; table = \"hosts.txt\"; };\n"
		       "listeners = ( { service = \"daytime\"; timezone = \"Europe/Rome\"; }, { service = \"qotd\"; file = "
		       "\"quotes\"; },\n"
		       "{ service = \"hostname\"; }, { service = \"time\"; timezone = \"Europe/Rome\"; },\n{ service = "
		       "\"hostname\"; name = \"more\"; port = 1101; } );");
	l = f->s->listeners;
	assert_string_equal(l[0].options.zone->name, "Europe/Rome");
	assert_int_equal(zone_at(l[0].options.zone, 1795348800)->offset_s, 3600); /* 2026-11-22 */
	assert_ptr_equal(l[0].options.zone, l[3].options.zone);
	assert_int_equal(quotes_n(l[1].options.quotes), 2);
	assert_memory_equal(quotes_at(l[1].options.quotes, 1, &bytes), "two", 3);
	assert_true(hosttable_mtime_unix_s(l[2].options.table) > 0);
	assert_ptr_equal(l[2].options.table, l[4].options.table);
	/* An option's file is read as well. */
	write_text(f, "more", "three\n");
	read_with(f, "listeners = ( { service = \"qotd\"; file = \"quotes\"; } );",
		  (const char *const[]){ "listeners.[0].file=more", "listeners.[0].timezone=Asia/Tokyo", NULL });
	assert_int_equal(f->r, 0);
	assert_int_equal(quotes_n(f->s->listeners[0].options.quotes), 1);
	assert_int_equal(zone_at(f->s->listeners[0].options.zone, 0)->offset_s, 9 * 3600);
}

TEST(files_and_zones_that_cannot_be_read_are_blamed_on_their_key)
{
	struct files *f = *state;
	char path[128];

	expect_error(f, "listeners = ( { service = \"daytime\"; timezone = \"Mars/Base\"; } );",
		     "t.conf:1: listeners.[0].timezone: \"Mars/Base\" is no zone of this host's tz database (\"UTC\", "
		     "\"Europe/Rome\")");
	expect_error(f, "listeners = ( { service = \"qotd\"; } );",
		     "t.conf:1: listeners.[0].file: is missing: qotd needs the file of its quotes");
	expect_error(f, "listeners = ( { service = \"qotd\"; file = \"nothing\"; } );",
		     "t.conf:1: listeners.[0].file: cannot read nothing: No such file or directory");
	expect_error(f, "listeners = ( { service = \"qotd\"; file = \"/\"; } );",
		     "t.conf:1: listeners.[0].file: cannot read /: Is a directory");
	(void)snprintf(path, sizeof(path), "%s/fifo", f->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_error(f, "listeners = ( { service = \"qotd\"; file = \"fifo\"; } );",
		     "t.conf:1: listeners.[0].file: cannot read fifo: not a regular file");
	write_text(f, "long", "");
	assert_int_equal(truncate(f->path, (1 << 20) + 1), 0);
	expect_error(f, "listeners = ( { service = \"qotd\"; file = \"long\"; } );",
		     "t.conf:1: listeners.[0].file: cannot read long: too long (1 MiB of quotes, 32 MiB of a host table, 4 "
		     "KiB of a key, 64 "
		     "MiB in "
		     "all)");
	write_text(f, "hosts.txt", "; text\nHOST : here\n");
	expect_error(f, "listeners = ( { service = \"hostname\"; address = \"loopback\"; table = \"hosts.txt\"; } );",
		     "t.conf:1: listeners.[0].table: hosts.txt:2: an entry is KEYWORD : ADDRESSES : NAMES : and ends with a "
		     "colon");
	expect_good(f, ONE_LISTENER "defaults = { table = \"nothing\"; };");
	expect_good(
		f, "listeners = ( { service = \"echo\"; }, { service = \"qotd\"; file = \"nothing\"; enabled = false; } );");
}

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(zones_quotes_and_tables_are_read),
		PREPARED(files_and_zones_that_cannot_be_read_are_blamed_on_their_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
