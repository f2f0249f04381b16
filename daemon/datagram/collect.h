/* SPDX-License-Identifier: MIT */
/* The kernel's data of a datagram beyond what every datagram is judged by, for the services that ask for it. */
#pragma once

#include "datagram/packet.h"

/* Fills what the listener's service collects, and says of the rest that it is unknown; but for what is not the packet's
 * (drops, limited, uptime). info: of the same message. */
void collect_read(const struct listener *l, const struct msghdr *msg, const struct packet_info *info, struct svc_facts *ret);
