/* SPDX-License-Identifier: MIT */
/* The sockets that systemd passed to this process: taken, and each understood or refused. */
#include "net/passed.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/fd.h"
#include "net/why.h"

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
	if (type == SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP))
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

#ifdef HAVE_SYSTEMD

#include <dlfcn.h>
#include <systemd/sd-daemon.h>

static void free_names(char ***names)
{
	for (char **name = *names; name && *name; name++)
		free(*name);
	free(*names);
}

/* The first descriptor that was named and not passed; 0: none. */
static int missing;

void passed_look(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long n = pid && fds && strtol(pid, NULL, 10) == getpid() ? strtol(fds, NULL, 10) : 0;

	/* More than can be adopted are refused in any case. */
	for (int i = 0; n <= ADOPT_MAX && i < n && !missing; i++)
		if (fcntl(SD_LISTEN_FDS_START + i, F_GETFD) < 0)
			missing = SD_LISTEN_FDS_START + i;
}

/* The fault that sd_listen_fds(3) found in LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES as they were. */
static void explain(char *const was[3], int r, struct text *why)
{
	const char *pid = was[0] ? was[0] : "", *fds = was[1] ? was[1] : "", *names = was[2];
	char *end;
	long n = strtol(fds, &end, 10);

	if (missing) {
		text_addf(why, "descriptor %d was not passed (LISTEN_FDS=%ld)", missing, n);
	} else if (strspn(pid, "0123456789") != strlen(pid)) {
		text_add(why, "LISTEN_PID=");
		text_add_quoted(why, pid, strlen(pid));
		text_add(why, " is not the number of a process");
	} else if (names && r == -EINVAL && *end == '\0' && n > 0 && n <= ADOPT_MAX) {
		text_add(why, "LISTEN_FDNAMES=");
		text_add_quoted(why, names, strlen(names));
		text_addf(why, " does not name as many descriptors as LISTEN_FDS=%ld", n);
	} else {
		text_add(why, "LISTEN_FDS=");
		text_add_quoted(why, fds, strlen(fds));
		text_add(why, ": ");
		why_add_error(why, r);
	}
}

/* sd_listen_fds_with_names(3). libsystemd is loaded for this call alone and left again: the libraries that come with it have
 * no business in the processes that clients reach, and each of their mappings would cost every fork. That of systemd 256 and
 * newer stays, but comes alone. */
static int listen_fds(char ***ret_names, struct text *why)
{
	__typeof__(&sd_listen_fds_with_names) listen = NULL;
	void *library = dlopen(LIBSYSTEMD_SONAME, RTLD_NOW | RTLD_LOCAL);

	if (library)
		*(void **)&listen = dlsym(library, "sd_listen_fds_with_names");
	int n = listen ? listen(1, ret_names) : -ENOEXEC;
	if (!listen)
		text_add(why, dlerror());
	if (library)
		dlclose(library);
	return n;
}

/* The number of descriptors, and their names; -errno with why. The variables are gone then. */
static int take_names(char ***ret_names, struct text *why)
{
	static const char *const variables[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" };
	char *was[array_n(variables)];

	for (size_t i = 0; i < array_n(variables); i++) {
		const char *value = getenv(variables[i]);
		was[i] = value ? strdup(value) : NULL;
	}
	int n = missing ? -EBADF : was[0] || was[1] || was[2] ? listen_fds(ret_names, why) : 0;
	if (n < 0 && n != -ENOEXEC)
		explain(was, n, why);
	for (size_t i = 0; i < array_n(variables); i++)
		free(was[i]);
	if (n <= ADOPT_MAX)
		return n;
	text_addf(why, "LISTEN_FDS=%d descriptors; at most %d", n, ADOPT_MAX);
	return -E2BIG;
}

int passed_take_any(struct adopt *a, struct text *why)
{
	cleanup_with(free_names) char **names = NULL;
	int n = take_names(&names, why);

	a->n = 0; /* not cleared as a whole: what is touched is copied with every fork */
	for (int i = 0; i < n; i++) {
		struct adopt_socket *s = &a->sockets[a->n++];

		*s = (struct adopt_socket){ 0 };
		const char *name = names && names[i] ? names[i] : "unknown";

		s->number = SD_LISTEN_FDS_START + i;
		const char *wrong = passed_describe(s->number, s);
		if (!wrong && text_copy(s->name, sizeof(s->name), name) < 0)
			wrong = "has a name that is too long";
		if (wrong) {
			text_addf(why, "descriptor %d (%s) %s", s->number, name, wrong);
			return -EINVAL;
		}
	}
	return n < 0 ? n : 0;
}

#else

void passed_look(void)
{
}

int passed_take_any(struct adopt *a, struct text *why)
{
	(void)why;
	*a = (struct adopt){ 0 };
	return 0;
}

#endif

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
