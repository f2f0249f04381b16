/* SPDX-License-Identifier: MIT */
/*
 * Datagrams sent and received many at a time (sendmmsg, recvmmsg), in memory that is taken at the start.
 *
 * Flow: batch_add() as many as there are, then batch_send(); batch_receive(), then batch_datagram() for each.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"

#define BATCH_MAX 64

struct batch; /* its layout is batch.c's */

/* For payloads of up to send_bytes, and answers of up to receive_bytes: what is beyond is cut, and its length known.
 * 0 or -ENOMEM. */
int batch_new(size_t send_bytes, size_t receive_bytes, struct batch **ret) must_check;
void batch_free(struct batch **b);

/* Empties it, for datagrams to `to` over sockets of `family`. */
void batch_begin(struct batch *b, int family, const struct addr *to);

enum batch_stamp { BATCH_UNSTAMPED, BATCH_STAMPED };

/* The room of one more datagram of n octets, for the caller to fill; at most BATCH_MAX of them. */
uint8_t *batch_add(struct batch *b, size_t n, enum batch_stamp stamp);

/* Sends those from number `first` on. How many were sent, 1 or more; or -errno of the first. */
int batch_send(struct batch *b, int fd, unsigned first) must_check;

/* A datagram that arrived. */
struct batch_datagram {
	const uint8_t *at;
	size_t n;      /* octets there, which may be fewer than came */
	size_t length; /* octets that came                           */
	struct addr from;
	int64_t stamp_ns;        /* the kernel's, wall clock; 0: none           */
	int ttl, traffic_class;  /* -1: not known                        */
	uint32_t fragment_bytes; /* of the largest fragment that it came in, where the socket tells; 0: in one piece */
	uint32_t dropped;        /* that the socket's buffer had no room for, since it was opened */
};

/* Receives what is there. How many, 0 included. */
unsigned batch_receive(struct batch *b, int fd);

/* The i-th of them, until the next batch_receive(). */
void batch_datagram(const struct batch *b, unsigned i, struct batch_datagram *ret);
