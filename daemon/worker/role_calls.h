/* SPDX-License-Identifier: MIT */
/* The system calls of each role: a table, a line a call. HACKING.md says how to find a missing one. */
#pragma once

#include "base/seccomp.h"
#include "worker/sandbox_role.h"

void role_calls(enum sandbox_role role, struct seccomp_list *ret);
