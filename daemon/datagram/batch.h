/* SPDX-License-Identifier: MIT */
/*
 * Datagrams read from a socket many at a time, and which of them are alike.
 *
 * The kernel may hand over several datagrams of one size from one client as one message (UDP_GRO). And what a client sends
 * in a row is mostly of one size. So what is said here of a message is said of each datagram in it, and datagrams in a row
 * that differ in their bytes alone are told together: they can be judged at once, and answered at once.
 *
 * Flow: batch_read, then batch_next until it says no. What it tells stays until the next batch_read.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "datagram/packet.h"

#define BATCH_MESSAGES 32 /* read at once */
#define BATCH_ALIKE_MAX 64
#define BATCH_SLOT_BYTES 65536 /* the longest datagram there is, both families; each message has that much room */

struct batch; /* opaque: its layout is batch.c's */

/* Consecutive datagrams that are alike: from one client to one address of ours, by one way, of one length
 * (info.checked.length). */
struct alike {
	struct packet_info *info;
	const struct msghdr *message; /* the first one's */
	unsigned sender;              /* the same number: from the same client to the same address */
	uint32_t n;                   /* 1 or more; there may be more of them in the next */
	uint8_t *at[BATCH_ALIKE_MAX];
};

/* Makes a batch, which stays until the process ends. 0 or -ENOMEM. */
int batch_new(struct batch **ret) must_check;

/* Reads what is there on a listener's descriptor. The number of messages. */
unsigned batch_read(struct batch *b, const struct listener *l, int fd);

/* Takes the next ones of the batch. False: there are no more. */
bool batch_next(struct batch *b, struct alike *ret);
