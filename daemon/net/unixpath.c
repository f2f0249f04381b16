/* SPDX-License-Identifier: MIT */
/*
 * Binds UNIX sockets, and keeps their files.
 *
 * Flow: hold the folder; bind() itself is what finds that a path is taken (it follows no symbolic link there and never
 * replaces anything); only then what is there is looked at, and removed if it is a dead socket of ours, and bind() is tried
 * once more. The folder may be another user's, who exchanges what is behind a name whenever it suits him, while this is
 * root: so nothing is given away or removed by its whole path.
 */
#include "net/unixpath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/users.h"
#include "net/why.h"

#define LOCK_PAUSE_MS 10
#define LOCK_TRIES 100

#ifndef SYS_fchmodat2
#ifdef __alpha__
#define SYS_fchmodat2 562
#else
#define SYS_fchmodat2 452
#endif
#endif

static bool is_abstract(const struct listener *l)
{
	return l->path[0] == '@';
}

static socklen_t to_sockaddr(const struct listener *l, struct sockaddr_un *ret)
{
	size_t n = strlen(l->path);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, l->path, n);
	if (!is_abstract(l))
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

static int refuse(struct text *why, int r, const char *reason)
{
	text_add(why, reason);
	return r;
}

static int refuse_with(struct text *why, int r, const char *what)
{
	text_add(why, what);
	why_add_error(why, r);
	return r;
}

/* ---- users ---- */

/* For root: the user and group that the service becomes, who could not manage a file of root's. Of whom there is none, or
 * otherwise: nobody. */
static void find_service(const struct settings *all, uid_t *ret_user, gid_t *ret_group)
{
	*ret_user = USERS_NOBODY_SAID;
	*ret_group = USERS_NO_GROUP;
	if (geteuid() == 0)
		(void)!users_find_pair(settings_user(all), all->group, ret_user, ret_group);
}

/* The owner that the file shall have; nobody: the one that it has. */
static int find_wanted(const struct listener *l, uid_t *ret_user, gid_t *ret_group, struct text *why)
{
	const struct listener_settings *w = l->settings;
	gid_t of_owner;

	find_service(l->all, ret_user, ret_group);
	if (w->owner[0] != '\0' && users_find(w->owner, ret_user, &of_owner) < 0)
		return refuse(why, -ENOENT, "there is no such user as its owner");
	if (w->group[0] != '\0' && users_find_group(w->group, ret_group) < 0)
		return refuse(why, -ENOENT, "there is no such group as its group");
	return 0;
}

/* A file of ours may have been left by root before it became the daemon's user, by that user, or given to `owner`. */
static bool is_one_of_us(const struct listener *l, uid_t uid)
{
	uid_t user, owner;
	gid_t group;

	if (uid == geteuid())
		return true;
	if (geteuid() != 0)
		return false; /* only root could have made it another's */
	find_service(l->all, &user, &group);
	return uid == user ||
	       (l->settings->owner[0] != '\0' && users_find(l->settings->owner, &owner, &group) == 0 && uid == owner);
}

/* ---- the folder ---- */

/* The file's name in its folder. */
static const char *name_of(const struct listener *l)
{
	return strrchr(l->path, '/') + 1;
}

/* The folder itself: whatever is put in its place afterwards, what is looked at, removed or changed is in this one. What its
 * owner has exchanged in it was his to exchange. The descriptor or -errno. */
static int open_folder(const struct listener *l)
{
	char storage[sizeof(l->path)];
	struct text folder = TEXT_OVER(storage);
	int fd;

	text_add_bytes(&folder, l->path, (size_t)(name_of(l) - l->path));
	fd = open(folder.at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES) /* who may not list it may have a place in it */
		fd = open(folder.at, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* One at a time of us decides whether a socket is dead, removes it, and binds: a live one, too, seems dead while it is being
 * bound. A lock, not a file, so that it ends with its owner. Anybody who may read the folder can hold it: who does not give
 * it up within a moment is none of us, and is not waited for. */
static void lock(int folder)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000 };

	for (int i = 0; i < LOCK_TRIES && flock(folder, LOCK_EX | LOCK_NB) < 0 && (errno == EWOULDBLOCK || errno == EINTR);
	     i++)
		(void)nanosleep(&pause, NULL);
}

/* ---- the file ---- */

static bool is_that_of(const struct listener *l, const struct stat *st)
{
	return l->path_ino != 0 && S_ISSOCK(st->st_mode) && st->st_dev == l->path_dev && st->st_ino == l->path_ino;
}

bool unixpath_is_there(const struct listener *l)
{
	struct stat st;

	if (is_abstract(l))
		return true;
	if (lstat(l->path, &st) < 0)
		return errno != ENOENT && errno != ENOTDIR; /* root may have made it where the service's user cannot look */
	return is_that_of(l, &st);
}

/* The file at the path, whatever it is by now, held: what is done by the descriptor is done to what was looked at. It, or
 * -errno. */
static int hold(int folder, const struct listener *l, struct stat *ret)
{
	cleanup_fd int fd = openat(folder, name_of(l), O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 || fstat(fd, ret) < 0 ? -errno : fd_take(&fd);
}

/* In a process of its own, which can go to the folder that is held, with the name in it. Asked with a datagram socket: that
 * leaves no connection behind in the queue of a live listener, and any error but one, such as "wrong type", is a sign of
 * life. */
static void tell_if_dead(int folder, const char *name, int to)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && fchdir(folder) == 0 && text_copy(sun.sun_path, sizeof(sun.sun_path), name) == 0 &&
	    connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0 && errno == ECONNREFUSED)
		(void)!write(to, "", 1);
	_exit(0);
}

/* True if no process has it. */
static bool is_dead(int folder, const struct listener *l)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	cleanup_fd int from = ends[0];
	cleanup_fd int to = ends[1];
	pid_t pid = fork();
	if (pid == 0)
		tell_if_dead(folder, name_of(l), to);
	fd_close(&to);
	ssize_t n = pid < 0 ? 0 : read(from, &byte, 1); /* not its status: SIGCHLD may be ignored yet */
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return n == 1;
}

static int clear_stale(int folder, const struct listener *l, struct text *why)
{
	struct stat st;

	if (fstatat(folder, name_of(l), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : refuse_with(why, -errno, "cannot look at what is there: ");
	if (!S_ISSOCK(st.st_mode))
		return refuse(why, -EEXIST, "something is there that is not a socket");
	if (!is_one_of_us(l, st.st_uid))
		return refuse(why, -EPERM, "a socket of another user is there");
	if (!is_dead(folder, l))
		return refuse(why, -EADDRINUSE, "another process has it");
	if (unlinkat(folder, name_of(l), 0) < 0 && errno != ENOENT)
		return refuse_with(why, -errno, "cannot remove the stale socket there: ");
	return 0;
}

/* 0 or -errno. */
static int try_bind(const struct listener *l)
{
	struct sockaddr_un sun;
	socklen_t n = to_sockaddr(l, &sun);

	return bind(l->fd, (const struct sockaddr *)&sun, n) < 0 ? -errno : 0;
}

/* With its mode, and as root's with its owner and group, from its first moment. 0 or -errno. */
static int make_file(const struct listener *l, uid_t owner, gid_t group)
{
	mode_t before = umask(~l->settings->mode & 0777);
	int r = users_act_as(owner, group);

	if (r == 0) {
		r = try_bind(l);
		users_act_end();
	}
	umask(before);
	return r;
}

/* fchmod(2) of a file that is held by O_PATH: newer kernels have a call for that (6.6), to others it is named by /proc. */
static int change_mode(int file, mode_t mode)
{
	char storage[32];
	struct text name = TEXT_OVER(storage);

	if (syscall(SYS_fchmodat2, file, "", mode, AT_EMPTY_PATH) == 0)
		return 0;
	text_addf(&name, "/proc/self/fd/%d", file);
	if (chmod(name.at, mode) == 0)
		return 0;
	return errno == ENOENT ? -ENOSYS : -errno;
}

/* An owner and a mode that are right already are not asked for: the service's user may not do what root has done. */
static int give(const struct listener *l, int file, const struct stat *st, struct text *why)
{
	uid_t owner;
	gid_t group;
	mode_t mode = l->settings->mode & 0777;
	int r = find_wanted(l, &owner, &group, why);

	if (r < 0)
		return r;
	/* Root's file becomes nobody's else: it was made so, or it is another one. */
	if (users_act_as(owner, group) < 0)
		return refuse_with(why, -EPERM, "cannot act as its owner: ");
	if (owner == st->st_uid)
		owner = USERS_NOBODY_SAID;
	if (group == st->st_gid)
		group = USERS_NO_GROUP;
	if ((owner != USERS_NOBODY_SAID || group != USERS_NO_GROUP) && fchownat(file, "", owner, group, AT_EMPTY_PATH) < 0)
		r = refuse_with(why, -errno, "cannot give it its owner: ");
	if (r == 0 && (st->st_mode & 0777) != mode) {
		r = change_mode(file, mode);
		if (r < 0)
			refuse_with(why, r,
				    r == -ENOSYS ? "cannot give it its mode without /proc: " : "cannot give it its mode: ");
	}
	users_act_end();
	return r;
}

/* After bind(). What the folder has made of its group (set-group-ID) and mode (a default list of access) is set right. */
static int remember_file(int folder, struct listener *l, struct text *why)
{
	struct stat st = { 0 };
	cleanup_fd int file = hold(folder, l, &st);
	int r;

	if (file < 0 || !S_ISSOCK(st.st_mode))
		return refuse(why, file < 0 ? file : -EEXIST, "somebody else has put something in its place");
	l->path_dev = st.st_dev;
	l->path_ino = st.st_ino;
	r = give(l, file, &st, why);
	if (r < 0)
		unixpath_remove(l);
	return r;
}

static int bind_file(struct listener *l, struct text *why)
{
	uid_t owner;
	gid_t group;
	cleanup_fd int folder = open_folder(l);
	int r;

	if (folder < 0)
		return refuse_with(why, folder, "");
	r = find_wanted(l, &owner, &group, why);
	if (r < 0)
		return r;
	lock(folder);
	r = make_file(l, owner, group);
	if (r == -EADDRINUSE) {
		r = clear_stale(folder, l, why);
		if (r < 0)
			return r;
		r = make_file(l, owner, group);
	}
	return r < 0 ? refuse_with(why, r, "") : remember_file(folder, l, why);
}

int unixpath_bind(struct listener *l, struct text *why)
{
	int r;

	l->path_dev = l->path_ino = 0;
	if (!is_abstract(l))
		return bind_file(l, why);
	r = try_bind(l);
	return r < 0 ? refuse_with(why, r, "") : 0;
}

int unixpath_apply(const struct listener *l, struct text *why)
{
	struct stat st = { 0 };
	cleanup_fd int folder = is_abstract(l) ? -1 : open_folder(l);
	cleanup_fd int file = folder < 0 ? -1 : hold(folder, l, &st);

	return file < 0 || !is_that_of(l, &st) ? 0 : give(l, file, &st, why);
}

void unixpath_remove(struct listener *l)
{
	struct stat st;
	cleanup_fd int folder = is_abstract(l) ? -1 : open_folder(l);

	if (folder >= 0 && fstatat(folder, name_of(l), &st, AT_SYMLINK_NOFOLLOW) == 0 && is_that_of(l, &st))
		(void)unlinkat(folder, name_of(l), 0);
	l->path_ino = 0;
}

bool unixpath_recognise(struct listener *l)
{
	struct stat st;

	if (is_abstract(l))
		return true;
	if (lstat(l->path, &st) < 0 || !S_ISSOCK(st.st_mode) || !is_one_of_us(l, st.st_uid))
		return false;
	l->path_dev = st.st_dev;
	l->path_ino = st.st_ino;
	return true;
}
