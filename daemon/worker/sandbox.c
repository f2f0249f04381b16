/* SPDX-License-Identifier: MIT */
/* What a process may no longer do. */
#include "worker/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static int limit(int resource, rlim_t value)
{
	struct rlimit r = { .rlim_cur = value, .rlim_max = value };

	return setrlimit((__rlimit_resource_t)resource, &r) < 0 ? -errno : 0;
}

static bool holds_capabilities(void)
{
	for (unsigned capability = 0; capability <= CAP_LAST_CAP; capability++)
		if (capng_have_capability(CAPNG_PERMITTED, capability) ||
		    capng_have_capability(CAPNG_INHERITABLE, capability))
			return true;
	return false;
}

/* One that holds none does not call capset(2): a service manager may well deny it. */
static int give_up_capabilities(void)
{
	if (capng_get_caps_process() < 0)
		return -EPERM;
	if (!holds_capabilities())
		return 0;
	capng_clear(CAPNG_SELECT_ALL);
	return capng_apply(CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
}

int sandbox_enter(enum sandbox_role role, uint64_t memory_limit)
{
	int r;

	r = give_up_capabilities();
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* After the identity changed, which clears it. The channel's end of file is the second way to notice. */
	if (role != SANDBOX_INETD && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	r = limit(RLIMIT_CORE, 0);
	if (r == 0 && memory_limit)
		r = limit(RLIMIT_DATA, memory_limit);
	return r;
}
