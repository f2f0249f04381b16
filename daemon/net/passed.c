/* SPDX-License-Identifier: MIT */
/* What systemd passed to this process: taken, and each descriptor understood or refused. (The variables are those of
 * sd_listen_fds(3); libsystemd would bring six libraries more into every process, for this alone.) */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/passed.h"

#define FIRST_PASSED 3

static int get(int fd, int level, int option)
{
	int value = -1;
	socklen_t n = sizeof(value);

	return getsockopt(fd, level, option, &value, &n) < 0 ? -1 : value;
}

/* The transport of a socket, 0 for one that nothing here serves. */
static enum transport transport_of(int domain, int type, int protocol)
{
	if (domain == AF_UNIX)
		return type == SOCK_STREAM      ? TRANSPORT_UNIX
		       : type == SOCK_DGRAM     ? TRANSPORT_UNIXGRAM
		       : type == SOCK_SEQPACKET ? TRANSPORT_UNIXPACKET
						: 0;
	if (domain != AF_INET && domain != AF_INET6)
		return 0;
	if (type == SOCK_STREAM && protocol == IPPROTO_TCP) /* multipath TCP has not the options that a listener needs */
		return TRANSPORT_TCP;
	return type == SOCK_DGRAM && protocol == IPPROTO_UDP ? TRANSPORT_UDP : 0;
}

static void read_path(struct adopt_socket *s, const struct sockaddr_un *sa, socklen_t n)
{
	size_t offset = offsetof(struct sockaddr_un, sun_path), length = n > offset ? n - offset : 0;
	struct text path = TEXT_OVER(s->path);

	if (length && sa->sun_path[0] == '\0') {
		text_add(&path, "@");
		text_add_bytes(&path, sa->sun_path + 1, length - 1);
	} else
		text_add_bytes(&path, sa->sun_path, strnlen(sa->sun_path, length));
}

const char *passed_describe(int fd, struct adopt_socket *ret)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t n = sizeof(sa);
	int type = get(fd, SOL_SOCKET, SO_TYPE);

	if (type < 0)
		return "is not a socket";
	ret->family = get(fd, SOL_SOCKET, SO_DOMAIN);
	ret->transport = transport_of(ret->family, type, get(fd, SOL_SOCKET, SO_PROTOCOL));
	if (!ret->transport)
		return "is a socket of a kind that no listener serves";
	ret->accepting = get(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1;
	if (getsockname(fd, (struct sockaddr *)&sa, &n) < 0)
		return "has no address";
	if (ret->family == AF_UNIX)
		read_path(ret, (const struct sockaddr_un *)&sa, n);
	ret->address = addr_from_sockaddr((const struct sockaddr *)&sa, n);
	ret->dual_stack = ret->family == AF_INET6 && addr_is_any(&ret->address) && get(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0;
	ret->fd = fd;
	return NULL;
}

static void free_names(char **names)
{
	free(*names);
}

/* A number of up to nine digits, and nothing else. */
static bool read_number(const char *s, long *ret)
{
	size_t n = strlen(s);

	*ret = strtol(s, NULL, 10);
	return n > 0 && n <= 9 && strspn(s, "0123456789") == n;
}

static int blame(struct text *why, const char *variable, const char *value, const char *what)
{
	text_addf(why, "%s=", variable);
	text_add_quoted(why, value, strlen(value));
	text_add(why, what);
	return -EINVAL;
}

/* How many were passed to this process, or -errno with why. */
static int count(struct text *why)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long whose, n;

	if (!pid)
		return 0;
	if (!read_number(pid, &whose))
		return blame(why, "LISTEN_PID", pid, " is not the number of a process");
	if (whose != getpid() || !fds)
		return 0;
	if (!read_number(fds, &n) || !n)
		return blame(why, "LISTEN_FDS", fds, " is not a number of descriptors");
	if (n <= ADOPT_MAX)
		return (int)n;
	text_addf(why, "LISTEN_FDS=%ld descriptors; at most %d", n, ADOPT_MAX);
	return -E2BIG;
}

/* Their names, one for each, in a copy that is the caller's; NULL: they have none. */
static int copy_names(int n, char **ret, struct text *why)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int found = 1;

	*ret = NULL;
	if (!names)
		return 0;
	for (const char *c = names; *c; c++)
		found += *c == ':';
	if (found != n) {
		char what[64];
		snprintf(what, sizeof(what), " does not name as many descriptors as LISTEN_FDS=%d", n);
		return blame(why, "LISTEN_FDNAMES", names, what);
	}
	*ret = strdup(names);
	return *ret ? 0 : -ENOMEM;
}

/* One of them: its name and what it is. */
static int take_one(struct adopt_socket *s, const char *name, struct text *why)
{
	const char *wrong = fd_set_cloexec(s->number, true) < 0 ? "is not open" : passed_describe(s->number, s);

	if (!wrong && text_copy(s->name, sizeof(s->name), name) < 0)
		wrong = "has a name that is too long";
	if (!wrong)
		return 0;
	text_addf(why, "descriptor %d (%s) %s", s->number, name, wrong);
	return -EINVAL;
}

static int take_all(struct adopt *a, struct text *why)
{
	cleanup_with(free_names) char *names = NULL;
	int n = count(why);
	int r = n > 0 ? copy_names(n, &names, why) : n;
	char *rest = names;

	for (int i = 0; r == 0 && i < n; i++) {
		struct adopt_socket *s = &a->sockets[a->n++];

		s->number = FIRST_PASSED + i;
		r = take_one(s, names ? strsep(&rest, ":") : "unknown", why);
	}
	return r;
}

int passed_take_any(struct adopt *a, struct text *why)
{
	static const char *const variables[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" };
	int r;

	a->n = 0;
	r = take_all(a, why);
	for (size_t i = 0; i < array_n(variables); i++)
		unsetenv(variables[i]);
	return r;
}

int passed_take(struct adopt *a, struct text *why)
{
	int r = passed_take_any(a, why);

	for (size_t i = 0; r == 0 && i < a->n; i++) {
		const struct adopt_socket *s = &a->sockets[i];
		if (s->accepting || (s->transport & TRANSPORT_DATAGRAMS))
			continue;
		text_addf(why, "descriptor %d (%s) is a connection, not a listening socket (for Accept=yes use --inetd)",
			  s->number, s->name);
		r = -EINVAL;
	}
	return r;
}
