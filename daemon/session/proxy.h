/* SPDX-License-Identifier: MIT */
/*
 * The PROXY protocol, versions 1 and 2: the header by which a balancer says whose connection it passes on.
 *
 * Flow: proxy_begin(), then proxy_take() with the bytes as they come, until its verdict is another than PROXY_MORE.
 * Pure, and of one size whatever length a header has (up to 65551 bytes): what is not needed is checked as it passes and
 * forgotten.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* The headers that are taken, by the words of the settings. */
enum proxy_mode { PROXY_OFF, PROXY_V1, PROXY_V2, PROXY_BOTH };

enum proxy_verdict {
	PROXY_MORE,   /* the header goes on                                                                     */
	PROXY_CLIENT, /* it is complete: `client` asks, and has asked `server`                                  */
	PROXY_REAL,   /* it is complete, but names nobody we could know: the connection's own end points count  */
	PROXY_BAD,    /* no header, or one that is wrong                                                        */
};

#define PROXY_LINE_MAX 107 /* bytes of a header of version 1, with its CRLF */

struct proxy {
	struct addr client, server; /* PROXY_CLIENT only */
	/* The rest is proxy.c's. */
	uint8_t mode;
	uint8_t version; /* 0: not known yet */
	bool is_opaque;  /* v2: what follows the fixed part means nothing to us */
	bool has_crc;
	uint32_t taken;         /* bytes of the header so far               */
	uint32_t end;           /* v2: how many it has in all               */
	uint32_t addresses_end; /* v2: up to where its addresses are        */
	uint32_t crc, crc_said;
	uint8_t tlv[3]; /* v2: type and length of what is being passed over */
	uint8_t tlv_n;  /* how much of that has come                        */
	uint16_t tlv_left;
	uint8_t kept[PROXY_LINE_MAX]; /* v1: the line; v2: the fixed part and the addresses */
};

void proxy_begin(struct proxy *p, enum proxy_mode mode);

/* The next n bytes. *ret_used: how many of them are the header's; what follows is the client's. A header that cannot become
 * right any more is bad at once. */
enum proxy_verdict proxy_take(struct proxy *p, const uint8_t *in, size_t n, size_t *ret_used);
