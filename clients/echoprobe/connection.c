/* SPDX-License-Identifier: MIT */
/* A connection to a target. */
#include "echoprobe/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"

/* A path that begins with @ is an abstract one, as in the daemon's log. */
static int unix_address(const char *path, struct sockaddr_un *ret, socklen_t *ret_len)
{
	size_t n = strlen(path);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, path, n);
	if (path[0] == '@')
		ret->sun_path[0] = '\0';
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] != '@'));
	return 0;
}

static int connect_unix(int type, const struct sockaddr_un *to, socklen_t len, int *ret_fd)
{
	const struct sockaddr_un own = { .sun_family = AF_UNIX };
	cleanup_fd int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* A datagram is answered to a name, which the kernel makes up (an abstract one). */
	if (type == SOCK_DGRAM && bind(fd, (const struct sockaddr *)&own, sizeof(own.sun_family)) < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)to, len) < 0)
		return -errno;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* The type of the socket at a path is found by trying. */
static int open_unix(const char *path, int *ret_fd, struct text *why)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	struct sockaddr_un to;
	socklen_t len = 0;
	int r = unix_address(path, &to, &len);

	if (r < 0) {
		text_addf(why, "%s: %s", path, strerror(-r));
		return r;
	}
	r = -EPROTOTYPE;
	for (size_t i = 0; r == -EPROTOTYPE && i < array_n(types); i++)
		r = connect_unix(types[i], &to, len, ret_fd);
	return r;
}

static int open_tcp(const struct flow_ends *ends, int *ret_fd, struct text *why)
{
	int family = ends->target->family;
	cleanup_fd int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage sa;
	const int on = 1;
	socklen_t len;
	int r;

	if (fd < 0)
		return -errno;
	r = flow_prepare(fd, ends, why);
	if (r == 0)
		r = flow_bind(fd, ends, why);
	if (r < 0)
		return r;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	r = addr_to_sockaddr(ends->target, family, &sa, &len);
	if (r == 0 && connect(fd, (struct sockaddr *)&sa, len) < 0)
		r = errno == EINPROGRESS ? 1 : -errno;
	if (r >= 0)
		*ret_fd = fd_take(&fd);
	return r;
}

int connection_find_unix(const char *path, bool *ret_datagrams, struct text *why)
{
	struct sockaddr_un to;
	socklen_t len = 0;
	cleanup_fd int fd = -1;
	int r = unix_address(path, &to, &len);

	if (r == 0)
		r = connect_unix(SOCK_DGRAM, &to, len, &fd);
	*ret_datagrams = r == 0;
	if (r == -EPROTOTYPE || r == -ECONNREFUSED)
		r = 0;
	if (r < 0)
		text_add(why, strerror(-r));
	return r;
}

int connection_open(const struct flow_ends *ends, int *ret_fd, struct text *why)
{
	if (ends->target->family == AF_UNIX)
		return open_unix(ends->plan->unix_path, ret_fd, why);
	return open_tcp(ends, ret_fd, why);
}

int connection_error(int fd)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

bool connection_is_datagrams(int fd)
{
	socklen_t len = sizeof(int);
	int type = 0;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_DGRAM;
}

struct addr connection_source(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct addr none = { .family = AF_UNSPEC }, own;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return none;
	own = addr_from_sockaddr((struct sockaddr *)&sa, len);
	return own.family == AF_UNIX ? none : own;
}

static void add(struct result_value *v, int64_t more)
{
	*v = RESULT_KNOWN((v->known ? v->value : 0) + more);
}

void connection_add_facts(int fd, struct result_tcp *tcp)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return;
	add(&tcp->retransmits, info.tcpi_total_retrans);
	tcp->mss_bytes = RESULT_KNOWN(info.tcpi_snd_mss);
	if (info.tcpi_pmtu != 0)
		tcp->pmtu_bytes = RESULT_KNOWN(info.tcpi_pmtu);
}
