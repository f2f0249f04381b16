/* SPDX-License-Identifier: MIT */
/* Limits of the process: setrlimit(2). */
#pragma once

#include <sys/resource.h>

#include "base/attr.h"

#ifdef __GLIBC__
typedef __rlimit_resource_t rlimit_resource; /* an enum there, which clang tells from an int */
#else
typedef int rlimit_resource;
#endif

/* Lowers both limits of a resource to value; where they are lower they stay, as raising one would fail. 0 or -errno. */
int rlimit_lower(rlimit_resource resource, rlim_t value);
