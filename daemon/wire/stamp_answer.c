/* SPDX-License-Identifier: MIT */
/*
 * A reflector's part of TLVs: integrity first, then one function a type, then the HMAC of what they became.
 *
 * Two rules of our own: what sends answers elsewhere (Return Path's addresses and segment lists) or asks for many of them
 * (Reflected Test Packet Control) is not recognised; and a TLV that came marked as malformed, or as without integrity, ends
 * the walk as one that is does.
 */
#include "wire/stamp_answer.h"

#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"

/* The answer to one TLV. */
enum fate {
	ANSWERED,
	NOT_RECOGNISED,
	MALFORMED,
};

typedef enum fate answer_fn(const struct stamp_tlv *tlv, const struct stamp_facts *facts, struct stamp_wishes *wishes);

static enum fate answer_padding(const struct stamp_tlv *tlv maybe_unused, const struct stamp_facts *facts maybe_unused,
				struct stamp_wishes *wishes maybe_unused)
{
	return ANSWERED;
}

/* ---- location ---- */

/* The type by which an address is said is that of the question plus one for IPv4, plus two for IPv6. */
static enum fate say_address(const struct stamp_tlv *sub, const struct addr *a)
{
	if (a->family != AF_INET && a->family != AF_INET6)
		return NOT_RECOGNISED;
	sub->header[1] = (uint8_t)(sub->type + (a->family == AF_INET ? 1 : 2));
	memcpy(sub->value, a->bytes, STAMP_LOCATION_ADDRESS); /* of IPv4 the rest is zero */
	return ANSWERED;
}

static enum fate answer_location_sub(const struct stamp_tlv *sub, const struct stamp_facts *facts)
{
	switch (sub->type) {
	case STAMP_SUB_DESTINATION:
		return sub->n == STAMP_LOCATION_ADDRESS ? say_address(sub, &facts->destination) : MALFORMED;
	case STAMP_SUB_SOURCE:
		return sub->n == STAMP_LOCATION_ADDRESS ? say_address(sub, &facts->source) : MALFORMED;
	default:
		return NOT_RECOGNISED; /* a link layer's address is not known to who has a UDP socket */
	}
}

static void mark(const struct stamp_tlv *tlv, enum fate fate)
{
	static const uint8_t flags[] = {
		[ANSWERED] = 0, [NOT_RECOGNISED] = STAMP_TLV_UNRECOGNISED, [MALFORMED] = STAMP_TLV_MALFORMED
	};

	tlv->header[0] = flags[fate];
}

static enum fate answer_location(const struct stamp_tlv *tlv, const struct stamp_facts *facts,
				 struct stamp_wishes *wishes maybe_unused)
{
	struct stamp_tlvs subs = { .at = tlv->value + STAMP_LOCATION_BYTES, .n = (size_t)tlv->n - STAMP_LOCATION_BYTES };
	struct stamp_tlv sub;
	enum stamp_tlv_step step;

	if (tlv->n < STAMP_LOCATION_BYTES)
		return MALFORMED;
	bytes_put_be16(tlv->value, facts->destination.port);
	bytes_put_be16(tlv->value + 2, facts->source.port);
	while ((step = stamp_tlv_next(&subs, &sub)) == STAMP_TLV_ONE) {
		enum fate fate = answer_location_sub(&sub, facts);

		mark(&sub, fate);
		if (fate == MALFORMED)
			return MALFORMED;
	}
	return step == STAMP_TLV_END ? ANSWERED : MALFORMED;
}

/* ---- what has one length ---- */

static enum fate answer_timestamp(const struct stamp_tlv *tlv, const struct stamp_facts *facts,
				  struct stamp_wishes *wishes maybe_unused)
{
	if (tlv->n < STAMP_TIMING_BYTES) /* sub-TLVs may follow; none is defined */
		return MALFORMED;
	stamp_timing_write(tlv->value, &facts->timing);
	return ANSWERED;
}

static enum fate answer_cos(const struct stamp_tlv *tlv, const struct stamp_facts *facts, struct stamp_wishes *wishes)
{
	struct stamp_cos cos;

	if (tlv->n != STAMP_COS_BYTES)
		return MALFORMED;
	if (facts->traffic_class < 0)
		return NOT_RECOGNISED;
	cos = stamp_cos_read(tlv->value);
	cos.dscp2 = (uint8_t)(facts->traffic_class >> 2);
	cos.ecn = facts->traffic_class & 3;
	cos.rp = facts->may_choose_dscp ? 0 : 1;
	wishes->dscp = facts->may_choose_dscp ? cos.dscp1 : cos.dscp2;
	stamp_cos_write(tlv->value, &cos);
	return ANSWERED;
}

static enum fate answer_direct(const struct stamp_tlv *tlv, const struct stamp_facts *facts,
			       struct stamp_wishes *wishes maybe_unused)
{
	struct stamp_direct direct = facts->counted;

	if (tlv->n != STAMP_DIRECT_BYTES)
		return MALFORMED;
	if (!facts->has_counters)
		return NOT_RECOGNISED;
	direct.sender_sent = stamp_direct_read(tlv->value).sender_sent;
	stamp_direct_write(tlv->value, &direct);
	return ANSWERED;
}

/* Nothing here knows an access network: the report is copied back, which tells the sender that it arrived. */
static enum fate answer_access(const struct stamp_tlv *tlv, const struct stamp_facts *facts maybe_unused,
			       struct stamp_wishes *wishes maybe_unused)
{
	unsigned id;

	if (tlv->n != STAMP_ACCESS_BYTES)
		return MALFORMED;
	id = tlv->value[0] >> 4;
	return id == STAMP_ACCESS_3GPP || id == STAMP_ACCESS_NON_3GPP ? ANSWERED : NOT_RECOGNISED;
}

static enum fate answer_followup(const struct stamp_tlv *tlv, const struct stamp_facts *facts, struct stamp_wishes *wishes)
{
	enum { SEQ_AND_SENT = 12 };

	if (tlv->n != STAMP_FOLLOWUP_BYTES) {
		memset(tlv->value, 0, tlv->n < SEQ_AND_SENT ? tlv->n : SEQ_AND_SENT);
		return MALFORMED;
	}
	stamp_followup_write(tlv->value, &facts->before);
	wishes->followup = true;
	return ANSWERED;
}

/* The TLV's octets are written when all before it have been answered. */
static enum fate answer_hmac(const struct stamp_tlv *tlv, const struct stamp_facts *facts,
			     struct stamp_wishes *wishes maybe_unused)
{
	if (tlv->n != STAMP_HMAC_BYTES)
		return MALFORMED;
	return facts->key != NULL ? ANSWERED : NOT_RECOGNISED;
}

static enum fate answer_node(const struct stamp_tlv *tlv, const struct stamp_facts *facts,
			     struct stamp_wishes *wishes maybe_unused)
{
	size_t n = facts->destination.family == AF_INET ? 4 : 16;

	if (tlv->n != 4 && tlv->n != 16)
		return MALFORMED;
	return tlv->n == n && memcmp(tlv->value, facts->destination.bytes, n) == 0 ? ANSWERED : NOT_RECOGNISED;
}

static enum fate answer_return(const struct stamp_tlv *tlv, const struct stamp_facts *facts maybe_unused,
			       struct stamp_wishes *wishes)
{
	struct stamp_tlvs subs = { .at = tlv->value, .n = tlv->n };
	struct stamp_tlv sub;
	enum stamp_tlv_step step = stamp_tlv_next(&subs, &sub);

	if (step != STAMP_TLV_ONE || (sub.type == STAMP_SUB_RETURN_CONTROL && sub.n != STAMP_RETURN_CONTROL_BYTES))
		return MALFORMED;
	/* One way back is asked for, or none that is understood. */
	if (sub.type != STAMP_SUB_RETURN_CONTROL || subs.n != 0) {
		mark(&sub, NOT_RECOGNISED);
		return NOT_RECOGNISED;
	}
	mark(&sub, ANSWERED);
	if ((bytes_get_be32(sub.value) & STAMP_RETURN_SAME_LINK) != 0)
		wishes->same_link = true;
	else
		wishes->no_reply = true;
	return ANSWERED;
}

/* RFC 9534 section 3.2: a packet that came by another member link than the sender thinks is discarded. */
static enum fate answer_micro(const struct stamp_tlv *tlv, const struct stamp_facts *facts, struct stamp_wishes *wishes)
{
	uint16_t asked;

	if (tlv->n != STAMP_MICRO_BYTES)
		return MALFORMED;
	if (facts->micro_session == 0)
		return NOT_RECOGNISED;
	asked = bytes_get_be16(tlv->value + 2);
	if (asked != 0 && asked != facts->micro_session)
		wishes->no_reply = true;
	bytes_put_be16(tlv->value + 2, facts->micro_session);
	return ANSWERED;
}

static answer_fn *const answers[] = {
	[STAMP_TLV_PADDING] = answer_padding,     [STAMP_TLV_LOCATION] = answer_location,
	[STAMP_TLV_TIMESTAMP] = answer_timestamp, [STAMP_TLV_COS] = answer_cos,
	[STAMP_TLV_DIRECT] = answer_direct,       [STAMP_TLV_ACCESS] = answer_access,
	[STAMP_TLV_FOLLOWUP] = answer_followup,   [STAMP_TLV_HMAC] = answer_hmac,
	[STAMP_TLV_NODE] = answer_node,           [STAMP_TLV_RETURN] = answer_return,
	[STAMP_TLV_MICRO] = answer_micro,
};

/* ---- all of them ---- */

static answer_fn *answer_of(uint8_t type)
{
	return type < array_n(answers) ? answers[type] : NULL;
}

/* Nothing of them is believed: the rest of each stays as it came. */
static void mark_untrusted(const struct stamp_tlvs *tlvs)
{
	struct stamp_tlvs left = *tlvs;
	struct stamp_tlv tlv;
	enum stamp_tlv_step step;

	while ((step = stamp_tlv_next(&left, &tlv)) == STAMP_TLV_ONE)
		tlv.header[0] |= STAMP_TLV_INTEGRITY;
	if (step == STAMP_TLV_CUT)
		tlv.header[0] |= STAMP_TLV_INTEGRITY | STAMP_TLV_MALFORMED;
}

/* False: the walk ends here. */
static bool answer_one(const struct stamp_tlv *tlv, const struct stamp_facts *facts, struct stamp_wishes *wishes)
{
	answer_fn *answer = answer_of(tlv->type);
	enum fate fate;

	if ((tlv->header[0] & (STAMP_TLV_MALFORMED | STAMP_TLV_INTEGRITY)) != 0)
		return false;
	fate = answer != NULL ? answer(tlv, facts, wishes) : NOT_RECOGNISED;
	mark(tlv, fate);
	return fate != MALFORMED;
}

/* The HMAC of what the TLVs have become. */
static void seal(const struct stamp_tlvs *tlvs, const struct stamp_facts *facts)
{
	struct stamp_tlv hmac;

	if (!stamp_tlv_find(tlvs, STAMP_TLV_HMAC, &hmac))
		return;
	stamp_tlv_compute_hmac(facts->reflected_seq,
			       &(struct stamp_tlvs){ .at = tlvs->at, .n = (size_t)(hmac.header - tlvs->at) }, facts->key,
			       hmac.value);
}

void stamp_answer(const struct stamp_tlvs *tlvs, const struct stamp_facts *facts, struct stamp_wishes *ret_wishes)
{
	struct stamp_tlvs left = *tlvs;
	struct stamp_tlv tlv;
	enum stamp_tlv_step step;

	*ret_wishes = (struct stamp_wishes){ .dscp = -1 };
	if (facts->key && !stamp_tlv_is_authentic(facts->seq, tlvs, facts->key)) {
		mark_untrusted(tlvs);
		return;
	}
	while ((step = stamp_tlv_next(&left, &tlv)) == STAMP_TLV_ONE)
		if (!answer_one(&tlv, facts, ret_wishes))
			return;
	if (step == STAMP_TLV_CUT)
		tlv.header[0] = (uint8_t)(STAMP_TLV_MALFORMED | (answer_of(tlv.type) != NULL ? 0 : STAMP_TLV_UNRECOGNISED));
	else if (facts->key)
		seal(tlvs, facts);
}
