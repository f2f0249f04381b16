/* SPDX-License-Identifier: MIT */
/*
 * The header of the PROXY protocol that comes before a session, where a listener asks for it.
 *
 * Flow: the acceptor admits a balancer's connection without a source; here its header is read; then the client that it
 * names is held against the lists and the caps, and the session begins as if that client had connected itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "stream/client.h"

#define PROXY_HEADER_WAIT_NS (3 * CLOCK_S_NS) /* for the whole header, from accept */

/* Prepares a connection whose first bytes are a header. Called before the first of them is read. */
void proxy_header_begin(struct client *c);

/* Bytes in a buffer of the caller. */
struct span {
	const uint8_t *at;
	size_t n;
};

/* Reads what has come of the header into a buffer of so many bytes. True: the header is whole, and the session is to
 * begin with *ret, the bytes behind it. False: the rest is waited for, or the connection is over: REFUSED_PROXY without
 * a header, or as the client that it names is refused. */
bool proxy_header_read(struct client *c, uint8_t *buffer, size_t bytes, struct span *ret) must_check;

/* The address that the client has asked, by the header. c->has_header. */
const struct addr *proxy_header_server(const struct client *c);

/* The timer of the header fires: the connection is over. */
void proxy_header_late(struct client *c);
