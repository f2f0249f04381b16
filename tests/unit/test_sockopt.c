/* SPDX-License-Identifier: MIT */
/* Socket options of listeners and of their sessions, asked back from the kernel. */
#include "test.h"

#include <linux/net_tstamp.h>
#include <stdio.h>
#include <netinet/udp.h>
#include <sys/utsname.h>

#include "open_listener.h"

/* ---- TCP ---- */

TEST(a_session_has_the_options_of_its_listener)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener l;
	cleanup_fd int client = -1, session = -1;

	s.socket.keepalive_ns = 60 * CLOCK_S_NS;
	s.socket.user_timeout_ns = 30 * CLOCK_S_NS + 1;
	s.socket.send_buffer = 65536;
	s.socket.dscp = 46;
	l = opened(&s);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_REUSEADDR, 1);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_REUSEPORT, 0);
	client = client_of(&l, "127.0.0.1", 0);
	session = accepted(&l);
	EXPECT_OPTION(session, SOL_SOCKET, SO_OOBINLINE, 1);
	EXPECT_OPTION(session, SOL_SOCKET, SO_KEEPALIVE, 1);
	EXPECT_OPTION(session, IPPROTO_TCP, TCP_KEEPIDLE, 60);
	EXPECT_OPTION(session, IPPROTO_TCP, TCP_KEEPINTVL, 15);
	EXPECT_OPTION(session, IPPROTO_TCP, TCP_KEEPCNT, 4);
	EXPECT_OPTION(session, IPPROTO_TCP, TCP_USER_TIMEOUT, 30001);
	EXPECT_OPTION(session, IPPROTO_TCP, TCP_NODELAY, 1);
	EXPECT_OPTION(session, SOL_SOCKET, SO_SNDBUF, 2 * 65536);
	EXPECT_OPTION(session, IPPROTO_IP, IP_TOS, 46 << 2);
	listener_close(&l);
}

TEST(what_is_not_asked_for_stays_off)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener l;

	s.socket.nodelay = false;
	l = opened(&s);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_KEEPALIVE, 0);
	EXPECT_OPTION(l.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 0);
	EXPECT_OPTION(l.fd, IPPROTO_TCP, TCP_NODELAY, 0);
	EXPECT_OPTION(l.fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_TOS, 0);
	listener_close(&l);
	s.socket.defer_accept_ns = CLOCK_MS_NS; /* never rounded down to "off" */
	s.socket.keepalive_ns = CLOCK_MS_NS;
	l = opened(&s);
	assert_true(option_of(l.fd, IPPROTO_TCP, TCP_DEFER_ACCEPT) >= 1);
	EXPECT_OPTION(l.fd, IPPROTO_TCP, TCP_KEEPIDLE, 1);
	EXPECT_OPTION(l.fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
	listener_close(&l);
	s.socket.keepalive_ns = s.socket.user_timeout_ns = 1000000 * CLOCK_S_NS; /* and never above what the kernel takes */
	l = opened(&s);
	EXPECT_OPTION(l.fd, IPPROTO_TCP, TCP_KEEPIDLE, 32767);
	listener_close(&l);
}

TEST(an_urgent_byte_comes_in_its_place)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener l = opened(&s);
	cleanup_fd int client = client_of(&l, "127.0.0.1", 0), session = accepted(&l);
	char got[8] = "";
	size_t n = 0;

	assert_int_equal(send(client, "ab", 2, 0), 2);
	assert_int_equal(send(client, "!", 1, MSG_OOB), 1);
	assert_int_equal(send(client, "cd", 2, 0), 2);
	assert_int_equal(fcntl(session, F_SETFL, 0), 0);
	while (n < 5) {
		ssize_t r = recv(session, got + n, sizeof(got) - n, 0);

		assert_true(r > 0);
		n += (size_t)r;
	}
	assert_string_equal(got, "ab!cd");
	listener_close(&l);
}

/* ---- UDP ---- */

TEST(a_udp_listener_learns_what_it_was_asked_on)
{
	struct listener_settings s = some_settings(TRANSPORT_UDP);
	struct listener l = opened(&s);

	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_PKTINFO, 1);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	EXPECT_OPTION(l.fd, SOL_UDP, UDP_GRO, 1);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_REUSEADDR, 0);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_BROADCAST, 0);
	assert_int_equal(fcntl(l.fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	listener_close(&l);
	set_address(&s, "*");
	l = opened(&s);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_PKTINFO, 1);
	if (l.dual_stack) {
		EXPECT_OPTION(l.fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		EXPECT_OPTION(l.fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
		EXPECT_OPTION(l.fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
	}
	listener_close(&l);
}

TEST(the_longest_datagram_comes_and_goes)
{
	static char data[65507];
	struct listener_settings s = some_settings(TRANSPORT_UDP);
	struct listener l = opened(&s);
	cleanup_fd int client = client_of(&l, "127.0.0.1", 0);
	struct sockaddr_storage from;
	socklen_t n = sizeof(from);

	assert_int_equal(send(client, data, sizeof(data), 0), sizeof(data));
	assert_int_equal(fcntl(l.fd, F_SETFL, 0), 0);
	assert_int_equal(recvfrom(l.fd, data, sizeof(data), 0, (struct sockaddr *)&from, &n), sizeof(data));
	assert_int_equal(sendto(l.fd, data, sizeof(data), 0, (struct sockaddr *)&from, n), sizeof(data));
	assert_int_equal(recv(client, data, sizeof(data), 0), sizeof(data));
	listener_close(&l);
}

/* net.core.rmem_max, or 0 where it is not shown. */
static uint32_t rmem_max(void)
{
	FILE *f = fopen("/proc/sys/net/core/rmem_max", "re");
	unsigned value = 0;

	if (f != NULL) {
		if (fscanf(f, "%u", &value) != 1)
			value = 0;
		fclose(f);
	}
	return value;
}

static void expect_buffer(const struct listener *l, uint32_t wanted)
{
	uint32_t most = rmem_max();

	EXPECT_OPTION(l->fd, SOL_SOCKET, SO_RCVBUF, (int)(2 * l->receive_buffer_got));
	/* All of it by the right to, or else what is allowed to anybody. */
	if (l->receive_buffer_got != wanted)
		assert_int_equal(l->receive_buffer_got, most != 0 && most < wanted ? most : l->receive_buffer_got);
	assert_true(l->receive_buffer_got > 0 && l->receive_buffer_got <= wanted);
}

TEST(the_receive_buffer_is_what_was_asked_or_what_is_allowed)
{
	struct listener_settings s = some_settings(TRANSPORT_UDP);
	struct listener l = opened(&s);

	expect_buffer(&l, 4 << 20); /* for datagrams, unless said */
	listener_close(&l);
	s.socket.receive_buffer = 100000;
	l = opened(&s);
	expect_buffer(&l, 100000);
	listener_close(&l);
	s.socket.receive_buffer = 16 << 20;
	l = opened(&s);
	expect_buffer(&l, 16 << 20);
	listener_close(&l);
}

/* What clients have not read is charged to the socket's one send buffer. */
TEST(a_unix_datagram_socket_has_room_for_what_its_clients_have_not_read)
{
	struct listener_settings s = some_settings(TRANSPORT_UNIXGRAM);
	struct listener l;
	cleanup_fd int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int most = 4 << 20;

	snprintf(s.path, sizeof(s.path), "@test_sockopt.%d", (int)getpid());
	l = opened(&s);
	if (setsockopt(other, SOL_SOCKET, SO_SNDBUFFORCE, &most, sizeof(most)) < 0)
		assert_int_equal(setsockopt(other, SOL_SOCKET, SO_SNDBUF, &most, sizeof(most)), 0);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_SNDBUF, option_of(other, SOL_SOCKET, SO_SNDBUF));
	s.socket.send_buffer = 50000;
	expect_adjusted(&l);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_SNDBUF, 100000);
	listener_close(&l);
}

/* Root opens it, and may more than the user whom it becomes, who reloads. */
TEST(a_reload_takes_no_buffer_away_that_it_could_not_give_back)
{
	struct listener_settings s = some_settings(TRANSPORT_UDP);
	struct listener l;
	uid_t me = geteuid();
	uint32_t got;

	s.socket.receive_buffer = 64 << 20;
	l = opened(&s);
	got = l.receive_buffer_got;
	assert_int_equal(seteuid(me == 0 ? 65534 : me), 0);
	expect_adjusted(&l);
	assert_int_equal(l.receive_buffer_got, got);
	s.socket.receive_buffer = 128 << 20;
	expect_adjusted(&l);
	assert_in_range(l.receive_buffer_got, got, 128 << 20);
	assert_int_equal(seteuid(me), 0);
	listener_close(&l);
}

/* ---- dscp ---- */

TEST(dscp_reflect_asks_for_the_class_of_each_datagram)
{
	struct listener_settings s = some_settings(TRANSPORT_UDP);
	struct listener l;

	set_address(&s, "*");
	s.socket.dscp = SETTINGS_DSCP_REFLECT;
	l = opened(&s);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_RECVTOS, 1);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_TOS, 0);
	if (l.dual_stack)
		EXPECT_OPTION(l.fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	s.socket.dscp = 8;
	expect_adjusted(&l);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_RECVTOS, 0);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_TOS, 8 << 2);
	listener_close(&l);
}

/* A kernel of 64 bits tells a program of 32 the class of an IPv6 connection in a layout of its own. */
static bool kernel_is_of_our_size(void)
{
	struct utsname u;

	assert_int_equal(uname(&u), 0);
	return sizeof(long) == 8 || !strstr(u.machine, "64");
}

TEST(a_tcp_session_answers_in_the_class_of_its_client)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener l;
	cleanup_fd int four = -1, six = -1, none = -1, session4 = -1, session6 = -1, session0 = -1;

	set_address(&s, "*");
	s.socket.dscp = SETTINGS_DSCP_REFLECT;
	l = opened(&s);
	four = client_of(&l, "127.0.0.1", 10 << 2);
	session4 = accepted(&l);
	EXPECT_OPTION(session4, IPPROTO_IP, IP_TOS, 10 << 2);
	none = client_of(&l, "127.0.0.1", 0);
	session0 = accepted(&l);
	EXPECT_OPTION(session0, IPPROTO_IP, IP_TOS, 0);
	if (host_has_ipv6() && kernel_is_of_our_size()) {
		six = client_of(&l, "::1", 34 << 2);
		session6 = accepted(&l);
		EXPECT_OPTION(session6, IPPROTO_IPV6, IPV6_TCLASS, 34 << 2);
	}
	listener_close(&l);
}

/* ---- adjust ---- */

TEST(a_reload_changes_an_open_socket)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener l = opened(&s);
	int before = option_of(l.fd, SOL_SOCKET, SO_SNDBUF);
	cleanup_fd int waiting = client_of(&l, "127.0.0.1", 0), session = -1;

	assert_true(waiting >= 0);
	s.socket = (struct socket_settings){ .keepalive_ns = 20 * CLOCK_S_NS,
					     .user_timeout_ns = CLOCK_S_NS,
					     .send_buffer = 50000,
					     .receive_buffer = 60000,
					     .backlog = 5,
					     .dscp = 12,
					     .v6only = true };
	expect_adjusted(&l);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	EXPECT_OPTION(l.fd, IPPROTO_TCP, TCP_KEEPIDLE, 20);
	EXPECT_OPTION(l.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000);
	EXPECT_OPTION(l.fd, IPPROTO_TCP, TCP_NODELAY, 0);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_SNDBUF, 100000);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_TOS, 12 << 2);
	assert_int_equal(l.receive_buffer_got, 60000);
	s.socket = (struct socket_settings){ .backlog = 5, .v6only = true };
	expect_adjusted(&l);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_KEEPALIVE, 0);
	EXPECT_OPTION(l.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 0);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_SNDBUF, before); /* the kernel's again */
	session = accepted(&l);                             /* who waited still does */
	listener_close(&l);
}

TEST(a_service_takes_back_what_another_had_asked_the_kernel_to_say)
{
	struct listener_settings s = some_settings(TRANSPORT_UDP);
	struct listener l = opened(&s);
	int stamps = SOF_TIMESTAMPING_SOFTWARE, ttl = option_of(l.fd, IPPROTO_IP, IP_TTL);

	s.service = service_find("stamp");
	expect_adjusted(&l);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_RECVTTL, 1);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_TTL, 255);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	/* As its reader does, which a reload of the same service leaves to him. */
	assert_int_equal(setsockopt(l.fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps)), 0);
	expect_adjusted(&l);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_TIMESTAMPING, stamps);
	s.service = service_find("echo");
	expect_adjusted(&l);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_RECVTTL, 0);
	EXPECT_OPTION(l.fd, IPPROTO_IP, IP_TTL, ttl);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_TIMESTAMPNS, 0);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_TIMESTAMPING, 0);
	listener_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_has_the_options_of_its_listener),
		cmocka_unit_test(what_is_not_asked_for_stays_off),
		cmocka_unit_test(an_urgent_byte_comes_in_its_place),
		cmocka_unit_test(a_udp_listener_learns_what_it_was_asked_on),
		cmocka_unit_test(the_longest_datagram_comes_and_goes),
		cmocka_unit_test(the_receive_buffer_is_what_was_asked_or_what_is_allowed),
		cmocka_unit_test(a_unix_datagram_socket_has_room_for_what_its_clients_have_not_read),
		cmocka_unit_test(a_reload_takes_no_buffer_away_that_it_could_not_give_back),
		cmocka_unit_test(dscp_reflect_asks_for_the_class_of_each_datagram),
		cmocka_unit_test(a_tcp_session_answers_in_the_class_of_its_client),
		cmocka_unit_test(a_reload_changes_an_open_socket),
		cmocka_unit_test(a_service_takes_back_what_another_had_asked_the_kernel_to_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
