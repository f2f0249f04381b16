/* SPDX-License-Identifier: MIT */
/* The key of authenticated STAMP. */
#include "echoprobe/stamp_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define FILE_MAX (2 * STAMP_KEY_BYTES_MAX + 2) /* a longer one is no key */

static const char *why_not(int error)
{
	switch (error) {
	case -EPERM:
		return "can be read by others: its mode is to be 0600, or 0640 with our group";
	case -EINVAL:
		return "is not one line of hexadecimal digits, two a byte";
	case -ERANGE:
		return "is no key of 16 to 64 bytes";
	case -ENOSYS:
		return "cannot be used: this program was built without libsodium";
	default:
		return strerror(-error);
	}
}

/* Whether nobody but this user and root can read it. What is no file, as a pipe, is whoever's gave it to us. */
static bool is_secret(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return true;
	return (st->st_mode & 07777 & ~0640U) == 0 && ((st->st_mode & 0040) == 0 || st->st_gid == getegid());
}

static int read_key(const char *path, struct stamp_hmac *ret)
{
	char storage[FILE_MAX];
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	ssize_t n;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!is_secret(&st))
		return -EPERM;
	n = read(fd, storage, sizeof(storage));
	r = n < 0 ? -errno : stamp_hmac_key_parse(storage, (size_t)n, ret);
	explicit_bzero(storage, sizeof(storage));
	return r;
}

int stamp_key_read(const char *path, struct stamp_hmac *ret, struct text *why)
{
	int r = read_key(path, ret);

	if (r < 0)
		text_addf(why, "--auth: %s %s", path, why_not(r));
	return r;
}
