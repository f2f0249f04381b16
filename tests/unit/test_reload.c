/* SPDX-License-Identifier: MIT */
/* reload: a transaction over a fleet of which only the data are real. The linker gives reload.c the functions below in the
 * place of those that fork, open and wait (--wrap, tests/unit/Makefile.inc); each adds a word to the story. */

#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "generation/generation.h"
#include "generation/lost.h"
#include "supervisor/reload.h"
#include "supervisor/settings_report.h"
#include "upgrade/takeover.h"

static struct supervisor s;
static struct settings good, others; /* of the same user, and of another */
static struct generation first, next;
static struct shared memory;
static char story[1024];
static uint64_t now_ns;

/* The answers of what is not real. */
static struct {
	struct settings *read;     /* NULL: the file cannot be used */
	int made, started, placed; /* generation_new(), generation_start(), sockets_replace() */
	bool ready, drained, emptied, lost;
	enum takeover_mode mode;
} world;

static void tell(const char *word)
{
	strncat(story, word, sizeof(story) - strlen(story) - 1);
	strncat(story, " ", sizeof(story) - strlen(story) - 1);
}

static const char *name_of(const struct generation *g)
{
	return g == &first ? "first" : "next";
}

static void tell_of(const char *word, const struct generation *g)
{
	tell(word);
	tell(name_of(g));
}

#define WRAPPED(type, function, ...)                                                                                        \
	type __wrap_##function(__VA_ARGS__);                                                                                \
	type __wrap_##function(__VA_ARGS__)

WRAPPED(uint64_t, clock_mono_ns, void)
{
	return now_ns;
}

WRAPPED(int, settings_read, const struct settings_source *source maybe_unused, struct settings **ret,
	struct settings_report *ret_report maybe_unused)
{
	*ret = world.read;
	return world.read ? 0 : -EINVAL;
}

WRAPPED(void, settings_free, struct settings *settings)
{
	if (settings)
		tell("free-settings");
}

WRAPPED(struct settings *, settings_share, struct settings *settings)
{
	return settings;
}

WRAPPED(void, settings_report_log, const char *file maybe_unused, int r maybe_unused,
	const struct settings_report *report maybe_unused)
{
}

WRAPPED(int, control_prepare, struct control *c maybe_unused, const struct settings *settings maybe_unused,
	struct text *why maybe_unused)
{
	return 0;
}

WRAPPED(void, control_abandon, struct control *c maybe_unused)
{
	tell("abandon-control");
}

WRAPPED(void, control_settle, struct control *c maybe_unused, const struct settings *settings maybe_unused)
{
	tell("settle-control");
}

WRAPPED(int, generation_new, struct fleet *f maybe_unused, struct settings *settings,
	const struct generation *before maybe_unused, struct generation **ret, struct text *why)
{
	if (world.made < 0) {
		text_add(why, "no place");
		return world.made;
	}
	next = (struct generation){ .fleet = &s.fleet, .number = 2, .settings = settings };
	*ret = &next;
	tell("open");
	return 0;
}

WRAPPED(int, generation_start, struct generation *g maybe_unused)
{
	if (world.started == 0)
		tell("fork");
	return world.started;
}

WRAPPED(bool, generation_is_ready, const struct generation *g maybe_unused)
{
	return world.ready;
}

WRAPPED(bool, generation_is_drained, const struct generation *g maybe_unused)
{
	return world.drained;
}

WRAPPED(uint32_t, generation_count, const struct generation *g maybe_unused)
{
	return 1;
}

WRAPPED(void, generation_go, struct generation *g)
{
	g->phase = GENERATION_SERVING;
	tell_of("go", g);
}

WRAPPED(void, generation_drain, struct generation *g, uint64_t deadline_ns)
{
	g->phase = GENERATION_DRAINING;
	g->deadline_ns = deadline_ns;
	tell_of("drain", g);
}

WRAPPED(void, generation_kill, struct generation *g)
{
	tell_of("kill", g);
}

WRAPPED(void, generation_retire, struct generation *g)
{
	tell_of("retire", g);
}

WRAPPED(int, sockets_replace, struct generation *g maybe_unused, const struct generation *before maybe_unused,
	struct text *why)
{
	if (world.placed < 0)
		text_add(why, "address in use");
	else
		tell("replace");
	return world.placed;
}

WRAPPED(bool, sockets_are_replaced, const struct generation *g maybe_unused, const struct generation *before maybe_unused)
{
	return world.emptied;
}

WRAPPED(void, sockets_abandon, struct generation *g, const struct generation *before maybe_unused)
{
	tell_of("abandon-sockets", g);
}

WRAPPED(void, sockets_close, struct generation *g, const struct generation *after maybe_unused)
{
	tell_of("close-sockets", g);
}

WRAPPED(void, fdstore_settle, struct generation *g maybe_unused, const struct generation *before maybe_unused)
{
}

WRAPPED(void, housekeeping_sockets, struct supervisor *super maybe_unused, bool at_once maybe_unused)
{
}

WRAPPED(void, housekeeping_tell_status, const struct supervisor *super maybe_unused)
{
}

WRAPPED(void, sd_notify_ready, void)
{
	tell("ready");
}

WRAPPED(void, sd_notify_reloading, void)
{
	tell("reloading");
}

WRAPPED(bool, lost_needs_generation, const struct fleet *f maybe_unused)
{
	return world.lost;
}

WRAPPED(enum takeover_mode, takeover_mode, void)
{
	return world.mode;
}

WRAPPED(void, takeover_settle, void)
{
}

WRAPPED(void, takeover_done, void)
{
}

static void retire(struct supervisor *super maybe_unused, struct generation *g)
{
	tell_of("old", g);
}

/* One generation serves, and a reload is wanted. */
static int begin(void **state maybe_unused)
{
	log_set(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	memset(&s, 0, sizeof(s));
	memset(&world, 0, sizeof(world));
	story[0] = '\0';
	now_ns = 1000 * CLOCK_S_NS;
	first = (struct generation){ .fleet = &s.fleet,
				     .phase = GENERATION_SERVING,
				     .number = 1,
				     .settings = &good,
				     .drain_timeout_ns = 3 * CLOCK_S_NS,
				     .deadline_ns = CLOCK_NEVER };
	strcpy(others.user, "somebody-else");
	s.fleet.file = "the file";
	s.fleet.shared = &memory;
	memory.reloads_refused = memory.reloads = 0;
	s.fleet.current = &first;
	s.fleet.reload_wanted = true;
	world.read = &good;
	return 0;
}

static void advance(void)
{
	reload_advance(&s, retire);
}

static void check_refused(const char *why)
{
	assert_ptr_equal(s.fleet.current, &first);
	assert_null(s.fleet.coming);
	assert_int_equal(first.phase, GENERATION_SERVING);
	assert_int_equal(memory.reloads_refused, 1);
	assert_int_equal(memory.reloads, 0);
	assert_true(s.fleet.result.refused);
	assert_non_null(strstr(s.fleet.result.lines.at, why));
	assert_false(s.ended);
}

TEST(the_new_generation_goes_when_the_old_one_has_stopped)
{
	advance();
	assert_string_equal(story, "reloading open fork ");
	advance();
	assert_int_equal(first.phase, GENERATION_SERVING); /* until all that come are ready */
	world.ready = true;
	advance();
	assert_string_equal(story, "reloading open fork replace ");
	world.emptied = true;
	advance();
	assert_string_equal(story, "reloading open fork replace drain first ");
	assert_int_equal(first.deadline_ns, now_ns + 3 * CLOCK_S_NS);
	world.drained = true;
	advance();
	assert_string_equal(story, "reloading open fork replace drain first go next settle-control close-sockets first "
				   "old first ready ");
	assert_ptr_equal(s.fleet.current, &next);
	assert_null(s.fleet.coming);
	assert_int_equal(memory.reloads, 1);
	assert_false(s.fleet.result.refused);
}

TEST(settings_that_cannot_be_used_change_nothing)
{
	world.read = NULL;
	advance();
	check_refused("the file cannot be used");
	assert_string_equal(story, "reloading abandon-control ready ");
}

TEST(settings_of_another_user_are_refused_and_given_back)
{
	world.read = &others;
	advance();
	check_refused(RELOAD_OTHER_IDENTITY);
	assert_string_equal(story, "reloading abandon-control free-settings ready ");
}

TEST(sockets_that_cannot_be_opened_change_nothing)
{
	world.made = -EADDRINUSE;
	advance();
	check_refused("no place");
	assert_string_equal(story, "reloading abandon-control free-settings ready ");
}

/* The end of a generation that was opened and does not come. */
static const char undone[] = "kill next abandon-sockets next abandon-control retire next ready ";

static void check_undone(const char *before, const char *why)
{
	check_refused(why);
	assert_int_equal(strncmp(story, before, strlen(before)), 0);
	assert_string_equal(story + strlen(before), undone);
	assert_ptr_equal(s.fleet.draining, &next); /* until its processes are reaped */
}

TEST(processes_that_cannot_be_forked_are_undone)
{
	world.started = -EAGAIN;
	advance();
	check_undone("reloading open ", strerror(EAGAIN));
}

TEST(a_process_that_cannot_start_undoes_all)
{
	advance();
	next.phase = GENERATION_FAILED;
	advance();
	check_undone("reloading open fork ", "a process could not start");
}

TEST(processes_that_are_not_ready_in_time_undo_all)
{
	advance();
	now_ns += RELOAD_READY_NS - 1;
	advance();
	assert_ptr_equal(s.fleet.coming, &next);
	now_ns++;
	advance();
	check_undone("reloading open fork ", "not ready in time");
}

TEST(a_place_that_cannot_be_taken_undoes_all)
{
	world.ready = true;
	world.placed = -EADDRINUSE;
	advance();
	advance();
	check_undone("reloading open fork ", "address in use");
}

TEST(queues_that_are_never_empty_hold_it_up_for_a_second)
{
	world.ready = true;
	advance();
	advance();
	now_ns += RELOAD_EMPTY_NS - 1;
	advance();
	assert_int_equal(first.phase, GENERATION_SERVING);
	now_ns++;
	advance();
	assert_int_equal(first.phase, GENERATION_DRAINING);
}

TEST(a_second_wish_waits_for_the_reload_that_is_under_way)
{
	advance();
	s.fleet.reload_wanted = true;
	advance();
	assert_string_equal(story, "reloading open fork ");
	assert_true(s.fleet.reload_wanted);
}

TEST(a_renewal_tells_nobody_and_lets_sessions_last)
{
	s.fleet.reload_wanted = false;
	world.lost = true;
	advance();
	assert_string_equal(story, "open fork ");
	world.ready = world.emptied = true;
	advance();
	assert_int_equal(first.deadline_ns, CLOCK_NEVER);
	world.drained = true;
	advance();
	assert_ptr_equal(s.fleet.current, &next);
	assert_null(strstr(story, "ready"));
	assert_int_equal(memory.reloads, 0);
}

TEST(a_first_start_that_fails_ends_the_program)
{
	s.fleet.current = NULL;
	s.fleet.reload_wanted = false;
	next = (struct generation){ .fleet = &s.fleet, .number = 1, .settings = &good };
	s.fleet.coming = &next;
	world.started = -EAGAIN;
	assert_int_equal(reload_begin(&s), -EAGAIN);
	assert_true(s.ended);
	assert_int_equal(s.exit_code, EX_OSERR);
}

TEST(a_program_that_takes_over_and_fails_gives_way_to_the_one_before)
{
	world.mode = TAKEOVER_GO;
	advance();
	next.phase = GENERATION_FAILED;
	advance();
	assert_string_equal(story, "reloading open fork kill next close-sockets next abandon-control ");
	assert_true(s.ended);
	assert_ptr_equal(s.fleet.current, &first); /* neither drained nor closed: the one before goes on with it */
	assert_int_equal(first.phase, GENERATION_SERVING);
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(the_new_generation_goes_when_the_old_one_has_stopped),
		FRESH(settings_that_cannot_be_used_change_nothing),
		FRESH(settings_of_another_user_are_refused_and_given_back),
		FRESH(sockets_that_cannot_be_opened_change_nothing),
		FRESH(processes_that_cannot_be_forked_are_undone),
		FRESH(a_process_that_cannot_start_undoes_all),
		FRESH(processes_that_are_not_ready_in_time_undo_all),
		FRESH(a_place_that_cannot_be_taken_undoes_all),
		FRESH(queues_that_are_never_empty_hold_it_up_for_a_second),
		FRESH(a_second_wish_waits_for_the_reload_that_is_under_way),
		FRESH(a_renewal_tells_nobody_and_lets_sessions_last),
		FRESH(a_first_start_that_fails_ends_the_program),
		FRESH(a_program_that_takes_over_and_fails_gives_way_to_the_one_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
