/* SPDX-License-Identifier: MIT */
/*
 * Messages in one connection, of which every byte must come back: the echo test over TCP and UNIX sockets.
 *
 * A message is sent when it is due, whatever is still owed; its answer is there when its last byte is. When all are sent our
 * end is closed, and the server has to send what it owes and to end.
 */
#pragma once

#include "echoprobe/engine.h"

extern const struct engine_carrier engine_stream;
