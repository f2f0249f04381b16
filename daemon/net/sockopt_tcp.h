/* SPDX-License-Identifier: MIT */
/* Options of listening TCP sockets that settings may change at any time. */
#pragma once

#include "net/sockopt_series.h"
#include "settings/types.h"

void sockopt_tcp_set(struct series *s, const struct socket_settings *w);
