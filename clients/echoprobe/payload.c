/* SPDX-License-Identifier: MIT */
/* Packets are written, and compared with what came back, from (run, number) alone. */
#include <endian.h>
#include <string.h>

#include "base/bytes.h"
#include "echoprobe/payload.h"

#define CHUNK 64 /* octets that are made at once; the header is within the first */
#define WORD 8

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

/* Eight octets that count up from the first; each is added without a carry into the next. */
static uint64_t count_word(uint8_t first)
{
	uint64_t all = first * UINT64_C(0x0101010101010101), low = UINT64_C(0x7F7F7F7F7F7F7F7F);

	return ((all & low) + UINT64_C(0x0706050403020100)) ^ (all & ~low);
}

static uint64_t text_word(const struct payload *p, size_t header_n, size_t at)
{
	uint64_t word = 0;

	for (size_t i = 0; i < WORD; i++)
		if (at + i >= header_n)
			word |= (uint64_t)(uint8_t)p->text[(at + i - header_n) % p->text_n] << (8 * i);
	return word;
}

/* A chunk of the packet `id` that has the header h, from offset `from`, a multiple of CHUNK. */
static void make_chunk(const struct payload *p, const struct payload_id *id, const struct header *h, size_t from,
		       uint8_t to[CHUNK])
{
	uint64_t word = 0;

	for (size_t i = 0; i < CHUNK; i += WORD) {
		if (p->fill == PLAN_FILL_PATTERN)
			word = count_word((uint8_t)(id->seq + from + i));
		else if (p->fill == PLAN_FILL_RANDOM)
			word = random_word(p, id, (from + i) / WORD);
		else if (p->fill == PLAN_FILL_TEXT)
			word = text_word(p, h->n, from + i);
		word = htole64(word);
		memcpy(to + i, &word, WORD);
	}
	if (from == 0)
		memcpy(to, h->at, h->n);
}

void payload_write(const struct payload *p, const struct payload_id *id, uint8_t *to, size_t n)
{
	struct header h = make_header(p, id, n);
	uint8_t chunk[CHUNK];
	size_t at = 0;

	for (; n - at >= CHUNK; at += CHUNK)
		make_chunk(p, id, &h, at, to + at);
	make_chunk(p, id, &h, at, chunk);
	memcpy(to + at, chunk, n - at);
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

struct payload_damage payload_compare(const struct payload *p, const struct payload_id *id, size_t sent_n,
				      const struct payload_octets *answer, uint64_t most_bits)
{
	struct header h = make_header(p, id, sent_n);
	size_t common = answer->n < sent_n ? answer->n : sent_n;
	struct payload_damage damage = { .first_at = common };
	uint8_t expected[CHUNK];

	for (size_t at = 0; at < common && damage.bits <= most_bits; at += WORD) {
		if (at % CHUNK == 0)
			make_chunk(p, id, &h, at, expected);
		compare_word(&damage, expected + at % CHUNK, &(struct payload_octets){ answer->at + at, common - at }, at);
	}
	damage.content = content_of(damage.bits, sent_n, answer->n);
	return damage;
}
