/* SPDX-License-Identifier: MIT */
/*
 * Reads PROXY headers byte by byte: version 1 is a line that is understood when it is whole, version 2 a fixed part,
 * addresses, and TLVs that are walked over.
 *
 * As the protocol's text of 2020/03/05 has it. Where it leaves a choice: families without an address that we could use
 * (UNIX, UNSPEC) give the real end points; TLVs that do not fill their place exactly are wrong.
 */
#include "session/proxy.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/decimal.h"

#define FIXED 16 /* bytes of version 2 that every header has */

enum command { COMMAND_LOCAL, COMMAND_PROXY };
enum family { FAMILY_UNSPEC, FAMILY_INET, FAMILY_INET6, FAMILY_UNIX };
#define PROTOCOL_MAX 2 /* unspecified, stream, datagram */
enum tlv { TLV_CRC32C = 3, TLV_UNIQUE_ID = 5 };
#define UNIQUE_ID_MAX 128

static const uint8_t signature[] = { 0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A };
static const uint8_t prefix[] = { 'P', 'R', 'O', 'X', 'Y', ' ' };

/* Bytes of both addresses and ports. */
static const uint32_t addresses_bytes[] = {
	[FAMILY_UNSPEC] = 0, [FAMILY_INET] = 12, [FAMILY_INET6] = 36, [FAMILY_UNIX] = 216
};

void proxy_begin(struct proxy *p, enum proxy_mode mode)
{
	assert(mode != PROXY_OFF);
	*p = (struct proxy){ .mode = (uint8_t)mode, .crc = CRC32C_BEGIN };
}

/* ---- version 1 ---- */

/* The rest of a line. */
struct words {
	const uint8_t *at;
	size_t n;
};

/* The next word, up to `end`, as a text of nothing but `allowed`. False if there is no such word. */
static bool take_word(struct words *w, char end, const char *allowed, char ret[INET6_ADDRSTRLEN])
{
	const uint8_t *stop = memchr(w->at, end, w->n);
	size_t n = stop ? (size_t)(stop - w->at) : 0;

	if (n == 0 || n >= INET6_ADDRSTRLEN)
		return false;
	memcpy(ret, w->at, n);
	ret[n] = '\0';
	w->at += n + 1;
	w->n -= n + 1;
	return strspn(ret, allowed) == n; /* a NUL in it is not allowed either */
}

/* HAProxy writes the address of an IPv4 client of its IPv6 socket as ::ffff:192.0.2.1: with dots, though the protocol's text
 * speaks of groups of hexadecimal digits only. */
static bool take_address(struct words *w, bool is_v6, struct addr *ret)
{
	char word[INET6_ADDRSTRLEN];

	if (!take_word(w, ' ', is_v6 ? "0123456789abcdefABCDEF:." : "0123456789.", word))
		return false;
	return !strchr(word, ':') == !is_v6 && addr_parse(word, ret) == 0;
}

static bool take_port(struct words *w, char end, uint16_t *ret)
{
	char word[INET6_ADDRSTRLEN];
	uint64_t v = 0;

	if (!take_word(w, end, "0123456789", word) || (word[0] == '0' && word[1] != '\0') ||
	    decimal_parse(word, UINT16_MAX, &v) < 0)
		return false;
	*ret = (uint16_t)v;
	return true;
}

/* The line is whole: it has its prefix, and its only CR is before its LF. */
static enum proxy_verdict read_line(struct proxy *p)
{
	struct words w = { p->kept + sizeof(prefix), p->taken - sizeof(prefix) };
	static const char unknown[] = "UNKNOWN";
	const size_t unknown_n = sizeof(unknown) - 1;
	char family[INET6_ADDRSTRLEN];

	if (w.n > unknown_n && memcmp(w.at, unknown, unknown_n) == 0)
		return w.at[unknown_n] == ' ' || w.at[unknown_n] == '\r' ? PROXY_REAL : PROXY_BAD;
	if (!take_word(&w, ' ', "TCP46", family) || (strcmp(family, "TCP4") != 0 && strcmp(family, "TCP6") != 0))
		return PROXY_BAD;
	if (!take_address(&w, family[3] == '6', &p->client) || !take_address(&w, family[3] == '6', &p->server) ||
	    !take_port(&w, ' ', &p->client.port) || !take_port(&w, '\r', &p->server.port))
		return PROXY_BAD;
	return PROXY_CLIENT;
}

static enum proxy_verdict take_v1(struct proxy *p, uint8_t byte)
{
	uint32_t at = p->taken++;
	bool after_cr = at > 0 && p->kept[at - 1] == '\r';

	p->kept[at] = byte;
	if (at < sizeof(prefix) && byte != prefix[at])
		return PROXY_BAD;
	if (after_cr != (byte == '\n'))
		return PROXY_BAD;
	if (after_cr)
		return read_line(p);
	return p->taken < PROXY_LINE_MAX ? PROXY_MORE : PROXY_BAD;
}

/* ---- version 2 ---- */

/* The fixed part is there: where the rest of the header ends, and whether it can. */
static bool plan_rest(struct proxy *p)
{
	uint32_t length = bytes_get_be16(p->kept + 14);
	unsigned family = p->kept[13] >> 4;

	p->end = FIXED + length;
	if ((p->kept[12] & 15) == COMMAND_LOCAL || family == FAMILY_UNSPEC) { /* to be skipped, whatever is there */
		p->addresses_end = p->end;
		p->is_opaque = true;
		return true;
	}
	p->addresses_end = FIXED + addresses_bytes[family];
	return p->addresses_end <= p->end;
}

static bool take_fixed(struct proxy *p, uint32_t at, uint8_t byte)
{
	p->kept[at] = byte;
	switch (at) {
	case 12:
		return byte >> 4 == 2 && (byte & 15) <= COMMAND_PROXY;
	case 13: /* with LOCAL the family is ignored */
		return (p->kept[12] & 15) == COMMAND_LOCAL || (byte >> 4 <= FAMILY_UNIX && (byte & 15) <= PROTOCOL_MAX);
	case 14:
		return true;
	case FIXED - 1:
		return plan_rest(p);
	default:
		return byte == signature[at];
	}
}

/* Type and length of a TLV are there: whether it fits into the header, and is as long as its type asks for. */
static bool begin_value(struct proxy *p)
{
	p->tlv_left = bytes_get_be16(p->tlv + 1);
	if (p->tlv_left > p->end - p->taken)
		return false;
	if (p->tlv[0] == TLV_UNIQUE_ID && p->tlv_left > UNIQUE_ID_MAX)
		return false;
	if (p->tlv[0] == TLV_CRC32C) { /* a second one would have to be part of what the first one covers */
		if (p->has_crc || p->tlv_left != 4)
			return false;
		p->has_crc = true;
	}
	if (p->tlv_left == 0)
		p->tlv_n = 0;
	return true;
}

static bool in_crc(const struct proxy *p)
{
	return p->tlv_n == sizeof(p->tlv) && p->tlv[0] == TLV_CRC32C;
}

static bool take_tlv(struct proxy *p, uint8_t byte)
{
	if (p->tlv_n < sizeof(p->tlv)) {
		p->tlv[p->tlv_n++] = byte;
		return p->tlv_n < sizeof(p->tlv) || begin_value(p);
	}
	if (in_crc(p))
		p->crc_said = p->crc_said << 8 | byte;
	if (--p->tlv_left == 0)
		p->tlv_n = 0;
	return true;
}

/* The kernel's form of an address, however it was written. */
static struct addr address_at(const struct proxy *p, unsigned family, size_t address_at, size_t port_at)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (family == FAMILY_INET) {
		memcpy(&in.sin_addr, p->kept + address_at, 4);
		memcpy(&in.sin_port, p->kept + port_at, 2);
		return addr_from_sockaddr((const struct sockaddr *)&in, sizeof(in));
	}
	memcpy(&in6.sin6_addr, p->kept + address_at, 16);
	memcpy(&in6.sin6_port, p->kept + port_at, 2);
	return addr_from_sockaddr((const struct sockaddr *)&in6, sizeof(in6));
}

/* All bytes are there. */
static enum proxy_verdict read_addresses(struct proxy *p)
{
	unsigned family = p->kept[13] >> 4;

	if (p->tlv_n != 0 || (p->has_crc && p->crc_said != crc32c_end(p->crc)))
		return PROXY_BAD;
	if (p->is_opaque || (p->kept[13] & 15) == 0 || family == FAMILY_UNIX)
		return PROXY_REAL;
	p->client = address_at(p, family, FIXED, family == FAMILY_INET ? FIXED + 8 : FIXED + 32);
	p->server = address_at(p, family, family == FAMILY_INET ? FIXED + 4 : FIXED + 16,
			       family == FAMILY_INET ? FIXED + 10 : FIXED + 34);
	return PROXY_CLIENT;
}

static enum proxy_verdict take_v2(struct proxy *p, uint8_t byte)
{
	uint32_t at = p->taken++;

	/* The sum is over the header as it was before the sum was written into it. */
	p->crc = crc32c_add(p->crc, at >= p->addresses_end && in_crc(p) ? 0 : byte);
	if (at < FIXED) {
		if (!take_fixed(p, at, byte))
			return PROXY_BAD;
	} else if (at < p->addresses_end) {
		if (at < FIXED + addresses_bytes[FAMILY_INET6])
			p->kept[at] = byte;
	} else if (!take_tlv(p, byte)) {
		return PROXY_BAD;
	}
	return p->taken < FIXED || p->taken < p->end ? PROXY_MORE : read_addresses(p);
}

_Static_assert(PROXY_LINE_MAX >= FIXED + 36, "the addresses of version 2 do not fit where the line of version 1 is kept");

/* ---- both ---- */

/* The first byte tells them apart. */
static uint8_t version_of(uint8_t first, uint8_t mode)
{
	if (first == prefix[0] && mode != PROXY_V2)
		return 1;
	return first == signature[0] && mode != PROXY_V1 ? 2 : 0;
}

enum proxy_verdict proxy_take(struct proxy *p, const uint8_t *in, size_t n, size_t *ret_used)
{
	enum proxy_verdict v = PROXY_MORE;
	size_t used = 0;

	while (used < n && v == PROXY_MORE) {
		uint8_t byte = in[used++];

		if (p->version == 0)
			p->version = version_of(byte, p->mode);
		v = p->version == 1 ? take_v1(p, byte) : p->version == 2 ? take_v2(p, byte) : PROXY_BAD;
	}
	*ret_used = used;
	return v;
}
