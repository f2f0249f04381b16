/* SPDX-License-Identifier: MIT */
/*
 * A connection a message: something is said, or nothing, and the answer is what the server says until it is whole.
 *
 * A flow has one connection at a time: a message that is due meanwhile waits for its end, at most for the time-out.
 */
#pragma once

#include "echoprobe/engine.h"

extern const struct engine_carrier engine_exchange;
