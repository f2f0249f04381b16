/* SPDX-License-Identifier: MIT */
/* inetd.conf(5), of openbsd-inetd and inetutils-inetd: a line a service. */
#pragma once

#include "base/attr.h"
#include "import/foreign.h"

/* Reads a file. A line that update-inetd(8) has switched off ("#<off># ") is an entry that is disabled. 0; -EINVAL: a line
 * is none of inetd's, or the file cannot be read, and f->problem says where. */
int inetd_conf_read(struct foreign *f, const char *path) must_check;
