/* SPDX-License-Identifier: MIT */
/* A worker's datagram sockets: when they are given up. */
#include "datagram/outlet.h"

#include "base/fd.h"

/* A worker that drains needs its sockets for what the resolver still owes, no longer: as long as any process has one
 * open its port is taken, and what is sent there is lost silently. */
void outlet_let_go(struct datagrams *d)
{
	if (d->w->phase < WORKER_DRAINING || d->w->datagrams_waiting)
		return;
	for (size_t i = 0; i < d->outlets_n; i++)
		fd_close(&d->outlets[i].source.fd);
}
