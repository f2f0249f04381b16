/* SPDX-License-Identifier: MIT */
/*
 * One socket takes the place of another of ours at the same port, while clients come: the new one has another address,
 * family or interface, so it is not the same socket, and the kernel would not let both be bound.
 *
 * Flow, within a moment: share both, bind the new one (listener_bind), turn clients away from the old one, share neither
 * (TCP: the last two the other way round); then whoever serves the old one empties its queue. Sockets share by
 * SO_REUSEPORT, for which both must belong to one user.
 * That user, and nobody else, could bind beside us in that moment, and the TCP port for as long as we have it. Never by
 * SO_REUSEADDR: over UDP that lets in whoever sets it too, and the newest socket gets the datagrams.
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "net/listener.h"

/* Is `old` at the port that `l` is to have, over the same transport? Never for sockets that were passed. */
bool replace_is_due(const struct listener *l, const struct listener *old);

/* May (or may no longer) another of the two be bound beside it. 0, or -errno and why. */
int replace_share(const struct listener *l, bool on, struct text *why) must_check;

/* Everything the kernel would give it goes to the other one from now on; connections in its queue stay there. For TCP
 * there is no way back. 0; -errno: the kernel goes on giving it some (-EPERM: TCP on an interface). */
int replace_turn_away(const struct listener *l) must_check;

/* Of UDP: it gets its clients again. Harmless for one that has not been turned away. 0 or -errno. */
int replace_turn_back(const struct listener *l) must_check;

/* Nobody waits in its queue. */
bool replace_is_empty(const struct listener *l);
