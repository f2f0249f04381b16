/* SPDX-License-Identifier: MIT */
/* The hostname test (RFC 953): a line is asked, the server answers in lines, and ends. */
#pragma once

#include "echoprobe/probe.h"

extern const struct probe_exchange hostname_exchange;
