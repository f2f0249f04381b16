/* SPDX-License-Identifier: MIT */
/*
 * Sends the answers of a datagram socket, in order; what cannot be sent is dropped and counted (send_errors).
 *
 * Flow: sender_new once, sender_begin whenever this process begins to read the socket, sender_send for each outbox.
 */
#pragma once

#include <sys/socket.h>

#include "base/attr.h"
#include "net/listener.h"
#include "shared/counters.h"
#include "datagram/departures.h"
#include "datagram/outbox.h"
#include "datagram/unread.h"

struct sender {
	struct counters *counters;
	struct unread *unread;         /* UNIX; NULL for UDP, whose datagrams leave our buffer by themselves */
	bool merges;                   /* the kernel takes several datagrams as one message                 */
	svc_seal_fn *seal;             /* the service's; NULL: none                                         */
	svc_depart_fn *depart;         /* likewise                                                          */
	struct svc_context sealing;    /* for both; `wall` is filled in                                     */
	struct departures *departures; /* NULL where there is no `depart` */
};

/* Prepares the sender of an open listener. 0 or -ENOMEM. */
int sender_new(const struct listener *l, struct counters *counters, struct sender *ret) must_check;

void sender_begin(struct sender *s, int fd);

/* Takes what is in the socket's error queue: when answers left, for the service; the rest is thrown away. Some at a time.
 * False: nothing was there. */
bool sender_take_errors(struct sender *s, int fd);

/* Sends all of it and empties it. */
void sender_send(struct sender *s, int fd, struct outbox *b);
