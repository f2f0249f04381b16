/* SPDX-License-Identifier: MIT */
/* The facts of a datagram. */
#include "datagram/collect.h"

#include "base/clock.h"
#include "net/collected.h"

void collect_read(const struct listener *l, const struct msghdr *msg, const struct packet_info *info, struct svc_facts *ret)
{
	*ret = (struct svc_facts){ .ttl = -1, .traffic_class = -1, .dropped = -1, .interface = info->interface };
	collected_read(msg, ret);
	if (ret->received_by == SVC_TIME_USER)
		ret->received = clock_wall();
	if (l->settings->service->needs.collects & SVC_INTERFACE)
		ret->interface_name = collected_interface_name(l->fd, info->interface);
}
