/* SPDX-License-Identifier: MIT */
/* Landlock: the files, addresses and processes that a process may still reach. By number: glibc has no functions for
 * Landlock, and the headers of a build may be older than the kernel it runs on. */
#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/seccomp.h"
#include "base/fd.h"

/* Sanitizers look for their symbolizer and into /proc; gcov writes files at the end. */
#if defined(SYS_landlock_create_ruleset) && !defined(WITH_COVERAGE) && !SECCOMP_SANITIZED

#define GET_VERSION 1u
#define RULE_PATH_BENEATH 1

#define READ_FILE (1ull << 2)
#define READ_DIR (1ull << 3)

#define BIND_TCP (1ull << 0)
#define CONNECT_TCP (1ull << 1)

#define SCOPE_ABSTRACT_NAMES (1ull << 0)
#define SCOPE_SIGNALS (1ull << 1)

/* The structures of <linux/landlock.h> in the newest version. A kernel that knows fewer members takes the others if they
 * are 0. */
struct ruleset {
	uint64_t files, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

int landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, GET_VERSION);

	return version > 0 ? (int)version : 0;
}

/* All that this version can deny of files: the bits from EXECUTE on. */
static uint64_t file_rights(int version)
{
	return version >= 5   ? (1ull << 16) - 1  /* IOCTL_DEV */
	       : version >= 3 ? (1ull << 15) - 1  /* TRUNCATE  */
	       : version >= 2 ? (1ull << 14) - 1  /* REFER     */
			      : (1ull << 13) - 1; /* MAKE_SYM  */
}

static int allow_reading(int ruleset, const char *path)
{
	struct stat st;
	cleanup_fd int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0; /* not there, or not for us to see: nothing to read either */
	struct path_beneath rule = { .allowed = S_ISDIR(st.st_mode) ? READ_FILE | READ_DIR : READ_FILE, .fd = fd };
	return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

int landlock_enter(const struct landlock *f)
{
	int version = landlock_version();
	struct ruleset all = {
		.files = file_rights(version),
		.net = version >= 4 ? BIND_TCP | (f->connects ? 0 : CONNECT_TCP) : 0,
		.scoped = version >= 6 ? SCOPE_SIGNALS | (f->names ? 0 : SCOPE_ABSTRACT_NAMES) : 0,
	};
	int r = 0;

	if (!version)
		return -ENOSYS;
	cleanup_fd int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (ruleset < 0)
		return -errno;
	for (const char *const *path = f->readable; r == 0 && path && *path; path++)
		r = allow_reading(ruleset, *path);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = errno == E2BIG ? -ENOSYS : -errno; /* E2BIG: behind as many fences as there can be already */
	return r;
}

#else

int landlock_version(void)
{
	return 0;
}

int landlock_enter(const struct landlock *f maybe_unused)
{
	return -ENOSYS;
}

#endif

int landlock_give_up_capabilities(void)
{
	struct __user_cap_header_struct self = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	static const struct __user_cap_data_struct none[array_n(sets)];

	if (syscall(SYS_capget, &self, sets) < 0)
		return -errno;
	if (memcmp(sets, none, sizeof(sets)) == 0)
		return 0;
	return syscall(SYS_capset, &self, none) < 0 ? -errno : 0;
}
