/* SPDX-License-Identifier: MIT */
/*
 * Sends the answers of a datagram socket, in order; what cannot be sent is dropped and counted (send_errors).
 *
 * Flow: sender_new once, sender_begin whenever this process begins to read the socket, sender_send for each batch.
 */
#pragma once

#include <sys/socket.h>

#include "base/attr.h"
#include "net/listener.h"
#include "session/counters.h"
#include "worker/unread.h"

struct sender {
	struct counters *counters;
	struct unread *unread; /* UNIX; NULL for UDP, whose datagrams leave our buffer by themselves */
};

/* Of an open listener. 0 or -ENOMEM. */
int sender_new(const struct listener *l, struct counters *counters, struct sender *ret) must_check;

void sender_begin(struct sender *s, int fd);

/* The messages say to whom, and may be changed. */
void sender_send(struct sender *s, int fd, struct mmsghdr *out, unsigned n);
