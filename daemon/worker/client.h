/* SPDX-License-Identifier: MIT */
/*
 * One connection: its descriptor, its session, its timer and what it is owed. The code that moves a session's bytes, the
 * same under all three models.
 *
 * Flow: readable → into the worker's shared buffer → session_step() → what came out is written at once → what the client
 * does not take is kept in a block of its own, and nothing is read until it is gone. Owns: the descriptor; the table slot
 * until the session is over; a block while bytes are owed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/loop.h"
#include "session/session.h"
#include "admission/table.h"
#include "worker/acceptor.h"
#include "worker/lookup_client.h"
#include "worker/worker.h"

struct client {
	struct loop_source source;
	struct loop_timer timer;
	struct worker *w;
	const struct listener *listener;
	struct table_slot *slot; /* NULL: the session is over, the client lingers */
	struct session session;
	struct addr peer;
	union {
		struct lookup_client ask; /* of a session            */
		struct {
			struct client *younger, *older; /* among the lingering ones */
		};
		struct client *next_free;
	};
	uint8_t *block; /* [owed_at, owed_end) waits to be written, [owed_end, held_end) is input that waits for that */
	uint32_t owed_at, owed_end;
	union {
		uint32_t held_end;
		uint32_t unread; /* SESSION_CLOSING: what the client had not acknowledged at the last look */
	};
	uint8_t waits_for;     /* EPOLLIN, EPOLLOUT or 0                              */
	uint8_t next;          /* enum session_next: what follows when nothing is owed */
	bool registered : 1;   /* in the loop                                         */
	bool is_proxied : 1;   /* a header of the PROXY protocol said who `peer` is   */
	bool is_exempt : 1;    /* ... but not whom it was passed on for: no caps of a source */
	bool is_bulk : 1;      /* more came at once than a buffer holds: bulk.h */
	bool is_uncounted : 1; /* SESSION_CLOSING: no cap counts it at this moment */
};

/* An idle session shall cost 512 bytes at most: these two, and some 130 more in the tables of its source. */
_Static_assert(sizeof(struct client) + sizeof(struct table_slot) <= 352, "a session needs more memory than it did");

/* Serves an admitted connection from here on. */
void client_start(struct worker *w, const struct admission *a);

/* Waits for these events, and for the session's next deadline. False: the session could not go on and is over. */
bool client_wait(struct client *c, uint32_t events);

/* Events of its connection: an error that is queued there would be told for ever (fd_drain_errors). */
void client_drain_errors(const struct client *c, uint32_t events);

/* Writes what it can of n bytes: how many the client took, or −1 when it is gone (the session is over then). */
ssize_t client_write(struct client *c, const uint8_t *from, size_t n, bool more);

/* n bytes were read. */
void client_count_in(struct client *c, size_t n);

/* Its session begins, with these first n bytes (WORKER_LINE_BYTES at most). */
void client_begin(struct client *c, const uint8_t *in, size_t n);
