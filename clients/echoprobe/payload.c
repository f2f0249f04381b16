/* SPDX-License-Identifier: MIT */
/* Packets are written, and compared with what came back, from (run, number) alone. */
#include "echoprobe/payload.h"

#include <endian.h>
#include <string.h>

#include "base/bytes.h"

#define CHUNK 64 /* octets that are made at once; the header is within the first */
#define WORD 8

/* The parts of a packet. */
struct parts {
	const struct payload *run;
	struct payload_id id;
	uint8_t header[PAYLOAD_HEADER];
	size_t header_n;
};

static size_t header_size(size_t packet_n)
{
	if (packet_n >= PAYLOAD_HEADER)
		return PAYLOAD_HEADER;
	if (packet_n >= PAYLOAD_UNTAGGED)
		return PAYLOAD_UNTAGGED;
	return packet_n >= PAYLOAD_NUMBERED ? PAYLOAD_NUMBERED : 0;
}

static struct parts make_parts(const struct payload *p, const struct payload_id *id, size_t packet_n)
{
	struct parts m = { .run = p, .id = *id, .header_n = header_size(packet_n) };

	if (m.header_n <= PAYLOAD_NUMBERED) {
		bytes_put_be32(m.header, id->seq);
		return m;
	}
	bytes_put_be32(m.header, PAYLOAD_MAGIC);
	bytes_put_be32(m.header + 4, p->run);
	bytes_put_be32(m.header + 8, id->seq);
	bytes_put_be16(m.header + 12, id->flow);
	bytes_put_be16(m.header + 14, PAYLOAD_VERSION);
	if (m.header_n == PAYLOAD_HEADER)
		bytes_put_be64(m.header + PAYLOAD_UNTAGGED, siphash(&p->key, m.header, PAYLOAD_UNTAGGED));
	return m;
}

/* Eight octets of the random fill: SplitMix64, which gives any of its numbers without those before it. */
static uint64_t random_word(const struct parts *m, uint64_t i)
{
	uint64_t z = ((uint64_t)m->run->run << 32 | m->id.seq) + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Eight octets that count up from the first; each is added without a carry into the next. */
static uint64_t count_word(uint8_t first)
{
	uint64_t all = first * UINT64_C(0x0101010101010101), low = UINT64_C(0x7F7F7F7F7F7F7F7F);

	return ((all & low) + UINT64_C(0x0706050403020100)) ^ (all & ~low);
}

static uint64_t text_word(const struct parts *m, size_t at)
{
	uint64_t word = 0;

	for (size_t i = 0; i < WORD; i++)
		if (at + i >= m->header_n)
			word |= (uint64_t)(uint8_t)m->run->text[(at + i - m->header_n) % m->run->text_n] << (8 * i);
	return word;
}

/* The packet's octets from offset `from`, a multiple of CHUNK. */
static void make_chunk(const struct parts *m, size_t from, uint8_t to[CHUNK])
{
	enum plan_fill fill = m->run->fill;
	uint64_t word = 0;

	for (size_t i = 0; i < CHUNK; i += WORD) {
		if (fill == PLAN_FILL_PATTERN)
			word = count_word((uint8_t)(m->id.seq + from + i));
		else if (fill == PLAN_FILL_RANDOM)
			word = random_word(m, (from + i) / WORD);
		else if (fill == PLAN_FILL_TEXT)
			word = text_word(m, from + i);
		word = htole64(word);
		memcpy(to + i, &word, WORD);
	}
	if (from == 0)
		memcpy(to, m->header, m->header_n);
}

void payload_write(const struct payload *p, const struct payload_id *id, uint8_t *to, size_t n)
{
	struct parts m = make_parts(p, id, n);
	uint8_t chunk[CHUNK];
	size_t at = 0;

	for (; n - at >= CHUNK; at += CHUNK)
		make_chunk(&m, at, to + at);
	make_chunk(&m, at, chunk);
	memcpy(to + at, chunk, n - at);
}

static bool has_header(const struct payload *p, const uint8_t *from)
{
	return bytes_get_be32(from) == PAYLOAD_MAGIC && bytes_get_be32(from + 4) == p->run &&
	       bytes_get_be16(from + 14) == PAYLOAD_VERSION;
}

enum payload_found payload_read(const struct payload *p, size_t sent_n, const struct payload_octets *answer,
				struct payload_id *ret_id)
{
	const uint8_t *from = answer->at;
	size_t header_n = header_size(sent_n);

	if (header_n == 0)
		return PAYLOAD_NAMELESS;
	if (answer->n < header_n)
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

/* Adds the wrong bits among the first eight octets of what was got at offset `at`. */
static void compare_word(struct payload_damage *damage, const uint8_t *expected, const struct payload_octets *got, size_t at)
{
	uint64_t a = 0, b = 0, wrong;

	if (got->n >= WORD) {
		memcpy(&a, expected, WORD);
		memcpy(&b, got->at, WORD);
	} else {
		memcpy(&a, expected, got->n);
		memcpy(&b, got->at, got->n);
	}
	wrong = le64toh(a ^ b); /* the first octet lowest */
	if (wrong == 0)
		return;
	if (damage->bits == 0)
		damage->first_at = at + (size_t)__builtin_ctzll(wrong) / 8;
	damage->bits += (unsigned)__builtin_popcountll(wrong);
}

static enum tally_content content_of(uint64_t bits, size_t sent_n, size_t n)
{
	if (n != sent_n)
		return n < sent_n ? TALLY_TRUNCATED : TALLY_LENGTHENED;
	return bits == 0 ? TALLY_INTACT : TALLY_CORRUPTED;
}

struct payload_damage payload_compare(const struct payload *p, const struct payload_packet *packet,
				      const struct payload_octets *answer, uint64_t most_bits)
{
	struct parts m = make_parts(p, &packet->id, packet->n);
	size_t common = answer->n < packet->n ? answer->n : packet->n;
	struct payload_damage damage = { .first_at = common };
	uint8_t expected[CHUNK];

	for (size_t at = 0; at < common && damage.bits <= most_bits; at += WORD) {
		if (at % CHUNK == 0)
			make_chunk(&m, at, expected);
		compare_word(&damage, expected + at % CHUNK, &(struct payload_octets){ answer->at + at, common - at }, at);
	}
	damage.content = content_of(damage.bits, packet->n, answer->n);
	return damage;
}
