/* SPDX-License-Identifier: MIT */
/*
 * What stands in the TLVs of STAMP: a structure and its octets, for each type that has more than one field (RFC 8972
 * sections 4.2 to 4.7, RFC 9503). Places and lengths are here, what is said in them is not.
 *
 * A _read function takes a value of the length that its type must have: STAMP_..._BYTES.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "wire/stamp_tlv.h"

/* The ways a clock is synchronised and a time stamp is taken (RFC 8972 sections 4.3 and 4.7). 0: not said. */
enum stamp_sync { STAMP_SYNC_NTP = 1, STAMP_SYNC_PTP, STAMP_SYNC_SSU_BITS, STAMP_SYNC_GNSS, STAMP_SYNC_FREE };
enum stamp_method { STAMP_METHOD_HARDWARE = 1, STAMP_METHOD_SOFTWARE, STAMP_METHOD_CONTROL_PLANE };

/* Timestamp Information: of receiving and of sending. */
#define STAMP_TIMING_BYTES 4
struct stamp_timing {
	uint8_t sync_in, method_in;
	uint8_t sync_out, method_out;
};
void stamp_timing_write(uint8_t *value, const struct stamp_timing *t);
struct stamp_timing stamp_timing_read(const uint8_t *value);

/* Class of Service. A sender sets dscp1 and leaves the rest zero. */
#define STAMP_COS_BYTES 4
struct stamp_cos {
	uint8_t dscp1; /* 0..63: that the answer is to have                     */
	uint8_t dscp2; /* that the request came with                            */
	uint8_t ecn;   /* likewise, 0..3                                        */
	uint8_t rp;    /* 1: the reflector does not send with dscp1, by policy  */
};
void stamp_cos_write(uint8_t *value, const struct stamp_cos *c);
struct stamp_cos stamp_cos_read(const uint8_t *value);

/* Direct Measurement: packets of the session, counted. A sender sets the first. */
#define STAMP_DIRECT_BYTES 12
struct stamp_direct {
	uint32_t sender_sent;        /* S_TxC */
	uint32_t reflector_received; /* R_RxC */
	uint32_t reflector_sent;     /* R_TxC */
};
void stamp_direct_write(uint8_t *value, const struct stamp_direct *d);
struct stamp_direct stamp_direct_read(const uint8_t *value);

/* Follow-Up Telemetry: when the packet before was really sent. All zero in a request, and of a stateless reflector. */
#define STAMP_FOLLOWUP_BYTES 16
struct stamp_followup {
	uint32_t seq;   /* of the reflected packet before              */
	uint64_t sent;  /* its time stamp of transmission              */
	uint8_t method; /* enum stamp_method                           */
};
void stamp_followup_write(uint8_t *value, const struct stamp_followup *f);
struct stamp_followup stamp_followup_read(const uint8_t *value);

/* Location: whom the reflector saw, and where. */
#define STAMP_LOCATION_BYTES 4    /* without sub-TLVs                                            */
#define STAMP_LOCATION_ADDRESS 16 /* octets of a sub-TLV's address, of either family             */
enum stamp_location_sub {
	STAMP_SUB_MAC = 1, /* asked for the source's */
	STAMP_SUB_EUI_48 = 2,
	STAMP_SUB_EUI_64 = 3,
	STAMP_SUB_DESTINATION = 4, /* asked for */
	STAMP_SUB_DESTINATION_V4 = 5,
	STAMP_SUB_DESTINATION_V6 = 6,
	STAMP_SUB_SOURCE = 7, /* asked for */
	STAMP_SUB_SOURCE_V4 = 8,
	STAMP_SUB_SOURCE_V6 = 9,
};
struct stamp_location {
	struct addr source, destination; /* with their ports; AF_UNSPEC: the address was not said */
};
/* The value by which a sender asks for both addresses. False: no room. */
bool stamp_location_ask(struct stamp_tlv_writer *w);
/* A Location TLV's contents. False: it is shorter than STAMP_LOCATION_BYTES, or a sub-TLV is cut or has a wrong length. */
bool stamp_location_read(const struct stamp_tlv *tlv, struct stamp_location *ret);

/* Return Path, of which the control code alone is for everybody (RFC 9503 section 4.1.1). */
enum stamp_return_sub { STAMP_SUB_RETURN_CONTROL = 1 };
#define STAMP_RETURN_CONTROL_BYTES 4
enum stamp_return_control { STAMP_RETURN_NO_REPLY = 0, STAMP_RETURN_SAME_LINK = 1 };
/* Adds the TLV by which a sender asks for it. False: no room. */
bool stamp_return_ask(struct stamp_tlv_writer *w, enum stamp_return_control control);

/* The other values: an address of 4 or 16 octets (Destination Node Address); two 16-bit numbers, the sender's and the
 * reflector's (Micro-session ID); the access in the upper half of an octet, and a return code (Access Report). */
#define STAMP_MICRO_BYTES 4
#define STAMP_ACCESS_BYTES 4
enum stamp_access { STAMP_ACCESS_3GPP = 1, STAMP_ACCESS_NON_3GPP = 2 };
