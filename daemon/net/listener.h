/* SPDX-License-Identifier: MIT */
/*
 * Listeners: planned from the settings, opened, changed by a reload, closed.
 *
 * A listener of the settings is one `struct listener` for each of its transports and addresses. The supervisor opens them
 * all before anybody serves; workers inherit the descriptors by fork.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"
#include "net/types.h"
#include "settings/public_rules.h"

/* Every (transport, address) of a listener as unopened listeners (fd -1, key set): "loopback" becomes 127.0.0.1 and,
 * where the host has it, ::1; "*" one dual-stack socket (IPv4 only where the host has no IPv6). Appends to the list. 0 or
 * -E2BIG. */
int listener_plan(const struct settings *all, const struct listener_settings *s, struct listener_list *list) must_check;

/* The same for a socket that was passed: `like` says transport, address, family, path and descriptor. */
int listener_plan_passed(const struct settings *all, const struct listener_settings *s, const struct listener *like,
			 struct listener_list *list) must_check;

/* Opens a planned listener: socket, options, bind, listen. On failure -errno, nothing is left open, and `why` says in one
 * sentence what was not possible: "cannot bind echo/tcp to 127.0.0.1:7: address already in use". */
int listener_open(struct listener *l, struct text *why) must_check;

/* The second step of opening one that replaces others (ARRIVAL_REPLACES): bind, listen. It stays open on failure. */
int listener_bind(struct listener *l, struct text *why) must_check;

/* Applies to an open socket the options that may change without a new one (backlog, buffers, keepalive, dscp, …). */
int listener_adjust(struct listener *l, struct text *why) must_check;

/* Closes; a UNIX path is removed if it is still the file that we made. */
void listener_close(struct listener *l);
/* Closes the descriptor only (a worker's copy of a socket that others go on serving). */
void listener_drop(struct listener *l);

/* Says in why that it could not be bound, for the reason r (-errno), and what can be done about it. Returns r. */
int listener_not_bound(const struct listener *l, int r, struct text *why);

/* The number of connections that wait to be accepted; 0 where the kernel does not say (UNIX) and for datagrams. */
uint32_t listener_waiting(const struct listener *l);

/* "127.0.0.1:7", "[::]:7", "/run/x", "@name". */
void listener_add_where(struct text *t, const struct listener *l);

/* The place where clients find it, for the rules of public addresses. */
static inline struct public_socket listener_public_socket(const struct listener *l)
{
	return (struct public_socket){ .transport = l->transport,
				       .is_public = l->address.family != AF_UNIX && !addr_is_loopback(&l->address) };
}

/* Sets on an accepted descriptor what is not inherited from the listening socket. 0 or -errno. */
int listener_prepare_session(const struct listener *l, int fd) must_check;
