/* SPDX-License-Identifier: MIT */
/*
 * What the settings name and only a throw-away process should read: time zones, files, ports of the services database.
 *
 * Process: the settings reader. Files are passed on piece by piece, so that a host table costs no memory here. A name
 * that cannot be read is passed on with its error: the parent knows which key to blame.
 */
#include "settings/gather.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "base/users.h"
#include "base/zone.h"
#include "settings/types.h"

struct gather {
	FILE *to;
	const struct items *f;
	const char *folder;
	size_t files_bytes;
	struct items done; /* the names that were written */
};

/* The item of a listener's key, or of the defaults; NULL if neither says it. */
static const struct item *said(const struct gather *g, size_t listener, const char *key)
{
	char path[ITEM_PATH_MAX];
	const struct item *item;

	(void)snprintf(path, sizeof(path), "listeners.[%zu].%s", listener, key);
	item = items_find(g->f, path);
	if (!item) {
		(void)snprintf(path, sizeof(path), "defaults.%s", key);
		item = items_find(g->f, path);
	}
	return item;
}

/* The spans as they are in memory: both ends are one build. */
static int write_zone(struct gather *g, struct item *item)
{
	struct zone z = { 0 };

	item->number = zone_build(item->path, &z);
	if (item->number == 0) {
		item->value = (const char *)z.spans;
		item->value_n = z.spans_n * sizeof(*z.spans);
	}
	items_write(g->to, item);
	free(z.spans);
	return 0;
}

/* Any protocol's entry: a listener has one port for all its transports. */
static int write_port(struct gather *g, struct item *item)
{
	const struct servent *e = getservbyname(item->path, NULL);

	item->number = e ? ntohs((uint16_t)e->s_port) : -ENOENT;
	items_write(g->to, item);
	return 0;
}

static size_t max_of(enum item_kind kind)
{
	return kind == ITEM_TABLE ? GATHER_TABLE_MAX : kind == ITEM_KEY ? GATHER_KEY_MAX : GATHER_QUOTES_MAX;
}

/* Opens a file for reading and finds out its size. The descriptor or -errno. */
static int open_file(const struct gather *g, const char *name, size_t max, struct stat *ret)
{
	cleanup_fd int fd = -1;
	char path[4096];
	int n;

	n = snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : g->folder,
		     name[0] == '/' || g->folder[0] == '\0' ? "" : "/", name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, ret) < 0)
		return -errno;
	if (S_ISDIR(ret->st_mode))
		return -EISDIR;
	if (!S_ISREG(ret->st_mode))
		return -EINVAL;
	if (ret->st_size < 0 || (uintmax_t)ret->st_size > max)
		return -EFBIG;
	return fd_take(&fd);
}

/* Whether nobody but the service, who becomes that, and root can read a key, and the service can. */
static bool is_secret(const struct gather *g, const struct stat *st)
{
	const struct item *user = items_find(g->f, "user"), *group = items_find(g->f, "group");
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (uid == 0 && users_find_pair(user && user->value_n > 0 ? user->value : SETTINGS_DEFAULT_USER,
					group != NULL ? group->value : "", &uid, &gid) == -ENOENT)
		return false;
	if ((st->st_mode & 07777 & ~0640u) != 0 || ((st->st_mode & 0040) != 0 && st->st_gid != gid))
		return false;
	return uid == 0 || (st->st_uid == uid && (st->st_mode & 0400) != 0) || (st->st_mode & 0040) != 0;
}

/* The length goes out before the bytes, so a file that shrinks meanwhile cannot be made good: then there is no list. */
static int write_file(struct gather *g, struct item *item)
{
	size_t max = max_of(item->kind), left;
	struct stat st = { 0 };
	char piece[16384];
	int opened;

	if (max > GATHER_FILES_MAX - g->files_bytes)
		max = GATHER_FILES_MAX - g->files_bytes;
	opened = open_file(g, item->path, max, &st);
	if (item->kind == ITEM_KEY && opened >= 0 && !is_secret(g, &st)) {
		close(opened);
		opened = -EPERM;
	}
	cleanup_fd int fd = opened;
	item->number = opened < 0 ? opened : 0;
	item->mtime_unix_s = st.st_mtim.tv_sec;
	item->value_n = opened < 0 ? 0 : (size_t)st.st_size;
	items_write(g->to, item);
	if (item->value_n == 0)
		return 0;
	for (left = item->value_n; left > 0;) {
		ssize_t got = read(fd, piece, left < sizeof(piece) ? left : sizeof(piece));

		if (got <= 0) /* it shrank meanwhile: the length is already on its way, so there is no list */
			return got < 0 ? -errno : -EIO;
		if (fwrite(piece, 1, (size_t)got, g->to) != (size_t)got)
			return -EPIPE;
		left -= (size_t)got;
	}
	g->files_bytes += item->value_n;
	return fputc('\0', g->to) == EOF ? -EPIPE : 0;
}

/* Writes one name, unless it was. */
static int write_named(struct gather *g, enum item_kind kind, const struct item *said_item)
{
	struct item item = { .kind = kind };
	int r;

	if (!said_item || (said_item->kind != ITEM_STRING && said_item->kind != ITEM_OPTION) || said_item->value_n == 0)
		return 0;
	item.path = said_item->value;
	if (said_item->value_n >= ITEM_PATH_MAX || items_find_named(&g->done, kind, item.path))
		return 0;
	r = items_add(&g->done, &item);
	if (r < 0)
		return r;
	return kind == ITEM_ZONE ? write_zone(g, &item) : kind == ITEM_PORT ? write_port(g, &item) : write_file(g, &item);
}

/* Ports and zones of disabled listeners too: their values are checked, only their files are not. */
static int gather_listener(struct gather *g, size_t i)
{
	const struct item *enabled = said(g, i, "enabled"), *service = said(g, i, "service"), *port = said(g, i, "port");
	int r = write_named(g, ITEM_ZONE, said(g, i, "timezone"));

	if (r == 0 && port && port->value[strspn(port->value, "0123456789")] != '\0')
		r = write_named(g, ITEM_PORT, port);
	/* A listener that is switched off may name a file that is not there yet. */
	if (!service || (enabled && text_same_ignoring_case(enabled->value, "false")))
		return r;
	if (r == 0 && strcmp(service->value, "qotd") == 0)
		r = write_named(g, ITEM_QUOTES, said(g, i, "file"));
	if (r == 0 && strcmp(service->value, "hostname") == 0)
		r = write_named(g, ITEM_TABLE, said(g, i, "table"));
	if (r == 0 && strcmp(service->value, "stamp") == 0)
		r = write_named(g, ITEM_KEY, said(g, i, "key_file"));
	return r;
}

int gather_write(FILE *to, const struct items *f, const char *folder)
{
	struct gather g = { .to = to, .f = f, .folder = folder };
	char path[ITEM_PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0; i++) {
		(void)snprintf(path, sizeof(path), "listeners.[%zu]", i);
		if (!items_find(f, path))
			break;
		r = gather_listener(&g, i);
	}
	items_done(&g.done);
	return r;
}
