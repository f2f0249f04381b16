/* SPDX-License-Identifier: MIT */
/* The answer of a server to what an audit said to it, and what a rule finds in that. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "wire/stamp_hmac.h"

/* The way a connection ended. */
enum audit_end {
	AUDIT_SILENT,     /* nothing more came in time: so ends a datagram's answer, and a connection left open */
	AUDIT_ENDED,      /* the server ended the connection                                                    */
	AUDIT_RESET,      /* the server reset it                                                                */
	AUDIT_ENOUGH,     /* as much came as was to be read                                                     */
	AUDIT_UNREACHED,  /* refused, not reachable, or this host could not send: `error`                       */
	AUDIT_PROHIBITED, /* a router or the host said "administratively prohibited"                            */
};

struct audit_heard {
	const uint8_t *said; /* to the server */
	size_t said_n;
	const uint8_t *at; /* what the server said: of datagrams the first answer */
	size_t n;
	unsigned answers; /* datagrams */
	bool early;       /* something came before all was said */
	enum audit_end end;
	int error;                    /* AUDIT_UNREACHED: errno's                             */
	struct addr asked;            /* with its port                                        */
	struct addr from;             /* where the first datagram came from that was an answer */
	const struct stamp_hmac *key; /* of --auth */
	int64_t clock_s;              /* our wall clock when it came, seconds since 1970      */
	uint16_t from_port;           /* that the datagram was sent from                      */
	unsigned tries;               /* datagrams sent, each a time-out after the one before  */
};

enum audit_verdict { AUDIT_KEPT, AUDIT_BROKEN, AUDIT_NOT_TESTABLE };

#define AUDIT_SHOWN_BYTES 32

struct audit_finding {
	enum audit_verdict verdict; /* AUDIT_KEPT unless said */
	char reason[160];           /* "": there is none      */
	uint8_t bytes[AUDIT_SHOWN_BYTES];
	size_t bytes_n; /* that are shown                                */
	size_t at;      /* the offset of the first in what the server said */
};

/* Each sets the verdict and the reason. */
void audit_heard_break(struct audit_finding *f, const char *fmt, ...) printf_like(2, 3);
void audit_heard_skip(struct audit_finding *f, const char *fmt, ...) printf_like(2, 3);

/* Likewise AUDIT_BROKEN, and shows what the server said from an offset on. */
void audit_heard_break_at(struct audit_finding *f, const struct audit_heard *h, size_t at, const char *why);

/* "kept", "broken", "not testable" */
const char *audit_verdict_name(enum audit_verdict v);
