/* SPDX-License-Identifier: MIT */
/* The fields of STAMP's TLVs: octets and bits, one pair of functions a type. */
#include "wire/stamp_values.h"

#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"

void stamp_timing_write(uint8_t *value, const struct stamp_timing *t)
{
	value[0] = t->sync_in;
	value[1] = t->method_in;
	value[2] = t->sync_out;
	value[3] = t->method_out;
}

struct stamp_timing stamp_timing_read(const uint8_t *value)
{
	return (struct stamp_timing){ value[0], value[1], value[2], value[3] };
}

/* DSCP1 (6 bits), DSCP2 (6), ECN (2), RP (2), reserved (16). */
void stamp_cos_write(uint8_t *value, const struct stamp_cos *c)
{
	bytes_put_be16(value, (uint16_t)(c->dscp1 << 10 | c->dscp2 << 4 | c->ecn << 2 | c->rp));
	bytes_put_be16(value + 2, 0);
}

struct stamp_cos stamp_cos_read(const uint8_t *value)
{
	uint16_t bits = bytes_get_be16(value);

	return (struct stamp_cos){
		.dscp1 = (uint8_t)(bits >> 10),
		.dscp2 = bits >> 4 & 0x3F,
		.ecn = bits >> 2 & 3,
		.rp = bits & 3,
	};
}

void stamp_direct_write(uint8_t *value, const struct stamp_direct *d)
{
	bytes_put_be32(value, d->sender_sent);
	bytes_put_be32(value + 4, d->reflector_received);
	bytes_put_be32(value + 8, d->reflector_sent);
}

struct stamp_direct stamp_direct_read(const uint8_t *value)
{
	return (struct stamp_direct){ bytes_get_be32(value), bytes_get_be32(value + 4), bytes_get_be32(value + 8) };
}

void stamp_followup_write(uint8_t *value, const struct stamp_followup *f)
{
	memset(value, 0, STAMP_FOLLOWUP_BYTES);
	bytes_put_be32(value, f->seq);
	bytes_put_be64(value + 4, f->sent);
	value[12] = f->method;
}

struct stamp_followup stamp_followup_read(const uint8_t *value)
{
	return (struct stamp_followup){ bytes_get_be32(value), bytes_get_be64(value + 4), value[12] };
}

bool stamp_location_ask(struct stamp_tlv_writer *w)
{
	uint8_t value[STAMP_LOCATION_BYTES + 2 * (STAMP_TLV_HEADER + STAMP_LOCATION_ADDRESS)] = { 0 };
	struct stamp_tlv_writer subs = { .at = value, .n = STAMP_LOCATION_BYTES, .cap = sizeof(value) };

	return stamp_tlv_add(&subs, STAMP_SUB_DESTINATION, NULL, STAMP_LOCATION_ADDRESS) &&
	       stamp_tlv_add(&subs, STAMP_SUB_SOURCE, NULL, STAMP_LOCATION_ADDRESS) &&
	       stamp_tlv_add(w, STAMP_TLV_LOCATION, value, sizeof(value));
}

static void read_address(struct addr *a, uint16_t family, const uint8_t *value)
{
	a->family = family;
	memcpy(a->bytes, value, family == AF_INET ? 4 : 16);
}

bool stamp_location_read(const struct stamp_tlv *tlv, struct stamp_location *ret)
{
	struct stamp_tlvs subs = { .at = tlv->value + STAMP_LOCATION_BYTES, .n = (size_t)tlv->n - STAMP_LOCATION_BYTES };
	struct stamp_tlv sub;
	enum stamp_tlv_step step;

	*ret = (struct stamp_location){ .source.family = AF_UNSPEC, .destination.family = AF_UNSPEC };
	if (tlv->n < STAMP_LOCATION_BYTES)
		return false;
	ret->destination.port = bytes_get_be16(tlv->value);
	ret->source.port = bytes_get_be16(tlv->value + 2);
	while ((step = stamp_tlv_next(&subs, &sub)) == STAMP_TLV_ONE) {
		bool is_v4 = sub.type == STAMP_SUB_SOURCE_V4 || sub.type == STAMP_SUB_DESTINATION_V4;
		bool is_source = sub.type == STAMP_SUB_SOURCE_V4 || sub.type == STAMP_SUB_SOURCE_V6;

		if (!is_v4 && !is_source && sub.type != STAMP_SUB_DESTINATION_V6)
			continue;
		if (sub.n != STAMP_LOCATION_ADDRESS)
			return false;
		read_address(is_source ? &ret->source : &ret->destination, is_v4 ? AF_INET : AF_INET6, sub.value);
	}
	return step == STAMP_TLV_END;
}

bool stamp_return_ask(struct stamp_tlv_writer *w, enum stamp_return_control control)
{
	uint8_t value[STAMP_TLV_HEADER + STAMP_RETURN_CONTROL_BYTES], code[STAMP_RETURN_CONTROL_BYTES];
	struct stamp_tlv_writer sub = { .at = value, .cap = sizeof(value) };

	bytes_put_be32(code, control);
	return stamp_tlv_add(&sub, STAMP_SUB_RETURN_CONTROL, code, sizeof(code)) &&
	       stamp_tlv_add(w, STAMP_TLV_RETURN, value, sizeof(value));
}
