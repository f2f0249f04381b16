/* SPDX-License-Identifier: MIT */
/* A series of socket options. */
#include "net/sockopt_series.h"

#include <errno.h>

void series_set_bytes(struct series *s, struct option o, const void *value, size_t n)
{
	if (s->result < 0 || setsockopt(s->fd, o.level, o.number, value, (socklen_t)n) == 0 ||
	    (s->lenient && (errno == EOPNOTSUPP || errno == ENOPROTOOPT)))
		return;
	s->result = -errno;
	s->failed = o.name;
}
