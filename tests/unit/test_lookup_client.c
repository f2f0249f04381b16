/* SPDX-License-Identifier: MIT */
/* Questions to the resolver: a real one in a process of its own, one that the test plays, and none. */
#include "test.h"

#include <errno.h>
#include <sys/wait.h>

#include "worker_desk.h"
#include "worker/lookup_client.h"
#include "process/resolver.h"

/* A worker that may ask, and where its questions arrive. */
struct questions {
	struct desk desk;
	int arrive; /* as a resolver reads them */
	int resolver_channel;
	pid_t resolver;
};

static const struct lookup_question localhost = { .kind = LOOKUP_BY_NAME, .name = "localhost" };
static unsigned answers_n;
static struct lookup_answer last;

static void begin(struct questions *q, const char *service)
{
	int pair[2];

	desk_begin(&q->desk, POOL_EVENT, 8);
	desk_listen(&q->desk, service, TRANSPORT_UNIX, AF_UNIX);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	q->arrive = pair[0];
	q->desk.plan.questions_fd = pair[1];
	desk_worker(&q->desk);
	answers_n = 0;
}

static void end(struct questions *q)
{
	fd_close(&q->arrive);
	fd_close(&q->desk.plan.questions_fd);
	desk_end(&q->desk);
}

static void fork_resolver(struct questions *q)
{
	int pair[2];
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	q->resolver = fork();
	assert_true(q->resolver >= 0);
	if (q->resolver == 0)
		resolver_run(&q->desk.plan, DESK_RECORD + 1, q->arrive, pair[1]);
	close(pair[1]);
	q->resolver_channel = pair[0];
	assert_int_equal(recv(pair[0], &byte, 1, 0), 1);
	assert_int_equal(byte, CHANNEL_READY);
}

static void end_resolver(struct questions *q)
{
	int status;

	close(q->resolver_channel); /* as if the supervisor had died */
	assert_int_equal(waitpid(q->resolver, &status, 0), q->resolver);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* An asking, and whose it is. */
struct asking {
	struct lookup_client ask;
	struct worker *w;
};

static void take(struct loop_source *s, uint32_t events maybe_unused)
{
	struct asking *a = container_of(s, struct asking, ask.source);

	last = *lookup_client_take(a->w, &a->ask);
	answers_n++;
}

static int begin_asking_as(struct questions *q, struct asking *a, uint8_t host)
{
	struct addr source = { .family = AF_INET, .port = (uint16_t)(5000 + answers_n), .bytes = { 192, 0, 2, host } };

	*a = (struct asking){ .ask = { .source = { .fd = -1 } }, .w = &q->desk.w };
	return lookup_client_begin(&q->desk.w, &a->ask,
				   &(struct lookup_client_request){ &localhost, lookup_client_source(&q->desk.w, &source) },
				   take);
}

static int begin_asking(struct questions *q, struct asking *a)
{
	return begin_asking_as(q, a, 1);
}

static void wait_for_answer(struct questions *q)
{
	for (unsigned before = answers_n; answers_n == before;)
		assert_int_equal(loop_turn(&q->desk.w.loop, CLOCK_NEVER), 0);
}

/* A resolver's part: takes a question. Where its answer goes. */
static int take_question(struct questions *q, struct lookup_client_message *ret)
{
	struct iovec iov = { .iov_base = ret, .iov_len = sizeof(*ret) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room)
	};
	int fd;

	assert_int_equal(recvmsg(q->arrive, &m, MSG_CMSG_CLOEXEC), sizeof(*ret));
	atomic_fetch_sub(&desk_shared->lookups_waiting, 1);
	assert_non_null(CMSG_FIRSTHDR(&m));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

/* ---- the asking ---- */

TEST(a_name_of_this_host_is_found)
{
	struct questions q;
	struct asking a;
	bool loopback = false;

	begin(&q, "hostname");
	fork_resolver(&q);
	assert_int_equal(begin_asking(&q, &a), 0);
	wait_for_answer(&q);
	assert_int_equal(last.result, LOOKUP_FOUND);
	for (uint32_t i = 0; i < last.addresses_n; i++)
		loopback |= addr_is_loopback(&last.addresses[i]);
	assert_true(loopback);
	assert_int_equal(atomic_load(&desk_shared->lookups_waiting), 0);
	assert_int_equal(atomic_load(&desk_shared->records[DESK_RECORD + 1].busy_until_ns), 0);
	end_resolver(&q);
	end(&q);
}

TEST(a_second_descriptor_with_a_question_is_not_kept)
{
	struct questions q;
	struct asking a;
	struct lookup_client_message m = { .question = localhost, .deadline_ns = CLOCK_NEVER };
	struct iovec iov = { .iov_base = &m, .iov_len = sizeof(m) };
	int first[2], second[2], both[2];
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(both))];
	} control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(both)) } };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room)
	};

	begin(&q, "hostname");
	fork_resolver(&q);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, first), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, second), 0);
	both[0] = first[1];
	both[1] = second[1];
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), both, sizeof(both));
	atomic_fetch_add(&desk_shared->lookups_waiting, 1);
	assert_int_equal(sendmsg(q.desk.plan.questions_fd, &msg, 0), sizeof(m));
	close(first[1]);
	close(second[1]);
	assert_int_equal(begin_asking(&q, &a), 0); /* questions are answered one after the other */
	wait_for_answer(&q);
	assert_int_equal(recv(second[0], &(char){ 0 }, 1, MSG_DONTWAIT), 0);
	close(first[0]);
	close(second[0]);
	end_resolver(&q);
	end(&q);
}

TEST(a_question_that_comes_too_late_is_not_answered)
{
	struct questions q;
	struct asking late, good;

	begin(&q, "hostname");
	q.desk.settings.resolver.timeout_ns = 0;
	assert_int_equal(begin_asking(&q, &late), 0);
	fork_resolver(&q);
	wait_for_answer(&q);
	assert_int_equal(last.result, LOOKUP_FAILED);
	q.desk.settings.resolver.timeout_ns = 60 * CLOCK_S_NS;
	assert_int_equal(begin_asking(&q, &good), 0);
	wait_for_answer(&q);
	assert_int_equal(last.result, LOOKUP_FOUND);
	end_resolver(&q);
	end(&q);
}

TEST(a_resolver_that_dies_gives_a_failure)
{
	struct questions q;
	struct asking a;
	struct lookup_client_message m;
	int to;

	begin(&q, "hostname");
	assert_int_equal(begin_asking(&q, &a), 0);
	to = take_question(&q, &m);
	assert_string_equal(m.question.name, "localhost");
	close(to); /* all that its death does to us */
	wait_for_answer(&q);
	assert_int_equal(last.result, LOOKUP_FAILED);
	assert_int_equal(a.ask.source.fd, -1);
	end(&q);
}

TEST(an_answer_of_the_wrong_form_is_a_failure)
{
	static struct lookup_answer wrong;
	struct questions q;
	struct asking a;
	struct lookup_client_message m;

	begin(&q, "hostname");
	for (int i = 0; i < 3; i++) {
		wrong = (struct lookup_answer){ .result = LOOKUP_FOUND };
		wrong.aliases_n = i == 1 ? LOOKUP_ALIASES_MAX + 1 : 0;
		wrong.addresses_n = i == 2 ? LOOKUP_ADDRESSES_MAX + 1 : 0;
		assert_int_equal(begin_asking(&q, &a), 0);
		int to = take_question(&q, &m);
		assert_true(send(to, &wrong, sizeof(wrong) - (i == 0), 0) > 0);
		close(to);
		wait_for_answer(&q);
		assert_int_equal(last.result, LOOKUP_FAILED);
	}
	end(&q);
}

TEST(the_queue_is_as_long_as_the_settings_say)
{
	struct questions q;
	struct asking a[5];
	struct lookup_client_message m;

	begin(&q, "hostname");
	for (int i = 0; i < 4; i++)
		assert_int_equal(begin_asking(&q, &a[i]), 0);
	assert_int_equal(begin_asking(&q, &a[4]), -EAGAIN);
	close(take_question(&q, &m)); /* one is taken: there is room for one */
	assert_int_equal(begin_asking(&q, &a[4]), 0);
	for (int i = 0; i < 5; i++)
		lookup_client_cancel(&q.desk.w, &a[i].ask);
	end(&q);
}

static struct lookup_answer found_of(const char *name)
{
	struct lookup_answer a = { .result = LOOKUP_FOUND };

	strcpy(a.name, name);
	return a;
}

TEST(what_becomes_known_later_is_waited_for)
{
	const struct lookup_answer less = found_of("less"), all = found_of("all");
	struct questions q;
	struct asking a;
	struct lookup_client_message m;
	int to;

	begin(&q, "hostname");
	assert_int_equal(begin_asking(&q, &a), 0);
	to = take_question(&q, &m);
	assert_true(send(to, &less, sizeof(less), 0) > 0);
	assert_int_equal(loop_turn(&q.desk.w.loop, 1), 0); /* at once */
	assert_int_equal(answers_n, 0);
	assert_true(send(to, &all, sizeof(all), 0) > 0);
	close(to);
	wait_for_answer(&q);
	assert_string_equal(last.name, "all");
	end(&q);
}

TEST(what_a_resolver_knew_when_it_died_is_the_answer)
{
	const struct lookup_answer less = found_of("less");
	struct questions q;
	struct asking a;
	struct lookup_client_message m;
	int to;

	begin(&q, "hostname");
	assert_int_equal(begin_asking(&q, &a), 0);
	to = take_question(&q, &m);
	assert_true(send(to, &less, sizeof(less), 0) > 0);
	close(to);
	wait_for_answer(&q);
	assert_string_equal(last.name, "less");
	end(&q);
}

TEST(giving_up_closes_our_end)
{
	struct questions q;
	struct asking a;
	struct lookup_client_message m;
	char byte;
	int to;

	begin(&q, "hostname");
	assert_int_equal(begin_asking(&q, &a), 0);
	to = take_question(&q, &m);
	lookup_client_cancel(&q.desk.w, &a.ask);
	assert_int_equal(recv(to, &byte, 1, 0), 0);
	close(to);
	end(&q);
}

/* ---- shares ---- */

static bool has_come(const struct questions *q)
{
	char byte;

	return recv(q->arrive, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void begin_shared(struct questions *q, uint32_t resolvers)
{
	begin(q, "hostname");
	q->desk.settings.resolver.processes = resolvers;
	assert_int_equal(lookup_client_share(&q->desk.settings, &q->desk.plan.asked), 0);
}

static void end_shared(struct questions *q)
{
	lookup_client_unshare(&q->desk.plan.asked);
	end(q);
}

static void turn_until_one_comes(struct questions *q)
{
	while (!has_come(q))
		assert_int_equal(loop_turn(&q->desk.w.loop, CLOCK_NEVER), 0);
}

TEST(a_source_leaves_one_resolver_to_others)
{
	struct questions q;
	struct asking first[2], beyond, other;
	struct lookup_client_message m[3], next;

	begin_shared(&q, 3);
	for (int i = 0; i < 2; i++)
		assert_int_equal(begin_asking_as(&q, &first[i], 1), 0);
	assert_int_equal(begin_asking_as(&q, &beyond, 1), 0);
	assert_int_equal(begin_asking_as(&q, &other, 2), 0);
	for (int i = 0; i < 3; i++)
		close(take_question(&q, &m[i]));
	desk_turn(&q.desk);
	assert_false(has_come(&q));
	lookup_client_over(&q.desk.plan, &m[2]); /* the other's */
	desk_turn(&q.desk);
	assert_false(has_come(&q));
	lookup_client_over(&q.desk.plan, &m[0]);
	turn_until_one_comes(&q);
	int to = take_question(&q, &next);
	assert_int_equal(next.deadline_ns, beyond.ask.deadline_ns);
	close(to);
	wait_for_answer(&q);
	assert_int_equal(beyond.ask.source.fd, -1);
	end_shared(&q);
}

TEST(with_one_resolver_a_source_has_one_question_in_the_queue)
{
	struct questions q;
	struct asking first, beyond, other;
	struct lookup_client_message m;

	begin_shared(&q, 1);
	assert_int_equal(begin_asking_as(&q, &first, 1), 0);
	assert_int_equal(begin_asking_as(&q, &beyond, 1), 0);
	assert_int_equal(begin_asking_as(&q, &other, 2), 0);
	assert_int_equal(atomic_load(&desk_shared->lookups_waiting), 2);
	for (int i = 0; i < 2; i++)
		close(take_question(&q, &m));
	assert_int_equal(m.deadline_ns, other.ask.deadline_ns);
	lookup_client_cancel(&q.desk.w, &first.ask);
	lookup_client_cancel(&q.desk.w, &beyond.ask);
	lookup_client_cancel(&q.desk.w, &other.ask);
	end_shared(&q);
}

TEST(a_question_that_waits_can_be_given_up)
{
	struct questions q;
	struct asking first, gone, stays;
	struct lookup_client_message m;

	begin_shared(&q, 2);
	assert_int_equal(begin_asking(&q, &first), 0);
	assert_int_equal(begin_asking(&q, &gone), 0);
	assert_int_equal(begin_asking(&q, &stays), 0);
	lookup_client_cancel(&q.desk.w, &gone.ask);
	close(take_question(&q, &m));
	lookup_client_over(&q.desk.plan, &m);
	turn_until_one_comes(&q);
	close(take_question(&q, &m));
	assert_int_equal(m.deadline_ns, stays.ask.deadline_ns);
	lookup_client_cancel(&q.desk.w, &first.ask);
	lookup_client_cancel(&q.desk.w, &stays.ask);
	desk_turn(&q.desk);
	assert_false(has_come(&q));
	end_shared(&q);
}

TEST(in_the_line_a_source_leaves_places_to_others)
{
	static struct asking one[LOOKUP_CLIENT_HELD_MAX], other[2];
	struct questions q;
	uint32_t n = 0;

	begin_shared(&q, 2);
	while (begin_asking_as(&q, &one[n], 1) == 0)
		n++;
	assert_in_range(n, 8, (8 + DATAGRAM_ASKS_MAX) / 2 + 2);
	for (size_t i = 0; i < array_n(other); i++)
		assert_int_equal(begin_asking_as(&q, &other[i], 2), 0);
	while (n--)
		lookup_client_cancel(&q.desk.w, &one[n].ask);
	for (size_t i = 0; i < array_n(other); i++)
		lookup_client_cancel(&q.desk.w, &other[i].ask);
	end_shared(&q);
}

/* ---- a session that asks ---- */

static void expect_text(struct questions *q, int fd, const char *text)
{
	char got[512] = "";

	desk_turn(&q->desk);
	assert_true(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT) > 0);
	assert_non_null(strstr(got, text));
}

static int dial_and_ask(struct questions *q)
{
	static const char request[] = "HNAME localhost\r\n";
	int fd = desk_connect(&q->desk, &q->desk.listeners[0], 0);

	assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
	desk_turn(&q->desk);
	return fd;
}

TEST(a_session_is_told_what_was_found)
{
	static struct lookup_answer found = { .result = LOOKUP_FOUND,
					      .name = "found.example",
					      .addresses_n = 1,
					      .addresses = { { .family = AF_INET, .bytes = { 192, 0, 2, 9 } } } };
	struct questions q;
	struct lookup_client_message m;
	int fd, to;

	begin(&q, "hostname");
	fd = dial_and_ask(&q);
	to = take_question(&q, &m);
	assert_true(send(to, &found, sizeof(found), 0) > 0);
	close(to);
	expect_text(&q, fd, "192.0.2.9");
	assert_int_equal(atomic_load(&q.desk.w.counters[0].lookups), 1);
	assert_int_equal(atomic_load(&q.desk.w.counters[0].lookups_failed), 0);
	close(fd);
	end(&q);
}

TEST(a_session_without_an_answer_in_time_is_told_so)
{
	struct questions q;
	struct lookup_client_message m;
	int fd, to;

	begin(&q, "hostname");
	q.desk.settings.resolver.timeout_ns = 0;
	fd = dial_and_ask(&q); /* its time is up at once */
	to = take_question(&q, &m);
	expect_text(&q, fd, "ERR : ");
	assert_int_equal(atomic_load(&q.desk.w.counters[0].lookups_failed), 1);
	assert_int_equal(recv(to, &(char){ 0 }, 1, 0), 0); /* nobody waits for it any more */
	close(to);
	close(fd);
	end(&q);
}

TEST(a_session_is_told_what_is_known_when_its_time_is_up)
{
	struct lookup_answer found = found_of("found.example");
	struct questions q;
	struct lookup_client_message m;
	int fd, to;

	begin(&q, "hostname");
	q.desk.settings.resolver.timeout_ns = CLOCK_S_NS;
	fd = dial_and_ask(&q);
	to = take_question(&q, &m);
	found.addresses_n = 1;
	found.addresses[0] = (struct addr){ .family = AF_INET, .bytes = { 192, 0, 2, 9 } };
	assert_true(send(to, &found, sizeof(found), 0) > 0);
	while (atomic_load(&q.desk.w.counters[0].lookups_found) == 0)
		assert_int_equal(loop_turn(&q.desk.w.loop, CLOCK_NEVER), 0);
	expect_text(&q, fd, "192.0.2.9");
	close(to);
	close(fd);
	end(&q);
}

TEST(a_session_that_finds_the_queue_full_is_told_so)
{
	struct questions q;
	int fd;

	begin(&q, "hostname");
	q.desk.settings.resolver.queue = 0;
	fd = dial_and_ask(&q);
	expect_text(&q, fd, "ERR : ");
	assert_int_equal(atomic_load(&q.desk.w.counters[0].lookups_failed), 1);
	close(fd);
	end(&q);
}

TEST(a_client_that_leaves_takes_its_question_along)
{
	struct questions q;
	struct lookup_client_message m;
	int fd, to;

	begin(&q, "hostname");
	fd = dial_and_ask(&q);
	to = take_question(&q, &m);
	close(fd);
	desk_turn(&q.desk);
	assert_int_equal(q.desk.w.sessions, 0);
	assert_int_equal(recv(to, &(char){ 0 }, 1, 0), 0);
	close(to);
	end(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_of_this_host_is_found),
		cmocka_unit_test(a_second_descriptor_with_a_question_is_not_kept),
		cmocka_unit_test(a_question_that_comes_too_late_is_not_answered),
		cmocka_unit_test(a_resolver_that_dies_gives_a_failure),
		cmocka_unit_test(an_answer_of_the_wrong_form_is_a_failure),
		cmocka_unit_test(the_queue_is_as_long_as_the_settings_say),
		cmocka_unit_test(what_becomes_known_later_is_waited_for),
		cmocka_unit_test(what_a_resolver_knew_when_it_died_is_the_answer),
		cmocka_unit_test(giving_up_closes_our_end),
		cmocka_unit_test(a_source_leaves_one_resolver_to_others),
		cmocka_unit_test(with_one_resolver_a_source_has_one_question_in_the_queue),
		cmocka_unit_test(a_question_that_waits_can_be_given_up),
		cmocka_unit_test(in_the_line_a_source_leaves_places_to_others),
		cmocka_unit_test(a_session_is_told_what_was_found),
		cmocka_unit_test(a_session_without_an_answer_in_time_is_told_so),
		cmocka_unit_test(a_session_is_told_what_is_known_when_its_time_is_up),
		cmocka_unit_test(a_session_that_finds_the_queue_full_is_told_so),
		cmocka_unit_test(a_client_that_leaves_takes_its_question_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
