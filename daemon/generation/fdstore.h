/* SPDX-License-Identifier: MIT */
/* The service manager's store for descriptors: sockets that we bound ourselves survive a restart there, with their
 * queues. */
#pragma once

#include "generation/fleet.h"

/* A generation serves: what it bound is stored; what came from the store, or was stored by the one before and is not wanted
 * any more, is removed. before: NULL at the first start. */
void fdstore_settle(struct generation *g, const struct generation *before);
