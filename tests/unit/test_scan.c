/* SPDX-License-Identifier: MIT */
/* The text of the settings: whatever the files are, they are read as libconfig reads them, or refused with their line. */
#include "test.h"

#include <errno.h>

#include "settings_files.h"

/* Text of n times `piece`, then `end`; malloc'ed. */
static char *repeat(const char *piece, size_t n, const char *end)
{
	size_t piece_n = strlen(piece);
	char *text = malloc(n * piece_n + strlen(end) + 1);

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * piece_n, piece, piece_n);
	memcpy(text + n * piece_n, end, strlen(end) + 1);
	return text;
}

TEST(grammar_is_refused_with_its_line)
{
	struct files *f = *state;

	expect_error(
		f, "port_offset = 1;\ngroup 5;\n",
		"t.conf:2: syntax error: something is wrong here or on the line before (NAME = VALUE; in groups, commas "
		"between the elements of a list)");
	expect_error(
		f, ONE_LISTENER "user = nobody;",
		"t.conf:2: syntax error: nobody is a bare word (text stands between quotation marks, \"nobody\"; only true "
		"and false do without)");
	expect_error(f, "\xEF\xBB\xBF" ONE_LISTENER,
		     "t.conf:1: begins with a byte order mark (save it as UTF-8 without one)");
	expect_error(f, "a = 1;\n/* open\n\n", "t.conf:2: a comment does not end");
	expect_error(f, "a = 1;\nb = \"x\n\n", "t.conf:2: a string does not end");
	expect_error(f, "a = 1;\nlog = {\n b = 1;\n", "t.conf:2: '{' is never closed");
	expect_error(f, "a = {\n)", "t.conf:2: ')' cannot close the '{' of t.conf:1");
	expect_error(f, "a = 1;\n\n};", "t.conf:3: '}' closes nothing");
}

TEST(numbers_that_do_not_fit_never_become_others)
{
	struct files *f = *state;

	expect_error(f, ONE_LISTENER "port_offset = 4294967298;",
		     "t.conf:2: port_offset: \"4294967298\" is out of range (0 to 64000)");
	expect_error(f, ONE_LISTENER "port_offset = 0x100000002;",
		     "t.conf:2: port_offset: \"4294967298\" is out of range (0 to 64000)");
	expect_error(f, ONE_LISTENER "port_offset = 0xFFFFFFFF;",
		     "t.conf:2: port_offset: \"4294967295\" is out of range (0 to 64000)");
	expect_error(f, ONE_LISTENER "port_offset = -4294967295;",
		     "t.conf:2: port_offset: \"-4294967295\" is out of range (0 to 64000)");
	expect_error(f, "\na = 9223372036854775808;",
		     "t.conf:2: 9223372036854775808 does not fit (whole numbers have 64 bits)");
	expect_error(f, "\na = 9223372036854775808L;",
		     "t.conf:2: 9223372036854775808L does not fit (whole numbers have 64 bits)");
	expect_error(f, "\na = 0x8000000000000000;",
		     "t.conf:2: 0x8000000000000000 does not fit (whole numbers have 64 bits)");
	/* libconfig 1.8 would read these two as negative. */
	expect_good(f, ONE_LISTENER "limits = { buffers = 0x80000000; };");
	assert_int_equal(f->s->limits.buffers, INT64_C(0x80000000));
	expect_good(f, ONE_LISTENER "limits = { buffers = 0xFFFFFFFF; };");
	assert_int_equal(f->s->limits.buffers, INT64_C(0xFFFFFFFF));
	expect_good(f, ONE_LISTENER "limits = { buffers = 5000000000; };");
	assert_int_equal(f->s->limits.buffers, INT64_C(5000000000));
	expect_good(f, ONE_LISTENER "limits = { buffers = 0x12A05F200L; };");
	assert_int_equal(f->s->limits.buffers, INT64_C(5000000000));
}

TEST(doubled_keys_are_named_with_both_lines)
{
	struct files *f = *state;

	expect_error(f, "log = { level = \"info\";\n level = \"debug\"; };",
		     "t.conf:2: log.level: is set twice (first at t.conf:1)");
	expect_error(f, "listeners = ( { a = 1; }, { a = 1; b = [ 1 ];\n a : 2; } );",
		     "t.conf:2: listeners.[1].a: is set twice (first at t.conf:1)");
	expect_error(f, "x = 1; y = { x = 2; };\nz = \"{ y = \"; /* y = 1 */ y = ( { x = 3; } ); x = 4;",
		     "t.conf:2: y: is set twice (first at t.conf:1)");
	expect_error(f, "y = { x = 2; };\nz = ( 1, { a = [ 1 ]; b = { x = 1; }; a = 2; } ); y = 3;",
		     "t.conf:2: z.[1].a: is set twice (first at t.conf:2)");
	write_text(f, "more.conf", "\nport_offset = 2;");
	expect_error(f, "port_offset = 1;\n@include \"more.conf\"\n",
		     "more.conf:2: port_offset: is set twice (first at t.conf:1)");
}

TEST(what_would_take_long_or_much_is_refused_before)
{
	struct files *f = *state;
	char *text = repeat("a = {\n", 1000000, "");

	expect_error(f, text, "t.conf:17: groups and lists are nested too deeply (16 at most)");
	free(text);
	text = repeat("x1=1;\n", 60000, "");
	for (size_t i = 0; i < 60000; i++) { /* the first 676 have a name of their own each */
		text[i * 6] = (char)('a' + i % 26);
		text[i * 6 + 1] = (char)('a' + i / 26 % 26);
	}
	expect_error(f, text, "t.conf:257: there are too many settings in one group (256 at most)");
	free(text);
	text = repeat("x00000=1;\n", 70000, ""); /* libconfig compares each name with all before it */
	for (unsigned i = 0; i < 70000; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "x%05u", i);
		memcpy(text + i * (size_t)10, name, 6);
	}
	expect_error(f, text, "t.conf:257: there are too many settings in one group (256 at most)");
	free(text);
	text = repeat("{a=1;b=1;},\n", 5000, ");");
	memcpy(text, "l=(         ", 12);
	expect_error(f, text, "t.conf:4096: there are too many settings (8192 at most)");
	free(text);
	text = repeat("1,\n", 100000, "1];");
	memcpy(text, "a=[", 3);
	expect_error(f, text, "t.conf:65537: there are too many elements (65536 at most)");
	free(text);
	text = repeat("# 34567\n", 200000, "");
	expect_error(f, text, "t.conf:131073: the settings become too long here (1048576 bytes at most, includes counted)");
	free(text);
	text = repeat("n", 64, " = 1;");
	expect_error(f, text, "t.conf:1: a name is too long (63 characters at most)");
	free(text);
}

TEST(bytes_that_are_no_text_are_refused)
{
	struct files *f = *state;
	static const char nul[] = "a = 1;\nb = \"\0\";\n";

	write_bytes(f, "t.conf", nul, sizeof(nul) - 1);
	read_options(f, "t.conf", NULL);
	assert_string_equal(issue(f, 0), "t.conf:2: there is a NUL byte (settings are text)");
	expect_error(f, "\nhost_name = \"a\\x00b\";", "t.conf:2: a string holds a NUL byte");
	expect_error(f, ONE_LISTENER "host_name = \"a\\x1bb\";",
		     "t.conf:2: host_name: \"a?b\" is not allowed (a host's name: letters, digits, \"_\", \".\" and \"-\")");
}

TEST(includes_of_anything_but_files_are_refused)
{
	struct files *f = *state;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/folder", f->folder);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/fifo", f->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_error(f, "\n@include \"folder\"\n", "t.conf:2: folder is a folder (a file is wanted)");
	expect_error(f, "\n@include \"fifo\"\n", "t.conf:2: fifo is a pipe (a file is wanted)");
	expect_error(f, "\n@include \"/dev/zero\"\n", "t.conf:2: /dev/zero is a device (a file is wanted)");
	expect_error(f, "\n@include \"nothing\"\n", "t.conf:2: cannot include nothing: No such file or directory");
	expect_error(f, "\n@include \"t.conf\"\n", "t.conf:2: t.conf includes itself");
	write_text(f, "b.conf", "\n\n@include \"t.conf\"\n");
	expect_error(f, "@include \"b.conf\"\n", "b.conf:3: t.conf includes itself");
	write_text(f, "w.conf", "");
	assert_int_equal(chmod(f->path, 0666), 0);
	expect_error(f, "@include \"w.conf\"\n", "t.conf:1: w.conf can be written by anybody (chmod o-w it)");
	expect_error(f, "a = 1; @include \"w.conf\"\n",
		     "t.conf:1: '@' begins nothing but a line of its own: @include \"FILE\"");
	expect_error(f, "@include w.conf\n", "t.conf:1: @include wants a file's name between quotation marks");
}

TEST(includes_that_never_end_are_refused)
{
	struct files *f = *state;
	char name[32], text[64];

	for (int i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "%d.conf", i);
		(void)snprintf(text, sizeof(text), "@include \"%d.conf\"\n", i + 1);
		write_text(f, name, text);
	}
	read_options(f, "0.conf", NULL);
	assert_string_equal(issue(f, 0), "8.conf:1: too many files include one another (8 deep, 256 in all at most)");
	/* Each twice the one before: 2^8 readings of the last. */
	for (int i = 0; i < 9; i++) {
		(void)snprintf(name, sizeof(name), "%d.conf", i);
		(void)snprintf(text, sizeof(text), "@include \"%d.conf\"\n@include \"%d.conf\"\n", i + 1, i + 1);
		write_text(f, name, i == 8 ? "" : text);
	}
	read_options(f, "0.conf", NULL);
	assert_non_null(strstr(issue(f, 0), "too many files include one another"));
}

TEST(lines_are_counted_through_includes)
{
	struct files *f = *state;
	char folder[128];

	(void)snprintf(folder, sizeof(folder), "%s/conf.d", f->folder);
	assert_int_equal(mkdir(folder, 0755), 0);
	write_text(f, "conf.d/a.conf", "# text\n\n{ service = \"echo\"; x1 = 1; },");
	write_text(f, "conf.d/b.conf", "");
	write_text(f, "conf.d/c.conf", "\nx4 = 4;\n");
	read_text(f, "listeners = (\n"
		     "@include \"conf.d/a.conf\"\n"
		     "  @include \"conf.d/b.conf\" # with a remark\n"
		     "{ service = \"echo\"; x2 = 2; },\n"
		     ");\nx3 = 3;\n"
		     "@include \"conf.d/c.conf\" x5 = 5;\n");
	assert_int_equal(f->report.errors_n, 6); /* one more: both listeners have the same name */
	assert_string_equal(issue(f, 0),
			    "conf.d/a.conf:3: listeners.[0].x1: there is no such key (echotimed.conf(5) has them all)");
	assert_string_equal(issue(f, 1),
			    "t.conf:4: listeners.[1].x2: there is no such key (echotimed.conf(5) has them all)");
	assert_string_equal(issue(f, 2), "t.conf:6: x3: there is no such key (echotimed.conf(5) has them all)");
	assert_string_equal(issue(f, 3), "conf.d/c.conf:2: x4: there is no such key (echotimed.conf(5) has them all)");
	assert_string_equal(issue(f, 4), "t.conf:7: x5: there is no such key (echotimed.conf(5) has them all)");
}

TEST(comments_and_strings_are_only_themselves)
{
	struct files *f = *state;

	expect_good(f,
		    "# @include \"nothing\" {\n"
		    "// host_name = \"no\"; ( \"\n"
		    "/*\n@include \"nothing\"\n{ */\n"
		    "listeners = ( { service = \"daytime\"; address = \"loopback\"; format = \"{[( } %Y \\\" //#/*\" } );");
	assert_string_equal(f->s->listeners[0].options.format, "{[( } %Y \" //#/*");
}

TEST(a_comma_may_stand_behind_the_last_element)
{
	struct files *f = *state;

	expect_good(f, "listeners = ( { service = \"echo\"; address = [ \"127.0.0.1\", /* one */ ]; }, # last\n );");
	assert_int_equal(f->s->listeners_n, 1);
	assert_int_equal(f->s->listeners[0].addresses_n, 1);
}

TEST(the_file_itself_must_be_one)
{
	struct files *f = *state;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/fifo", f->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	read_options(f, "fifo", NULL);
	assert_string_equal(issue(f, 0), "fifo: this is a pipe (a file is wanted)");
	assert_int_equal(f->r, -EINVAL);
	read_options(f, ".", NULL);
	assert_string_equal(issue(f, 0), ".: this is a folder (a file is wanted)");
	read_options(f, "nothing", NULL);
	assert_string_equal(issue(f, 0), "nothing: No such file or directory");
	assert_int_equal(f->r, -ENOENT);
	assert_true(f->report.missing);
	write_text(f, "w.conf", ONE_LISTENER);
	assert_int_equal(chmod(f->path, 0646), 0);
	read_options(f, "w.conf", NULL);
	assert_string_equal(issue(f, 0), "w.conf: this can be written by anybody (chmod o-w it)");
	assert_false(f->report.missing);
	write_text(f, "holes.conf", "");
	assert_int_equal(truncate(f->path, INT64_C(3) << 30), 0);
	read_options(f, "holes.conf", NULL);
	assert_string_equal(issue(f, 0), "holes.conf:1: there is a NUL byte (settings are text)");
	expect_error(f, "", "t.conf: listeners: there are none (listeners = ( { service = \"echo\"; } ); serves one)");
}

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(grammar_is_refused_with_its_line),
		PREPARED(numbers_that_do_not_fit_never_become_others),
		PREPARED(doubled_keys_are_named_with_both_lines),
		PREPARED(what_would_take_long_or_much_is_refused_before),
		PREPARED(bytes_that_are_no_text_are_refused),
		PREPARED(includes_of_anything_but_files_are_refused),
		PREPARED(includes_that_never_end_are_refused),
		PREPARED(lines_are_counted_through_includes),
		PREPARED(comments_and_strings_are_only_themselves),
		PREPARED(a_comma_may_stand_behind_the_last_element),
		PREPARED(the_file_itself_must_be_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
