/* SPDX-License-Identifier: MIT */
/* time (RFC 868): the seconds since 1900 as four bytes. */
#pragma once

#include "service/service.h"

svc_open_fn time_open;
svc_input_fn time_input;
