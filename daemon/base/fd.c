/* SPDX-License-Identifier: MIT */
/* Descriptors: closed by themselves, read and written whole. */
#include "base/fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define ERRORS_AT_ONCE 64

void fd_close(int *fd)
{
	int saved = errno;

	/* EINTR is no reason to close again: Linux has freed the number by then, and it may be another's. */
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

int fd_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	if ((flags & O_NONBLOCK) != 0)
		return 0;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int fd_set_cloexec(int fd, bool on)
{
	/* FD_CLOEXEC is the only flag of a descriptor, so there is nothing to keep. */
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
}

void fd_cloexec_all(void)
{
	if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) /* since Linux 5.11 */
		return;
	for (int fd = 3; fd < (int)sysconf(_SC_OPEN_MAX); fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

int fd_write_all(int fd, const void *from, size_t n)
{
	const char *at = from;

	while (n > 0) {
		ssize_t done = write(fd, at, n);

		if (done >= 0) {
			at += done;
			n -= (size_t)done;
		} else if (errno == EAGAIN) {
			int r = wait_writable(fd);

			if (r < 0)
				return r;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

bool fd_drain_errors(int fd)
{
	int n = 0;

	while (n < ERRORS_AT_ONCE) {
		struct msghdr nothing = { 0 }; /* wanted of it */
		if (recvmsg(fd, &nothing, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
		n++;
	}
	return n > 0;
}

int fd_fill_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int opened;

		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		opened = open("/dev/null", O_RDWR);
		if (opened < 0)
			return -errno;
		assert(opened == fd); /* the lowest that is free, and all below are taken */
	}
	return 0;
}

/* The lowest kept descriptor from `from` on, or INT_MAX. */
static int next_kept(const int *keep, size_t n, int from)
{
	int next = INT_MAX;

	for (size_t i = 0; i < n; i++)
		if (keep[i] >= from && keep[i] < next)
			next = keep[i];
	return next;
}

void fd_close_all_but(const int *keep, size_t n)
{
	int from = STDERR_FILENO + 1;

	for (int kept = next_kept(keep, n, from); kept != INT_MAX; kept = next_kept(keep, n, from)) {
		if (kept > from)
			(void)syscall(SYS_close_range, from, kept - 1, 0);
		from = kept + 1;
	}
	(void)syscall(SYS_close_range, from, ~0U, 0);
}
