/* SPDX-License-Identifier: MIT */
/* A socket's error queue: the kernel's stamp of a packet that left, or an ICMP error. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/attr.h"

#define ERRQUEUE_MANY 8
#define ERRQUEUE_QUOTED_BYTES 128 /* of our packet, as far as the router quoted it: more than a header */

enum errqueue_kind {
	ERRQUEUE_STAMP, /* a packet was handed to the network card's driver                */
	ERRQUEUE_ICMP,
	ERRQUEUE_OTHER, /* told to the sender at once already, as EMSGSIZE; or not known   */
};

struct errqueue_message {
	enum errqueue_kind kind;
	uint32_t stamp_id; /* which of the packets for which a stamp was asked for */
	int64_t stamp_ns;  /* wall clock                                           */

	int family; /* of the ICMP error */
	uint8_t type, code;
	struct addr from;   /* the router or host that sent it                          */
	uint32_t mtu_bytes; /* 0: it said none                                          */
	size_t quoted_n;    /* the octets of our payload that it quoted                 */
	uint8_t quoted[ERRQUEUE_QUOTED_BYTES];
};

/* The next messages, ERRQUEUE_MANY at most. How many; fewer than max: the queue is empty. */
size_t errqueue_read(int fd, struct errqueue_message *ret, size_t max) must_check;
