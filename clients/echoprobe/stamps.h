/* SPDX-License-Identifier: MIT */
/*
 * The kernel's time stamps of what is sent (SO_TIMESTAMPING): which are asked for, and to which packet one belongs.
 *
 * A stamp of a packet that leaves costs about half of what sending it does. So above 10,000 packets a second, of those that
 * are sent together only the first and one in N are stamped: the others left just after the last before them that was.
 *
 * The kernel numbers the packets that it was asked to stamp, and so does this. A send that fails may or may not have taken
 * a number: after one both begin anew.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "echoprobe/plan.h"

#define STAMPS_RATE_MAX 10000 /* a second */
#define STAMPS_IDS 4096       /* a power of two: stamps under way */
#define STAMPS_CONTROL_BYTES CMSG_SPACE(sizeof(uint32_t))

struct stamps {
	int fd;
	bool receiving, sending; /* are asked for at all                        */
	uint64_t every;          /* one packet in so many                       */
	uint32_t issued;         /* the number that the next one has            */
	uint64_t seqs[STAMPS_IDS];
};

/* Asks for stamps on a socket that sends a packet each interval_ns. What the kernel does not have is left out. */
void stamps_open(struct stamps *s, int fd, enum plan_stamps asked, uint64_t interval_ns);

/* Whether a packet is to be stamped; `place` is its number among those that are sent together. */
bool stamps_wanted(const struct stamps *s, unsigned place);

/* The control message that asks for it, in STAMPS_CONTROL_BYTES. */
void stamps_ask(struct msghdr *msg, void *control);

/* Packet seq was sent with that message. */
void stamps_sent(struct stamps *s, uint64_t seq);

/* Sending failed. Stamps that are under way are lost. */
void stamps_restart(struct stamps *s);

/* The packet that the kernel's number means; false: none. */
bool stamps_find(const struct stamps *s, uint32_t id, uint64_t *ret_seq) must_check;
