/* SPDX-License-Identifier: MIT */
/*
 * Streams that come faster than a buffer at a time: echoed in larger pieces, from where they lie in the socket.
 *
 * What is read ahead of a client that takes nothing would have to be kept for it. So a large piece is only looked at, and
 * taken out of the socket as far as the client took it: whatever its size, such a session owes nothing.
 */
#pragma once

#include <stdbool.h>

#include "stream/client.h"

/* Whether a session may be echoed so: a TCP mirror in a process that all sessions share, without a limit on its bytes. */
bool bulk_may(const struct client *c);

/* Echoes what has come, and waits. False: no more has come than a buffer holds, or the end; read it as usual. */
bool bulk_echo(struct client *c);
