/* SPDX-License-Identifier: MIT */
/* The control socket: where echotimectl asks. */
#include "supervisor/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/users.h"
#include "net/listener.h"
#include "supervisor/answer.h"
#include "supervisor/privileges.h"
#include "supervisor/supervisor.h"

#define BACKLOG 64
#define TAKEN_AT_ONCE 16
#define PAUSE_NS (1 * CLOCK_S_NS)

/* The socket: a UNIX listener like any other, but for who reads it. */
struct control_door {
	struct listener_settings settings;
	struct listener listener;
	gid_t group; /* whose members may change things; -1: none */
};

/* --- where ------------------------------------------------------------------------------------------------------ */

void control_begin(struct control *c, struct supervisor *s)
{
	const char *made = getenv("RUNTIME_DIRECTORY"), *own = getenv("XDG_RUNTIME_DIR");
	struct text t = TEXT_OVER(c->standard);

	c->supervisor = s;
	c->source.fd = -1;
	if (made && made[0] == '/') /* by systemd; of several the first */
		text_addf(&t, "%.*s/control", (int)strcspn(made, ":"), made);
	else if (geteuid() == 0)
		text_add(&t, ECHOTIMED_CONTROL);
	else if (own && own[0] == '/')
		text_addf(&t, "%s/echotimed", own);
}

/* Without systemd nobody has made it. It is the service's, which replaces its own socket there by itself. */
static void make_folder(const char *path, const struct settings *settings)
{
	char storage[108], ignored[128];
	struct text folder = TEXT_OVER(storage), why = TEXT_OVER(ignored);
	uid_t uid;
	gid_t gid;

	text_add_bytes(&folder, path, (size_t)(strrchr(path, '/') - path));
	if (geteuid() != 0 || privileges_find(settings, &uid, &gid, &why) < 0 || users_act_as(uid, gid) < 0)
		return;
	mode_t before = umask(022);
	(void)!mkdir(folder.at, 0755); /* if it fails, binding says why */
	umask(before);
	users_act_end();
}

static gid_t find_group(const struct settings *settings)
{
	gid_t gid = USERS_NO_GROUP;

	if (settings->control.group[0])
		(void)!users_find_group(settings->control.group, &gid);
	return gid;
}

/* What the settings say of the socket, as they would say it of a listener's. */
static void adopt(struct control_door *d, const struct settings *settings)
{
	d->settings.mode = settings->control.mode;
	memcpy(d->settings.group, settings->control.group, sizeof(d->settings.group));
	d->listener.settings = &d->settings;
	d->listener.all = settings; /* looked at while it is opened or adjusted only */
	d->group = find_group(settings);
}

/* --- open, close -------------------------------------------------------------------------------------------------- */

static struct control_door *new_door(const char *path)
{
	struct control_door *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->settings.socket.backlog = BACKLOG;
	d->listener = (struct listener){
		.fd = -1, .transport = TRANSPORT_UNIX, .address = { .family = AF_UNIX }, .socket_family = AF_UNIX
	};
	/* A path that is too long was refused with the settings. */
	(void)!text_copy(d->listener.path, sizeof(d->listener.path), path);
	(void)!text_copy(d->listener.label, sizeof(d->listener.label), "the control socket");
	return d;
}

static int open_door(const char *path, const struct settings *settings, struct control_door **ret, struct text *why)
{
	struct control_door *d = new_door(path);

	if (!d) {
		text_add(why, "out of memory");
		return -ENOMEM;
	}
	adopt(d, settings);
	int r = listener_open(&d->listener, why);
	if (r < 0)
		free(d);
	else
		*ret = d;
	return r;
}

static void close_door(struct control_door **d)
{
	if (*d)
		listener_close(&(*d)->listener);
	free(*d);
	*d = NULL;
}

int control_prepare(struct control *c, const struct settings *settings, struct text *why)
{
	bool is_auto = strcmp(settings->control.path, SETTINGS_CONTROL_AUTO) == 0;
	const char *path = is_auto ? c->standard : settings->control.path;

	c->keeps = c->now && strcmp(c->now->listener.path, path) == 0;
	if (c->keeps || !path[0])
		return 0;
	if (is_auto)
		make_folder(path, settings);
	int r = open_door(path, settings, &c->coming, why);
	if (r == 0 || !is_auto || r == -EADDRINUSE)
		return r;
	log_say(LOG_LEVEL_NOTICE, "control", "%s; echotimectl cannot ask (control.path says where else)", why->at);
	*why = (struct text){ .at = why->at, .cap = why->cap };
	why->at[0] = '\0';
	return 0;
}

/* --- connections -------------------------------------------------------------------------------------------------- */

/* Who has not said yet what he wants gives way to who may be about to: the one that has said nothing for longest. */
static struct asker *make_room(struct control *c)
{
	struct asker *oldest = NULL;

	for (size_t i = 0; i < CONTROL_ASKERS_MAX; i++) {
		struct asker *a = &c->askers[i];

		if (a->state == ASKER_FREE)
			return a;
		if (a->state == ASKER_READING && (!oldest || a->since_ns < oldest->since_ns))
			oldest = a;
	}
	if (oldest)
		asker_close(oldest);
	return oldest;
}

static void turn_away(int fd)
{
	char storage[128];
	struct text line = TEXT_OVER(storage);

	answer_begin(&line, "end");
	answer_bool(&line, "ok", false);
	answer_text(&line, "message", "too many ask at once");
	answer_end(&line);
	(void)!send(fd, line.at, line.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void take(struct control *c, int fd)
{
	struct asker *a = make_room(c);

	if (!a)
		turn_away(fd);
	else
		(void)!asker_open(a, c->supervisor, fd, c->now->group);
}

static void set_watched(struct control *c, bool watched)
{
	if (c->source.fd >= 0)
		loop_remove(&c->supervisor->loop, &c->source);
	loop_cancel_timer(&c->supervisor->loop, &c->pause);
	c->source.fd = -1;
	if (!watched || !c->now)
		return;
	c->source.fd = c->now->listener.fd;
	if (loop_add(&c->supervisor->loop, &c->source, EPOLLIN) == 0)
		return;
	c->source.fd = -1;
	loop_set_timer(&c->supervisor->loop, &c->pause, clock_mono_ns() + PAUSE_NS);
}

static void pause_over(struct loop_timer *t)
{
	set_watched(container_of(t, struct control, pause), true);
}

static void ready(struct loop_source *source, uint32_t events)
{
	struct control *c = container_of(source, struct control, source);

	(void)events;
	for (int i = 0; i < TAKEN_AT_ONCE; i++) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take(c, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			set_watched(c, false);
			loop_set_timer(&c->supervisor->loop, &c->pause, clock_mono_ns() + PAUSE_NS);
		}
		return;
	}
}

/* --- with the generations ------------------------------------------------------------------------------------------ */

void control_settle(struct control *c, const struct settings *settings)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);

	c->source.ready = ready;
	c->pause.fire = pause_over;
	if (c->keeps) {
		adopt(c->now, settings);
		if (listener_adjust(&c->now->listener, &why) < 0)
			log_say(LOG_LEVEL_WARNING, "control", "%s", why.at);
		if (c->source.fd < 0)
			set_watched(c, true);
		return;
	}
	set_watched(c, false);
	close_door(&c->now);
	c->now = c->coming;
	c->coming = NULL;
	set_watched(c, true);
}

const struct listener *control_listener(const struct control *c)
{
	return c->now ? &c->now->listener : NULL;
}

int control_restore(struct control *c, const struct listener *like)
{
	struct control_door *d = new_door(like->path);

	if (!d)
		return -ENOMEM;
	d->listener.fd = like->fd;
	d->listener.path_dev = like->path_dev;
	d->listener.path_ino = like->path_ino;
	d->group = USERS_NO_GROUP; /* until the settings come */
	c->now = d;
	return 0;
}

void control_abandon(struct control *c)
{
	close_door(&c->coming);
}

void control_look(struct control *c)
{
	for (size_t i = 0; i < CONTROL_ASKERS_MAX; i++)
		asker_look(&c->askers[i]);
}

void control_close(struct control *c)
{
	for (size_t i = 0; i < CONTROL_ASKERS_MAX; i++)
		asker_close(&c->askers[i]);
	close_door(&c->coming);
	close_door(&c->now);
}
