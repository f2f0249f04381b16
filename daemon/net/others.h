/* SPDX-License-Identifier: MIT */
/*
 * Who else has a socket of UDP where one of ours is.
 *
 * Needed where one was bound beside another of ours (replace.h): there the kernel looks no further than to the first that
 * may be shared with, and does not tell that a third, of anybody, was there before both.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"
#include "net/listener.h"

/* l: bound; ours: the inodes of the sockets that may be there, l among them. 0, also where the kernel does not tell
 * (without sock_diag of UDP, or of AF_NETLINK); -EADDRINUSE and why. */
int others_look(const struct listener *l, const uint64_t *ours, size_t ours_n, struct text *why) must_check;
