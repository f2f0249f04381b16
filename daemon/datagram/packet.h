/* SPDX-License-Identifier: MIT */
/* The control messages that come with a datagram, and those that go with its answer, of both families. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/listener.h"
#include "admission/datagram_checks.h"

#define PACKET_CONTROL_BYTES 256 /* of what is received */
#define PACKET_ANSWER_BYTES 128  /* of what is sent     */

/* The facts that came with a datagram. */
struct packet_info {
	struct checked_packet checked;
	unsigned interface; /* index of the one it arrived on; 0 unknown */
	uint8_t dscp;       /* 0..63                                     */
	uint32_t segment;   /* UDP_GRO: it is several datagrams, of so many bytes each but the last; 0: it is one */
};

/* Reads the source address and the control messages of a received message. Of how many bytes is left to the caller. */
void packet_read(const struct listener *l, const struct msghdr *msg, struct packet_info *ret);

/* Whether a UNIX datagram came from the socket of one of n listeners. A client that has put a link to us where its own
 * path was has our answer sent to us. */
bool packet_is_from_any(const struct listener *listeners, size_t n, const struct msghdr *msg);

/* Fills the control of an answer: from the address that was asked, over the interface it came by where the address is link-
 * local or the service says so, with the DSCP that the service says, or the request's where the listener reflects it, and to
 * be stamped when it leaves where the service asks for that.
 * sending: NULL where the service says nothing. msg->msg_control has PACKET_ANSWER_BYTES; msg_controllen is set. */
void packet_write(const struct listener *l, const struct packet_info *from, const struct svc_sending *sending,
		  struct msghdr *msg);

/* Adds that the message is several datagrams, of so many bytes each but the last (UDP_SEGMENT). */
void packet_add_segment(struct msghdr *msg, uint16_t bytes);
