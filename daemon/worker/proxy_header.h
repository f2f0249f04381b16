/* SPDX-License-Identifier: MIT */
/*
 * The header of the PROXY protocol that comes before a session, where a listener asks for it.
 *
 * Flow: the acceptor admits a balancer's connection without a source; here its header is read; then the client that it
 * names is held against the lists and the caps, and the session begins as if that client had connected itself.
 */
#pragma once

#include <stdbool.h>

#include "worker/client.h"

#define PROXY_HEADER_WAIT_NS (3 * CLOCK_S_NS) /* for the whole header, from accept */

/* Whether this listener's connections begin with one. */
bool proxy_header_is_due(const struct listener *l);

/* Reads it, then calls client_begin(), or ends the connection: REFUSED_PROXY without a header in time, or as the client that
 * it names is refused. scratch: WORKER_LINE_BYTES, for this and every later call. */
void proxy_header_await(struct client *c, uint8_t *scratch);
