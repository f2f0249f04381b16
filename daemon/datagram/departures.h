/* SPDX-License-Identifier: MIT */
/*
 * When answers really left, by the kernel's stamps (SO_TIMESTAMPING): only of those for which it was asked.
 *
 * The kernel numbers what it stamps and queues the stamps as errors of the socket; what was expected stands here by the same
 * number. Where a send fails nobody knows whether it has taken a number: both begin anew.
 *
 * Flow: departures_expect() for each answer that is sent with the control message of packet_write(), in the order of sending
 * and right before it; departures_forget() where sending fails; departures_next() until it says no.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "service/service.h"

#define DEPARTURES 128 /* that are waited for at once; of more the oldest are forgotten */

struct departures {
	bool counts; /* the kernel has numbered from 0 since then, as `n` does */
	uint32_t n;  /* the next number                                        */
	struct svc_departure waiting[DEPARTURES];
};

/* The next message of socket fd will be stamped. d->handle is not 0. */
void departures_expect(struct departures *d, int fd, const struct svc_departure *expected);

/* Whatever was expected and has not been told is told no more. */
void departures_forget(struct departures *d);

/* Takes one from the error queue of socket fd. False: the queue is empty. ret->handle is 0: it was something else. */
bool departures_next(struct departures *d, int fd, struct svc_departure *ret);
