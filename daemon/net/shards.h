/* SPDX-License-Identifier: MIT */
/*
 * The sockets of one UDP listener at one address (`shards`): the kernel deals its clients over them by address and port, so
 * each can have a reader, and a core, of its own, and what one client sends stays in order.
 *
 * The first is bound without SO_REUSEPORT, as any socket is: so whoever has the port already, another of us with such a
 * group too, is noticed. Only then it is opened to the others, which the kernel lets in as sockets of the same user. (So a
 * program of that user that sets SO_REUSEPORT by itself could join. It could as well kill us.)
 *
 * A reload may change how many there are. Who comes is bound when everything else is ready; who goes gets nothing more and
 * is read until it is empty (replace.h). Its clients move to other sockets then: for that moment alone their order is not
 * kept. A socket that was passed is no group's; a group of those is made where they are bound (ReusePort=).
 */
#pragma once

#include "base/attr.h"
#include "net/types.h"

/* Opens or shuts the group, as the listener's settings say. UDP, bound by us; of others it changes nothing. Before a shard
 * behind the first is bound, after the first one is. 0 or -errno. */
int shards_share(const struct listener *l) must_check;

/* One that is about to be bound goes where the first of its group is, which has a port by now. */
void shards_follow(struct listener *l);

/* The first of its group. */
const struct listener *shards_first(const struct listener *l);
