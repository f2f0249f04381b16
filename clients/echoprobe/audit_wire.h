/* SPDX-License-Identifier: MIT */
/* The server that an audit speaks to, and the memory of what is said and heard. */
#pragma once

#include <signal.h>

#include "echoprobe/audit_ask.h"
#include "echoprobe/audit_heard.h"
#include "echoprobe/plan.h"
#include "echoprobe/target.h"

struct audit_wire {
	const struct plan *plan;
	struct addr target; /* with the port of the service */
	struct target_source from;
	const volatile sig_atomic_t *interrupted; /* what waits returns then, as if its time were over */
	uint8_t said[AUDIT_SAID_MAX];
	uint8_t heard[AUDIT_HEARD_MAX];
};

/* Waits until `fd` (-1: nothing) is ready for poll(2)'s events, or until that moment of CLOCK_MONOTONIC. What is
 * ready; 0: the time is over. */
short audit_wire_wait(const struct audit_wire *w, int fd, short events, uint64_t until_ns);

/* Notes that the target was not reached. */
void audit_wire_fail(struct audit_heard *h, int error);

/* Reads the socket's error queue: whether an ICMP error was there that says that the target is not reached, and is noted. */
bool audit_wire_read_errors(int fd, struct audit_heard *h);
