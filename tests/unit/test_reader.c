/* SPDX-License-Identifier: MIT */
/* The settings reader as a process: whatever becomes of it, its parent gets a whole list or words, and nothing is left. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "settings/apply.h"
#include "settings/bounds.h"
#include "settings/reader.h"

#include "settings_files.h"

/* What a child of the tests does in the reader's place. */
static int hang(const struct settings_source *source, int fd)
{
	(void)source;
	(void)fd;
	while (poll(NULL, 0, -1) <= 0)
		continue;
	return 0;
}

static int die(const struct settings_source *source, int fd)
{
	(void)source;
	(void)fd;
	return raise(SIGSEGV);
}

static int write_nothing(const struct settings_source *source, int fd)
{
	(void)source;
	(void)fd;
	return 0;
}

static int write_for_ever(const struct settings_source *source, int fd)
{
	static const char piece[65536];

	(void)source;
	while (write(fd, piece, sizeof(piece)) > 0)
		continue;
	return 0;
}

/* A list without its end: the first bytes of one. */
static int aside[2]; /* a pipe, made beforehand: a reader may make none */

static int write_half(const struct settings_source *source, int fd)
{
	char bytes[4096];
	ssize_t n;

	if (reader_write(source, aside[1]) < 0)
		return -EIO;
	n = read(aside[0], bytes, sizeof(bytes));
	return n > 1 && write(fd, bytes, (size_t)n - 1) == n - 1 ? 0 : -EIO;
}

/* Is the signal handling of a fresh process there, whatever the parent's is, and its bounds? */
static int look_at_self(const struct settings_source *source, int fd)
{
	struct sigaction term;
	unsigned long cpu_s = 99, core_bytes = 99;
	char line[256];
	sigset_t blocked;
	FILE *limits = fopen("/proc/self/limits", "r"); /* it may read files, but not ask for its limits */

	if (sigprocmask(SIG_BLOCK, NULL, &blocked) < 0 || sigismember(&blocked, SIGTERM) != 0)
		return -EINVAL;
	if (sigaction(SIGTERM, NULL, &term) < 0 || term.sa_handler != SIG_DFL)
		return -EINVAL;
	while (limits != NULL && fgets(line, sizeof(line), limits) != NULL) {
		(void)sscanf(line, "Max cpu time %lu", &cpu_s);
		(void)sscanf(line, "Max core file size %lu", &core_bytes);
	}
	if (cpu_s > 2 || core_bytes != 0)
		return -EINVAL;
	return reader_write(source, fd);
}

static size_t open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	assert_int_equal(closedir(d), 0);
	return n;
}

/* Runs a child in the reader's place on a good file. Neither it nor a descriptor is left. */
static int run_child(struct files *f, reader_child_fn *child, struct reader_result *ret)
{
	struct settings_source source = { .file = f->path };
	size_t before = open_descriptors();
	int r;

	write_text(f, "t.conf", ONE_LISTENER);
	r = reader_run_child(&source, child, child == hang ? 50 : 60000, ret);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(open_descriptors(), before);
	return r;
}

TEST(a_reader_that_hangs_dies_or_lies_is_only_words)
{
	static const struct {
		reader_child_fn *child;
		const char *why;
	} rows[] = {
		{ hang, "reading takes longer" },
		{ die, "was ended by signal 11" },
		{ write_nothing, "the settings reader gave up" },
		{ write_half, "the settings reader gave up" },
		{ write_for_ever, "cannot be read: File too large" },
	};
	struct reader_result result;

	assert_int_equal(pipe(aside), 0);
	for (size_t i = 0; i < array_n(rows); i++) {
		assert_int_equal(run_child(*state, rows[i].child, &result), -EINVAL);
		assert_non_null(strstr(result.why, rows[i].why));
		reader_done(&result);
	}
	assert_int_equal(run_child(*state, reader_write, &result), 0);
	assert_non_null(items_find(&result.items, "listeners.[0].service"));
	reader_done(&result);
	assert_int_equal(close(aside[0]) + close(aside[1]), 0);
}

TEST(the_reader_inherits_no_signals_and_has_bounds)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, had;
	struct reader_result result;
	sigset_t term, was;

	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &term, &was), 0);
	assert_int_equal(sigaction(SIGTERM, &ignore, &had), 0);
	assert_int_equal(run_child(*state, look_at_self, &result), 0);
	assert_int_equal(sigaction(SIGTERM, &had, NULL), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &was, NULL), 0);
	reader_done(&result);
}

/* The sanitizers' own memory is without bounds, so that of the reader under them is too. */
#ifndef __SANITIZE_ADDRESS__
static int take_much(const struct settings_source *source, int fd)
{
	/* More than what the parent may have lying free; volatile, or clang leaves the allocation out. */
	char *volatile much = malloc(BOUNDS_MEMORY_BYTES * 2);

	return much != NULL ? -ENOMEM : reader_write(source, fd);
}

TEST(the_reader_has_64_mib)
{
	struct reader_result result;

	assert_int_equal(run_child(*state, take_much, &result), 0);
	reader_done(&result);
}
#endif

/* A list as the reader writes it; malloc'ed. */
static char *written_list(size_t *ret_n)
{
	static const struct item items[] = {
		{ .kind = ITEM_GROUP, .path = "log", .file = "a.conf", .line = 1, .value = "" },
		{ .kind = ITEM_STRING, .path = "log.level", .file = "a.conf", .line = 2, .value = "info", .value_n = 4 },
		{ .kind = ITEM_PORT, .path = "time", .number = 37, .value = "" },
		{ .kind = ITEM_END, .value = "" },
	};
	char *bytes = NULL;
	FILE *to = open_memstream(&bytes, ret_n);

	assert_non_null(to);
	for (size_t i = 0; i < array_n(items); i++)
		items_write(to, &items[i]);
	assert_int_equal(fclose(to), 0);
	return bytes;
}

TEST(a_list_arrives_whole_or_not_at_all)
{
	struct items parsed;
	size_t n = 0;
	char *bytes = written_list(&n);

	assert_int_equal(items_parse(bytes, n, &parsed), 0);
	assert_int_equal(parsed.n, 4);
	assert_string_equal(items_find(&parsed, "log.level")->value, "info");
	assert_int_equal(items_find(&parsed, "log.level")->line, 2);
	assert_int_equal(items_find_named(&parsed, ITEM_PORT, "time")->number, 37);
	items_done(&parsed);
	for (size_t i = 0; i < n; i++) {
		/* a copy of its own, so that a read beyond its end is seen */
		char *cut = malloc(i + 1);

		memcpy(cut, bytes, i);
		assert_int_equal(items_parse(cut, i, &parsed), -EBADMSG);
		free(cut);
	}
	free(bytes);
}

/* A number is a port, or an error's: anything else would be negated, or asked for as text, by who reads it. */
TEST(a_number_that_is_no_error_and_no_port_is_none)
{
	static const int64_t wrong[] = { INT64_MIN, INT64_MIN + 1, INT32_MIN, -4096, 65536, INT64_MAX };
	struct items parsed;

	for (size_t i = 0; i < array_n(wrong); i++) {
		char *bytes = NULL;
		size_t n = 0;
		FILE *to = open_memstream(&bytes, &n);

		assert_non_null(to);
		items_write(to, &(struct item){ .kind = ITEM_TABLE, .path = "hosts", .number = wrong[i], .value = "" });
		items_write(to, &(struct item){ .kind = ITEM_END, .value = "" });
		assert_int_equal(fclose(to), 0);
		assert_int_equal(items_parse(bytes, n, &parsed), -EBADMSG);
		free(bytes);
	}
}

/* From a reader that was taken over. */
TEST(only_elements_of_the_list_are_listeners)
{
	static struct item items[] = {
		{ .kind = ITEM_LIST, .path = "listeners", .file = "f", .value = "" },
		{ .kind = ITEM_GROUP, .path = "listeners.[0]", .file = "f", .value = "" },
		{ .kind = ITEM_STRING, .path = "listeners.[0].service", .file = "f", .value = "echo", .value_n = 4 },
		{ .kind = ITEM_STRING, .path = "listeners.[0]/name", .file = "f", .value = "x", .value_n = 1 },
		{ .kind = ITEM_GROUP, .path = "listeners.[7]", .file = "f", .value = "" },
		{ .kind = ITEM_GROUP, .path = "listeners.[00]", .file = "f", .value = "" },
	};
	struct items parsed = { .list = items, .n = array_n(items) };
	struct settings_report *report = calloc(1, sizeof(*report));
	struct settings *s = calloc(1, sizeof(*s));
	struct draft d = { .file = "f", .settings = s, .items = &parsed, .report = report };

	assert_non_null(report);
	assert_non_null(s);
	s->own = calloc(1, sizeof(*s->own));
	assert_non_null(s->own);
	apply_list(&d);
	assert_int_equal(s->listeners_n, 1);
	assert_non_null(s->listeners[0].service);
	assert_string_equal(s->listeners[0].name, "");
	assert_int_equal(report->errors_n, 3);
	settings_free(s);
	free(report);
}

TEST(no_byte_of_a_list_is_trusted)
{
	struct items parsed;
	size_t n = 0;
	char *bytes = written_list(&n);

	for (size_t i = 0; i < n; i++)
		for (int bit = 0; bit < 8; bit++) {
			bytes[i] = (char)(bytes[i] ^ 1 << bit);
			if (items_parse(bytes, n, &parsed) == 0) {
				for (size_t k = 0; k < parsed.n; k++)
					assert_int_equal(parsed.list[k].value[parsed.list[k].value_n], 0);
				items_done(&parsed);
			}
			bytes[i] = (char)(bytes[i] ^ 1 << bit);
		}
	free(bytes);
}

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(a_reader_that_hangs_dies_or_lies_is_only_words),
		PREPARED(the_reader_inherits_no_signals_and_has_bounds),
#ifndef __SANITIZE_ADDRESS__
		PREPARED(the_reader_has_64_mib),
#endif
		cmocka_unit_test(a_list_arrives_whole_or_not_at_all),
		cmocka_unit_test(a_number_that_is_no_error_and_no_port_is_none),
		cmocka_unit_test(only_elements_of_the_list_are_listeners),
		cmocka_unit_test(no_byte_of_a_list_is_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
