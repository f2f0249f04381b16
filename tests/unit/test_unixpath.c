/* SPDX-License-Identifier: MIT */
/* UNIX paths: what is replaced, what never is, what is left behind, and whose it is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <grp.h>
#include <pwd.h>
#include <cmocka.h>

#include "unix_folder.h"

/* ---- what is there already ---- */

static void a_stale_socket_of_ours_is_replaced(void **state maybe_unused)
{
	for (size_t i = 0; i < array_n(kinds); i++) {
		struct listener_settings s = unix_settings(kinds[i].transport);
		struct listener l;
		cleanup_fd int client = -1;

		leave_stale();
		l = opened(&s);
		client = connected(kinds[i].type);
		assert_true(client >= 0);
		listener_close(&l);
	}
}

static void a_socket_that_a_process_has_is_never_replaced(void **state maybe_unused)
{
	for (size_t i = 0; i < array_n(kinds); i++) {
		int live = bound(kinds[i].type);

		/* not even between its bind and its listen */
		expect_refused(TRANSPORT_UNIX, -EADDRINUSE, "another process has it");
		if (kinds[i].type != SOCK_DGRAM)
			assert_int_equal(listen(live, 0), 0);
		for (size_t k = 0; k < array_n(kinds); k++)
			expect_refused(kinds[k].transport, -EADDRINUSE, "another process has it");
		if (kinds[i].type != SOCK_DGRAM)
			assert_int_equal(accept(live, NULL, NULL), -1); /* and it was not even connected to */
		close(live);
		unlink(path);
	}
}

static void a_live_socket_with_a_full_backlog_is_live(void **state maybe_unused)
{
	int live = bound(SOCK_STREAM), waiting;

	assert_int_equal(listen(live, 0), 0);
	waiting = connected(SOCK_STREAM);
	assert_true(waiting >= 0);
	assert_int_equal(connected(SOCK_STREAM), -1);
	expect_refused(TRANSPORT_UNIX, -EADDRINUSE, "another process has it");
	close(waiting);
	close(live);
}

static void what_is_no_socket_is_never_touched(void **state maybe_unused)
{
	char elsewhere[80];

	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	expect_refused(TRANSPORT_UNIX, -EEXIST, "something is there that is not a socket");
	assert_int_equal(mode_of(path), S_IFREG | 0600);
	unlink(path);

	assert_int_equal(mkdir(path, 0700), 0);
	expect_refused(TRANSPORT_UNIX, -EEXIST, "something is there that is not a socket");
	assert_int_equal(rmdir(path), 0);

	/* a symbolic link: to nothing, then to a stale socket */
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", folder);
	assert_int_equal(symlink(elsewhere, path), 0);
	expect_refused(TRANSPORT_UNIX, -EEXIST, "something is there that is not a socket");
	assert_int_equal(access(elsewhere, F_OK), -1);
	unlink(path);
	leave_stale();
	assert_int_equal(rename(path, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, path), 0);
	expect_refused(TRANSPORT_UNIX, -EEXIST, "something is there that is not a socket");
	assert_true(S_ISSOCK(mode_of(elsewhere)));
	assert_true(S_ISLNK(mode_of(path)));
	unlink(elsewhere);
}

static void a_folder_that_is_not_there_is_named(void **state maybe_unused)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l;
	char sentence[256];

	snprintf(s.path, sizeof(s.path), "%s/none/s", folder);
	l = planned(&s);
	snprintf(sentence, sizeof(sentence), "cannot bind echo/unix to %s: no such file or directory", s.path);
	expect_not_opened(&l, -ENOENT, sentence);
}

/* ---- what is left behind ---- */

static void only_the_file_that_we_made_is_removed(void **state maybe_unused)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l = opened(&s);
	int another;

	assert_int_equal(unlink(path), 0);
	another = bound(SOCK_STREAM);
	listener_close(&l);
	assert_true(there());
	close(another);
}

static void a_copy_that_is_dropped_leaves_the_file(void **state maybe_unused)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l = opened(&s), copy = l;

	copy.fd = dup(l.fd);
	listener_drop(&copy);
	assert_int_equal(copy.fd, -1);
	assert_true(there());
	listener_close(&l);
	assert_false(there());
}

/* ---- owners ---- */

static void an_owner_or_group_that_does_not_exist_leaves_nothing(void **state maybe_unused)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l;
	char sentence[256];

	strcpy(s.owner, "no-such-user");
	l = planned(&s);
	snprintf(sentence, sizeof(sentence), "cannot bind echo/unix to %s: there is no such user as its owner", path);
	expect_not_opened(&l, -ENOENT, sentence);
	assert_false(there());
	s.owner[0] = '\0';
	strcpy(s.group, "no-such-group");
	l = planned(&s);
	snprintf(sentence, sizeof(sentence), "cannot bind echo/unix to %s: there is no such group as its group", path);
	expect_not_opened(&l, -ENOENT, sentence);
	assert_false(there());
}

/* Root can give the file away; it is ours still when it is stale. */
static void give_away(struct listener_settings *s)
{
	struct listener l, again;
	struct stat st;

	strcpy(s->owner, "nobody");
	strcpy(s->group, getgrgid(0)->gr_name);
	l = opened(s);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_uid, getpwnam("nobody")->pw_uid);
	assert_int_equal(st.st_gid, 0);
	listener_drop(&l); /* as if we had been killed */
	again = opened(s);
	listener_close(&again);
}

static void the_file_belongs_to_whom_the_settings_say(void **state maybe_unused)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	const struct passwd *me = getpwuid(geteuid());
	struct listener l;
	char sentence[256];

	if (geteuid() == 0) {
		give_away(&s);
		return;
	}
	if (me != NULL && strlen(me->pw_name) < sizeof(s.owner)) {
		strcpy(s.owner, me->pw_name);
		l = opened(&s);
		listener_close(&l);
	}
	/* Others cannot, and are told so. */
	strcpy(s.owner, getpwuid(0)->pw_name);
	l = planned(&s);
	snprintf(sentence, sizeof(sentence),
		 "cannot bind echo/unix to %s: cannot give it its owner: operation not permitted", path);
	expect_not_opened(&l, -EPERM, sentence);
	assert_false(there());
}

/* Root opens it for the user whom it becomes, who then serves it, and reloads. */
static void the_service_can_manage_what_root_has_opened(void **state maybe_unused)
{
	struct settings whole = { .user = "nobody" };
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l = planned(&s);
	char storage[256];
	struct text why = TEXT_OVER(storage);
	struct stat st;
	uid_t me = geteuid();

	assert_int_equal(chmod(folder, 0711), 0);
	l.all = &whole;
	if (listener_open(&l, &why) < 0)
		fail_msg("%s", storage);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_uid, me == 0 ? getpwnam("nobody")->pw_uid : me);
	assert_int_equal(st.st_gid, me == 0 ? getpwnam("nobody")->pw_gid : getegid());
	assert_int_equal(seteuid(st.st_uid), 0);
	s.mode = 0600;
	expect_adjusted(&l);
	assert_int_equal(seteuid(me), 0);
	assert_int_equal(mode_of(path), S_IFSOCK | 0600);
	listener_close(&l);
}

/* What only root may do it has done; the others do not try again. */
static void a_reload_asks_for_nothing_that_is_so_already(void **state maybe_unused)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l;
	uid_t me = geteuid();

	strcpy(s.owner, getpwuid(me == 0 ? 1 : me)->pw_name);
	strcpy(s.group, getgrgid(me == 0 ? 1 : getegid())->gr_name);
	assert_int_equal(chmod(folder, 0711), 0);
	l = opened(&s);
	assert_int_equal(seteuid(me == 0 ? 65534 : me), 0);
	expect_adjusted(&l);
	assert_int_equal(seteuid(me), 0);
	listener_close(&l);
}

static void a_stale_socket_of_another_user_is_not_replaced(void **state maybe_unused)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l;

	leave_stale();
	if (geteuid() == 0) {
		assert_int_equal(lchown(path, 12345, 12345), 0);
		expect_refused(TRANSPORT_UNIX, -EPERM, "a socket of another user is there");
		assert_true(S_ISSOCK(mode_of(path)));
		return;
	}
	/* Only root can make another user's file; to an ordinary one this stale socket is the ordinary case. */
	l = opened(&s);
	listener_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stale_socket_of_ours_is_replaced),
		TEST(a_socket_that_a_process_has_is_never_replaced),
		TEST(a_live_socket_with_a_full_backlog_is_live),
		TEST(what_is_no_socket_is_never_touched),
		TEST(a_folder_that_is_not_there_is_named),
		TEST(only_the_file_that_we_made_is_removed),
		TEST(a_copy_that_is_dropped_leaves_the_file),
		TEST(an_owner_or_group_that_does_not_exist_leaves_nothing),
		TEST(the_file_belongs_to_whom_the_settings_say),
		TEST(a_stale_socket_of_another_user_is_not_replaced),
		TEST(the_service_can_manage_what_root_has_opened),
		TEST(a_reload_asks_for_nothing_that_is_so_already),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
