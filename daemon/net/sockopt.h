/* SPDX-License-Identifier: MIT */
/*
 * The socket options of a listener: which ones, when, and with what value.
 *
 * Each function sets what it can up to the first failure: 0, or -errno with *ret_what naming the option.
 */
#pragma once

#include "base/attr.h"
#include "net/types.h"

/* Options that hold for the socket's life, before it is bound. */
int sockopt_set_fixed(const struct listener *l, const char **ret_what) must_check;

/* Of those, what a socket needs that somebody else has bound. */
int sockopt_set_passed(const struct listener *l, const char **ret_what) must_check;

/* Options that settings may change at any time; may be called again. Sets l->receive_buffer_got and l->multipath. */
int sockopt_set_adjustable(struct listener *l, const char **ret_what) must_check;

/* Options that a session's socket does not have from its listening socket. */
int sockopt_set_session(const struct listener *l, int fd) must_check;
