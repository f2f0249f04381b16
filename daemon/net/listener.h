/* SPDX-License-Identifier: MIT */
/*
 * A listener: one socket, bound by us, with the settings it serves under.
 *
 * A listener of the settings is one `struct listener` for each of its transports and addresses. The supervisor opens them
 * all before anybody serves; workers inherit the descriptors by fork.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/rest.h"
#include "settings/settings.h"

#define LISTENER_LABEL_MAX (SETTINGS_NAME_MAX + 12)
#define LISTENER_MAX 512 /* sockets of one configuration */

/* Why clients do not reach a socket any more (health.h), and what was done about it. */
enum loss { LOSS_NONE, LOSS_ENDED, LOSS_FILE, LOSS_INTERFACE };
enum cure {
	CURE_NONE,
	CURE_FAILED, /* it could not be bound anew, which was said */
	CURE_DONE,   /* it was bound anew: workers that start from now on have it */
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
	/* What makes it the same socket over a reload: where it is, and what only a new socket could change. */
	char key[192];
	uint32_t pool;  /* index into all->pools                                         */
	uint32_t row;   /* of the counters and of the session table's rows: one per label, chosen by the supervisor */
	bool multipath; /* it is a socket of Multipath TCP, which the kernel may not have */
	uint32_t receive_buffer_got; /* what the kernel granted, bytes                                */
	int passed_fd;   /* the socket that was passed for it (adopt.h), a copy of which it becomes; 0: bound by us */
	bool from_store; /* passed, but bound by us in an earlier life */
	bool lent;       /* passed by a super-server (--inetd), which may give it to any program next */
	bool stored;     /* the service manager has a copy */
	bool kept;       /* its descriptor came from the generation before */
	bool renamed;    /* and had another label there                    */
	bool replaces;   /* old sockets of ours have its port: opened without its place (listener_bind) */
	enum loss loss;  /* as it was found last */
	enum cure cure;
	struct rest retry; /* between tries to bind it anew */
	uint32_t shard;    /* UDP: the how manyth of its group it is; behind the first, 0, they stand in a row (shards.h) */
};

/* Every (transport, address) of a listener as unopened listeners (fd -1, key set): "loopback" becomes 127.0.0.1 and,
 * where the host has it, ::1; "*" one dual-stack socket (IPv4 only where the host has no IPv6). Appends to list[*n], up
 * to max. 0 or -E2BIG. */
int listener_plan(const struct settings *all, const struct listener_settings *s, struct listener *list, size_t *n,
		  size_t max) must_check;

/* The same for a socket that was passed: `like` says transport, address, family, path and descriptor. */
int listener_plan_passed(const struct settings *all, const struct listener_settings *s, const struct listener *like,
			 struct listener *list, size_t *n, size_t max) must_check;

/* Opens a planned listener: socket, options, bind, listen. On failure -errno, nothing is left open, and `why` says in one
 * sentence what was not possible: "cannot bind echo/tcp to 127.0.0.1:7: address already in use". */
int listener_open(struct listener *l, struct text *why) must_check;

/* The end of opening one that `replaces` others: bind, listen. It stays open on failure. */
int listener_bind(struct listener *l, struct text *why) must_check;

/* Applies to an open socket the options that may change without a new one (backlog, buffers, keepalive, dscp, …). */
int listener_adjust(struct listener *l, struct text *why) must_check;

/* Closes; a UNIX path is removed if it is still the file we made. */
void listener_close(struct listener *l);
/* Closes the descriptor only (a worker's copy of a socket that others go on serving). */
void listener_drop(struct listener *l);

/* Somebody else has bound it, and passed it to us. */
static inline bool listener_is_passed(const struct listener *l)
{
	return l->passed_fd && !l->from_store;
}

/* Says in why that it could not be bound, for the reason r (-errno), and what can be done about it. Returns r. */
int listener_not_bound(const struct listener *l, int r, struct text *why);

/* How many connections wait to be accepted; 0 where the kernel does not say (UNIX) and for datagrams. */
uint32_t listener_waiting(const struct listener *l);

/* "127.0.0.1:7", "[::]:7", "/run/x", "@name". */
void listener_add_where(struct text *t, const struct listener *l);

/* Sets on an accepted descriptor what is not inherited from the listening socket. 0 or -errno. */
int listener_prepare_session(const struct listener *l, int fd) must_check;
