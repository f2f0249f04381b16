/* SPDX-License-Identifier: MIT */
/* The base packets of STAMP: one table of places a mode, one function a direction. */
#include "wire/stamp.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

#define SIGNED 96 /* octets that the HMAC is of; it follows them */
#define TWAMP_REFLECTION_MIN 41

/* Octets from the start of a packet. The Sequence Number is at 0. */
struct places {
	size_t sent, error, ssid;                                    /* of both sides    */
	size_t received, sender_seq, sender_sent, sender_error, ttl; /* of the reflector */
	size_t base, reflection_min;
};

static const struct places places[] = {
	[STAMP_UNAUTHENTICATED] = { .sent = 4,
				    .error = 12,
				    .ssid = 14,
				    .received = 16,
				    .sender_seq = 24,
				    .sender_sent = 28,
				    .sender_error = 36,
				    .ttl = 40,
				    .base = STAMP_BASE,
				    .reflection_min = TWAMP_REFLECTION_MIN },
	[STAMP_AUTHENTICATED] = { .sent = 16,
				  .error = 24,
				  .ssid = 26,
				  .received = 32,
				  .sender_seq = 48,
				  .sender_sent = 64,
				  .sender_error = 72,
				  .ttl = 80,
				  .base = STAMP_BASE_AUTHENTICATED,
				  .reflection_min = STAMP_BASE_AUTHENTICATED },
};

size_t stamp_base_bytes(enum stamp_mode mode)
{
	return places[mode].base;
}

void stamp_write_request(uint8_t *packet, enum stamp_mode mode, const struct stamp_request *r)
{
	const struct places *at = &places[mode];

	memset(packet, 0, at->base);
	bytes_put_be32(packet, r->seq);
	bytes_put_be64(packet + at->sent, r->sent);
	bytes_put_be16(packet + at->error, r->error);
	bytes_put_be16(packet + at->ssid, r->ssid);
}

void stamp_write_reflection(uint8_t *packet, enum stamp_mode mode, const struct stamp_reflection *r)
{
	const struct places *at = &places[mode];

	stamp_write_request(packet, mode,
			    &(struct stamp_request){ .seq = r->seq, .sent = r->sent, .error = r->error, .ssid = r->ssid });
	bytes_put_be64(packet + at->received, r->received);
	bytes_put_be32(packet + at->sender_seq, r->sender.seq);
	bytes_put_be64(packet + at->sender_sent, r->sender.sent);
	bytes_put_be16(packet + at->sender_error, r->sender.error);
	packet[at->ttl] = r->ttl;
}

void stamp_write_sent(uint8_t *packet, enum stamp_mode mode, uint64_t sent)
{
	bytes_put_be64(packet + places[mode].sent, sent);
}

/* The fields that stand at the same places in packets of both sides. */
static struct stamp_request read_common(const uint8_t *packet, size_t n, const struct places *at)
{
	return (struct stamp_request){
		.seq = bytes_get_be32(packet),
		.sent = bytes_get_be64(packet + at->sent),
		.error = bytes_get_be16(packet + at->error),
		.ssid = n >= at->ssid + sizeof(uint16_t) ? bytes_get_be16(packet + at->ssid) : 0,
	};
}

int stamp_read_request(const uint8_t *packet, size_t n, enum stamp_mode mode, struct stamp_request *ret)
{
	if (n < (mode == STAMP_UNAUTHENTICATED ? STAMP_REQUEST_MIN : STAMP_BASE_AUTHENTICATED))
		return -EBADMSG;
	*ret = read_common(packet, n, &places[mode]);
	return 0;
}

int stamp_read_reflection(const uint8_t *packet, size_t n, enum stamp_mode mode, struct stamp_reflection *ret)
{
	const struct places *at = &places[mode];
	struct stamp_request own;

	if (n < at->reflection_min)
		return -EBADMSG;
	own = read_common(packet, n, at);
	*ret = (struct stamp_reflection){
		.seq = own.seq,
		.sent = own.sent,
		.error = own.error,
		.ssid = own.ssid,
		.received = bytes_get_be64(packet + at->received),
		.ttl = packet[at->ttl],
		.sender = { .seq = bytes_get_be32(packet + at->sender_seq),
			    .sent = bytes_get_be64(packet + at->sender_sent),
			    .error = bytes_get_be16(packet + at->sender_error) },
	};
	return 0;
}

static void compute(const uint8_t *packet, const struct stamp_hmac *key, uint8_t ret[STAMP_HMAC_BYTES])
{
	struct stamp_hmac h = *key;

	stamp_hmac_add(&h, packet, SIGNED);
	stamp_hmac_end(&h, ret);
}

void stamp_sign(uint8_t *packet, const struct stamp_hmac *key)
{
	compute(packet, key, packet + SIGNED);
}

bool stamp_is_authentic(const uint8_t *packet, size_t n, const struct stamp_hmac *key)
{
	uint8_t right[STAMP_HMAC_BYTES];

	if (n < STAMP_BASE_AUTHENTICATED)
		return false;
	compute(packet, key, right);
	return stamp_hmac_same(packet + SIGNED, right);
}
