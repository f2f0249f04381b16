/* SPDX-License-Identifier: MIT */
/*
 * Sockets that systemd passes: taken over, understood, matched to listeners.
 *
 * They are matched by FileDescriptorName= (a listener's name or label, or a service's, with the socket's type), else by
 * address, port and type. A (listener, transport) with a passed socket binds nothing itself. What comes back from the
 * descriptor store is named `stored-KEY`; it is a socket we bound ourselves and takes the place of the one that would be
 * bound. Owns: the passed descriptors, for the life of the process: a reload may give them to other listeners.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/attr.h"
#include "net/listener.h"

#define ADOPT_MAX 256
#define ADOPT_STORED "stored-" /* a colon would end a name: it separates them in LISTEN_FDNAMES */

struct adopt_socket {
	int fd;        /* -1: it was closed */
	int number;    /* as systemd passed it: what messages name */
	char name[96]; /* FileDescriptorName=                       */
	enum transport transport;
	int family;
	struct addr address;
	char path[108];
	bool dual_stack;
	bool accepting; /* a listening socket, not a connection */
	bool used;      /* by some listener of the last configuration */
	bool refused;   /* by the last configuration: nobody serves it */
};

struct adopt {
	struct adopt_socket sockets[ADOPT_MAX];
	size_t n;
};

/* A plan's outcome, in lines but for `why`. */
struct adopt_said {
	struct text *why;     /* of an error                                                        */
	struct text *notices; /* of each address that is not bound because a socket was passed, of listeners that
				 have none, and of dangers */
	struct text *refused; /* of each socket that is refused: which, why, what to write          */
};

/* Plans the listeners of a configuration as listener_plan() does, but where sockets were passed for a (listener, transport)
 * those are planned in its place, and with activation = "only" nothing else is. listener_open() then takes the descriptor.
 * A socket that no listener wants, that several do, or that may not be served to those who reach it
 * (settings/public_rules.h) is refused alone; one that is named after a service that the settings have no listener of is
 * the spare's. 0 or -E2BIG. */
int adopt_plan(struct adopt *a, const struct settings *s, struct listener_list *list,
	       const struct adopt_said *said) must_check;

/* A passed socket (by its descriptor) has come to its end: it is closed. No listener binds one of its own in its place. */
void adopt_end(struct adopt *a, int fd);

/* The name under which a socket that we bound is stored: "stored-" and a hash of its key. */
void adopt_stored_name(const struct listener *l, struct text *ret);

/* Closes and forgets what came back from the store and no listener wants. Calls removed() with each name. */
void adopt_drop_stored(struct adopt *a, void (*removed)(const char *name));
