/* SPDX-License-Identifier: MIT */
/* tcpmux: a session that goes on as another listener's. */
#pragma once

#include <stdbool.h>

#include "stream/client.h"

/* The session becomes one of the listener that its service named (SVC_BECOME), admitted by it as if that had been asked
 * itself. False: it is refused, and over. */
bool become_another(struct client *c, const struct svc_io *io);
