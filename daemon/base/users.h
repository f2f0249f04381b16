/* SPDX-License-Identifier: MIT */
/*
 * Users and groups of this machine, said by name or by number.
 *
 * A name that the database has comes before the number that it may look like, as chown(1) has it. A number needs no
 * database: an empty root has none.
 */
#pragma once

#include <sys/types.h>

#include "base/attr.h"

#define USERS_NOBODY_SAID ((uid_t)-1) /* chown's "leave it" */
#define USERS_NO_GROUP ((gid_t)-1)

/* The user of a name or number, and the user's own group: the database's, or of a number that it does not know the same
 * number. 0, or -ENOENT and neither is set. */
int users_find(const char *said, uid_t *ret_uid, gid_t *ret_gid) must_check;

/* 0 or -ENOENT. */
int users_find_group(const char *said, gid_t *ret) must_check;

/* The identity that a process takes: the user, and the group that is named, or where that is "" the user's own. 0;
 * -ENOENT: there is no such user, and neither is set; -ESRCH: there is no such group, and it is the user's own. */
int users_find_pair(const char *user, const char *group, uid_t *ret_uid, gid_t *ret_gid) must_check;

/* From here on and until users_act_end() what a process of root makes in the file system belongs to that user and group from
 * its first moment (USERS_NOBODY_SAID, USERS_NO_GROUP: to root). So nobody has to be told afterwards whose it is, by a name
 * behind which there may be another file by then. It may be made in any folder still; what is there already it
 * may give away, or open to others, only as that user may. For who is not root: nothing. 0 or -EPERM. */
int users_act_as(uid_t uid, gid_t gid) must_check;
void users_act_end(void);
