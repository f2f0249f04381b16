/* SPDX-License-Identifier: MIT */
/*
 * Answers that wait to be sent from a datagram socket, those of one length to one client as one message (UDP_SEGMENT).
 *
 * Flow: outbox_begin, outbox_add until it is full or there are no more, then sender_send, which empties it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "datagram/packet.h"

#define OUTBOX_MESSAGES 64
#define OUTBOX_PIECES 128
#define OUTBOX_SEGMENTS_MAX 64        /* of one message; some kernels take 128                  */
#define OUTBOX_SEGMENTED_BYTES 65507u /* of one message, over IPv4                              */

/* The content of a message. */
struct outbox_content {
	uint32_t n;       /* datagrams                                       */
	uint32_t segment; /* bytes of each but the last, which may have less */
	uint32_t last;    /* bytes of the last                               */
	uint32_t bytes;   /* in all                                          */
	unsigned sender;  /* of the request (struct alike)                   */
	uint32_t handle;  /* the service's (struct svc_sending)              */
	bool departs;     /* likewise                                        */
	size_t control;   /* bytes of control messages without UDP_SEGMENT   */
};

struct outbox {
	bool merges; /* the socket can send several datagrams as one message */
	unsigned n, pieces_n;
	struct mmsghdr messages[OUTBOX_MESSAGES];
	struct outbox_content contents[OUTBOX_MESSAGES];
	struct iovec pieces[OUTBOX_PIECES]; /* no datagram is in two of them */
	_Alignas(struct cmsghdr) char control[OUTBOX_MESSAGES][PACKET_ANSWER_BYTES];
};

/* The destination of an answer, and the way there. */
struct outbox_to {
	const struct listener *listener;
	const struct packet_info *info; /* of the request */
	void *name;                     /* of the client; stays where it is until the answer is sent */
	socklen_t name_bytes;
	const struct svc_sending *sending; /* NULL: as any */
	unsigned sender; /* the same number as the answer's before: the same client, from the same address */
};

/* Empties it. */
void outbox_begin(struct outbox *b, bool merges);

/* Adds an answer, whose bytes stay where they are until it is sent. False: there is no room, send first. */
bool outbox_add(struct outbox *b, const struct outbox_to *to, const struct iovec *answer);
