/* SPDX-License-Identifier: MIT */
/* The PROXY header that a connection begins with. */
#include "echoprobe/proxy.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "echoprobe/units.h"

#define WORDS_MAX 200

/* ADDRESS:PORT, [ADDRESS]:PORT */
static int take_address(const char *word, struct addr *ret)
{
	struct units_host h;
	uint64_t port = 0;

	if (!word || units_host(word, &h) < 0 || addr_parse(h.host, ret) < 0 ||
	    units_number(h.port, 1, UINT16_MAX, &port) < 0)
		return -EINVAL;
	ret->port = (uint16_t)port;
	return 0;
}

int proxy_parse(const char *value, struct proxyline *ret)
{
	char storage[WORDS_MAX], *left = storage;
	struct text t = TEXT_OVER(storage);
	const char *version;
	struct addr source, destination;

	text_add(&t, value);
	version = strsep(&left, ",");
	if (t.cut || take_address(strsep(&left, ","), &source) < 0 || take_address(left, &destination) < 0)
		return -EINVAL;
	if (strcmp(version, "v1") == 0)
		return proxyline_v1(&source, &destination, ret);
	if (strcmp(version, "v2") == 0)
		return proxyline_v2(&source, &destination, SOCK_STREAM, ret);
	return -EINVAL;
}

/* Nothing was sent before it, so that the socket's buffer has room for all of it. */
int proxy_send(int fd, const struct proxyline *line)
{
	ssize_t n = line->n > 0 ? send(fd, line->bytes, line->n, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

	if (n < 0)
		return -errno;
	return (size_t)n == line->n ? 0 : -ENOBUFS;
}
