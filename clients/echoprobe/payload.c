/* SPDX-License-Identifier: MIT */
/* Packets are written, and compared with what came back, from (run, number) alone. */
#include <string.h>

#include "base/bytes.h"
#include "echoprobe/payload.h"

#define CHUNK 64 /* octets that are compared at once; the header is within the first */

struct header {
	uint8_t at[PAYLOAD_HEADER];
	size_t n;
};

static size_t header_size(size_t packet_n)
{
	if (packet_n >= PAYLOAD_HEADER)
		return PAYLOAD_HEADER;
	if (packet_n >= PAYLOAD_UNTAGGED)
		return PAYLOAD_UNTAGGED;
	return packet_n >= PAYLOAD_NUMBERED ? PAYLOAD_NUMBERED : 0;
}

static struct header make_header(const struct payload *p, const struct payload_id *id, size_t packet_n)
{
	struct header h = { .n = header_size(packet_n) };

	if (h.n <= PAYLOAD_NUMBERED) {
		bytes_put_be32(h.at, id->seq);
		return h;
	}
	bytes_put_be32(h.at, PAYLOAD_MAGIC);
	bytes_put_be32(h.at + 4, p->run);
	bytes_put_be32(h.at + 8, id->seq);
	bytes_put_be16(h.at + 12, id->flow);
	bytes_put_be16(h.at + 14, PAYLOAD_VERSION);
	if (h.n == PAYLOAD_HEADER)
		bytes_put_be64(h.at + PAYLOAD_UNTAGGED, siphash(&p->key, h.at, PAYLOAD_UNTAGGED));
	return h;
}

/* Eight octets of the random fill: SplitMix64, which gives any of its numbers without those before it. */
static uint64_t random_word(const struct payload *p, const struct payload_id *id, uint64_t i)
{
	uint64_t z = ((uint64_t)p->run << 32 | id->seq) + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* The fill's octets from offset `from`, a multiple of eight, of a packet with a header of header_n octets. */
static void fill(const struct payload *p, const struct payload_id *id, size_t header_n, size_t from, uint8_t *to, size_t n)
{
	uint64_t word = 0;

	switch (p->fill) {
	case PLAN_FILL_ZEROS:
		memset(to, 0, n);
		break;
	case PLAN_FILL_PATTERN:
		for (size_t i = 0; i < n; i++)
			to[i] = (uint8_t)(id->seq + from + i);
		break;
	case PLAN_FILL_RANDOM:
		for (size_t i = 0; i < n; i++, word >>= 8) {
			if (i % 8 == 0)
				word = random_word(p, id, (from + i) / 8);
			to[i] = (uint8_t)word;
		}
		break;
	case PLAN_FILL_TEXT:
		for (size_t i = 0; i < n; i++)
			to[i] = (uint8_t)(from + i < header_n ? 0 : p->text[(from + i - header_n) % p->text_n]);
		break;
	}
}

void payload_write(const struct payload *p, const struct payload_id *id, uint8_t *to, size_t n)
{
	struct header h = make_header(p, id, n);

	fill(p, id, h.n, 0, to, n);
	memcpy(to, h.at, h.n);
}

static bool has_header(const struct payload *p, const uint8_t *from)
{
	return bytes_get_be32(from) == PAYLOAD_MAGIC && bytes_get_be32(from + 4) == p->run &&
	       bytes_get_be16(from + 14) == PAYLOAD_VERSION;
}

enum payload_found payload_read(const struct payload *p, size_t sent_n, const uint8_t *from, size_t n,
				struct payload_id *ret_id)
{
	size_t header_n = header_size(sent_n);

	if (header_n == 0)
		return PAYLOAD_NAMELESS;
	if (n < header_n)
		return PAYLOAD_DAMAGED;
	if (header_n == PAYLOAD_NUMBERED) {
		*ret_id = (struct payload_id){ .seq = bytes_get_be32(from) };
		return PAYLOAD_FOUND;
	}
	if (!has_header(p, from))
		return PAYLOAD_DAMAGED;
	if (header_n == PAYLOAD_HEADER &&
	    bytes_get_be64(from + PAYLOAD_UNTAGGED) != siphash(&p->key, from, PAYLOAD_UNTAGGED))
		return PAYLOAD_DAMAGED;
	*ret_id = (struct payload_id){ .seq = bytes_get_be32(from + 8), .flow = bytes_get_be16(from + 12) };
	return PAYLOAD_FOUND;
}

/* Adds the wrong bits of a chunk that begins at offset `at`. */
static void compare_chunk(struct payload_damage *damage, const uint8_t *expected, const uint8_t *got, size_t at, size_t n)
{
	if (memcmp(expected, got, n) == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (expected[i] == got[i])
			continue;
		if (damage->bits == 0)
			damage->first_at = at + i;
		damage->bits += (unsigned)__builtin_popcount((unsigned)(expected[i] ^ got[i]));
	}
}

static enum tally_content content_of(uint64_t bits, size_t sent_n, size_t n)
{
	if (n != sent_n)
		return n < sent_n ? TALLY_TRUNCATED : TALLY_LENGTHENED;
	return bits == 0 ? TALLY_INTACT : TALLY_CORRUPTED;
}

struct payload_damage payload_compare(const struct payload *p, const struct payload_id *id, size_t sent_n,
				      const struct payload_octets *answer, uint64_t most_bits)
{
	struct header h = make_header(p, id, sent_n);
	size_t common = answer->n < sent_n ? answer->n : sent_n;
	struct payload_damage damage = { .first_at = common };
	uint8_t expected[CHUNK];

	for (size_t at = 0; at < common && damage.bits <= most_bits; at += CHUNK) {
		size_t n = common - at < CHUNK ? common - at : CHUNK;

		fill(p, id, h.n, at, expected, n);
		if (at == 0)
			memcpy(expected, h.at, h.n < n ? h.n : n);
		compare_chunk(&damage, expected, answer->at + at, at, n);
	}
	damage.content = content_of(damage.bits, sent_n, answer->n);
	return damage;
}
