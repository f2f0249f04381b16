/* SPDX-License-Identifier: MIT */
/*
 * One session on a descriptor that somebody passed, then the end: systemd's Accept=yes, inetd, xinetd.
 *
 * Process: this one process is worker and supervisor in one; a service that looks names up has its resolver as a child. A
 * stream's session is served and drained; a datagram socket (`wait`) until none has come for a minute. The access lists
 * count, the caps are the super-server's. The log is not written where standard error is the client's connection.
 */
#pragma once

#include "base/attr.h"
#include "settings/settings.h"

/* name: a listener's of the file; file NULL: a service's, with its defaults. The exit code. */
int inetd_run(const char *name, const char *file, const struct settings_override *overrides, size_t overrides_n);
