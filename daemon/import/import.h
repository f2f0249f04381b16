/* SPDX-License-Identifier: MIT */
/* --import: the settings that serve what xinetd or an inetd served by itself. */
#pragma once

#include "base/attr.h"

/* Reads a file of xinetd's or inetd's, which its text tells, or a folder as xinetd's `includedir`; prints the settings to
 * standard output, and to standard error how much has no equivalent. An exit code: 0; 1: something was lost; EX_NOINPUT:
 * there is no such file; EX_CONFIG: it is neither's; EX_IOERR. */
int import_run(const char *path) must_check;
