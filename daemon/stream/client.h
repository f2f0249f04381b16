/* SPDX-License-Identifier: MIT */
/*
 * One connection: its descriptor, its session, its timer and what it is owed.
 *
 * Owns: the descriptor; the table slot until the session is over; a block while bytes are owed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "session/session.h"
#include "admission/table.h"
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
	bool has_header : 1;   /* ... and lies where a state would be: the service has none */
	bool is_exempt : 1;    /* ... but not whom it was passed on for: no caps of a source */
	bool is_bulk : 1;      /* more came at once than a buffer holds: bulk.h */
	bool is_slowed : 1;    /* slowed.h */
	bool is_uncounted : 1; /* SESSION_CLOSING: no cap counts it at this moment */
};

/* An idle session shall cost 512 bytes at most: these two, and some 130 more in the tables of its source. */
_Static_assert(sizeof(struct client) + sizeof(struct table_slot) <= 352, "a session needs more memory than it did");
