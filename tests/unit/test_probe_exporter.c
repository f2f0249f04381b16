/* SPDX-License-Identifier: MIT */
/* exporter: where it listens, and what it answers whom. */
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "echoprobe/exporter.h"
#include "probe_result.h"

static struct probe_run run;
static const struct result *results[] = { &run.result };
static char said[256];

static size_t the_results(struct exporter_source *source maybe_unused, const struct result *const **ret)
{
	*ret = results;
	return 1;
}

TEST(a_port_alone_is_on_loopback)
{
	struct addr a;

	assert_int_equal(exporter_parse("9862", &a), 0);
	assert_true(addr_is_loopback(&a) && a.family == AF_INET && a.port == 9862);
	assert_int_equal(exporter_parse("0.0.0.0:9862", &a), 0);
	assert_true(addr_is_any(&a) && a.port == 9862);
	assert_int_equal(exporter_parse("[::1]:9862", &a), 0);
	assert_true(addr_is_loopback(&a) && a.family == AF_INET6);
	assert_int_equal(exporter_parse("65536", &a), -EINVAL);
	assert_int_equal(exporter_parse("example.com:1", &a), -EINVAL);
	assert_int_equal(exporter_parse("127.0.0.1", &a), -EINVAL);
}

#ifdef HAVE_MICROHTTPD

#define ANSWER_MAX 65536

/* The whole answer to these bytes. */
static const char *ask(const char *request)
{
	static char answer[ANSWER_MAX];
	static struct exporter_source source = { .results = the_results };
	struct text why = TEXT_OVER(said);
	struct sockaddr_storage sa;
	struct exporter *e = NULL;
	struct loop loop;
	struct addr at;
	socklen_t sa_n;
	size_t n = 0;
	int fd;

	probe_run_fill(&run);
	assert_int_equal(loop_init(&loop, EXPORTER_TIMERS), 0);
	source.loop = &loop;
	assert_int_equal(exporter_parse("0", &at), 0);
	assert_int_equal(exporter_open(&at, &source, &e, &why), 0);
	at = exporter_address(e);
	assert_int_equal(addr_to_sockaddr(&at, AF_INET, &sa, &sa_n), 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0 && connect(fd, (struct sockaddr *)&sa, sa_n) == 0);
	assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	for (ssize_t got = 1; got > 0;) {
		assert_int_equal(loop_turn(&loop, clock_mono_ns() + 10 * CLOCK_MS_NS), 0);
		got = recv(fd, answer + n, sizeof(answer) - n - 1, MSG_DONTWAIT);
		n += got > 0 ? (size_t)got : 0;
		if (got < 0 && errno == EAGAIN)
			got = 1;
	}
	answer[n] = '\0';
	(void)close(fd);
	exporter_close(e);
	loop_done(&loop);
	return answer;
}

TEST(metrics_are_answered_in_the_format_that_is_asked_for)
{
	const char *text = ask("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");

	assert_non_null(strstr(text, "HTTP/1.1 200 "));
	assert_non_null(strstr(text, "Content-Type: text/plain; version=0.0.4"));
	assert_non_null(strstr(text, "\nechoprobe_packets_sent_total{target=\"server.example\",test=\"echo\"} 1000\n"));
	assert_null(strstr(text, "# EOF"));
	text = ask("GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text; version=1.0.0\r\n\r\n");
	assert_non_null(strstr(text, "Content-Type: application/openmetrics-text; version=1.0.0"));
	assert_non_null(strstr(text, "\n# EOF\n"));
}

TEST(a_format_that_is_refused_by_name_is_not_given)
{
	const char *text = ask("GET /metrics HTTP/1.1\r\nHost: a\r\n"
			       "Accept: application/openmetrics-text;q=0, text/plain\r\n\r\n");

	assert_non_null(strstr(text, "Content-Type: text/plain; version=0.0.4"));
}

TEST(nothing_else_is_there_and_nobody_can_ask_for_a_test)
{
	assert_non_null(strstr(ask("GET /probe?target=192.0.2.1 HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 404 "));
	assert_non_null(strstr(ask("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"), "HTTP/1.1 405 "));
}

TEST(an_address_that_is_taken_is_said)
{
	static struct exporter_source source = { .results = the_results };
	struct text why = TEXT_OVER(said);
	struct exporter *e = NULL, *second = NULL;
	struct loop loop;
	struct addr at;

	assert_int_equal(loop_init(&loop, EXPORTER_TIMERS), 0);
	source.loop = &loop;
	assert_int_equal(exporter_parse("0", &at), 0);
	assert_int_equal(exporter_open(&at, &source, &e, &why), 0);
	at = exporter_address(e);
	assert_int_equal(exporter_open(&at, &source, &second, &why), -EADDRINUSE);
	assert_non_null(strstr(said, "metrics cannot be served at 127.0.0.1:"));
	exporter_close(e);
	loop_done(&loop);
}

#else

TEST(without_libmicrohttpd_that_is_said)
{
	static struct exporter_source source = { .results = the_results };
	struct text why = TEXT_OVER(said);
	struct exporter *e = NULL;

	probe_run_fill(&run);
	assert_int_equal(exporter_open(&addr_loopback_v4, &source, &e, &why), -ENOSYS);
	assert_non_null(strstr(said, "without libmicrohttpd"));
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_alone_is_on_loopback),
#ifdef HAVE_MICROHTTPD
		cmocka_unit_test(metrics_are_answered_in_the_format_that_is_asked_for),
		cmocka_unit_test(a_format_that_is_refused_by_name_is_not_given),
		cmocka_unit_test(nothing_else_is_there_and_nobody_can_ask_for_a_test),
		cmocka_unit_test(an_address_that_is_taken_is_said),
#else
		cmocka_unit_test(without_libmicrohttpd_that_is_said),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
