/* SPDX-License-Identifier: MIT */
/*
 * One UDP socket of a test and its options: what leaves on it is marked as the plan says, and what comes back is told with
 * its TTL, its marks and its time.
 *
 * The socket is not connected, so that an answer from another address is seen; the caller looks at where each came from.
 */
#pragma once

#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/text.h"
#include "echoprobe/plan.h"
#include "echoprobe/target.h"

#define FLOW_RECEIVE_BUFFER_BYTES (4 * 1024 * 1024)

/* The ends that a socket sends from and to. */
struct flow_ends {
	const struct plan *plan;
	const struct addr *target; /* AF_UNIX: the plan's path                             */
	const struct target_source *from;
	uint32_t index; /* of the flow: its port is the plan's plus that number, or the kernel's choice */
};

struct flow {
	int fd;        /* -1: not open                      */
	int family;    /* AF_INET or AF_INET6               */
	uint16_t port; /* that it sends from                */
};

/* Opens a flow to the target's family. 0 or -errno and the sentence. */
int flow_open(struct flow *f, const struct flow_ends *ends, struct text *why) must_check;
void flow_close(struct flow *f);

/* The end that the kernel would send from to `target`: its address and interface, by asking for a route and sending
 * nothing. The interface's name is of IF_NAMESIZE bytes; "" where it is not known. 0, or -errno: there is no route. */
int flow_source(const struct flow *f, const struct addr *target, struct addr *ret, char *ret_interface) must_check;

/* The parts of flow_open() that a connection has as well: the interface and marks, and the address and port that it comes
 * from. 0 or -errno and the sentence. */
int flow_prepare(int fd, const struct flow_ends *ends, struct text *why) must_check;
int flow_bind(int fd, const struct flow_ends *ends, struct text *why) must_check;

/* The interface that has an address; "" where none has. ret is of IF_NAMESIZE bytes. */
void flow_find_interface(const struct addr *local, char *ret);
