/* SPDX-License-Identifier: MIT */
/*
 * Datagram sockets in a worker: read in batches, checked, answered from the address that was asked.
 *
 * Each socket has exactly one reader process at any time (two would reorder answers); plan->readers says which, and the
 * supervisor deals them anew when one dies. Flow, in order: batch.h (recvmmsg) → admission_requests() → the service →
 * admission_answers() → outbox.h → sender.h (sendmmsg); a mirror's answer is sent from where the request was read. What is
 * alike and in a row is judged at once and sent as one message, as if it had been one by one.
 */
#pragma once

#include "base/attr.h"
#include "datagram/outlet.h"
#include "worker/worker.h"

/* For worker w's datagram sockets; reads none yet. 0 and w->datagrams (NULL where the pool has none), or -errno. */
int datagram_new(struct worker *w) must_check;

/* Reads those sockets that plan->readers gives to this worker, and no others; none while it drains. NULL is allowed. */
void datagram_look(struct datagrams *d);
