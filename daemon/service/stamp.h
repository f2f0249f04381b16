/* SPDX-License-Identifier: MIT */
/* stamp (RFC 8762, 8972): a Session-Reflector, which tells a tester when a packet came and when its answer left. */
#pragma once

#include "service/service.h"

svc_input_fn stamp_input;
svc_memory_fn stamp_memory;
svc_seal_fn stamp_seal;
svc_depart_fn stamp_depart;
