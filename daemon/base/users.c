/* SPDX-License-Identifier: MIT */
/* Users and groups of this machine, said by name or by number. */
#include "base/users.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/decimal.h"

/* The last number is no id, but "leave it". */
static int read_number(const char *said, uint32_t *ret)
{
	uint64_t v = 0;

	if (decimal_parse(said, UINT32_MAX - 1, &v) < 0)
		return -ENOENT;
	*ret = (uint32_t)v;
	return 0;
}

int users_find(const char *said, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *pw = getpwnam(said);
	uint32_t number = 0;

	if (!pw) {
		if (read_number(said, &number) < 0)
			return -ENOENT;
		pw = getpwuid(number);
	}
	*ret_uid = pw ? pw->pw_uid : number;
	*ret_gid = pw ? pw->pw_gid : number;
	return 0;
}

int users_find_group(const char *said, gid_t *ret)
{
	const struct group *gr = getgrnam(said);
	uint32_t number = 0;

	if (!gr && read_number(said, &number) < 0)
		return -ENOENT;
	*ret = gr ? gr->gr_gid : number;
	return 0;
}

int users_find_pair(const char *user, const char *group, uid_t *ret_uid, gid_t *ret_gid)
{
	if (users_find(user, ret_uid, ret_gid) < 0)
		return -ENOENT;
	return group[0] != '\0' && users_find_group(group, ret_gid) < 0 ? -ESRCH : 0;
}

/* Another file system user has none of root's rights over files, until it gets this one back. */
static void keep_every_folder_open(void)
{
	struct __user_cap_header_struct self = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &self, sets) < 0)
		return;
	sets[CAP_TO_INDEX(CAP_DAC_OVERRIDE)].effective |= sets[CAP_TO_INDEX(CAP_DAC_OVERRIDE)].permitted &
							  CAP_TO_MASK(CAP_DAC_OVERRIDE);
	(void)syscall(SYS_capset, &self, sets); /* what is not possible then says so */
}

int users_act_as(uid_t uid, gid_t gid)
{
	if (geteuid() != 0)
		return 0;
	/* Neither call tells of its failure: each returns what was before. */
	if (gid != USERS_NO_GROUP)
		(void)setfsgid(gid);
	if (uid != USERS_NOBODY_SAID)
		(void)setfsuid(uid);
	if ((gid != USERS_NO_GROUP && (gid_t)setfsgid(USERS_NO_GROUP) != gid) ||
	    (uid != USERS_NOBODY_SAID && (uid_t)setfsuid(USERS_NOBODY_SAID) != uid)) {
		users_act_end();
		return -EPERM;
	}
	keep_every_folder_open();
	return 0;
}

void users_act_end(void)
{
	if (geteuid() != 0)
		return;
	(void)setfsuid(geteuid());
	(void)setfsgid(getegid());
}
