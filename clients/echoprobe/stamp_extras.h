/* SPDX-License-Identifier: MIT */
/* The TLVs that the stamp test sends on request (--tlv), and what a reflector wrote into them (RFC 8972 section 4). */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"
#include "echoprobe/direction.h"
#include "echoprobe/histogram.h"
#include "echoprobe/notes.h"
#include "echoprobe/plan.h"
#include "echoprobe/result.h"
#include "wire/stamp.h"
#include "wire/stamp_tlv.h"
#include "wire/stamp_values.h"

#define STAMP_EXTRAS_MAX 256 /* octets of all of them */

/* Reads "cos=EF,location,padding=100". 0 or -EINVAL. */
int stamp_extras_parse(const char *list, struct plan_tlvs *ret) must_check;

/* Octets of them in a packet, the HMAC TLV included where the packet is authenticated. */
size_t stamp_extras_bytes(const struct plan *plan);

/* Writes the TLVs of packet `seq`, which is the packet number seq + 1 of the session, but no padding. */
void stamp_extras_write(const struct plan *plan, uint32_t seq, struct stamp_tlv_writer *w);

/* The words of the answers of a flow. Zeroed memory: nothing yet. */
struct stamp_extras {
	uint64_t answers;
	uint16_t unknown, malformed; /* types that the reflector did not know, or refused: 1 << type */
	uint64_t unauthentic;        /* answers whose TLVs have a wrong HMAC                         */
	bool has_cos, has_timing, has_location;
	uint64_t dscp_seen; /* there: as in struct result_direction */
	uint8_t ecn_seen;
	uint64_t refused_dscp; /* answers that were not sent with the DSCP asked for */
	struct stamp_timing timing;
	struct stamp_location location;
	uint64_t counted; /* answers with counters, of which these are the first and the last */
	struct direction_counters first, last;
	uint32_t before;       /* number of the last answer with a Follow-Up TLV, and its T3 */
	uint64_t before_t3;    /* 0: there was none                                          */
	struct histogram left; /* from T3 to the moment at which an answer really left       */
};

/* An answer, the first of its packet: its octets behind the base packet, and the base packet's numbers. */
void stamp_extras_take(struct stamp_extras *x, const struct plan *plan, const struct stamp_reflection *r,
		       const struct stamp_tlvs *tlvs);

/* Completes the result: marks and, where `counts` says that the reflector does not tell them otherwise, losses. */
enum stamp_extras_counts { STAMP_EXTRAS_KNOWN, STAMP_EXTRAS_WANTED };
void stamp_extras_report(const struct stamp_extras *x, const struct plan *plan, enum stamp_extras_counts counts,
			 struct result_directions *ret);
void stamp_extras_notes(const struct stamp_extras *x, const struct plan *plan, const struct addr *source,
			struct notes *notes);
