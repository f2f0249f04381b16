/* SPDX-License-Identifier: MIT */
/* discard (RFC 863): reads everything, answers nothing. */
#pragma once

#include "service/service.h"

svc_input_fn discard_input;
