/* SPDX-License-Identifier: MIT */
/* For tests of listeners: settings of one, and what its sockets are asked. */
#pragma once

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/listener.h"
#include "net/why.h"

static const struct settings all;

/* The settings of "echo" on 127.0.0.1, port 0. */
static inline struct listener_settings some_settings(unsigned transports)
{
	struct listener_settings s = {
		.name = "echo",
		.service = service_find("echo"),
		.transports = transports,
		.addresses = { { .kind = LISTENER_ADDRESS_ONE } },
		.addresses_n = 1,
		.mode = 0666,
		.socket = { .v6only = true, .backlog = 16, .nodelay = true },
	};

	assert_int_equal(addr_parse("127.0.0.1", &s.addresses[0].addr), 0);
	return s;
}

static inline void set_address(struct listener_settings *s, const char *address)
{
	struct listener_address *a = &s->addresses[0];

	a->kind = strcmp(address, "*") == 0          ? LISTENER_ADDRESS_ANY
		  : strcmp(address, "loopback") == 0 ? LISTENER_ADDRESS_LOOPBACK
						     : LISTENER_ADDRESS_ONE;
	s->socket.v6only = a->kind != LISTENER_ADDRESS_ANY;
	if (a->kind == LISTENER_ADDRESS_ONE)
		assert_int_equal(addr_parse(address, &a->addr), 0);
}

/* Plans into list[*n], up to max. */
static inline int plan_into(const struct listener_settings *s, struct listener *list, size_t *n, size_t max)
{
	struct listener_list to = { list, *n, max };
	int r = listener_plan(&all, s, &to);

	*n = to.n;
	return r;
}

static inline struct listener planned(const struct listener_settings *s)
{
	struct listener list[8];
	size_t n = 0;

	assert_int_equal(plan_into(s, list, &n, array_n(list)), 0);
	assert_true(n >= 1);
	return list[0];
}

static inline struct listener opened(const struct listener_settings *s)
{
	struct listener l = planned(s);
	char storage[256];
	struct text why = TEXT_OVER(storage);

	if (listener_open(&l, &why) < 0)
		fail_msg("%s", storage);
	return l;
}

static inline void expect_adjusted(struct listener *l)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);

	if (listener_adjust(l, &why) < 0)
		fail_msg("%s", storage);
}

/* The system's words for -errno within a sentence: C libraries differ. */
static inline const char *words_for(int r)
{
	static char storage[80];
	struct text t = TEXT_OVER(storage);

	why_add_error(&t, r);
	return storage;
}

/* It cannot be opened, for this reason; nothing of it stays. */
static inline void expect_not_opened(struct listener *l, int expected, const char *sentence)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);

	assert_int_equal(listener_open(l, &why), expected);
	assert_string_equal(storage, sentence);
	assert_int_equal(l->fd, -1);
}

static inline int option_of(int fd, int level, int option)
{
	int value = -1;
	socklen_t n = sizeof(value);

	assert_int_equal(getsockopt(fd, level, option, &value, &n), 0);
	return value;
}

#define EXPECT_OPTION(fd, level, option, value) assert_int_equal(option_of(fd, level, option), value)

/* A client's socket, of a family (and for AF_INET a class of its own, or 0), connected. */
static inline int client_of(const struct listener *l, const char *to, int class)
{
	struct sockaddr_storage sa;
	socklen_t n;
	struct addr a;
	int fd, type = l->transport == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM;

	assert_int_equal(addr_parse(to, &a), 0);
	a.port = l->address.port;
	fd = socket(a.family, type | SOCK_CLOEXEC, 0);
	if (a.family == AF_INET)
		assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_TOS, &class, sizeof(class)), 0);
	else
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof(class)), 0);
	assert_int_equal(addr_to_sockaddr(&a, a.family, &sa, &n), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, n), 0);
	return fd;
}

static inline int accepted(const struct listener *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(listener_prepare_session(l, fd), 0);
	return fd;
}

static inline bool host_has_ipv6(void)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	cleanup_fd int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && bind(fd, (struct sockaddr *)&in6, sizeof(in6)) == 0;
}
