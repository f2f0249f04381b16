/* SPDX-License-Identifier: MIT */
/* Ancillary data that the kernel is asked for beside each datagram, for a UDP socket's service, and how answers are sent. */
#pragma once

#include "net/types.h"

/* Sets what the service's row says (struct svc_needs), and takes back what another service had set. A kernel that does not
 * know one of these leaves a fact unknown. */
void sockopt_collect_set(const struct listener *l);
