/* SPDX-License-Identifier: MIT */
/* PROXY headers, written: what a balancer says of a connection or datagram that it passes on (the protocol's text of
 * 2020/03/05). session/proxy.h reads them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"

#define PROXYLINE_MAX 108 /* bytes: a line of version 1 and a NUL */

struct proxyline {
	uint8_t bytes[PROXYLINE_MAX];
	size_t n;
};

/* A header that says `client` asks and has asked `server`, both with their ports, both IPv4 or both IPv6. Both AF_UNSPEC:
 * the sender speaks for itself (UNKNOWN, LOCAL). type is SOCK_STREAM or SOCK_DGRAM; version 1 knows the first alone. 0,
 * or -EAFNOSUPPORT for other families. */
int proxyline_v1(const struct addr *client, const struct addr *server, struct proxyline *ret) must_check;
int proxyline_v2(const struct addr *client, const struct addr *server, int type, struct proxyline *ret) must_check;
