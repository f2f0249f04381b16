/* SPDX-License-Identifier: MIT */
/* Limits of the process. */
#include "base/rlimit.h"

#include <errno.h>

int rlimit_lower(rlimit_resource resource, rlim_t value)
{
	struct rlimit r;

	if (getrlimit(resource, &r) < 0)
		return -errno;
	if (r.rlim_max > value)
		r.rlim_max = value;
	if (r.rlim_cur > value)
		r.rlim_cur = value;
	return setrlimit(resource, &r) < 0 ? -errno : 0;
}
