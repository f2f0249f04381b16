/* SPDX-License-Identifier: MIT */
/* Duplicate address detection, as /proc/net/if_inet6 tells of it. */
#include "net/dad.h"

#include <linux/if_addr.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* A line: address, index of the interface, length of the prefix, scope, flags, name. */
bool dad_is_tentative(const struct addr *a)
{
	FILE *from = a->family == AF_INET6 ? fopen("/proc/net/if_inet6", "re") : NULL;
	char line[128], wanted[2 * sizeof(a->bytes) + 1];
	bool found = false;
	unsigned flags;

	if (!from)
		return false;
	for (size_t i = 0; i < sizeof(a->bytes); i++)
		(void)snprintf(wanted + 2 * i, 3, "%02x", a->bytes[i]);
	while (!found && fgets(line, sizeof(line), from))
		found = strncmp(line, wanted, sizeof(wanted) - 1) == 0 && sscanf(line, "%*s %*x %*x %*x %x", &flags) == 1 &&
			(flags & IFA_F_TENTATIVE) != 0;
	(void)fclose(from);
	return found;
}
