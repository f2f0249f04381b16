/* SPDX-License-Identifier: MIT */
/*
 * One connection to the control socket: a request, its answer, the end.
 *
 * Flow: read a line, find its command, let that make its answer piece by piece as the other side takes it, close. Whoever
 * does not say a whole line within CONNECTION_PATIENCE_NS, takes nothing for so long, or has not taken all after
 * CONNECTION_WHOLE_NS, is closed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/loop.h"
#include "control/command.h"
#include "control/peer.h"

#define CONNECTION_PATIENCE_NS (5 * CLOCK_S_NS)
#define CONNECTION_WHOLE_NS (30 * CLOCK_S_NS)
#define CONNECTION_OUT_BYTES 16384 /* of an answer, made ahead of what is taken */

enum connection_state { CONNECTION_FREE, CONNECTION_READING, CONNECTION_WAITING, CONNECTION_ANSWERING, CONNECTION_ENDING };

struct connection {
	struct loop_source source;
	struct loop_timer timer;
	struct fleet *fleet;
	enum connection_state state;
	struct peer peer;
	uint64_t since_ns; /* when it was accepted, or last took some */
	uint64_t until_ns; /* then it is closed, whatever it does     */
	struct request request;
	const struct command *command;
	struct asking asking;
	size_t line_n, out_n, out_sent;
	char line[REQUEST_BYTES_MAX];
	char out[CONNECTION_OUT_BYTES];
};

/* Takes a connected socket, which is its own from here on. 0, or -errno and the socket is still the caller's. */
int connection_open(struct connection *a, struct fleet *f, int fd, const struct peer *peer) must_check;

/* Something has happened that it may have waited for. */
void connection_look(struct connection *a);

void connection_close(struct connection *a);
