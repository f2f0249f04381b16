/* SPDX-License-Identifier: MIT */
/* xinetd.conf(5): `defaults` and services in braces, a line an attribute, with the files that it includes. */
#pragma once

#include "base/attr.h"
#include "import/foreign.h"

#define XINETD_CONF_DEPTH_MAX 8

/* Reads a file and what it includes, or all files of a folder as `includedir` does: those whose names have no dot and do
 * not end with "~", in the order of their names. 0; -EINVAL: it is none of xinetd's, or cannot be read, and f->problem says
 * where. */
int xinetd_conf_read(struct foreign *f, const char *path) must_check;
