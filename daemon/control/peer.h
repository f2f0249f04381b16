/* SPDX-License-Identifier: MIT */
/*
 * The peer at the control socket, as the kernel says: by SO_PEERCRED, from the moment of its connect().
 *
 * The daemon's processes have the daemon's user, whom it obeys, and one of them may have been taken over: so of that user it
 * must be known that he is none of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

enum peer_kind {
	PEER_OTHER,         /* may ask what there is to see                                                    */
	PEER_ADMINISTRATOR, /* root, the daemon's user, a member of the group: may change things               */
	PEER_OWN,           /* a process of this daemon's, or of one of those, is not even answered            */
};

struct peer {
	enum peer_kind kind;
	uint32_t uid, pid; /* pid 0: of a namespace that we cannot see */
};

/* fd: accepted. group: whose members may change things; (gid_t)-1: none. in_doubt: since he connected, processes of ours may
 * have been waited for, whose pids say nothing any more. 0 or -errno. */
int peer_look(int fd, uint32_t group, bool in_doubt, struct peer *ret) must_check;
