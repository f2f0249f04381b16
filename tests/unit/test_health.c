/* SPDX-License-Identifier: MIT */
/* Whether clients still reach a listener's socket, and how it is bound anew. */

#include "test.h"

#include "net/health.h"
#include "net/restore.h"

#include "unix_folder.h"

static const unsigned transports[] = { TRANSPORT_TCP, TRANSPORT_UDP, TRANSPORT_UNIX, TRANSPORT_UNIXGRAM,
				       TRANSPORT_UNIXPACKET };

static struct listener_settings settings_of(unsigned transport)
{
	return transport & TRANSPORT_UNIXES ? unix_settings(transport) : some_settings(transport);
}

static void expect_restored(struct listener *l)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);

	if (restore_bind(l, &why) < 0)
		fail_msg("%s", storage);
	assert_int_equal(health_of(l), LOSS_NONE);
}

TEST(a_socket_that_serves_is_well)
{
	for (size_t i = 0; i < array_n(transports); i++) {
		struct listener_settings s = settings_of(transports[i]);
		struct listener l = opened(&s);

		assert_int_equal(health_of(&l), LOSS_NONE);
		listener_close(&l);
	}
}

TEST(one_that_another_process_shut_down_is_ended_and_bound_anew_where_it_was)
{
	static const int hows[] = { SHUT_RD, SHUT_RDWR };

	for (size_t i = 0; i < array_n(transports) * array_n(hows); i++) {
		struct listener_settings s = settings_of(transports[i / array_n(hows)]);
		struct listener l = opened(&s);
		struct addr before = l.address;
		cleanup_fd int others = dup(l.fd);

		(void)shutdown(others, hows[i % array_n(hows)]); /* of datagrams it fails, and does it */
		assert_int_equal(health_of(&l), LOSS_ENDED);
		expect_restored(&l);
		assert_true(addr_same(&before, &l.address));
		listener_close(&l);
	}
}

TEST(so_is_one_of_multipath_tcp)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);

	s.socket.mptcp = true;
	struct listener l = opened(&s);
	if (!l.multipath) {
		listener_close(&l);
		skip(); /* the kernel has none */
	}
	assert_int_equal(health_of(&l), LOSS_NONE);
	(void)shutdown(l.fd, SHUT_RDWR);
	assert_int_equal(health_of(&l), LOSS_ENDED);
	expect_restored(&l);
	assert_true(l.multipath);
	listener_close(&l);
}

TEST(one_that_was_ended_is_not_made_to_listen_again)
{
	struct listener_settings s = some_settings(TRANSPORT_TCP);
	struct listener l = opened(&s);
	char storage[256];
	struct text why = TEXT_OVER(storage);

	assert_int_equal(shutdown(l.fd, SHUT_RDWR), 0);
	assert_int_equal(restore_adjust(&l, &why), 0);
	assert_int_equal(health_of(&l), LOSS_ENDED);
	listener_close(&l);
}

TEST(a_file_that_is_gone_is_made_anew)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l = opened(&s);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(health_of(&l), LOSS_FILE);
	expect_restored(&l);
	listener_close(&l);
	assert_int_equal(access(path, F_OK), -1);
}

TEST(a_file_of_somebody_else_in_its_place_stays)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l = opened(&s);
	char storage[256];
	struct text why = TEXT_OVER(storage);

	assert_int_equal(unlink(path), 0);
	cleanup_fd int theirs = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(theirs >= 0);
	assert_int_equal(health_of(&l), LOSS_FILE);
	int fd = l.fd;
	assert_true(restore_bind(&l, &why) < 0);
	assert_non_null(strstr(storage, "something is there that is not a socket"));
	assert_int_equal(l.fd, fd);
	listener_close(&l);
	assert_int_equal(access(path, F_OK), 0);
}

TEST(of_a_group_any_socket_is_bound_anew_beside_the_others)
{
	struct listener list[3];
	struct listener_settings s = some_settings(TRANSPORT_UDP);
	char storage[256];
	struct text why = TEXT_OVER(storage);
	size_t n = 0;

	s.socket.shards = array_n(list);
	assert_int_equal(plan_into(&s, list, &n, array_n(list)), 0);
	for (size_t i = 0; i < n; i++) {
		if (i)
			list[i].address.port = list[0].address.port;
		if (listener_open(&list[i], &why) < 0)
			fail_msg("%s", storage);
	}
	for (size_t i = 0; i < n; i++) {
		cleanup_fd int others = dup(list[i].fd);
		(void)shutdown(others, SHUT_RDWR);
		assert_int_equal(health_of(&list[i]), LOSS_ENDED);
		expect_restored(&list[i]);
	}
	for (size_t i = 0; i < n; i++)
		listener_close(&list[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(a_socket_that_serves_is_well),
		PREPARED(one_that_another_process_shut_down_is_ended_and_bound_anew_where_it_was),
		PREPARED(so_is_one_of_multipath_tcp),
		PREPARED(one_that_was_ended_is_not_made_to_listen_again),
		PREPARED(a_file_that_is_gone_is_made_anew),
		PREPARED(a_file_of_somebody_else_in_its_place_stays),
		PREPARED(of_a_group_any_socket_is_bound_anew_beside_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
