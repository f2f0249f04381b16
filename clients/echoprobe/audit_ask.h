/* SPDX-License-Identifier: MIT */
/* The questions of an audit: a row each, which several rules may be about. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/stamp_hmac.h"

enum audit_ask_name {
	/* Datagrams. */
	AUDIT_ASK_EMPTY,
	AUDIT_ASK_OCTET,
	AUDIT_ASK_SMALL,
	AUDIT_ASK_DATAGRAM,
	AUDIT_ASK_LONG,
	AUDIT_ASK_NO_ANSWER, /* a datagram to a service that never answers             */
	AUDIT_ASK_LOOP,      /* from a port at which a server of such a protocol could be */
	AUDIT_ASK_ZERO,      /* from port 0                                                */
	AUDIT_ASK_STAMP,
	AUDIT_ASK_STAMP_PADDED,
	AUDIT_ASK_STAMP_SHORT,
	AUDIT_ASK_STAMP_NO_ERROR,
	AUDIT_ASK_STAMP_LOOP,
	AUDIT_ASK_STAMP_ZERO,
	AUDIT_ASK_STAMP_SIGNED, /* by the key of --auth */
	AUDIT_ASK_STAMP_FORGED, /* signed, and changed  */
	/* Connections. */
	AUDIT_ASK_NOTHING,
	AUDIT_ASK_STREAM,
	AUDIT_ASK_URGENT,
	AUDIT_ASK_TALK,
	AUDIT_ASK_LISTEN, /* to one that does not end */
	AUDIT_ASK_INTERRUPT,
	AUDIT_ASK_HNAME,
	AUDIT_ASK_HADDR,
	AUDIT_ASK_VERSION,
	AUDIT_ASK_FOO,
	AUDIT_ASK_FOO_SPLIT,
	AUDIT_ASK_NO_LINE,
	AUDIT_ASK_NO_SERVICE,
	AUDIT_ASK_NO_SERVICE_SPLIT,
	AUDIT_ASK_HELP,
	AUDIT_ASKS_N
};

/* The answer that is due to a datagram. */
enum audit_due {
	AUDIT_DUE_ANSWER,  /* asked up to AUDIT_TRIES times                             */
	AUDIT_DUE_SILENCE, /* from a server that answers others                          */
	AUDIT_DUE_EITHER,  /* an answer of the right kind, or silence                    */
	AUDIT_DUE_NEVER,   /* the service answers nothing: silence is all there is       */
};

#define AUDIT_TRIES 3
#define AUDIT_SAID_MAX (256 * 1024)
#define AUDIT_HEARD_MAX (512 * 1024)

struct audit_ask {
	const char *text; /* what is said, or                              */
	/* who writes it, by the key of --auth where it is signed, or */
	size_t (*write)(uint8_t *to, const struct stamp_hmac *key);
	size_t fill_n;      /* how many octets of a pattern                  */
	enum audit_due due; /* datagrams                                     */
	bool as_server;     /* from a server's port                          */
	bool from_zero;     /* from port 0                                   */
	bool fragments;     /* more than a path takes in one piece           */
	bool half_closes;   /* our end is closed behind it                   */
	bool listens_late;  /* nothing is read before all is said            */
	bool urgent;        /* its middle octet is                           */
	bool split;         /* its second half is said a while later         */
	size_t enough_n;    /* of the answer; 0: all of it                   */
};

extern const struct audit_ask audit_asks[AUDIT_ASKS_N];

/* Writes what is said, at most AUDIT_SAID_MAX octets; how many. */
size_t audit_ask_write(const struct audit_ask *a, const struct stamp_hmac *key, uint8_t *to);
