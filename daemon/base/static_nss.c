/* SPDX-License-Identifier: MIT */
/* The places where the C library looks names up: users, groups, services, hosts. */
#include "base/static_nss.h"

#if defined STATIC_PROGRAM && defined HAVE___NSS_CONFIGURE_LOOKUP
#include <assert.h>
#include <nss.h>
#include <stddef.h>

void static_nss_init(void)
{
	static const char *const sources[][2] = {
		{ "passwd", "files" },   { "group", "files" },     { "initgroups", "files" },
		{ "services", "files" }, { "hosts", "files dns" },
	};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		int r = __nss_configure_lookup(sources[i][0], sources[i][1]);

		assert(r == 0); /* glibc's own words */
	}
}
#else
void static_nss_init(void)
{
}
#endif
