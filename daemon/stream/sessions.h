/* SPDX-License-Identifier: MIT */
/*
 * The sessions of one worker: their storage, how they end, and the connections that linger after them.
 *
 * A session that has said its last word closes its sending direction. While the kernel holds more than SESSIONS_OWED_MAX for
 * its client it is a session still, under all caps and time-outs. Its connection is then drained for up to 2 s, so that no
 * reset destroys the answer on its way. That is no session any more: its slot is free, and up to SESSIONS_LINGERING_MAX of
 * them wait beside the next one. A client that does not take the last bytes is reset: the kernel would keep them for minutes
 * after a close, and count them as nobody's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "stream/client.h"

#define SESSIONS_LINGERING_MAX 64 /* in one worker; the oldest goes first */
#define SESSIONS_OWED_MAX 4096    /* bytes that a client may not have acknowledged when its session is over */

/* Storage for n sessions at once, and for those that linger. 0 or -ENOMEM. */
int sessions_prepare(struct worker *w, uint32_t n) must_check;

/* A client of the storage, and its service's state. Never NULL while fewer than n sessions are open. */
struct client *sessions_take(struct worker *w);
void *sessions_state(const struct client *c);

/* Writes into the shared table how far the session is. */
void sessions_note(struct client *c);

/* The session is over for this reason, and its connection with it; reset: nothing more is delivered. */
void sessions_end(struct client *c, enum session_end why, bool reset);

/* The session's last byte is written: closes the sending direction, waits until the client has it, and drains. */
void sessions_finish(struct client *c);

/* Throws away what a lingering connection has to read, and closes it at the end of that when its client has all. True: it is
 * closed. */
bool sessions_drain(struct client *c);
/* The timer of a client that was told all fires: it is looked at, or has had time enough. */
void sessions_over_due(struct client *c);
void sessions_close(struct client *c);

/* Ends every session whose slot has a kill mark. */
void sessions_look(struct worker *w);

/* Ends all sessions because the worker drains (SESSION_END_DRAIN), and closes all that linger. */
void sessions_end_all(struct worker *w);
