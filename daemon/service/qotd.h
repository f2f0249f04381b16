/* SPDX-License-Identifier: MIT */
/* qotd (RFC 865): a quote from a file, another one each time. */
#pragma once

#include "service/service.h"

svc_open_fn qotd_open;
svc_input_fn qotd_input;
