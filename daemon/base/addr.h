/* SPDX-License-Identifier: MIT */
/*
 * One form for every address, made once at the edge: an IPv4-mapped IPv6 address is IPv4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/text.h"

struct addr {
	uint16_t family; /* AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC: none                     */
	uint16_t port;   /* host byte order                                                 */
	uint32_t scope;  /* interface index of a link-local IPv6 address, else 0            */
	/* Network byte order; IPv4 in the first four, the rest zero; AF_UNIX: likewise the user's number, where known. */
	uint8_t bytes[16];
};

struct prefix {
	struct addr addr; /* bits beyond the length are zero; port and scope are 0 */
	uint8_t bits;     /* 0..32 or 0..128                                       */
};

/* 0.0.0.0, ::, 127.0.0.1, ::1; port 0. */
extern const struct addr addr_any_v4, addr_any_v6, addr_loopback_v4, addr_loopback_v6;

#define ADDR_TEXT_MAX 80 /* "[…%4294967295]:65535" and the NUL */

/* From a socket address; IPv4-mapped becomes IPv4. AF_UNSPEC for a family it does not know. */
struct addr addr_from_sockaddr(const struct sockaddr *sa, socklen_t len);

/* To a socket address for a socket of socket_family (IPv4 becomes IPv4-mapped for AF_INET6). *ret_len is set.
 * 0 or -EAFNOSUPPORT. */
int addr_to_sockaddr(const struct addr *a, int socket_family, struct sockaddr_storage *ret, socklen_t *ret_len) must_check;

/* Numeric only: "127.0.0.1", "::1", "fe80::1%eth0", "[::1]" (brackets allowed). Never asks a name server. IPv4 has four
 * decimal parts without leading zeros. IPv4-mapped becomes IPv4. 0, -EINVAL not an address, -ENODEV no such interface. */
int addr_parse(const char *s, struct addr *ret) must_check;

/* "192.0.2.0/24", "2001:db8::/32", "192.0.2.1". Bits set beyond the length: -ERANGE. Else 0 or -EINVAL. An IPv4-mapped
 * prefix of 96 bits and more becomes IPv4. */
int prefix_parse(const char *s, struct prefix *ret) must_check;

/* "127.0.0.1", "2001:db8::1" (RFC 5952), "fe80::1%2", "unix", "none". The scope is a number: no system call. */
void addr_add_text(struct text *t, const struct addr *a);
/* "127.0.0.1:7", "[2001:db8::1]:7", "unix", "none". */
void addr_add_text_port(struct text *t, const struct addr *a);
void prefix_add_text(struct text *t, const struct prefix *p);

bool addr_same_host(const struct addr *a, const struct addr *b); /* all but the port */
bool addr_same(const struct addr *a, const struct addr *b);
bool addr_is_loopback(const struct addr *a);   /* 127/8, ::1                            */
bool addr_is_any(const struct addr *a);        /* 0.0.0.0, ::                           */
bool addr_is_multicast(const struct addr *a);  /* 224/4, ff00::/8                       */
bool addr_is_link_local(const struct addr *a); /* 169.254/16, fe80::/10                 */
bool prefix_holds(const struct prefix *p, const struct addr *a);

/* a with all bits beyond `bits` zero, and neither port nor scope: the key of a source prefix. */
struct addr addr_masked(const struct addr *a, unsigned bits);

/* The source that an address counts as: its prefix of so many bits, or of a local client (AF_UNIX) its user. */
struct addr addr_source(const struct addr *a, unsigned bits_v4, unsigned bits_v6);
