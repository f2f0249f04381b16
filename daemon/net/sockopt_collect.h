/* SPDX-License-Identifier: MIT */
/* What the kernel is asked to say beside each datagram for the service of a UDP socket, and how it sends the answers. */
#pragma once

#include "net/types.h"

/* Sets what the service's row says (struct svc_needs), and takes back what another service had set. A kernel that does not
 * know one of these leaves a fact unknown. */
void sockopt_collect_set(const struct listener *l);
