/* SPDX-License-Identifier: MIT */
/*
 * Binds UNIX sockets, and keeps their files.
 *
 * Flow: bind() itself is what finds that a path is taken (it follows no symbolic link there and never replaces anything);
 * only then what is there is looked at, and removed if it is a dead socket of ours, and bind() is tried once more.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "net/unixpath.h"
#include "net/why.h"

#define NOBODY_SAID ((uid_t)-1) /* chown's "leave it" */

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

/* The uid of a name; NOBODY_SAID for "". 0 or -ENOENT. */
static int find_user(const char *name, uid_t *ret)
{
	const struct passwd *pw;

	*ret = NOBODY_SAID;
	if (name[0] == '\0')
		return 0;
	pw = getpwnam(name);
	if (pw == NULL)
		return -ENOENT;
	*ret = pw->pw_uid;
	return 0;
}

static int find_group(const char *name, gid_t *ret)
{
	const struct group *gr;

	*ret = (gid_t)NOBODY_SAID;
	if (name[0] == '\0')
		return 0;
	gr = getgrnam(name);
	if (gr == NULL)
		return -ENOENT;
	*ret = gr->gr_gid;
	return 0;
}

/* As root: the user and group that the service becomes, who could not manage a file of root's. Of whom there is none, or
 * otherwise: NOBODY_SAID. */
static void find_service(const struct settings *all, uid_t *ret_user, gid_t *ret_group)
{
	const struct passwd *pw = geteuid() == 0 ? getpwnam(all->user[0] != '\0' ? all->user : SETTINGS_DEFAULT_USER) : NULL;

	*ret_user = pw != NULL ? pw->pw_uid : NOBODY_SAID;
	*ret_group = pw != NULL ? pw->pw_gid : (gid_t)NOBODY_SAID;
	if (pw != NULL && all->group[0] != '\0')
		(void)find_group(all->group, ret_group);
}

/* Whose the file shall be; NOBODY_SAID: whose it is. */
static int find_wanted(const struct listener *l, uid_t *ret_user, gid_t *ret_group, struct text *why)
{
	const struct listener_settings *w = l->settings;

	find_service(l->all, ret_user, ret_group);
	if (w->owner[0] != '\0' && find_user(w->owner, ret_user) < 0)
		return refuse(why, -ENOENT, "there is no such user as its owner");
	if (w->group[0] != '\0' && find_group(w->group, ret_group) < 0)
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
	return uid == user || (find_user(l->settings->owner, &owner) == 0 && uid == owner);
}

/* ---- the file ---- */

static bool is_ours(const struct listener *l)
{
	struct stat st;

	return l->path_ino != 0 && lstat(l->path, &st) == 0 && st.st_dev == l->path_dev && st.st_ino == l->path_ino;
}

static int remember_file(struct listener *l)
{
	struct stat st;

	if (lstat(l->path, &st) < 0)
		return -errno;
	l->path_dev = st.st_dev;
	l->path_ino = st.st_ino;
	return 0;
}

/* True if no process has it. Asked with a datagram socket: that leaves no connection behind in the queue of a live
 * listener, and any error but one, such as "wrong type", is a sign of life. */
static bool is_dead(const struct listener *l)
{
	struct sockaddr_un sun;
	socklen_t n = to_sockaddr(l, &sun);
	cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)&sun, n) < 0 && errno == ECONNREFUSED;
}

static int clear_stale(const struct listener *l, struct text *why)
{
	struct stat st;

	if (lstat(l->path, &st) < 0)
		return errno == ENOENT ? 0 : refuse_with(why, -errno, "cannot look at what is there: ");
	if (!S_ISSOCK(st.st_mode))
		return refuse(why, -EEXIST, "something is there that is not a socket");
	if (!is_one_of_us(l, st.st_uid))
		return refuse(why, -EPERM, "a socket of another user is there");
	if (!is_dead(l))
		return refuse(why, -EADDRINUSE, "another process has it");
	if (unlink(l->path) < 0 && errno != ENOENT)
		return refuse_with(why, -errno, "cannot remove the stale socket there: ");
	return 0;
}

/* 0 or -errno. */
static int try_bind(const struct listener *l)
{
	struct sockaddr_un sun;
	socklen_t n = to_sockaddr(l, &sun);
	mode_t before = umask(0177);
	int r = bind(l->fd, (const struct sockaddr *)&sun, n) < 0 ? -errno : 0;

	umask(before);
	return r;
}

static int bind_file(struct listener *l, struct text *why)
{
	int r = try_bind(l);

	if (r == -EADDRINUSE) {
		r = clear_stale(l, why);
		if (r < 0)
			return r;
		r = try_bind(l);
	}
	if (r < 0)
		return refuse_with(why, r, "");
	r = remember_file(l);
	if (r == 0)
		r = unixpath_apply(l, why);
	if (r < 0)
		unixpath_remove(l);
	return r;
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
	struct stat st;
	uid_t owner;
	gid_t group;
	mode_t mode = l->settings->mode & 0777;

	if (!is_ours(l) || lstat(l->path, &st) < 0)
		return 0;
	if (find_wanted(l, &owner, &group, why) < 0)
		return -ENOENT;
	/* What is so already is not asked for: the service's user may not do what root has done. Neither call follows a
	 * symbolic link, should somebody have put one there. */
	if (owner == st.st_uid)
		owner = NOBODY_SAID;
	if (group == st.st_gid)
		group = (gid_t)NOBODY_SAID;
	if ((owner != NOBODY_SAID || group != (gid_t)NOBODY_SAID) && lchown(l->path, owner, group) < 0)
		return refuse_with(why, -errno, "cannot give it its owner: ");
	if ((st.st_mode & 0777) != mode && fchmodat(AT_FDCWD, l->path, mode, AT_SYMLINK_NOFOLLOW) < 0)
		return refuse_with(why, -errno, "cannot give it its mode: ");
	return 0;
}

void unixpath_remove(struct listener *l)
{
	if (is_ours(l))
		(void)unlink(l->path);
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
