/* SPDX-License-Identifier: MIT */
/* The structure of a listener: one socket, with the settings it serves under. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rest.h"
#include "settings/settings.h"

#define LISTENER_LABEL_MAX (SETTINGS_NAME_MAX + 12)
#define LISTENER_MAX 512 /* sockets of one configuration */

/* Reasons why clients do not reach a socket any more (health.h), and what was done about it. */
enum loss { LOSS_NONE, LOSS_ENDED, LOSS_FILE, LOSS_INTERFACE };
enum cure {
	CURE_NONE,
	CURE_FAILED, /* it could not be bound anew, which was said */
	CURE_DONE,   /* it was bound anew: workers that start from now on have it */
};

/* The origin of a listener's socket. */
enum listener_origin {
	ORIGIN_BOUND,  /* bound by this process                                                                    */
	ORIGIN_STORED, /* bound by us in an earlier life, and kept by the service manager's descriptor store since */
	ORIGIN_PASSED, /* bound by the service manager, for a socket unit                                          */
	ORIGIN_LENT,   /* of a super-server (--inetd), which may give it to any program next                       */
};

/* The way a listener comes into its generation. */
enum listener_arrival {
	ARRIVAL_OPENED,
	ARRIVAL_REPLACES, /* opened but not bound yet: old sockets of ours have its port (listener_bind) */
	ARRIVAL_KEPT,     /* its descriptor came from the generation before                              */
	ARRIVAL_RENAMED,  /* the same, under another label                                               */
};

struct listener {
	int fd; /* non-blocking, close-on-exec */
	const struct listener_settings *settings;
	const struct settings *all;
	enum transport transport;
	struct addr address;            /* where it is bound, after the kernel chose (AF_UNIX: path says) */
	int socket_family;              /* AF_INET6 for a dual-stack socket                              */
	bool dual_stack;                /* reads IPv4 peers as IPv4-mapped                               */
	char path[108];                 /* UNIX: path or "@name"                                         */
	uint64_t path_dev, path_ino;    /* of the socket file made by us, so that only ours is removed   */
	char label[LISTENER_LABEL_MAX]; /* "echo/tcp": what logs and metrics say                         */
	/* The socket's identity over a reload: where it is, and what only a new socket could change. */
	char key[192];
	uint32_t pool;  /* index into all->pools                                         */
	uint32_t row;   /* of the counters and of the session table's rows: one per label, chosen by the supervisor */
	bool multipath; /* it is a socket of Multipath TCP, which the kernel may not have */
	uint32_t receive_buffer_got; /* what the kernel granted, bytes                                */
	enum listener_origin origin;
	enum listener_arrival arrival;
	int passed_fd;  /* unless bound now: the socket that came to this process, of which fd becomes a copy */
	bool stored;    /* the service manager has a copy */
	enum loss loss; /* as it was found last */
	enum cure cure;
	struct rest retry; /* between tries to bind it anew */
	uint32_t shard;    /* UDP: its index in its group; the members of a group stand one behind the other (shards.h) */
};

/* Another program has bound the socket, so its place, its queue and its file are not ours to change. */
static inline bool listener_is_passed(const struct listener *l)
{
	return l->origin == ORIGIN_PASSED || l->origin == ORIGIN_LENT;
}

static inline bool listener_is_kept(const struct listener *l)
{
	return l->arrival == ARRIVAL_KEPT || l->arrival == ARRIVAL_RENAMED;
}

/* Listeners one behind the other, in storage of the caller's for `max` of them. */
struct listener_list {
	struct listener *at;
	size_t n, max;
};
