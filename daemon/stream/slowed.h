/* SPDX-License-Identifier: MIT */
/*
 * Sessions whose listener impairs them: what the client sends reaches the session later, and what it is sent goes out at a
 * rate.
 *
 * What is held back lies in a block of the worker's buffers, as what a session is owed does; when that is full the client is
 * not read from. A session is impaired as its listener was when it began. The rest costs others one bit looked at
 * (c->is_slowed); but for slowed_begin() all functions are for those that have it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "stream/client.h"

/* The session begins, or is one of another listener from now on: looks up what is to be done to it. False: there is no
 * memory for that. */
bool slowed_begin(struct client *c) must_check;

/* Gives the memory back. */
void slowed_end(struct client *c);

/* Bytes that may be read now; 0: none, or the client's end was read. */
size_t slowed_room(const struct client *c);

/* Holds the beginning of the session back, for a service that speaks first. */
void slowed_hold_start(struct client *c);
/* Holds back what was read: slowed_room() at most; 0 bytes are the client's end. */
void slowed_hold(struct client *c, const uint8_t *from, size_t n);

/* Whether the session can go on: write what it owes, or, where it waits for input, have what was held back. */
bool slowed_is_due(const struct client *c);

/* Takes what was held back first: its bytes, 0 or more, into `to` (WORKER_IN_BYTES). The client's end, if it is that, is
 * noted in the session. */
size_t slowed_take(struct client *c, uint8_t *to);

/* Does what session_expired() does, but that a client whose bytes are held back is not idle. */
enum session_end slowed_expired(struct client *c);

/* The events that the session would wait for; client_io_wait() has slowed_wait() take away what it cannot use yet. */
uint32_t slowed_wanted(const struct client *c);

/* The events, of those that a session would wait for, that it can use now; *at_ns becomes earlier where it goes on by
 * itself before. */
uint32_t slowed_wait(const struct client *c, uint32_t events, uint64_t *at_ns);

/* The number of bytes, of n, that may be written now; and a note that so many were. */
size_t slowed_may_write(const struct client *c, size_t n);
void slowed_wrote(struct client *c, size_t n);
