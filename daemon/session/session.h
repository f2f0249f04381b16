/* SPDX-License-Identifier: MIT */
/*
 * One client's life: its service, its deadlines, what it has sent and been sent. Pure: the worker moves the bytes.
 *
 * Flow: the worker reads into its own buffer and calls session_step() until that asks to wait. A session that is owed
 * nothing has no buffer; what the client does not take at once the worker keeps (stream/client_serve.c), and reads
 * nothing more until it is gone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/service.h"
#include "session/pace.h"
#include "session/rules.h"

/* The reasons why a session ended, by the names of the log: "eof" when it was over (for the client, or for the service
 * that had said all), "limit" for max_bytes, session_timeout and request_timeout, "reset" when either side broke it off,
 * "room" when its place was needed for others, "impaired" for close_after. */
enum session_end {
	SESSION_END_NONE,
	SESSION_END_EOF,
	SESSION_END_IDLE,
	SESSION_END_RESET,
	SESSION_END_LIMIT,
	SESSION_END_DRAIN,
	SESSION_END_KILLED,
	SESSION_END_ROOM,
	SESSION_END_IMPAIRED
};
const char *session_end_name(enum session_end e); /* "eof", "idle", …; "none" */

/* The worker's next step after session_step(). Whatever was put into io->out is written first, in every case but
 * SESSION_ABORT. */
enum session_next {
	SESSION_READ,   /* wait for input                                                              */
	SESSION_AGAIN,  /* when the output is written, call again with what is left of the input       */
	SESSION_PAUSE,  /* as SESSION_AGAIN, but not before session_deadline() (pacing); no output yet */
	SESSION_ASK,    /* ask the resolver io->question; then session_answer()                        */
	SESSION_BECOME, /* admit it as a session of the listener io->become; then session_become()     */
	SESSION_FINISH, /* end the sending direction, drain what comes up to SESSION_LINGER_NS, close  */
	SESSION_CLOSE,  /* both directions are over: close as soon as the client has all               */
	SESSION_ABORT,  /* close at once, sending nothing                                              */
};

#define SESSION_LINGER_NS (2 * CLOCK_S_NS) /* for a client that has all and does not close             */
#define SESSION_STALL_NS (10 * CLOCK_S_NS) /* then, for one that has not acknowledged the last of it */

enum session_phase {
	SESSION_OPENING,
	SESSION_OPEN,
	SESSION_ASKING,
	SESSION_CLOSING,   /* all is said, but much of it has not been acknowledged: a session as before       */
	SESSION_LINGERING, /* over; what its client still sends is drained                                   */
	SESSION_STALLED,   /* over for longer than that, and the last of it has not been acknowledged         */
};

struct session {
	const struct service *service;
	const struct session_rules *rules;
	void *state; /* the service's; the worker's storage, SVC_STATE_MAX or the service's state_bytes, zeroed */
	uint64_t started_ns;
	uint64_t active_ns;  /* the last byte in either direction          */
	uint64_t request_ns; /* since when request_timeout counts          */
	uint64_t wake_ns;    /* pacing; what LINGERING and STALLED are up to; else CLOCK_NEVER */
	uint64_t in_bytes, out_bytes;
	struct pace pace;
	uint8_t phase;     /* enum session_phase                         */
	uint8_t end;       /* enum session_end                           */
	bool eof;          /* the client has closed its direction        */
	bool request_done; /* the request line is complete               */
	bool flushing;     /* the service has more to say without input  */
};

/* A session begins. `state` is zeroed by this call (service->state_bytes of it). */
void session_begin(struct session *s, const struct service *service, const struct session_rules *rules, void *state,
		   uint64_t now_ns);

/* Counts what was read from, or written to, the client, and that it is not idle. Bytes are counted when they are read,
 * before the step that gets them, and when they are written, before the next step. */
void session_received(struct session *s, size_t n, uint64_t now_ns);
void session_sent(struct session *s, size_t n, uint64_t now_ns);

/* One step: calls the service with io's input (its `open` the first time) and says what comes next. io->eof says that no
 * input will follow. io->out has SVC_OUT_MIN bytes of room or more and is empty. Without input, end or anything to say
 * the service is not called: SESSION_READ. A SVC_MIRROR service is not called at all: the output is io->in itself, and
 * io->out is made to point there (out_len = in_len, in_used = in_len). max_bytes cuts the input or the output and ends
 * the session (limit). */
enum session_next session_step(struct session *s, const struct svc_context *ctx, struct svc_io *io);

/* After SESSION_ASK; io as for session_step(). */
enum session_next session_answer(struct session *s, const struct svc_context *ctx, const struct lookup_answer *answer,
				 struct svc_io *io);

/* After SESSION_BECOME: the session goes on under another listener's service and rules; its next session_step() opens
 * that service. The storage of its state holds the new service's state_bytes too. */
void session_become(struct session *s, const struct service *service, const struct session_rules *rules);

/* The sending direction has been closed, and the client has yet to take what was said: it is idle when it does not. */
void session_closing(struct session *s);

/* Of what was said the client has all but the last: only draining is left. */
void session_linger(struct session *s, uint64_t now_ns);

/* Lingering is over, and the client has still not acknowledged the last: it has SESSION_STALL_NS more, or idle_timeout if
 * that is less. */
void session_stall(struct session *s, uint64_t now_ns);

/* The time of the session's next time-out or wake-up; CLOCK_NEVER if none. `owed`: bytes wait to be written (a paced session
 * then waits for the client, not for the clock). */
uint64_t session_deadline(const struct session *s, bool owed);

/* The end that is due at now_ns: SESSION_END_NONE when only pacing is (call session_step), else why the session ends now. A
 * session that asks the resolver, or waits for its own pace, is not idle. Lingering that is over ends as it would have. */
enum session_end session_expired(const struct session *s, uint64_t now_ns);
