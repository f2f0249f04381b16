/* SPDX-License-Identifier: MIT */
#include "stream/banner.h"

#include <string.h>
#include <sys/socket.h>

bool banner_send(int fd, const struct listener *l)
{
	const char *line = l->settings->banner_refused;
	struct iovec parts[] = { { (char *)(uintptr_t)line, strlen(line) }, { "\r\n", 2 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	char unread[512];

	if (!*line)
		return false;
	(void)sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	/* Bytes that are not read would make the kernel reset the connection when it is closed. */
	(void)recv(fd, unread, sizeof(unread), MSG_DONTWAIT);
	return true;
}
