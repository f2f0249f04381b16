/* SPDX-License-Identifier: MIT */
/* What the kernel says beside a datagram, read from real sockets on the loopback interface, and what is said beside its answer. */
#include "test.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>

#include "worker_desk.h"
#include "datagram/packet.h"

/* A server that answers one datagram at a time, and a client that takes answers from the address it asked, no other. */
struct exchange {
	struct desk desk;
	struct listener *l;
	int client;
	struct addr asked;
	struct packet_info info; /* of the last request */
};

static const struct addr any4 = { .family = AF_INET }, any6 = { .family = AF_INET6 };
static const struct addr second4 = { .family = AF_INET, .bytes = { 127, 0, 0, 77 } };
static const struct addr loopback6 = { .family = AF_INET6, .bytes = { [15] = 1 } };

/* Without IPv6 on this host there is nothing to test of it. */
static bool has_ipv6(void)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	cleanup_fd int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	return fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;
}

/* bound: any address of a family; any6 is dual-stack. dscp: as in the settings. */
static void begin(struct exchange *e, const struct addr *bound, int dscp, const struct addr *asked)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);
	struct sockaddr_storage sa;
	socklen_t n;

	desk_begin(&e->desk, POOL_EVENT, 1);
	e->l = desk_listen(&e->desk, "echo", TRANSPORT_UNIXGRAM, AF_UNIX); /* not opened by that */
	e->desk.services[0].socket.dscp = dscp;
	e->l->transport = TRANSPORT_UDP;
	e->l->address = *bound;
	e->l->socket_family = bound->family;
	e->l->dual_stack = bound->family == AF_INET6;
	if (listener_open(e->l, &why) < 0)
		fail_msg("%s", why.at);
	e->asked = *asked;
	e->asked.port = e->l->address.port;
	e->client = socket(asked->family, SOCK_DGRAM, 0);
	assert_int_equal(addr_to_sockaddr(&e->asked, asked->family, &sa, &n), 0);
	assert_int_equal(connect(e->client, (struct sockaddr *)&sa, n), 0);
}

static void end(struct exchange *e)
{
	close(e->client);
	desk_end(&e->desk);
}

/* The server reads what was sent and answers the same. */
static void serve(struct exchange *e)
{
	_Alignas(struct cmsghdr) char control[PACKET_CONTROL_BYTES];
	struct sockaddr_storage peer;
	char bytes[4];
	struct iovec iov = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr m = { .msg_name = &peer,
			    .msg_namelen = sizeof(peer),
			    .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(e->l->fd, &m, 0);

	assert_true(n > 0);
	packet_read(e->l, &m, &e->info);
	e->info.checked.length = (uint32_t)n;
	iov.iov_len = (size_t)n;
	m.msg_control = control;
	packet_write(e->l, &e->info, NULL, &m);
	assert_int_equal(sendmsg(e->l->fd, &m, 0), n);
}

/* Asks in a traffic class; the answer's. */
static int exchange(struct exchange *e, int class)
{
	bool v4 = e->asked.family == AF_INET;
	int level = v4 ? IPPROTO_IP : IPPROTO_IPV6, option = v4 ? IP_TOS : IPV6_TCLASS, on = 1, told = -1;
	_Alignas(struct cmsghdr) char control[64];
	char got[8];
	struct iovec iov = { .iov_base = got, .iov_len = sizeof(got) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };

	assert_int_equal(setsockopt(e->client, level, option, &class, sizeof(class)), 0);
	assert_int_equal(setsockopt(e->client, level, v4 ? IP_RECVTOS : IPV6_RECVTCLASS, &on, sizeof(on)), 0);
	assert_int_equal(send(e->client, "ask", 3, 0), 3);
	serve(e);
	assert_int_equal(recvmsg(e->client, &m, MSG_DONTWAIT), 3);
	assert_memory_equal(got, "ask", 3);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != level || c->cmsg_type != option)
			continue;
		if (v4) /* one octet, there an int */
			told = *CMSG_DATA(c);
		else
			memcpy(&told, CMSG_DATA(c), sizeof(told));
	}
	return told;
}

static void expect_asked(const struct exchange *e)
{
	assert_true(addr_same_host(&e->info.checked.destination, &e->asked));
	assert_true(addr_same_host(&e->info.checked.local, &e->asked));
	assert_int_equal(e->info.checked.source.family, e->asked.family);
	assert_true(addr_is_loopback(&e->info.checked.source));
	assert_int_not_equal(e->info.checked.source.port, 0);
	assert_int_equal(e->info.interface, if_nametoindex("lo"));
	assert_true(e->info.checked.over_loopback);
	assert_false(e->info.checked.truncated);
	assert_int_equal(e->info.checked.length, 3);
	assert_int_equal(datagram_checks_all(&e->l->settings->admission, NULL, &e->info.checked), REFUSED_NOT);
}

TEST(an_answer_leaves_from_the_ipv4_address_that_was_asked)
{
	struct exchange e;

	begin(&e, &any4, 0, &second4);
	exchange(&e, 0);
	expect_asked(&e);
	end(&e);
	begin(&e, &second4, 0, &second4); /* from where else, but it shall not be told anything wrong */
	exchange(&e, 0);
	expect_asked(&e);
	end(&e);
}

TEST(an_ipv4_client_of_a_dual_stack_socket_gets_its_answer_as_ipv4)
{
	struct exchange e;

	if (!has_ipv6())
		return;
	begin(&e, &any6, 0, &second4);
	exchange(&e, 0);
	expect_asked(&e);
	end(&e);
}

TEST(an_ipv6_client_of_a_dual_stack_socket_gets_its_answer_as_ipv6)
{
	struct exchange e;

	if (!has_ipv6())
		return;
	begin(&e, &any6, 0, &loopback6);
	exchange(&e, 0);
	expect_asked(&e);
	end(&e);
}

TEST(the_class_of_a_request_comes_back_where_that_is_set)
{
	static const struct {
		const struct addr *bound, *asked;
	} rows[] = { { &any4, &second4 }, { &second4, &second4 }, { &any6, &second4 }, { &any6, &loopback6 } };

	for (size_t i = 0; i < array_n(rows); i++) {
		struct exchange e;

		if (rows[i].bound == &any6 && !has_ipv6())
			continue;
		begin(&e, rows[i].bound, SETTINGS_DSCP_REFLECT, rows[i].asked);
		assert_int_equal(exchange(&e, 46 << 2), 46 << 2);
		assert_int_equal(e.info.dscp, 46);
		assert_int_equal(exchange(&e, 8 << 2 | 2), 8 << 2); /* ECN's bits are not the request's to give */
		assert_int_equal(exchange(&e, 0), 0);
		end(&e);
	}
}

TEST(a_fixed_class_is_not_the_request_s)
{
	struct exchange e;

	begin(&e, &any4, 10, &second4);
	assert_int_equal(exchange(&e, 46 << 2), 10 << 2);
	end(&e);
}

TEST(a_datagram_that_was_cut_says_so)
{
	struct exchange e;

	begin(&e, &any4, 0, &second4);
	assert_int_equal(send(e.client, "longer than four", 16, 0), 16);
	serve(&e);
	assert_true(e.info.checked.truncated);
	assert_int_equal(datagram_checks_all(&e.l->settings->admission, NULL, &e.info.checked), REFUSED_TRUNCATED);
	end(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_leaves_from_the_ipv4_address_that_was_asked),
		cmocka_unit_test(an_ipv4_client_of_a_dual_stack_socket_gets_its_answer_as_ipv4),
		cmocka_unit_test(an_ipv6_client_of_a_dual_stack_socket_gets_its_answer_as_ipv6),
		cmocka_unit_test(the_class_of_a_request_comes_back_where_that_is_set),
		cmocka_unit_test(a_fixed_class_is_not_the_request_s),
		cmocka_unit_test(a_datagram_that_was_cut_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
