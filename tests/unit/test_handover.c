/* SPDX-License-Identifier: MIT */
/* handover: what one program writes is what the next one has; what is gone meanwhile is left out, and nonsense is refused. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "generation/generation.h"
#include "upgrade/handover.h"

#define TEXT_MAX 65536
#define REFUSED 23 /* a status that no sanitizer ends with */

static struct fleet before, after;
static struct control control_before, control_after;
static char text[TEXT_MAX], why_storage[256];
static struct text why;
static pid_t pids[2];

static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static struct child *add_child(struct generation *g, uint32_t pool, pid_t pid)
{
	struct child *c = calloc(1, sizeof(*c));
	int pair[2];

	assert_non_null(c);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	*c = (struct child){ .channel = { .fd = pair[0] }, .generation = g, .pool = pool, .pid = pid, .ready = true };
	assert_int_equal(records_take(&before.records, before.shared, &c->record), 0);
	c->next = g->children;
	g->children = c;
	return c;
}

static void add_listener(struct generation *g, const char *label, const char *key)
{
	struct listener *l = &g->listeners[g->listeners_n++];

	*l = (struct listener){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
				.transport = TRANSPORT_UNIX,
				.pool = 1 };
	assert_true(l->fd >= 0);
	assert_int_equal(text_copy(l->label, sizeof(l->label), label), 0);
	assert_int_equal(text_copy(l->key, sizeof(l->key), key), 0);
	l->row = before.labels.n;
	assert_int_equal(labels_give(&before.labels, l->row, label), 0);
}

static struct generation *add_generation(enum generation_phase phase)
{
	struct generation *g = generation_alloc(&before);

	assert_non_null(g);
	g->number = ++before.generations;
	g->phase = phase;
	g->listeners = calloc(LISTENER_MAX, sizeof(*g->listeners));
	assert_non_null(g->listeners);
	g->deadline_ns = 17;
	g->orphaned = true;
	strcpy(g->pools[0].name, "prefork");
	strcpy(g->pools[1].name, "event");
	g->pools[1].model = POOL_EVENT;
	return g;
}

static int begin(void **state maybe_unused)
{
	before = (struct fleet){ .shared_fd = -1, .user = "echotimed", .started_ns = 5, .lost_told = 3 };
	after = (struct fleet){ .shared_fd = -1 };
	control_before = (struct control){ .standard = "/run/echo timed/control" };
	control_after = (struct control){ 0 };
	why = TEXT_OVER(why_storage);
	assert_int_equal(fleet_share(&before), 0);
	assert_int_equal(pipe2(before.life, O_CLOEXEC), 0);
	assert_int_equal(loop_init(&after.loop, 8), 0);
	(void)pool_deaths_add_pool(&before.pool_names, "event");
	(void)pool_deaths_add_pool(&before.pool_names, "prefork");
	before.draining = add_generation(GENERATION_DRAINING);
	before.current = add_generation(GENERATION_SERVING);
	add_listener(before.current, "echo/unix", "unix /run/a b%");
	add_listener(before.current, "daytime/unix", "unix @x");
	for (size_t i = 0; i < 2; i++)
		pids[i] = sleeper();
	add_child(before.current, 1, pids[0]);
	add_child(before.draining, 0, pids[1]);
	return 0;
}

static void drop(struct generation *g)
{
	if (!g)
		return;
	drop(g->next);
	for (struct child *c = g->children, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(g->listeners);
	free(g);
}

static int end(void **state maybe_unused)
{
	struct generation *all[] = { before.current, before.draining, after.current, after.draining };

	for (size_t i = 0; i < array_n(all); i++)
		drop(all[i]);
	loop_done(&after.loop);
	for (size_t i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return 0;
}

static void write_text(void)
{
	struct handover_image image = { .fd = STDIN_FILENO, .path = "/usr/sbin/echotimed", .layout = shared_layout() };
	struct handover_parcel p = { .state_fd = memfd_create("state", MFD_CLOEXEC) };

	assert_true(p.state_fd >= 0);
	assert_int_equal(handover_write(&(struct handover){ &before, &control_before }, &image, &p), 0);
	ssize_t n = pread(p.state_fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0 && n < TEXT_MAX - 1);
	text[n] = '\0';
	assert_true(p.fds_n >= 8); /* memory, life line, sockets, channels, image */
	free(p.fds);
	close(p.state_fd);
}

static int restore(void)
{
	struct handover_image image;
	int r = handover_open(text, &image, &why);

	if (r == 0)
		assert_string_equal(image.path, "/usr/sbin/echotimed");
	return r < 0 ? r : handover_restore(&(struct handover){ &after, &control_after }, false, &why);
}

static void expect_same_listener(const struct listener *a, const struct listener *b)
{
	assert_int_equal(a->fd, b->fd);
	assert_int_equal(a->transport, b->transport);
	assert_int_equal(a->pool, b->pool);
	assert_int_equal(a->row, b->row);
	assert_string_equal(a->label, b->label);
	assert_string_equal(a->key, b->key);
}

static void expect_same_generation(const struct generation *a, const struct generation *b)
{
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->deadline_ns, b->deadline_ns);
	assert_int_equal(a->orphaned, b->orphaned);
	assert_int_equal(a->listeners_n, b->listeners_n);
	for (size_t i = 0; i < a->listeners_n; i++)
		expect_same_listener(&a->listeners[i], &b->listeners[i]);
	assert_string_equal(a->pools[0].name, b->pools[0].name);
	assert_int_equal(a->pools[1].model, b->pools[1].model);
	assert_non_null(b->children);
	assert_null(b->children->next);
	assert_int_equal(a->children->pid, b->children->pid);
	assert_int_equal(a->children->record, b->children->record);
	assert_int_equal(a->children->channel.fd, b->children->channel.fd);
}

TEST(the_next_program_has_what_the_one_before_had)
{
	write_text();
	assert_int_equal(restore(), 0);
	assert_string_equal(after.user, "echotimed");
	assert_int_equal(after.started_ns, 5);
	assert_int_equal(after.lost_told, 3);
	assert_int_equal(after.generations, 2);
	assert_string_equal(control_after.standard, "/run/echo timed/control");
	assert_int_equal(after.labels.n, 2);
	assert_string_equal(after.labels.names[0], "echo/unix");
	assert_int_equal(after.pool_names.n, before.pool_names.n);
	expect_same_generation(before.current, after.current);
	expect_same_generation(before.draining, after.draining);
	/* The memory is the same one. */
	atomic_store(&before.shared->reloads, 77);
	assert_int_equal(atomic_load(&after.shared->reloads), 77);
}

TEST(a_generation_that_served_was_handed_over_and_one_that_drains_drains_on)
{
	write_text();
	assert_int_equal(restore(), 0);
	assert_int_equal(after.current->phase, GENERATION_HANDED_OVER);
	assert_int_equal(after.draining->phase, GENERATION_DRAINING);
	assert_null(after.current->settings);
}

TEST(sockets_and_processes_that_are_gone_are_left_out)
{
	write_text();
	close(before.current->listeners[0].fd);
	kill(pids[0], SIGKILL);
	waitpid(pids[0], NULL, 0);
	assert_int_equal(restore(), 0);
	assert_int_equal(after.current->listeners_n, 1);
	assert_string_equal(after.current->listeners[0].label, "daytime/unix");
	assert_null(after.current->children);
	assert_non_null(after.draining->children);
}

TEST(a_text_without_a_generation_that_serves_is_refused)
{
	char *current;

	write_text();
	current = strstr(text, "\ncurrent ");
	assert_non_null(current);
	strcpy(current, "\nend\n");
	assert_true(restore() < 0);
	assert_true(why.len > 0);
}

TEST(a_text_with_any_one_of_its_lines_missing_or_changed_is_taken_or_refused_and_harms_nobody)
{
	static char whole[TEXT_MAX];
	size_t lines = 0;

	write_text();
	memcpy(whole, text, sizeof(whole));
	for (char *at = whole; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_true(lines > 12);
	for (size_t i = 0; i < lines; i++) {
		pid_t pid = fork(); /* restoring is once a program */
		int status;

		if (pid == 0) {
			char *from = text, *to;
			for (size_t k = 0; k < i; k++)
				from = strchr(from, '\n') + 1;
			to = strchr(from, '\n') + 1;
			if (i % 2)
				memmove(from, to, strlen(to) + 1);
			else
				from[(to - from) / 2] ^= 1;
			_exit(restore() < 0 ? REFUSED : 0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != REFUSED))
			fail_msg("line %zu: ended with wait status %#x", i, (unsigned)status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_next_program_has_what_the_one_before_had, begin, end),
		cmocka_unit_test_setup_teardown(a_generation_that_served_was_handed_over_and_one_that_drains_drains_on,
						begin, end),
		cmocka_unit_test_setup_teardown(sockets_and_processes_that_are_gone_are_left_out, begin, end),
		cmocka_unit_test_setup_teardown(a_text_without_a_generation_that_serves_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(
			a_text_with_any_one_of_its_lines_missing_or_changed_is_taken_or_refused_and_harms_nobody, begin,
			end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
