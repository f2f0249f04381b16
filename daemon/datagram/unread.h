/* SPDX-License-Identifier: MIT */
/*
 * What the clients of a UNIX datagram socket have not read yet, and who may be sent more.
 *
 * The kernel charges an unread datagram to the sender's buffer, so one client that asks and never reads could use up the
 * buffer of our one socket, and nobody would be answered. (net.unix.max_dgram_qlen is no help: a client that is connected
 * to us is exempt from it.) So the buffer is shared by a dynamic threshold, as a switch shares its memory: a client may
 * have a quarter of what stays free unread, so that each one that never reads takes a fifth of what is left at most.
 *
 * The kernel tells the sum alone (SIOCOUTQ); who has how much of it is an estimate, which may be wrong for a while. So who
 * has its share gets one more answer now and then, a probe: once that is read, so is all that came before it.
 *
 * Flow, for each batch: unread_settle(), then unread_admit() for each answer. Pure: no system call, no memory but its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "base/attr.h"

#define UNREAD_PEERS 64

struct unread_peer {
	struct sockaddr_un address;
	uint32_t address_bytes;    /* 0: an unused place                               */
	uint64_t unread;           /* as estimated                                     */
	uint64_t probe;            /* of that: the answer beyond its share, or 0       */
	uint64_t refused, between; /* answers since its probe; that many until another */
	uint64_t batch, before;    /* in which it was last answered; `unread` before   */
	uint64_t asked;            /* when it last did, counted in answers             */
};

/* Sizes are in bytes as the kernel charges them (truesize). */
struct unread {
	uint64_t buffer;  /* what the socket may have unread in all (SO_SNDBUF)    */
	uint64_t total;   /* what it has: the peers' `unread`, and `unknown`       */
	uint64_t unknown; /* no peer's here: sent to others, or by another process */
	uint64_t batches, answers;
	struct unread_peer peers[UNREAD_PEERS];
};

/* Empties all accounts, for a socket with this send buffer. */
void unread_init(struct unread *u, uint64_t buffer);

/* Settles the accounts with the sum that the kernel says is unread. What is less than we know of has been read: rather
 * by the peers answered last, of those by the ones that had least left before, for a peer that reads leaves little. */
void unread_settle(struct unread *u, uint64_t total);

/* Whether this peer may be sent an answer of so many bytes. If so it counts as sent. */
bool unread_admit(struct unread *u, const void *address, size_t address_bytes, size_t answer_bytes) must_check;

/* Takes back an answer that was not sent after all. */
void unread_refund(struct unread *u, const void *address, size_t address_bytes, size_t answer_bytes);
