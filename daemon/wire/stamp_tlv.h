/* SPDX-License-Identifier: MIT */
/*
 * The TLVs behind a STAMP base packet, of both sides: walked, written, and authenticated (RFC 8972 section 4). What stands
 * in them is stamp_values.h's, how a reflector answers them stamp_answer.h's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/stamp_hmac.h"

#define STAMP_TLV_HEADER 4 /* octets: flags, type, length of the value */

enum stamp_tlv_flag {
	STAMP_TLV_UNRECOGNISED = 0x80, /* U: a sender sets it, the reflector clears it where it knows the type */
	STAMP_TLV_MALFORMED = 0x40,    /* M                                                                    */
	STAMP_TLV_INTEGRITY = 0x20,    /* I: the HMAC TLV is wrong, or is not where it must be                 */
};

enum stamp_tlv_type {
	STAMP_TLV_PADDING = 1,
	STAMP_TLV_LOCATION = 2,
	STAMP_TLV_TIMESTAMP = 3,
	STAMP_TLV_COS = 4,    /* class of service                    */
	STAMP_TLV_DIRECT = 5, /* direct measurement                  */
	STAMP_TLV_ACCESS = 6, /* access report                       */
	STAMP_TLV_FOLLOWUP = 7,
	STAMP_TLV_HMAC = 8,
	STAMP_TLV_NODE = 9,    /* destination node address (RFC 9503) */
	STAMP_TLV_RETURN = 10, /* return path (RFC 9503)              */
	STAMP_TLV_MICRO = 11,  /* micro-session ID (RFC 9534)         */
	STAMP_TLV_CONTROL = 12 /* reflected test packet control       */
};

/* Octets of TLVs, or of the sub-TLVs in one, which have the same form. */
struct stamp_tlvs {
	uint8_t *at;
	size_t n;
};

struct stamp_tlv {
	uint8_t *header; /* the flags are its first octet */
	uint8_t type;
	uint8_t *value;
	uint16_t n; /* octets of the value */
};

enum stamp_tlv_step {
	STAMP_TLV_ONE,
	STAMP_TLV_END, /* nothing is left                                                                      */
	STAMP_TLV_CUT, /* what is left, one octet at least, is no whole header, or less than its length says: only
			  ret->header is set, and ret->type where there is one, else 0                         */
};

/* Takes the next one from *left. */
enum stamp_tlv_step stamp_tlv_next(struct stamp_tlvs *left, struct stamp_tlv *ret);

/* Finds the first of a type. False: there is none before the end, or before what is cut. */
bool stamp_tlv_find(const struct stamp_tlvs *tlvs, uint8_t type, struct stamp_tlv *ret);

/* ---- writing: the first n octets of cap are TLVs already ---- */

struct stamp_tlv_writer {
	uint8_t *at;
	size_t n, cap;
};

/* Adds one as a sender does, with U; value NULL: zeros. False: it does not fit, and nothing was added. */
bool stamp_tlv_add(struct stamp_tlv_writer *w, uint8_t type, const uint8_t *value, uint16_t n);

/* Adds the HMAC of the packet's Sequence Number and the TLVs so far. Only padding may follow. */
bool stamp_tlv_add_hmac(struct stamp_tlv_writer *w, uint32_t seq, const struct stamp_hmac *key);

/* ---- integrity (RFC 8972 section 4.8) ---- */

/* The HMAC of a Sequence Number and TLVs. */
void stamp_tlv_compute_hmac(uint32_t seq, const struct stamp_tlvs *tlvs, const struct stamp_hmac *key,
			    uint8_t ret[STAMP_HMAC_BYTES]);

/* Whether the TLVs of an authenticated packet may be believed: the HMAC is right and nothing but padding is behind it, or
 * there is nothing but padding. */
bool stamp_tlv_is_authentic(uint32_t seq, const struct stamp_tlvs *tlvs, const struct stamp_hmac *key);
