/* SPDX-License-Identifier: MIT */
/* From root to the service's user, for good. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/text.h"
#include "net/listener.h"
#include "settings/settings.h"

/* Whom settings name, or mean: their user, and their group or the user's own. 0; -ENOENT: no such user, or -ESRCH: no such
 * group, and why. */
int privileges_find(const struct settings *s, uid_t *ret_uid, gid_t *ret_gid, struct text *why) must_check;

/* For root: becomes settings' user and group (the user's own where only the user is said), keeping CAP_NET_BIND_SERVICE
 * alone. Not as root: nothing. 0; or -errno, with the sentence that says what was not possible. Afterwards the process is
 * not dumpable. */
int privileges_drop(const struct settings *s, struct text *why) must_check;

/* Makes CAP_NET_BIND_SERVICE, where we have it, outlive the execution of another program, or no more. 0 or -errno. */
int privileges_keep_over_exec(bool keep) must_check;

/* For root, before that: the sockets that were bound become the user's too, or a reload could not put others in their place
 * (replace.h). Where that is not possible they stay root's. */
void privileges_give(const struct settings *s, const struct listener *list, size_t n);
