/* SPDX-License-Identifier: MIT */
/*
 * What a process may no longer do, from one line on: one call a role, before the first byte from a client.
 *
 * Not all of it is there everywhere: system calls are filtered where the build and the kernel can (base/seccomp.h), files
 * and signals fenced off where the kernel can (base/landlock.h). What is missing stays allowed; the rest holds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "worker/sandbox_role.h"

struct sandbox {
	enum sandbox_role role;
	uint64_t memory_limit; /* bytes; 0: none                                                    */
	uint64_t descriptors;  /* open at the same time; 0: as many as before                       */
	bool names;            /* the process answers datagrams of UNIX clients, who may have abstract names */
};

/* Gives up all capabilities and every way to get new ones, core dumps, being traced, the files and system calls that the
 * role does not need, and memory and descriptors beyond what it was given; asks to be killed when the parent dies (inetd
 * style: the parent is somebody else's). 0 or -errno: the process must not serve then. */
int sandbox_enter(const struct sandbox *s) must_check;

/* Does once, before processes of this role are forked, what costs time and memory for their sandbox: a process in bounds of
 * its own may not have as much. 0 or -errno: they must not be forked then. */
int sandbox_prepare(enum sandbox_role role) must_check;

/* Logs what this kernel cannot do for the sandboxes. */
void sandbox_say_what_is_missing(void);

/* The number of system calls that a role may make; 0 where they are not filtered. */
size_t sandbox_calls_n(enum sandbox_role role);
