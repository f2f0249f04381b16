/* SPDX-License-Identifier: MIT */
/* The kernel's data of a connection, for the services that ask for it. */
#pragma once

#include "stream/client.h"

/* Fills ctx->facts, which stay until the next call, and the address that was asked. */
void connection_collect(const struct client *c, struct svc_context *ctx);
