/* SPDX-License-Identifier: MIT */
/* Control messages as facts for a service: of a datagram, and of a connection's first packets. */
#pragma once

#include <sys/socket.h>

#include "service/service.h"

/* Sets those facts of which msg's control messages speak: TTL, traffic class, fragments, the kernel's time, and the
 * interface where that is not known yet. */
void collected_read(const struct msghdr *msg, struct svc_facts *f);

/* The name of an interface, until the next call; NULL: index is 0, or it is gone. fd: any socket. */
const char *collected_interface_name(int fd, unsigned index);

/* Sets what the kernel keeps of the packet by which a TCP connection was made: a socket of `family` (AF_INET: also one of
 * IPv6 whose peer is of IPv4). What it does not keep stays. */
void collected_of_connection(int fd, int family, struct svc_facts *f);
