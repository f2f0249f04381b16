/* SPDX-License-Identifier: MIT */
/* Listeners on UNIX paths and abstract names: that they serve, with the mode and the buffers that were asked. */
#include "test.h"

#include <stdio.h>

#include "unix_folder.h"

/* ---- our own ---- */

TEST(each_kind_of_socket_serves_on_its_path_and_is_gone_after)
{
	for (size_t i = 0; i < array_n(kinds); i++) {
		struct listener_settings s = unix_settings(kinds[i].transport);
		struct listener l = opened(&s);
		char storage[128];
		struct text where = TEXT_OVER(storage);
		cleanup_fd int client = connected(kinds[i].type);

		assert_true(client >= 0);
		EXPECT_OPTION(l.fd, SOL_SOCKET, SO_TYPE, kinds[i].type);
		assert_int_equal(fcntl(l.fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
		assert_int_equal(fcntl(l.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		listener_add_where(&where, &l);
		assert_string_equal(storage, path);
		listener_close(&l);
		assert_false(there());
	}
}

TEST(the_file_has_the_mode_that_was_asked_whatever_the_umask)
{
	static const mode_t modes[] = { 0666, 0600, 0660, 0777, 0 };
	mode_t before = umask(0077);

	for (size_t i = 0; i < array_n(modes); i++) {
		struct listener_settings s = unix_settings(TRANSPORT_UNIX);
		struct listener l;

		s.mode = modes[i];
		l = opened(&s);
		assert_int_equal(mode_of(path), S_IFSOCK | modes[i]);
		listener_close(&l);
	}
	assert_int_equal(umask(before), 0077);
}

TEST(a_reload_changes_the_mode)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l = opened(&s);

	s.mode = 0640;
	expect_adjusted(&l);
	assert_int_equal(mode_of(path), S_IFSOCK | 0640);
	/* but not of what somebody else has put there */
	assert_int_equal(unlink(path), 0);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	s.mode = 0666;
	expect_adjusted(&l);
	assert_int_equal(mode_of(path), S_IFREG | 0600);
	listener_close(&l);
}

TEST(a_session_has_the_buffers_that_were_asked)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l;
	cleanup_fd int client = -1, session = -1;

	s.socket.send_buffer = 50000;
	l = opened(&s);
	client = connected(SOCK_STREAM);
	session = accepted(&l);
	EXPECT_OPTION(session, SOL_SOCKET, SO_SNDBUF, 100000);
	listener_close(&l);
}

/* ---- abstract names ---- */

TEST(an_abstract_name_has_no_file_and_one_owner)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l, second;
	char storage[128], sentence[256];
	struct text where = TEXT_OVER(storage);
	struct sockaddr_un sun;
	socklen_t n;
	cleanup_fd int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(s.path, sizeof(s.path), "@%s", folder);
	l = opened(&s);
	listener_add_where(&where, &l);
	assert_string_equal(storage, s.path);
	address_of(s.path, &sun);
	sun.sun_path[0] = '\0';
	n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(s.path));
	assert_int_equal(connect(client, (struct sockaddr *)&sun, n), 0);
	second = planned(&s);
	snprintf(sentence, sizeof(sentence), "cannot bind echo/unix to %s: %s", s.path, words_for(-EADDRINUSE));
	expect_not_opened(&second, -EADDRINUSE, sentence);
	expect_adjusted(&l);
	listener_close(&l);
	l = opened(&s);
	listener_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(each_kind_of_socket_serves_on_its_path_and_is_gone_after),
		PREPARED(the_file_has_the_mode_that_was_asked_whatever_the_umask),
		PREPARED(a_reload_changes_the_mode),
		PREPARED(a_session_has_the_buffers_that_were_asked),
		PREPARED(an_abstract_name_has_no_file_and_one_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
