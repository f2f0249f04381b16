/* SPDX-License-Identifier: MIT */
/* info: tells a client what this host saw of its packet, as one JSON object on a line. */
#pragma once

#include "service/service.h"

svc_open_fn info_open;
svc_input_fn info_input;
