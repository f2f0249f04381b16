/* SPDX-License-Identifier: MIT */
/* echo (RFC 862): sends back what it is sent, byte for byte. */
#pragma once

#include "service/service.h"

svc_input_fn echo_input;
