/* SPDX-License-Identifier: MIT */
/* The line that a client gets whose session is refused: `banner_refused`. */
#pragma once

#include <stdbool.h>

#include "net/listener.h"

/* Sends the listener's line, if it has one, as far as the connection takes it at once, and the end behind it. True: there is
 * something that a reset would take from the client. */
bool banner_send(int fd, const struct listener *l);
