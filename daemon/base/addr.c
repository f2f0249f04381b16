/* SPDX-License-Identifier: MIT */
/*
 * One form for every address: made from socket addresses and text, compared, masked, and written down again.
 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/bytes.h"
#include "base/decimal.h"

const struct addr addr_any_v4 = { .family = AF_INET }, addr_any_v6 = { .family = AF_INET6 };
const struct addr addr_loopback_v4 = { .family = AF_INET, .bytes = { 127, 0, 0, 1 } };
const struct addr addr_loopback_v6 = { .family = AF_INET6, .bytes = { [15] = 1 } };

static const uint8_t mapped_front[12] = { [10] = 0xFF, [11] = 0xFF };

static unsigned family_bits(unsigned family)
{
	return family == AF_INET ? 32 : family == AF_INET6 ? 128 : 0;
}

static bool is_mapped(const struct addr *a)
{
	return a->family == AF_INET6 && memcmp(a->bytes, mapped_front, sizeof(mapped_front)) == 0;
}

/* The one place where IPv4-mapped becomes IPv4. */
static void unmap(struct addr *a)
{
	if (!is_mapped(a))
		return;
	memmove(a->bytes, a->bytes + 12, 4);
	memset(a->bytes + 4, 0, 12);
	a->family = AF_INET; /* it had no scope: it is not link-local */
}

/* Link-local addresses mean nothing without an interface, unicast or multicast (RFC 4291: fe80::/10, ff02::/16). */
static bool has_scope(const struct addr *a)
{
	if (a->family != AF_INET6)
		return false;
	return addr_is_link_local(a) || (a->bytes[0] == 0xFF && ((a->bytes[1] & 0x0F) == 1 || (a->bytes[1] & 0x0F) == 2));
}

struct addr addr_from_sockaddr(const struct sockaddr *sa, socklen_t len)
{
	struct addr a = { .family = AF_UNSPEC };
	sa_family_t family = AF_UNSPEC;

	/* An unnamed UNIX peer is no more than its family, and some calls give not even that. */
	if (len >= sizeof(family))
		memcpy(&family, sa, sizeof(family));
	if (family == AF_UNIX) {
		a.family = AF_UNIX;
	} else if (family == AF_INET && len >= sizeof(struct sockaddr_in)) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		a.family = AF_INET;
		memcpy(a.bytes, &in.sin_addr, 4);
		a.port = ntohs(in.sin_port);
	} else if (family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		a.family = AF_INET6;
		a.port = ntohs(in6.sin6_port);
		memcpy(a.bytes, &in6.sin6_addr, 16);
		a.scope = has_scope(&a) ? in6.sin6_scope_id : 0;
		unmap(&a);
	}
	return a;
}

static void fill_in(const struct addr *a, struct sockaddr_in *in)
{
	in->sin_family = AF_INET;
	in->sin_port = htons(a->port);
	memcpy(&in->sin_addr, a->bytes, 4);
}

static void fill_in6(const struct addr *a, struct sockaddr_in6 *in6)
{
	uint8_t *bytes = in6->sin6_addr.s6_addr;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(a->port);
	in6->sin6_scope_id = a->scope;
	if (a->family == AF_INET6) {
		memcpy(bytes, a->bytes, 16);
	} else {
		memcpy(bytes, mapped_front, sizeof(mapped_front));
		memcpy(bytes + 12, a->bytes, 4);
	}
}

int addr_to_sockaddr(const struct addr *a, int socket_family, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	memset(ret, 0, sizeof(*ret));
	if (socket_family == AF_INET && a->family == AF_INET) {
		fill_in(a, (struct sockaddr_in *)ret);
		*ret_len = sizeof(struct sockaddr_in);
		return 0;
	}
	if (socket_family == AF_INET6 && (a->family == AF_INET || a->family == AF_INET6)) {
		fill_in6(a, (struct sockaddr_in6 *)ret);
		*ret_len = sizeof(struct sockaddr_in6);
		return 0;
	}
	return -EAFNOSUPPORT;
}

/* A decimal number without sign, space or leading zero, at most `most`. 0 or -EINVAL. */
static int parse_number(const char *s, uint32_t most, uint32_t *ret)
{
	uint64_t value = 0;

	if ((s[0] == '0' && s[1] != '\0') || decimal_parse(s, most, &value) < 0)
		return -EINVAL;
	*ret = (uint32_t)value;
	return 0;
}

/* The scope that follows "%": an interface's name or index. 0, -EINVAL, or -ENODEV. */
static int parse_scope(const char *s, uint32_t *ret)
{
	char name[IF_NAMESIZE];

	if (*s == '\0')
		return -EINVAL;
	*ret = if_nametoindex(s);
	if (*ret != 0)
		return 0;
	if (parse_number(s, INT32_MAX, ret) < 0)
		return -ENODEV;
	return *ret != 0 && if_indextoname(*ret, name) ? 0 : -ENODEV;
}

/* Copies s without its brackets. 0 or -EINVAL. */
static int strip_brackets(const char *s, char *to, size_t cap)
{
	size_t n;

	if (s[0] != '[')
		return text_copy(to, cap, s) < 0 ? -EINVAL : 0;
	if (text_copy(to, cap, s + 1) < 0)
		return -EINVAL;
	n = strlen(to);
	if (n == 0 || to[n - 1] != ']')
		return -EINVAL;
	to[n - 1] = '\0';
	return strchr(to, ':') ? 0 : -EINVAL; /* brackets are for IPv6 only */
}

int addr_parse(const char *s, struct addr *ret)
{
	char plain[ADDR_TEXT_MAX];
	struct addr a = { .family = AF_UNSPEC };
	char *percent;

	if (strip_brackets(s, plain, sizeof(plain)) < 0)
		return -EINVAL;
	percent = strchr(plain, '%');
	if (percent)
		*percent++ = '\0';
	/* inet_pton is as strict as we promise: four decimal parts, no octal, no short forms. */
	a.family = strchr(plain, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(a.family, plain, a.bytes) != 1)
		return -EINVAL;
	if (percent) {
		int r = has_scope(&a) ? parse_scope(percent, &a.scope) : -EINVAL;

		if (r < 0)
			return r;
	}
	unmap(&a);
	*ret = a;
	return 0;
}

int prefix_parse(const char *s, struct prefix *ret)
{
	char address[ADDR_TEXT_MAX];
	struct addr a, masked;
	uint32_t bits, most;
	char *slash;

	if (text_copy(address, sizeof(address), s) < 0 || strpbrk(address, "[%"))
		return -EINVAL;
	slash = strchr(address, '/');
	if (slash)
		*slash++ = '\0';
	if (addr_parse(address, &a) < 0)
		return -EINVAL;
	most = strchr(address, ':') ? 128 : 32;
	bits = most;
	if (slash && parse_number(slash, most, &bits) < 0)
		return -EINVAL;
	if (most == 128 && a.family == AF_INET) { /* written as IPv4-mapped */
		if (bits < 96)
			return -ERANGE; /* ffff is beyond the length: bits set there */
		bits -= 96;
	}
	masked = addr_masked(&a, bits);
	if (!addr_same_host(&a, &masked))
		return -ERANGE;
	*ret = (struct prefix){ .addr = masked, .bits = (uint8_t)bits };
	return 0;
}

void addr_add_text(struct text *t, const struct addr *a)
{
	char number[INET6_ADDRSTRLEN];

	if (a->family != AF_INET && a->family != AF_INET6) {
		text_add(t, a->family == AF_UNIX ? "unix" : "none");
		return;
	}
	/* glibc's and musl's inet_ntop write RFC 5952's form; both families fit. */
	inet_ntop(a->family, a->bytes, number, sizeof(number));
	text_add(t, number);
	if (a->scope != 0)
		text_addf(t, "%%%u", a->scope);
}

void addr_add_text_port(struct text *t, const struct addr *a)
{
	char storage[ADDR_TEXT_MAX];
	struct text host = TEXT_OVER(storage);

	addr_add_text(&host, a);
	if (a->family == AF_INET)
		text_addf(t, "%s:%u", storage, a->port);
	else if (a->family == AF_INET6)
		text_addf(t, "[%s]:%u", storage, a->port);
	else
		text_add(t, storage);
}

void prefix_add_text(struct text *t, const struct prefix *p)
{
	char storage[ADDR_TEXT_MAX];
	struct text host = TEXT_OVER(storage);

	addr_add_text(&host, &p->addr);
	text_addf(t, "%s/%u", storage, p->bits);
}

bool addr_same_host(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && a->scope == b->scope && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool addr_same(const struct addr *a, const struct addr *b)
{
	return addr_same_host(a, b) && a->port == b->port;
}

static bool begins(const struct addr *a, int family, unsigned bits, uint16_t front)
{
	return a->family == family && (bytes_get_be16(a->bytes) >> (16 - bits)) == (front >> (16 - bits));
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	return begins(a, AF_INET, 8, 0x7F00) || (a->family == AF_INET6 && memcmp(a->bytes, one, sizeof(one)) == 0);
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];

	return (a->family == AF_INET || a->family == AF_INET6) && memcmp(a->bytes, zero, sizeof(zero)) == 0;
}

bool addr_is_multicast(const struct addr *a)
{
	return begins(a, AF_INET, 4, 0xE000) || begins(a, AF_INET6, 8, 0xFF00);
}

bool addr_is_link_local(const struct addr *a)
{
	return begins(a, AF_INET, 16, 0xA9FE) || begins(a, AF_INET6, 10, 0xFE80);
}

bool prefix_holds(const struct prefix *p, const struct addr *a)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;

	if (p->addr.family != a->family || memcmp(p->addr.bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 || ((p->addr.bytes[whole] ^ a->bytes[whole]) >> (8 - rest)) == 0;
}

struct addr addr_masked(const struct addr *a, unsigned bits)
{
	struct addr m = { .family = a->family };
	unsigned all = family_bits(a->family);
	unsigned whole, rest;

	if (bits > all)
		bits = all;
	whole = bits / 8;
	rest = bits % 8;
	memcpy(m.bytes, a->bytes, whole);
	if (rest != 0)
		m.bytes[whole] = (uint8_t)(a->bytes[whole] & (0xFF << (8 - rest)));
	return m;
}

struct addr addr_source(const struct addr *a, unsigned bits_v4, unsigned bits_v6)
{
	struct addr user = { .family = AF_UNIX };

	if (a->family != AF_UNIX)
		return addr_masked(a, a->family == AF_INET ? bits_v4 : bits_v6);
	memcpy(user.bytes, a->bytes, sizeof(user.bytes));
	return user;
}
