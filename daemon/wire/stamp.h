/* SPDX-License-Identifier: MIT */
/*
 * The base packets of STAMP, of both sides and in both modes (RFC 8762 sections 4.2 to 4.4, RFC 8972 section 3).
 *
 * Numbers are in host order; time stamps and Error Estimates are kept as they are on the wire (stamp_clock.h reads them).
 * What must be zero is written so, and ignored when read. What follows the base is stamp_tlv.h's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "wire/stamp_hmac.h"

#define STAMP_PORT 862
#define STAMP_REQUEST_MIN 14 /* octets of the shortest request: a TWAMP-Light sender's without padding */
#define STAMP_BASE 44        /* octets of an unauthenticated packet                                    */
#define STAMP_BASE_AUTHENTICATED 112
#define STAMP_TTL_UNKNOWN 255 /* what a reflector says that cannot see it (RFC 5357 section 4.2)        */

enum stamp_mode { STAMP_UNAUTHENTICATED, STAMP_AUTHENTICATED };

/* A Session-Sender's packet. */
struct stamp_request {
	uint32_t seq;
	uint64_t sent;  /* T1                                            */
	uint16_t error; /* Error Estimate of T1                          */
	uint16_t ssid;  /* 0: none; and where the request ends before it */
};

/* A Session-Reflector's packet. */
struct stamp_reflection {
	uint32_t seq;
	uint64_t sent;     /* T3                                  */
	uint64_t received; /* T2                                  */
	uint16_t error;    /* Error Estimate of T2 and T3         */
	uint16_t ssid;
	uint8_t ttl;                 /* TTL or hop limit of the request when it came; STAMP_TTL_UNKNOWN */
	struct stamp_request sender; /* the request's, but its SSID                                     */
};

/* Octets of the base packet. */
size_t stamp_base_bytes(enum stamp_mode mode);

/* Each writes the base packet of the mode; the HMAC is zero until stamp_sign(). */
void stamp_write_request(uint8_t *packet, enum stamp_mode mode, const struct stamp_request *r);
void stamp_write_reflection(uint8_t *packet, enum stamp_mode mode, const struct stamp_reflection *r);

/* Sets T3 alone: the last thing before signing and sending. */
void stamp_write_sent(uint8_t *packet, enum stamp_mode mode, uint64_t sent);

/* 0 or -EBADMSG: it is shorter than STAMP_REQUEST_MIN, or, authenticated, than the base. */
int stamp_read_request(const uint8_t *packet, size_t n, enum stamp_mode mode, struct stamp_request *ret) must_check;
/* 0 or -EBADMSG: it is shorter than the base; unauthenticated, than TWAMP-Light's 41 octets (RFC 5357 section 4.2.1). */
int stamp_read_reflection(const uint8_t *packet, size_t n, enum stamp_mode mode, struct stamp_reflection *ret) must_check;

/* The HMAC of an authenticated base packet of either side: writes it; whether it is right. */
void stamp_sign(uint8_t *packet, const struct stamp_hmac *key);
bool stamp_is_authentic(const uint8_t *packet, size_t n, const struct stamp_hmac *key);
