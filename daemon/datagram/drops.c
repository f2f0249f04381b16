/* SPDX-License-Identifier: MIT */
/* The kernel's drops at a datagram socket for want of room, as a counter. */
#include "datagram/drops.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "base/clock.h"

#define LOOK_NS (CLOCK_S_NS / 10) /* between looks (SO_RXQ_OVFL costs every datagram more) */

/* The drops since the socket was made; 0 where the kernel does not say. */
static uint32_t drops_of(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t n = sizeof(info);

	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &n) == 0 ? info[SK_MEMINFO_DROPS] : 0;
}

void drops_begin(struct drops *d, int fd)
{
	d->seen = drops_of(fd);
}

void drops_count(struct drops *d, int fd, struct counters *counters, uint64_t now_ns)
{
	uint32_t total = drops_of(fd);

	if (total != d->seen) /* it may wrap */
		counters_add(&counters->kernel_drops, total - d->seen);
	d->seen = total;
	d->due_ns = now_ns + LOOK_NS;
}
