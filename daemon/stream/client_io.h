/* SPDX-License-Identifier: MIT */
/* Waiting on a session's connection, writing to it, and the counting of both directions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "stream/client.h"

/* Waits for these events, and for the session's next deadline. False: the session could not go on and is over. */
bool client_io_wait(struct client *c, uint32_t events);

/* Drains the errors queued on the connection where its events say so; otherwise they would be reported in every turn
 * (fd_drain_errors). */
void client_io_drain_errors(const struct client *c, uint32_t events);

/* Writes what it can of n bytes: how many the client took, or −1 when it is gone (the session is over then). more: others
 * follow at once. */
ssize_t client_io_write(struct client *c, const uint8_t *from, size_t n, bool more);

/* n bytes were read. */
void client_io_count_in(struct client *c, size_t n);
