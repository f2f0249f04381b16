/* SPDX-License-Identifier: MIT */
/* Stamps of sending are told of what was expected, and of nothing else, whatever else is in the error queue. */
#include "test.h"

#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "datagram/departures.h"

/* A socket that sends to another, both on loopback. */
struct post {
	struct departures departures;
	int fd, other;
};

static void begin(struct post *p)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(name);

	memset(p, 0, sizeof(*p));
	p->fd = socket(AF_INET, SOCK_DGRAM, 0);
	p->other = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(p->other, (struct sockaddr *)&name, n), 0);
	assert_int_equal(getsockname(p->other, (struct sockaddr *)&name, &n), 0);
	assert_int_equal(connect(p->fd, (struct sockaddr *)&name, n), 0);
}

static void end(struct post *p)
{
	close(p->fd);
	close(p->other);
}

static void send_stamped(struct post *p)
{
	uint32_t flags = SOF_TIMESTAMPING_TX_SOFTWARE;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(flags))] = { 0 };
	struct msghdr m = { .msg_iov = &(struct iovec){ "x", 1 },
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(flags)), .cmsg_level = SOL_SOCKET, .cmsg_type = SO_TIMESTAMPING };
	memcpy(CMSG_DATA(c), &flags, sizeof(flags));
	assert_int_equal(sendmsg(p->fd, &m, 0), 1);
}

static void expect(struct post *p, uint32_t handle, struct timespec wall)
{
	departures_expect(&p->departures, p->fd, &(struct svc_departure){ .handle = handle, .wall = wall });
}

static void expect_and_send(struct post *p, uint32_t handle)
{
	expect(p, handle, clock_wall());
	send_stamped(p);
}

/* The handle of the next that is told; 0: of nothing that was expected; -1: the queue is empty, and wakes nobody. */
static int next(struct post *p)
{
	struct svc_departure d;
	struct timespec now;

	if (!departures_next(&p->departures, p->fd, &d)) {
		assert_int_equal(poll(&(struct pollfd){ .fd = p->fd }, 1, 0), 0);
		return -1;
	}
	now = clock_wall();
	if (d.handle != 0) {
		int64_t wall_ns = d.wall.tv_sec * INT64_C(1000000000) + d.wall.tv_nsec;
		int64_t left_ns = d.left.tv_sec * INT64_C(1000000000) + d.left.tv_nsec;
		assert_true(wall_ns <= left_ns && left_ns <= now.tv_sec * INT64_C(1000000000) + now.tv_nsec);
	}
	return (int)d.handle;
}

TEST(what_was_expected_is_told_in_order)
{
	struct post p;

	begin(&p);
	for (uint32_t i = 1; i <= 5; i++)
		expect_and_send(&p, i);
	assert_int_equal(send(p.fd, "x", 1, 0), 1); /* unasked */
	expect_and_send(&p, 6);
	for (int i = 1; i <= 6; i++)
		assert_int_equal(next(&p), i);
	assert_int_equal(next(&p), -1);
	end(&p);
}

TEST(what_was_forgotten_is_not_told_and_what_comes_later_is)
{
	struct post p;

	begin(&p);
	expect_and_send(&p, 1);
	departures_forget(&p.departures);
	assert_int_equal(next(&p), 0);
	assert_int_equal(next(&p), -1);
	expect_and_send(&p, 2);
	departures_forget(&p.departures);
	expect_and_send(&p, 3); /* the same number as that before */
	assert_int_equal(next(&p), 0);
	assert_int_equal(next(&p), 3);
	end(&p);
}

TEST(of_more_than_there_is_room_for_the_last_are_told)
{
	struct post p;

	begin(&p);
	for (uint32_t i = 1; i <= DEPARTURES + 3; i++)
		expect_and_send(&p, i);
	for (int i = 1; i <= DEPARTURES + 3; i++)
		assert_int_equal(next(&p), i <= 3 ? 0 : i);
	end(&p);
}

/* Another process may stamp on a socket that was passed. */
TEST(stamps_that_nobody_expected_are_thrown_away)
{
	struct post p;
	int on = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE;

	begin(&p);
	assert_int_equal(setsockopt(p.fd, SOL_SOCKET, SO_TIMESTAMPING, &on, sizeof(on)), 0);
	assert_int_equal(send(p.fd, "x", 1, 0), 1);
	assert_int_equal(next(&p), 0);
	assert_int_equal(next(&p), -1);
	end(&p);
}

TEST(an_error_of_the_network_is_no_stamp)
{
	struct post p;
	int on = 1;

	begin(&p);
	assert_int_equal(setsockopt(p.fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	close(p.other);
	p.other = -1;
	expect_and_send(&p, 1);
	assert_int_equal(next(&p), 1);
	assert_int_equal(next(&p), 0);
	(void)getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &on, &(socklen_t){ sizeof(on) });
	assert_int_equal(next(&p), -1);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_expected_is_told_in_order),
		cmocka_unit_test(what_was_forgotten_is_not_told_and_what_comes_later_is),
		cmocka_unit_test(of_more_than_there_is_room_for_the_last_are_told),
		cmocka_unit_test(stamps_that_nobody_expected_are_thrown_away),
		cmocka_unit_test(an_error_of_the_network_is_no_stamp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
