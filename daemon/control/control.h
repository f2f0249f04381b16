/* SPDX-License-Identifier: MIT */
/*
 * The control socket: where echotimectl asks.
 *
 * Flow: the supervisor's loop takes a connection, an asker (asker.h) reads its request and answers it. A reload may move
 * the socket: the new one is opened before anything changes and takes over with the new generation. Who may connect is
 * said by the path's mode and group; who may change things, by who he is.
 * Owns: the listening socket and its file; a fixed number of askers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/loop.h"
#include "base/text.h"
#include "settings/settings.h"
#include "control/connection.h"

#define CONTROL_PLACES 16 /* for askers, of each kind */
#define CONTROL_TIMERS (2 * CONTROL_PLACES + 1)

struct control_door;

struct control {
	struct fleet *fleet;
	char standard[108]; /* where "auto" is, for who we were at the start; "": nowhere */
	struct control_door *now, *coming;
	bool keeps; /* the coming settings have the socket where it is */
	struct loop_source source;
	struct loop_timer pause; /* after the kernel ran out of something, or it was ended */
	bool in_doubt;           /* a process of ours was waited for that somebody who waits here may have been */
	/* Of who may ask, and of administrators (peer.h): neither needs the others'. */
	struct connection askers[2][CONTROL_PLACES];
};

/* Before the process becomes anybody else. */
void control_begin(struct control *c, struct fleet *f);

/* Opens the socket of settings that may come; nothing is asked there yet. Where "auto" cannot be that is logged, and there
 * is none. 0; -EADDRINUSE: another daemon answers there; or -errno; with why. */
int control_prepare(struct control *c, const struct settings *settings, struct text *why) must_check;

/* Begins to answer at the present socket. */
void control_serve(struct control *c);

/* The settings have come, and serve; or they do not come. */
void control_settle(struct control *c, const struct settings *settings);
void control_abandon(struct control *c);

/* Binds it anew if it is lost (lost.h). */
void control_mend(struct control *c, const struct settings *settings, bool at_once);

/* The socket, for the next program, or NULL; and the socket of the program before, restored: 0 or -ENOMEM. */
const struct listener *control_listener(const struct control *c);
int control_restore(struct control *c, const struct listener *like) must_check;

/* A process of ours has died, and is not waited for yet: who was it is known for the last time. */
void control_take_waiting(struct control *c);

/* Something has happened that askers may wait for. */
void control_look(struct control *c);

/* At the end, and in no other process than the one that opened it: the file goes. */
void control_close(struct control *c);
