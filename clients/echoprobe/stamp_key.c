/* SPDX-License-Identifier: MIT */
/* The key of authenticated STAMP. */
#include "echoprobe/stamp_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (2 * STAMP_KEY_BYTES_MAX + 2) /* a longer one is no key */

static const char *why_not(int error)
{
	switch (error) {
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

static int read_key(const char *path, struct stamp_hmac *ret)
{
	char storage[FILE_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;
	int r;

	if (fd < 0)
		return -errno;
	n = read(fd, storage, sizeof(storage));
	r = n < 0 ? -errno : stamp_hmac_key_parse(storage, (size_t)n, ret);
	close(fd);
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
