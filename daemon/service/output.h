/* SPDX-License-Identifier: MIT */
/* The output side of a service's call: bytes that go out whole or not at all. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "service/service.h"

/* The number of bytes that the output still takes. */
size_t output_room(const struct svc_io *io);

/* Appends all n bytes or, where they do not fit, none: then false. */
bool output_add(struct svc_io *io, const char *bytes, size_t n) must_check;

/* The last word of a service that has nothing more to read: takes what input there is and answers n bytes (SVC_DONE), or
 * nothing where they do not fit (SVC_DROP), for half an answer is a wrong one. */
enum svc_verdict output_end(struct svc_io *io, const char *bytes, size_t n);

/* The peer sends and receives datagrams, one request and one answer each. */
bool output_is_datagram(const struct svc_context *ctx);
