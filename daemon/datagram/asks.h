/* SPDX-License-Identifier: MIT */
/* Datagrams that wait for the resolver. */
#pragma once

#include "base/attr.h"
#include "datagram/outlet.h"

/* Room for them, in d->pending. 0 or -ENOMEM. */
int asks_new(struct datagrams *d) must_check;

/* Asks a question for a datagram, whose answer is sent when it comes; or counts that nobody can be asked. */
void asks_begin(struct outlet *o, const struct alike *a, const void *state, const struct lookup_question *question);
