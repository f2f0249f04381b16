/* SPDX-License-Identifier: MIT */
/* The discard test (RFC 863): what is said is taken to the end, nothing comes back, and the server ends behind ours. */
#pragma once

#include "echoprobe/probe.h"

extern const struct probe_exchange discard_exchange;
