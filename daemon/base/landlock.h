/* SPDX-License-Identifier: MIT */
/*
 * Which files, addresses and processes a process may still reach (Landlock). What it has open stays open.
 *
 * What a kernel's Landlock does not know it does not deny: TCP is from Linux 6.7 on, signals and abstract names from 6.12.
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"

struct landlock {
	const char *const *readable; /* below these paths files may be read, never written, made or executed; ends with NULL.
				      * Paths that do not exist are left out. NULL: none                             */
	bool connects;               /* TCP connections to others                                                    */
	bool names;                  /* abstract UNIX sockets of processes outside                                   */
};

/* The version of the kernel's Landlock; 0: there is none. */
int landlock_version(void);

/* For this process and what it forks. Signals reach only processes behind the same fence. Needs no_new_privs. 0; -ENOSYS:
 * nothing is denied, since there is no Landlock here; else -errno. */
int landlock_enter(const struct landlock *f) must_check;

/* Takes all capabilities from this process. By hand: libcap-ng would read files for it, and each worker keep the pages
 * that this dirties. One that holds none does not call capset(2): a service manager may well deny it. 0 or -errno. */
int landlock_give_up_capabilities(void) must_check;
