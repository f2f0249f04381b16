/* SPDX-License-Identifier: MIT */
/* Descriptors that were passed: what each is, and how they are taken. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/passed.h"

/* A socket bound to `a`, listening where it can. */
static int bound(int type, const void *a, socklen_t n)
{
	const struct sockaddr *sa = a;
	int fd = socket(sa->sa_family, type, 0);

	assert_int_equal(bind(fd, sa, n), 0);
	if (type != SOCK_DGRAM)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int loopback(int type)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return bound(type, &sin, sizeof(sin));
}

TEST(a_socket_of_ip_has_its_transport_and_address)
{
	cleanup_fd int tcp = loopback(SOCK_STREAM), udp = loopback(SOCK_DGRAM);
	struct adopt_socket s = { 0 };

	assert_null(passed_describe(tcp, &s));
	assert_int_equal(s.fd, tcp);
	assert_int_equal(s.transport, TRANSPORT_TCP);
	assert_int_equal(s.family, AF_INET);
	assert_true(s.accepting && addr_is_loopback(&s.address) && s.address.port != 0);
	assert_null(passed_describe(udp, &s));
	assert_int_equal(s.transport, TRANSPORT_UDP);
	assert_false(s.accepting);
}

TEST(a_socket_of_both_families_is_told_from_one_of_ipv6)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };

	for (int v6only = 0; v6only <= 1; v6only++) {
		cleanup_fd int fd = socket(AF_INET6, SOCK_DGRAM, 0);
		struct adopt_socket s = { 0 };

		if (fd < 0)
			return; /* a kernel without IPv6 */
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)), 0);
		if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
			return;
		assert_null(passed_describe(fd, &s));
		assert_int_equal(s.family, AF_INET6);
		assert_int_equal(s.dual_stack, !v6only);
	}
}

TEST(a_unix_socket_has_its_path_or_name)
{
	static const struct {
		int type;
		enum transport transport;
	} kinds[] = { { SOCK_STREAM, TRANSPORT_UNIX },
		      { SOCK_DGRAM, TRANSPORT_UNIXGRAM },
		      { SOCK_SEQPACKET, TRANSPORT_UNIXPACKET } };

	for (size_t i = 0; i < array_n(kinds); i++) {
		struct sockaddr_un sun = { .sun_family = AF_UNIX };
		struct adopt_socket s = { 0 };
		int n = snprintf(sun.sun_path + 1, 64, "test_passed %d", (int)getpid());
		cleanup_fd int fd = bound(kinds[i].type, &sun,
					  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) + (socklen_t)n);

		assert_null(passed_describe(fd, &s));
		assert_int_equal(s.transport, kinds[i].transport);
		assert_int_equal(s.path[0], '@');
		assert_string_equal(s.path + 1, sun.sun_path + 1);
	}
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct adopt_socket s = { 0 };
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/tmp/test_passed.%d", (int)getpid());
	cleanup_fd int fd = bound(SOCK_STREAM, &sun, sizeof(sun));
	assert_int_equal(unlink(sun.sun_path), 0);
	assert_null(passed_describe(fd, &s));
	assert_string_equal(s.path, sun.sun_path);
}

TEST(what_nothing_here_serves_is_refused)
{
	struct adopt_socket s = { 0 };
	cleanup_fd int netlink = socket(AF_NETLINK, SOCK_RAW, 0), file = open("/dev/null", O_RDONLY);

	assert_string_equal(passed_describe(netlink, &s), "is a socket of a kind that no listener serves");
	assert_string_equal(passed_describe(file, &s), "is not a socket");
	assert_string_equal(passed_describe(-1, &s), "is not a socket");
}

TEST(a_socket_of_multipath_tcp_is_one_of_tcp)
{
	struct adopt_socket s = { 0 };
	cleanup_fd int multipath = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);

	if (multipath < 0)
		skip(); /* the kernel has none */
	assert_null(passed_describe(multipath, &s));
	assert_int_equal(s.transport, TRANSPORT_TCP);
}

#ifdef HAVE_SYSTEMD

/* In a process of its own: descriptors 3 and 4 are passed to it. Exit 0: as it should be. */
static int take_two(int first, int second)
{
	static struct adopt a;
	char storage[256], pid[16];
	struct text why = TEXT_OVER(storage);

	first = fcntl(first, F_DUPFD, 20);
	second = fcntl(second, F_DUPFD, 20);
	if (dup2(first, 3) < 0 || dup2(second, 4) < 0)
		return 1;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_FDNAMES", "echo:a name with spaces", 1);
	if (passed_take(&a, &why) < 0 || a.n != 2)
		return 2;
	if (strcmp(a.sockets[0].name, "echo") != 0 || strcmp(a.sockets[1].name, "a name with spaces") != 0)
		return 3;
	if (a.sockets[0].fd != 3 || a.sockets[1].number != 4 || a.sockets[1].transport != TRANSPORT_UDP)
		return 4;
	if (fcntl(3, F_GETFD) != FD_CLOEXEC || fcntl(4, F_GETFD) != FD_CLOEXEC)
		return 5;
	if (getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES"))
		return 6;
	return passed_take(&a, &why) < 0 || a.n ? 7 : 0; /* no second time */
}

TEST(what_was_passed_is_taken_once_and_inherited_by_nobody)
{
	cleanup_fd int tcp = loopback(SOCK_STREAM), udp = loopback(SOCK_DGRAM);
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(take_two(tcp, udp));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#endif

TEST(what_was_passed_to_another_process_is_left_alone)
{
	static struct adopt a;
	char storage[256];
	struct text why = TEXT_OVER(storage);

	setenv("LISTEN_PID", "1", 1);
	setenv("LISTEN_FDS", "1", 1);
	assert_int_equal(passed_take(&a, &why), 0);
	assert_int_equal(a.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_of_ip_has_its_transport_and_address),
		cmocka_unit_test(a_socket_of_both_families_is_told_from_one_of_ipv6),
		cmocka_unit_test(a_unix_socket_has_its_path_or_name),
		cmocka_unit_test(what_nothing_here_serves_is_refused),
		cmocka_unit_test(a_socket_of_multipath_tcp_is_one_of_tcp),
#ifdef HAVE_SYSTEMD
		cmocka_unit_test(what_was_passed_is_taken_once_and_inherited_by_nobody),
#endif
		cmocka_unit_test(what_was_passed_to_another_process_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
