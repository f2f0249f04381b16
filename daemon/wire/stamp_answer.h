/* SPDX-License-Identifier: MIT */
/*
 * How a reflector answers the TLVs of a request: in place, in the copy of it that becomes the answer, so that their lengths
 * never change (RFC 8972 section 4, RFC 9503, RFC 9534).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "wire/stamp_hmac.h"
#include "wire/stamp_tlv.h"
#include "wire/stamp_values.h"

/* A request: what is known of it and its session, and what the reflector may do for it. */
struct stamp_facts {
	uint32_t seq;                    /* the request's own Sequence Number                          */
	uint32_t reflected_seq;          /* the answer's                                               */
	const struct stamp_hmac *key;    /* NULL: unauthenticated                                      */
	struct addr source, destination; /* of the request, with their ports                           */
	int traffic_class;               /* DSCP and ECN of the request in one octet; -1: unknown      */
	struct stamp_timing timing;      /* of T2 and T3                                               */
	bool has_counters;               /* the session is counted: counted says what came and went    */
	struct stamp_direct counted;     /* its reflector's counters, this packet and its answer too   */
	struct stamp_followup before;    /* of the answer before; zeros: stateless, or there is none   */
	uint16_t micro_session;          /* the reflector's ID of the link it came by; 0: it has none   */
	bool may_choose_dscp;            /* whether the sender may choose the DSCP of its answers      */
};

/* The request's wishes about the sending of its answer. */
struct stamp_wishes {
	int dscp;       /* the answer's, 0..63; -1: none is asked for        */
	bool no_reply;  /* nothing shall be sent                             */
	bool same_link; /* by the interface by which the request came        */
	bool followup;  /* to be told, with the next, when this answer left  */
};

/* Answers all of them, up to the first that is malformed; what follows that stays as it came. */
void stamp_answer(const struct stamp_tlvs *tlvs, const struct stamp_facts *facts, struct stamp_wishes *ret_wishes);
