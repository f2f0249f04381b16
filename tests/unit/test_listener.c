/* SPDX-License-Identifier: MIT */
/* Listeners on IP: which sockets settings make, where they are bound, and what is said when they cannot be. */
#include "test.h"

#include <stdio.h>
#include <net/if.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "net/replace.h"
#include "net/shards.h"
#include "open_listener.h"

/* ---- plan ---- */

TEST(a_listener_is_a_socket_for_each_transport_and_address)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP | TRANSPORT_UDP | TRANSPORT_UNIX | TRANSPORT_UNIXPACKET);
	struct listener list[8];
	size_t n = 1;

	s.port = 7;
	s.addresses_n = 2;
	s.addresses[1].kind = LISTENER_ADDRESS_ONE;
	assert_int_equal(addr_parse("2001:db8::1", &s.addresses[1].addr), 0);
	strcpy(s.path, "/run/echo");
	s.pool_stream = 3;
	s.pool_datagram = 5;
	assert_int_equal(plan_into(&s, list, &n, array_n(list)), 0);
	assert_int_equal(n, 7); /* one was there */
	assert_string_equal(list[1].label, "echo/tcp");
	assert_string_equal(list[2].label, "echo/tcp");
	assert_string_equal(list[3].label, "echo/udp");
	assert_string_equal(list[5].label, "echo/unix");
	assert_string_equal(list[6].label, "echo/unixpacket");
	assert_int_equal(list[2].socket_family, AF_INET6);
	assert_false(list[2].dual_stack);
	assert_int_equal(list[2].address.port, 7);
	assert_int_equal(list[1].pool, 3);
	assert_int_equal(list[3].pool, 5);
	assert_int_equal(list[5].pool, 3);
	for (size_t i = 1; i < n; i++) {
		assert_int_equal(list[i].fd, -1);
		for (size_t k = 1; k < i; k++)
			assert_string_not_equal(list[i].key, list[k].key);
	}
}

TEST(too_many_sockets_are_an_error_and_none_is_added)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP | TRANSPORT_UDP);
	struct listener list[3];
	size_t n = 2;

	assert_int_equal(plan_into(&s, list, &n, array_n(list)), -E2BIG);
	assert_int_equal(n, 2);
}

/* A second group at the same place is refused, though its sockets would be let in one by one. */
TEST(several_sockets_of_one_place_are_a_group_that_no_other_joins)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP | TRANSPORT_UDP);
	struct listener list[2][8];
	char storage[256];
	struct text why = TEXT_OVER(storage);

	s.socket.shards = 4;
	for (int k = 0; k < 2; k++) {
		size_t n = 0;

		assert_int_equal(plan_into(&s, list[k], &n, array_n(list[k])), 0);
		assert_int_equal(n, 1 + 4);
		for (size_t i = 1; k == 0 && i < n; i++) {
			assert_int_equal(list[k][i].shard, i - 1);
			assert_string_not_equal(list[k][i].key, list[k][i - 1].key);
			shards_follow(&list[k][i]);
			if (listener_open(&list[k][i], &why) < 0)
				fail_msg("%s", why.at);
			assert_int_equal(list[k][i].address.port, list[k][1].address.port);
			assert_int_equal(option_of(list[k][i].fd, SOL_SOCKET, SO_REUSEPORT), 1);
		}
	}
	list[1][1].address.port = list[0][1].address.port;
	assert_int_equal(listener_open(&list[1][1], &why), -EADDRINUSE);
	/* A reload leaves one alone. */
	s.socket.shards = 1;
	expect_adjusted(&list[0][1]);
	assert_int_equal(option_of(list[0][1].fd, SOL_SOCKET, SO_REUSEPORT), 0);
	for (size_t i = 1; i <= 4; i++)
		listener_close(&list[0][i]);
}

TEST(loopback_is_both_families_where_the_host_has_them)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener list[4];
	size_t n = 0;
	char storage[80];
	struct text where = TEXT_OVER(storage);

	s.port = 7;
	set_address(&s, "loopback");
	assert_int_equal(plan_into(&s, list, &n, array_n(list)), 0);
	for (size_t i = 0; i < n; i++)
		listener_add_where(&where, &list[i]);
	assert_string_equal(storage, host_has_ipv6() ? "127.0.0.1:7[::1]:7" : "127.0.0.1:7");
}

TEST(the_key_changes_with_what_needs_a_new_socket_and_with_nothing_else)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP), other;
	char key[sizeof(((struct listener *)NULL)->key)];

	set_address(&s, "::");
	memcpy(key, planned(&s).key, sizeof(key));
	other = s;
	other.port = 8;
	assert_string_not_equal(planned(&other).key, key);
	other = s;
	set_address(&other, "::1");
	assert_string_not_equal(planned(&other).key, key);
	other = s;
	strcpy(other.name, "else");
	assert_string_not_equal(planned(&other).key, key);
	other = s;
	other.transports = TRANSPORT_UDP;
	assert_string_not_equal(planned(&other).key, key);
	other = s;
	other.socket.v6only = false;
	assert_string_not_equal(planned(&other).key, key);
	other = s;
	strcpy(other.socket.interface, "eth0");
	assert_string_not_equal(planned(&other).key, key);
	other = s;
	other.socket = (struct socket_settings){ .v6only = true,
						 .freebind = true,
						 .backlog = 1,
						 .receive_buffer = 1,
						 .send_buffer = 1,
						 .keepalive_ns = 1,
						 .user_timeout_ns = 1,
						 .dscp = 1 };
	other.mode = 0600;
	assert_string_equal(planned(&other).key, key);
}

TEST(a_renamed_listener_is_the_same_socket_but_for_port_0)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP), other = s;

	assert_int_equal(text_copy(other.name, sizeof(other.name), "another"), 0);
	s.port = other.port = 7;
	assert_string_equal(planned(&s).key, planned(&other).key);
	s.port = other.port = 0;
	assert_string_not_equal(planned(&s).key, planned(&other).key);
}

TEST(the_longest_names_have_room)
{
	struct listener_settings s = some_settings(TRANSPORT_UNIXPACKET);

	memset(s.name, 'n', sizeof(s.name) - 1);
	memset(s.path, 'p', sizeof(s.path) - 1);
	assert_int_equal(strlen(planned(&s).key), strlen("unixpacket ") + sizeof(s.path) - 1);
	s.transports = TRANSPORT_TCP;
	set_address(&s, "2001:db8:1111:2222:3333:4444:5555:6666");
	s.port = 65535;
	memset(s.socket.interface, 'i', sizeof(s.socket.interface) - 1);
	(void)planned(&s);
}

/* ---- open ---- */

TEST(a_tcp_listener_takes_connections)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener l = opened(&s);
	cleanup_fd int client = -1, session = -1;

	assert_true(l.address.port != 0);
	assert_int_equal(fcntl(l.fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	assert_int_equal(fcntl(l.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_true(accept(l.fd, NULL, NULL) < 0 && errno == EAGAIN);
	client = client_of(&l, "127.0.0.1", 0);
	session = accepted(&l);
	listener_close(&l);
	assert_int_equal(l.fd, -1);
}

TEST(a_port_that_another_has_is_refused)
{
	static const unsigned transports[] = { TRANSPORT_TCP, TRANSPORT_UDP };

	for (size_t i = 0; i < array_n(transports); i++) {
		struct listener_settings s = some_settings(transports[i]);
		struct listener first, second;
		char sentence[200];

		set_address(&s, "127.77.1.2"); /* few others are there */
		first = opened(&s);
		s.port = first.address.port;
		second = planned(&s);
		snprintf(sentence, sizeof(sentence), "cannot bind %s to 127.77.1.2:%u: %s", first.label, s.port,
			 words_for(-EADDRINUSE));
		expect_not_opened(&second, -EADDRINUSE, sentence);
		assert_int_equal(second.address.port, s.port);
		listener_close(&first);
		second = opened(&s); /* free again */
		listener_close(&second);
	}
}

/* ---- addresses ---- */

TEST(one_socket_serves_both_families)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener l;
	cleanup_fd int four = -1, six = -1, session4 = -1, session6 = -1;

	set_address(&s, "*");
	s.socket.dscp = 10;
	l = opened(&s);
	four = client_of(&l, "127.0.0.1", 0);
	session4 = accepted(&l);
	EXPECT_OPTION(session4, IPPROTO_IP, IP_TOS, 10 << 2);
	if (host_has_ipv6()) {
		assert_true(l.dual_stack);
		assert_int_equal(l.socket_family, AF_INET6);
		six = client_of(&l, "::1", 0);
		session6 = accepted(&l);
		EXPECT_OPTION(session6, IPPROTO_IPV6, IPV6_TCLASS, 10 << 2);
	}
	listener_close(&l);
}

/* From here on this process's host has no IPv6. */
static int forget_ipv6(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = array_n(filter), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* On 32-bit x86 glibc makes sockets by socketcall(2), of whose arguments a filter sees none. */
#define CANNOT_FORGET 77

/* Exit 0: as it should be. */
static int plan_without_ipv6(void)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener list[4];
	char storage[128];
	struct text why = TEXT_OVER(storage);
	size_t n = 0;

	s.addresses_n = 2;
	set_address(&s, "*");
	s.addresses[1].kind = LISTENER_ADDRESS_LOOPBACK;
	if (forget_ipv6() < 0)
		return 1;
	if (host_has_ipv6())
		return CANNOT_FORGET;
	if (plan_into(&s, list, &n, array_n(list)) < 0 || n != 2)
		return 2;
	if (!addr_is_any(&list[0].address) || list[0].socket_family != AF_INET || list[0].dual_stack)
		return 3;
	if (!addr_is_loopback(&list[1].address) || list[1].socket_family != AF_INET)
		return 4;
	if (listener_open(&list[0], &why) < 0)
		return 5;
	listener_close(&list[0]);
	return 0;
}

TEST(a_host_without_ipv6_serves_ipv4)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(plan_without_ipv6());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_FORGET)
		skip();
	assert_int_equal(status, 0);
}

TEST(an_ipv6_address_leaves_ipv4_to_others)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP), four = s;
	struct listener six_l, four_l;

	if (!host_has_ipv6()) {
		/* then it cannot be opened, and says why */
		set_address(&s, "::");
		six_l = planned(&s);
		assert_false(six_l.dual_stack);
		return;
	}
	set_address(&s, "::");
	six_l = opened(&s);
	EXPECT_OPTION(six_l.fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	set_address(&four, "127.77.1.1");
	four.port = six_l.address.port;
	four_l = opened(&four);
	listener_close(&four_l);
	listener_close(&six_l);
	s.socket.v6only = false;
	six_l = opened(&s);
	EXPECT_OPTION(six_l.fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	assert_true(six_l.dual_stack);
	listener_close(&six_l);
	set_address(&s, "*");
	s.socket.v6only = true;
	six_l = opened(&s);
	EXPECT_OPTION(six_l.fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	listener_close(&six_l);
}

TEST(an_address_that_the_host_lacks_needs_freebind)
{
	static const char *const addresses[] = { "192.0.2.77", "2001:db8::77" };

	for (size_t i = 0; i < (host_has_ipv6() ? 2 : 1); i++) {
		struct listener_settings s = some_settings(TRANSPORT_UDP);
		struct listener l;
		char sentence[200], storage[80];
		struct text where = TEXT_OVER(storage);

		set_address(&s, addresses[i]);
		l = planned(&s);
		listener_add_where(&where, &l);
		snprintf(
			sentence, sizeof(sentence),
			"cannot bind echo/udp to %s: %s (this host does not have it; freebind = true binds it nevertheless)",
			storage, words_for(-EADDRNOTAVAIL));
		expect_not_opened(&l, -EADDRNOTAVAIL, sentence);
		s.socket.freebind = true;
		l = opened(&s);
		listener_close(&l);
	}
}

TEST(a_link_local_address_keeps_its_interface)
{
	struct listener_settings s = some_settings(TRANSPORT_UDP);
	struct listener l;
	char storage[80], no_interface[sizeof(l.key)];
	struct text where = TEXT_OVER(storage);

	set_address(&s, "fe80::77");
	memcpy(no_interface, planned(&s).key, sizeof(no_interface));
	set_address(&s, "fe80::77%lo");
	l = planned(&s);
	assert_int_equal(l.address.scope, if_nametoindex("lo"));
	assert_string_not_equal(l.key, no_interface);
	listener_add_where(&where, &l);
	assert_non_null(strstr(storage, "[fe80::77%"));
	if (host_has_ipv6()) {
		struct listener_settings on_every = some_settings(TRANSPORT_TCP);

		set_address(&on_every, "fe80::77");
		on_every.port = 4077;
		l = planned(&on_every);
		expect_not_opened(
			&l, -EINVAL,
			"cannot bind echo/tcp to [fe80::77]:4077: invalid argument (it is on every link: say on which "
			"interface, with \"%eth0\" behind it)");
		s.socket.freebind = true;
		l = opened(&s);
		assert_int_equal(l.address.scope, if_nametoindex("lo"));
		listener_close(&l);
	}
}

TEST(an_interface_binds_the_socket_to_it)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener l;
	char name[IFNAMSIZ] = "";
	socklen_t n = sizeof(name);

	strcpy(s.socket.interface, "lo");
	l = opened(&s);
	assert_int_equal(getsockopt(l.fd, SOL_SOCKET, SO_BINDTODEVICE, name, &n), 0);
	assert_string_equal(name, "lo");
	listener_close(&l);
	strcpy(s.socket.interface, "nosuch0");
	l = planned(&s);
	expect_not_opened(&l, -ENODEV,
			  "cannot set SO_BINDTODEVICE of echo/tcp on 127.0.0.1:0: no such device"
			  " (interface = \"nosuch0\")");
}

/* Exit 0: as it should be. */
static int bind_low_port(void)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener l;
	char storage[256];
	struct text why = TEXT_OVER(storage);
	int r;

	s.port = 1;
	l = planned(&s);
	if (geteuid() == 0 && setuid(65534) < 0)
		return 1;
	r = listener_open(&l, &why);
	if (r == -EACCES)
		return strcmp(storage, "cannot bind echo/tcp to 127.0.0.1:1: permission denied "
				       "(ports below 1024 need root or CAP_NET_BIND_SERVICE)") != 0;
	listener_close(&l);
	return r != 0; /* where net.ipv4.ip_unprivileged_port_start lets anybody */
}

TEST(a_low_port_that_we_may_not_bind_says_what_is_needed)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(bind_low_port());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- who else ---- */

/* Another user, who says that he will share. */
static void be_another(const struct listener *l)
{
	static const int on = 1;
	struct sockaddr_storage sa;
	socklen_t n;

	if (setuid(65534) < 0 || addr_to_sockaddr(&l->address, l->address.family, &sa, &n) < 0)
		_exit(2);
	for (int options = 0; options < 4; options++) {
		cleanup_fd int fd = socket(sa.ss_family, l->transport == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM, 0);

		if (options & 1)
			(void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (options & 2)
			(void)!setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
		if (bind(fd, (const struct sockaddr *)&sa, n) == 0)
			_exit(1);
	}
	_exit(0);
}

/* No other user can be bound where l is, or is to be, by whatever option. */
static void expect_no_other(const struct listener *l)
{
	int status;

	EXPECT_OPTION(l->fd, SOL_SOCKET, SO_REUSEADDR, l->transport == TRANSPORT_TCP);
	if (geteuid() != 0)
		return;
	pid_t pid = fork();
	if (pid == 0)
		be_another(l);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void share(const struct listener *a, const struct listener *b, bool on)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);

	if (replace_share(a, on, &why) < 0 || replace_share(b, on, &why) < 0)
		fail_msg("%s", storage);
}

static void moves_and_lets_nobody_in(enum transport transport, uint32_t shards)
{
	struct listener_settings s = some_settings(transport);
	struct listener old, new;
	char storage[256];
	struct text why = TEXT_OVER(storage);

	s.socket.shards = shards;
	old = opened(&s);
	expect_no_other(&old);
	set_address(&s, "0.0.0.0");
	s.port = old.address.port;
	new = planned(&s);
	new.arrival = ARRIVAL_REPLACES;
	assert_int_equal(listener_open(&new, &why), 0);
	expect_no_other(&old);
	share(&old, &new, true);
	expect_no_other(&old);
	expect_no_other(&new);
	if (listener_bind(&new, &why) < 0)
		fail_msg("%s", storage);
	expect_no_other(&old);
	expect_no_other(&new);
	share(&old, &new, false);
	assert_int_equal(option_of(new.fd, SOL_SOCKET, SO_REUSEPORT), shards > 1);
	assert_int_equal(replace_turn_away(&old), 0);
	expect_no_other(&new);
	listener_close(&old);
	expect_no_other(&new);
	listener_close(&new);
}

TEST(while_one_takes_the_others_place_no_other_user_gets_in)
{
	moves_and_lets_nobody_in(TRANSPORT_TCP, 1);
	moves_and_lets_nobody_in(TRANSPORT_UDP, 1);
	moves_and_lets_nobody_in(TRANSPORT_UDP, 2);
}

TEST(a_passed_socket_lets_no_other_in)
{
	struct listener_settings s = some_settings(TRANSPORT_UDP);
	struct listener as_systemd = opened(&s), l = planned(&s);
	char storage[256];
	struct text why = TEXT_OVER(storage);
	int on = 1;

	assert_int_equal(setsockopt(as_systemd.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	l.address = as_systemd.address;
	l.origin = ORIGIN_PASSED;
	l.passed_fd = as_systemd.fd;
	if (listener_open(&l, &why) < 0)
		fail_msg("%s", storage);
	expect_no_other(&l);
	listener_close(&l);
	/* A super-server's stays as it is. */
	assert_int_equal(setsockopt(as_systemd.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	l.origin = ORIGIN_LENT;
	if (listener_open(&l, &why) < 0)
		fail_msg("%s", storage);
	EXPECT_OPTION(l.fd, SOL_SOCKET, SO_REUSEADDR, 1);
	listener_close(&l);
	listener_close(&as_systemd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_is_a_socket_for_each_transport_and_address),
		cmocka_unit_test(too_many_sockets_are_an_error_and_none_is_added),
		cmocka_unit_test(several_sockets_of_one_place_are_a_group_that_no_other_joins),
		cmocka_unit_test(loopback_is_both_families_where_the_host_has_them),
		cmocka_unit_test(the_key_changes_with_what_needs_a_new_socket_and_with_nothing_else),
		cmocka_unit_test(a_renamed_listener_is_the_same_socket_but_for_port_0),
		cmocka_unit_test(the_longest_names_have_room),
		cmocka_unit_test(a_tcp_listener_takes_connections),
		cmocka_unit_test(a_port_that_another_has_is_refused),
		cmocka_unit_test(one_socket_serves_both_families),
		cmocka_unit_test(a_host_without_ipv6_serves_ipv4),
		cmocka_unit_test(an_ipv6_address_leaves_ipv4_to_others),
		cmocka_unit_test(an_address_that_the_host_lacks_needs_freebind),
		cmocka_unit_test(a_link_local_address_keeps_its_interface),
		cmocka_unit_test(an_interface_binds_the_socket_to_it),
		cmocka_unit_test(a_low_port_that_we_may_not_bind_says_what_is_needed),
		cmocka_unit_test(while_one_takes_the_others_place_no_other_user_gets_in),
		cmocka_unit_test(a_passed_socket_lets_no_other_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
