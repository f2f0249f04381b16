/* SPDX-License-Identifier: MIT */
/* The control socket: where echotimectl asks. */
#include "control/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_quota.h"
#include "base/users.h"
#include "net/health.h"
#include "net/restore.h"
#include "control/json_out.h"
#include "generation/privileges.h"
#include "generation/fleet.h"
#include "generation/lost.h"

#define BACKLOG 64
#define TAKEN_AT_ONCE 16
#define PAUSE_NS (1 * CLOCK_S_NS)
#define SLOW_NS (100 * CLOCK_MS_NS) /* without taking anything: then who is answered gives way, where all places are taken */

/* The socket: a UNIX listener like any other, but for who reads it. */
struct control_door {
	struct listener_settings settings;
	struct listener listener;
	gid_t group; /* whose members may change things; -1: none */
};

/* --- where ------------------------------------------------------------------------------------------------------ */

void control_begin(struct control *c, struct fleet *f)
{
	const char *made = getenv("RUNTIME_DIRECTORY"), *own = getenv("XDG_RUNTIME_DIR");
	struct text t = TEXT_OVER(c->standard);

	c->fleet = f;
	c->source.fd = -1;
	if (made && made[0] == '/') /* by systemd; of several the first */
		text_addf(&t, "%.*s/control", (int)strcspn(made, ":"), made);
	else if (geteuid() == 0)
		text_add(&t, ECHOTIMED_CONTROL);
	else if (own && own[0] == '/')
		text_addf(&t, "%s/echotimed", own);
}

/* Without systemd nobody has made the folder. It belongs to the service's user, who replaces the socket there. */
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

/* Sets what the settings say of the socket, in the terms of a listener. */
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

/* The connection that has done nothing for longest among those that may give way; NULL: none may. */
static struct connection *oldest(struct connection *places, bool (*may_go)(const struct connection *, uint64_t since_ns),
				 uint64_t since_ns)
{
	struct connection *found = NULL;

	for (size_t i = 0; i < CONTROL_PLACES; i++)
		if (may_go(&places[i], since_ns) && (!found || places[i].since_ns < found->since_ns))
			found = &places[i];
	return found;
}

static bool is_free(const struct connection *a, uint64_t since_ns maybe_unused)
{
	return a->state == CONNECTION_FREE;
}

/* A connection without a request gives way to a new one. */
static bool is_silent(const struct connection *a, uint64_t since_ns maybe_unused)
{
	return a->state == CONNECTION_READING;
}

/* A connection that does not read its answer gives way. */
static bool is_slow(const struct connection *a, uint64_t since_ns)
{
	return a->state != CONNECTION_WAITING && a->since_ns < since_ns;
}

/* Root's requests come before all others. */
static bool is_below_root(const struct connection *a, uint64_t since_ns maybe_unused)
{
	return a->peer.uid != 0;
}

/* A place among those of the peer's kind; NULL: all are busy. */
static struct connection *make_room(struct control *c, const struct peer *peer)
{
	struct connection *places = c->askers[peer->kind == PEER_ADMINISTRATOR];
	uint64_t now_ns = clock_mono_ns();
	struct connection *a = oldest(places, is_free, 0);

	if (!a)
		a = oldest(places, is_silent, 0);
	if (!a)
		a = oldest(places, is_slow, now_ns > SLOW_NS ? now_ns - SLOW_NS : 0);
	if (!a && peer->uid == 0)
		a = oldest(places, is_below_root, 0);
	if (a)
		connection_close(a);
	return a;
}

static void turn_away(int fd, const char *why)
{
	char storage[128];
	struct text line = TEXT_OVER(storage);

	json_out_begin(&line, "end");
	json_out_bool(&line, "ok", false);
	json_out_text(&line, "message", why);
	json_out_end(&line);
	(void)!send(fd, line.at, line.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void turn_away_own(int fd, const struct peer *peer)
{
	if (log_quota_take(LOG_LEVEL_WARNING, "control"))
		log_say(LOG_LEVEL_WARNING, "control",
			"process %u, which is one of this daemon's, asks and is turned away: it has been taken over",
			(unsigned)peer->pid);
	turn_away(fd, "this daemon does not answer its own processes");
}

static void take_connection(struct control *c, int fd)
{
	struct peer peer;

	if (peer_look(fd, c->now->group, c->in_doubt, &peer) < 0) {
		close(fd);
		return;
	}
	if (peer.kind == PEER_OWN) {
		turn_away_own(fd, &peer);
		return;
	}
	struct connection *a = make_room(c, &peer);
	if (!a || connection_open(a, c->fleet, fd, &peer) < 0)
		turn_away(fd, "too many ask at once");
}

/* Accepts up to so many connections. 0; -EAGAIN: none waits any more; or -errno. */
static int take_some(struct control *c, int most)
{
	for (int i = 0; i < most; i++) {
		int fd = accept4(c->now->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && errno == EAGAIN) {
			c->in_doubt = false;
			return -EAGAIN;
		}
		if (fd < 0)
			return -errno;
		take_connection(c, fd);
	}
	return 0;
}

void control_take_waiting(struct control *c)
{
	struct pollfd p = { .fd = c->now ? c->now->listener.fd : -1, .events = POLLIN };

	if (poll(&p, 1, 0) <= 0)
		return;
	/* The backlog is what can have waited when the socket died; there may be more by now. While the program takes
	 * over nobody is served. */
	int r = c->source.fd >= 0 ? take_some(c, BACKLOG + 1) : -EBUSY;
	if (r < 0 && r != -EAGAIN)
		c->in_doubt = true;
}

static void set_watched(struct control *c, bool watched)
{
	if (c->source.fd >= 0)
		loop_remove(&c->fleet->loop, &c->source);
	loop_cancel_timer(&c->fleet->loop, &c->pause);
	c->source.fd = -1;
	if (!watched || !c->now)
		return;
	c->source.fd = c->now->listener.fd;
	if (loop_add(&c->fleet->loop, &c->source, EPOLLIN | EPOLLRDHUP) == 0)
		return;
	c->source.fd = -1;
	loop_set_timer(&c->fleet->loop, &c->pause, clock_mono_ns() + PAUSE_NS);
}

static void pause_over(struct loop_timer *t)
{
	set_watched(container_of(t, struct control, pause), true);
}

static void socket_ready(struct loop_source *source, uint32_t events)
{
	struct control *c = container_of(source, struct control, source);
	int r = take_some(c, TAKEN_AT_ONCE);

	/* One that was ended would be ready for ever: control_mend() is its way. */
	if (r == -EMFILE || r == -ENFILE || r == -ENOBUFS || r == -ENOMEM || events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) {
		set_watched(c, false);
		loop_set_timer(&c->fleet->loop, &c->pause, clock_mono_ns() + PAUSE_NS);
	}
}

/* --- with the generations ------------------------------------------------------------------------------------------ */

void control_serve(struct control *c)
{
	c->source.ready = socket_ready;
	c->pause.fire = pause_over;
	if (c->source.fd < 0)
		set_watched(c, true);
}

void control_settle(struct control *c, const struct settings *settings)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);

	if (c->keeps) {
		adopt(c->now, settings);
		if (restore_adjust(&c->now->listener, &why) < 0)
			log_say(LOG_LEVEL_WARNING, "control", "%s", why.at);
		control_serve(c);
		return;
	}
	set_watched(c, false);
	close_door(&c->now);
	c->now = c->coming;
	c->coming = NULL;
	control_serve(c);
}

void control_mend(struct control *c, const struct settings *settings, bool at_once)
{
	struct listener *l = c->now ? &c->now->listener : NULL;

	if (!l || (l->loss == LOSS_NONE && health_of(l) == LOSS_NONE))
		return;
	set_watched(c, false);
	adopt(c->now, settings);
	if (lost_mend(l, at_once))
		l->loss = LOSS_NONE; /* no worker needs it */
	if (l->loss != LOSS_ENDED)
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
	for (size_t i = 0; i < 2 * CONTROL_PLACES; i++)
		connection_look(&c->askers[i / CONTROL_PLACES][i % CONTROL_PLACES]);
}

void control_close(struct control *c)
{
	for (size_t i = 0; i < 2 * CONTROL_PLACES; i++)
		connection_close(&c->askers[i / CONTROL_PLACES][i % CONTROL_PLACES]);
	close_door(&c->coming);
	close_door(&c->now);
}
