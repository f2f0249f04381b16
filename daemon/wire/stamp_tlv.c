/* SPDX-License-Identifier: MIT */
/* TLVs of STAMP as octets: no step reads or writes beyond those that are there, whatever a Length says. */
#include "wire/stamp_tlv.h"

#include <string.h>

#include "base/bytes.h"

#define TYPE_AT 1
#define LENGTH_AT 2

enum stamp_tlv_step stamp_tlv_next(struct stamp_tlvs *left, struct stamp_tlv *ret)
{
	*ret = (struct stamp_tlv){ .header = left->at };
	if (left->n == 0)
		return STAMP_TLV_END;
	if (left->n > TYPE_AT)
		ret->type = left->at[TYPE_AT];
	if (left->n < STAMP_TLV_HEADER || left->n - STAMP_TLV_HEADER < bytes_get_be16(left->at + LENGTH_AT))
		return STAMP_TLV_CUT;
	ret->value = left->at + STAMP_TLV_HEADER;
	ret->n = bytes_get_be16(left->at + LENGTH_AT);
	left->at += STAMP_TLV_HEADER + ret->n;
	left->n -= STAMP_TLV_HEADER + (size_t)ret->n;
	return STAMP_TLV_ONE;
}

bool stamp_tlv_find(const struct stamp_tlvs *tlvs, uint8_t type, struct stamp_tlv *ret)
{
	struct stamp_tlvs left = *tlvs;

	while (stamp_tlv_next(&left, ret) == STAMP_TLV_ONE)
		if (ret->type == type)
			return true;
	return false;
}

bool stamp_tlv_add(struct stamp_tlv_writer *w, uint8_t type, const uint8_t *value, uint16_t n)
{
	uint8_t *at = w->at + w->n;

	if (w->cap - w->n < STAMP_TLV_HEADER + (size_t)n)
		return false;
	at[0] = STAMP_TLV_UNRECOGNISED;
	at[TYPE_AT] = type;
	bytes_put_be16(at + LENGTH_AT, n);
	if (value)
		memcpy(at + STAMP_TLV_HEADER, value, n);
	else
		memset(at + STAMP_TLV_HEADER, 0, n);
	w->n += STAMP_TLV_HEADER + (size_t)n;
	return true;
}

bool stamp_tlv_add_hmac(struct stamp_tlv_writer *w, uint32_t seq, const struct stamp_hmac *key)
{
	uint8_t hmac[STAMP_HMAC_BYTES];

	stamp_tlv_compute_hmac(seq, &(struct stamp_tlvs){ .at = w->at, .n = w->n }, key, hmac);
	return stamp_tlv_add(w, STAMP_TLV_HMAC, hmac, sizeof(hmac));
}

void stamp_tlv_compute_hmac(uint32_t seq, const struct stamp_tlvs *tlvs, const struct stamp_hmac *key,
			    uint8_t ret[STAMP_HMAC_BYTES])
{
	struct stamp_hmac h = *key;
	uint8_t octets[sizeof(seq)];

	bytes_put_be32(octets, seq);
	stamp_hmac_add(&h, octets, sizeof(octets));
	stamp_hmac_add(&h, tlvs->at, tlvs->n);
	stamp_hmac_end(&h, ret);
}

/* Whether the HMAC TLV is right for what stands before it. */
static bool is_right(uint32_t seq, const struct stamp_tlvs *tlvs, const struct stamp_tlv *hmac, const struct stamp_hmac *key)
{
	struct stamp_tlvs before = { .at = tlvs->at, .n = (size_t)(hmac->header - tlvs->at) };
	uint8_t right[STAMP_HMAC_BYTES];

	if (hmac->n != STAMP_HMAC_BYTES)
		return false;
	stamp_tlv_compute_hmac(seq, &before, key, right);
	return stamp_hmac_same(hmac->value, right);
}

bool stamp_tlv_is_authentic(uint32_t seq, const struct stamp_tlvs *tlvs, const struct stamp_hmac *key)
{
	struct stamp_tlvs left = *tlvs;
	struct stamp_tlv tlv, hmac = { .header = NULL };
	enum stamp_tlv_step step;
	bool only_padding = true;

	while ((step = stamp_tlv_next(&left, &tlv)) == STAMP_TLV_ONE) {
		if (tlv.type == STAMP_TLV_PADDING)
			continue;
		if (hmac.header)
			return false;
		only_padding = false;
		if (tlv.type == STAMP_TLV_HMAC)
			hmac = tlv;
	}
	if (step == STAMP_TLV_CUT)
		return false;
	return only_padding || (hmac.header && is_right(seq, tlvs, &hmac, key));
}
