/* SPDX-License-Identifier: MIT */
/* The daytime test (RFC 867): the server says its date and time in a line, and ends. */
#pragma once

#include "echoprobe/probe.h"

extern const struct probe_exchange daytime_exchange;
