/* SPDX-License-Identifier: MIT */
/* UNIX paths: what is replaced, what never is, what is left behind, and whose it is. */
#include "test.h"

#include <stdio.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "unix_folder.h"

/* What happens once, in the middle of our opening: after a bind, or after a socket was found dead. */
static void (*after_bind)(void), (*after_refusal)(void);

static void happen(void (**what)(void))
{
	void (*now)(void) = *what;
	int uid = setfsuid(geteuid()); /* what others do they do as themselves */

	*what = NULL;
	if (now != NULL)
		now();
	(void)setfsuid((uid_t)uid);
}

/* In the place of the C library's. */
#ifdef __GLIBC__
#define ADDRESS __CONST_SOCKADDR_ARG
#define POINTER(address) (address).__sockaddr__
#else
#define ADDRESS const struct sockaddr *
#define POINTER(address) (address)
#endif

int bind(int fd, ADDRESS sa, socklen_t n)
{
	long r = syscall(SYS_bind, fd, POINTER(sa), n);

	if (r == 0)
		happen(&after_bind);
	return (int)r;
}

int connect(int fd, ADDRESS sa, socklen_t n)
{
	long r = syscall(SYS_connect, fd, POINTER(sa), n);

	if (r < 0 && errno == ECONNREFUSED) {
		happen(&after_refusal);
		errno = ECONNREFUSED;
	}
	return (int)r;
}

/* ---- what is there already ---- */

TEST(a_stale_socket_of_ours_is_replaced)
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

TEST(a_socket_that_a_process_has_is_never_replaced)
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

TEST(a_live_socket_with_a_full_backlog_is_live)
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

TEST(what_is_no_socket_is_never_touched)
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

TEST(a_folder_that_is_not_there_is_named)
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

TEST(only_the_file_that_we_made_is_removed)
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

TEST(a_copy_that_is_dropped_leaves_the_file)
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

TEST(an_owner_or_group_that_does_not_exist_leaves_nothing)
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

TEST(the_file_belongs_to_whom_the_settings_say)
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
TEST(the_service_can_manage_what_root_has_opened)
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
TEST(a_reload_asks_for_nothing_that_is_so_already)
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

TEST(a_stale_socket_of_another_user_is_not_replaced)
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

/* ---- who owns the folder exchanges what is in it ---- */

static char aside[80], elsewhere[80], secret[96]; /* the folder, moved; somebody else's folder and file */

static void write_file(const char *at)
{
	int fd = open(at, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void make_secret(void)
{
	snprintf(aside, sizeof(aside), "%s.aside", folder);
	snprintf(elsewhere, sizeof(elsewhere), "%s.elsewhere", folder);
	snprintf(secret, sizeof(secret), "%s/s", elsewhere);
	assert_int_equal(mkdir(elsewhere, 0755), 0);
	write_file(secret);
}

/* It is there, and nobody has got it. */
static void expect_untouched(const char *at, mode_t mode)
{
	struct stat st;

	assert_int_equal(lstat(at, &st), 0);
	assert_int_equal(st.st_mode, mode);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(st.st_gid, getegid());
}

static void exchange_folder(void)
{
	if (rename(folder, aside) < 0 || symlink(elsewhere, folder) < 0)
		_exit(1);
}

static void drop_secret(void)
{
	expect_untouched(secret, S_IFREG | 0600);
	unlink(secret);
	rmdir(elsewhere);
	unlink(folder);
	assert_int_equal(rename(aside, folder), 0);
}

TEST(a_folder_that_is_exchanged_after_the_bind_gives_nothing_else_away)
{
	struct settings whole = { .user = "nobody" };
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l = planned(&s);
	char storage[256];
	struct text why = TEXT_OVER(storage);

	l.all = &whole;
	make_secret();
	after_bind = exchange_folder;
	(void)!listener_open(&l, &why);
	expect_untouched(secret, S_IFREG | 0600);
	listener_close(&l);
	drop_secret();
}

TEST(a_folder_that_is_exchanged_for_a_stale_socket_loses_nothing)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l = planned(&s);
	char storage[256];
	struct text why = TEXT_OVER(storage);

	make_secret();
	leave_stale();
	after_refusal = exchange_folder;
	assert_true(listener_open(&l, &why) < 0);
	after_refusal = NULL;
	drop_secret();
}

static void put_a_file_there(void)
{
	assert_int_equal(unlink(path), 0);
	write_file(path);
}

static void put_a_socket_there(void)
{
	assert_int_equal(unlink(path), 0);
	leave_stale();
	assert_int_equal(chmod(path, 0600), 0);
}

TEST(what_is_put_in_the_place_of_the_file_is_not_taken_for_it)
{
	struct settings whole = { .user = "nobody" };
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l = planned(&s);
	char sentence[256];

	snprintf(sentence, sizeof(sentence), "cannot bind echo/unix to %s: somebody else has put something in its place",
		 path);
	after_bind = put_a_file_there;
	expect_not_opened(&l, -EEXIST, sentence);
	expect_untouched(path, S_IFREG | 0600);
	unlink(path);
	if (geteuid() != 0)
		return;
	/* Another socket of root's stays root's. */
	l.all = &whole;
	snprintf(sentence, sizeof(sentence),
		 "cannot bind echo/unix to %s: cannot give it its owner: operation not permitted", path);
	after_bind = put_a_socket_there;
	expect_not_opened(&l, -EPERM, sentence);
}

/* The group is not the folder's, as with a set-group-ID bit it would be. */
TEST(a_folder_with_a_group_of_its_own_changes_nothing)
{
	struct settings whole = { .user = "nobody" };
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l = planned(&s);
	char storage[256];
	struct text why = TEXT_OVER(storage);
	struct stat st;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(folder, 0, 12345), 0);
	assert_int_equal(chmod(folder, 02755), 0);
	l.all = &whole;
	if (listener_open(&l, &why) < 0)
		fail_msg("%s", storage);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0666);
	assert_int_equal(st.st_uid, getpwnam("nobody")->pw_uid);
	assert_int_equal(st.st_gid, getpwnam("nobody")->pw_gid);
	listener_close(&l);
}

/* ---- two at once ---- */

static void be_slow(void)
{
	poll(NULL, 0, 20);
}

/* Tries to open it as soon as `go` ends; says how that went, and holds it until `hold` ends. */
static void other_start(int go, int say, int hold)
{
	struct listener_settings s = unix_settings(TRANSPORT_UNIX);
	struct listener l = planned(&s);
	char storage[256], byte;
	struct text why = TEXT_OVER(storage);

	(void)!read(go, &byte, 1);
	byte = listener_open(&l, &why) == 0;
	(void)!write(say, &byte, 1);
	(void)!read(hold, &byte, 1);
	_exit(0); /* as if it had been killed: the file stays */
}

static void start_two(void)
{
	int go[2], said[2], hold[2];
	char won[2] = { 0 };

	assert_int_equal(pipe(go) + pipe(said) + pipe(hold), 0);
	for (int i = 0; i < 2; i++)
		if (fork() == 0) {
			close(go[1]);
			close(hold[1]);
			other_start(go[0], said[1], hold[0]);
		}
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < 2; i++)
		assert_int_equal(read(said[0], &won[i], 1), 1);
	assert_int_equal(won[0] + won[1], 1);
	int client = connected(SOCK_STREAM); /* and it is the one that is there */
	assert_true(client >= 0);
	close(client);
	close(hold[0]);
	close(hold[1]);
	close(said[0]);
	close(said[1]);
	while (wait(NULL) > 0)
		continue;
}

TEST(of_two_that_start_at_once_one_has_the_path)
{
	leave_stale();
	after_refusal = be_slow;
	for (int i = 0; i < 10; i++)
		start_two();
	after_refusal = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(a_stale_socket_of_ours_is_replaced),
		PREPARED(a_socket_that_a_process_has_is_never_replaced),
		PREPARED(a_live_socket_with_a_full_backlog_is_live),
		PREPARED(what_is_no_socket_is_never_touched),
		PREPARED(a_folder_that_is_not_there_is_named),
		PREPARED(only_the_file_that_we_made_is_removed),
		PREPARED(a_copy_that_is_dropped_leaves_the_file),
		PREPARED(an_owner_or_group_that_does_not_exist_leaves_nothing),
		PREPARED(the_file_belongs_to_whom_the_settings_say),
		PREPARED(a_stale_socket_of_another_user_is_not_replaced),
		PREPARED(the_service_can_manage_what_root_has_opened),
		PREPARED(a_reload_asks_for_nothing_that_is_so_already),
		PREPARED(a_folder_that_is_exchanged_after_the_bind_gives_nothing_else_away),
		PREPARED(a_folder_that_is_exchanged_for_a_stale_socket_loses_nothing),
		PREPARED(what_is_put_in_the_place_of_the_file_is_not_taken_for_it),
		PREPARED(a_folder_with_a_group_of_its_own_changes_nothing),
		PREPARED(of_two_that_start_at_once_one_has_the_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
