/* SPDX-License-Identifier: MIT */
/*
 * One connection to the control socket: a request, its answer, the end.
 *
 * Flow: read a line, find its command, let that make its answer piece by piece as the other side takes it, close. Whoever
 * does not say a whole line within ASKER_PATIENCE_NS, takes nothing for so long, or has not taken all after ASKER_WHOLE_NS,
 * is closed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/loop.h"
#include "supervisor/command.h"
#include "supervisor/peer.h"

#define ASKER_PATIENCE_NS (5 * CLOCK_S_NS)
#define ASKER_WHOLE_NS (30 * CLOCK_S_NS)
#define ASKER_OUT_BYTES 16384 /* of an answer, made ahead of what is taken */

enum asker_state { ASKER_FREE, ASKER_READING, ASKER_WAITING, ASKER_ANSWERING, ASKER_ENDING };

struct asker {
	struct loop_source source;
	struct loop_timer timer;
	struct supervisor *supervisor;
	enum asker_state state;
	struct peer peer;
	uint64_t since_ns; /* when it was accepted, or last took some */
	uint64_t until_ns; /* then it is closed, whatever it does     */
	struct request request;
	const struct command *command;
	struct asking asking;
	size_t line_n, out_n, out_sent;
	char line[REQUEST_BYTES_MAX];
	char out[ASKER_OUT_BYTES];
};

/* Takes a connected socket, which is its own from here on. 0, or -errno and the socket is still the caller's. */
int asker_open(struct asker *a, struct supervisor *s, int fd, const struct peer *peer) must_check;

/* Something has happened that it may have waited for. */
void asker_look(struct asker *a);

void asker_close(struct asker *a);
