/* SPDX-License-Identifier: MIT */
/*
 * Messages to the service manager: datagrams to the socket that NOTIFY_SOCKET names.
 *
 * Not by sd_notify(3), which waits while that socket is full: the supervisor waits for nobody. A word that a start, a
 * reload or a stop depends on is said again until it is taken; the others are old by then.
 */
#include "generation/sd_notify.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"

#define US_NS UINT64_C(1000)
#define LAST_WAIT_MS 1000

static char owed[64]; /* the last word of start, reload or stop, as long as it has not been taken */

/* A socket connected to the manager's, or -1: nobody listens. */
static int open_channel(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path ? strlen(path) : 0;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	cleanup_fd int fd = -1;

	if (n < 2 || n >= sizeof(sun.sun_path) || (path[0] != '/' && path[0] != '@'))
		return -1;
	memcpy(sun.sun_path, path, n);
	if (path[0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	n += offsetof(struct sockaddr_un, sun_path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&sun, (socklen_t)n) < 0)
		return -1;
	return fd_take(&fd);
}

static void attach(struct msghdr *m, void *room, size_t room_n, int fd)
{
	m->msg_control = room;
	m->msg_controllen = (socklen_t)room_n;
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

/* passed: a descriptor that goes with it, or -1. False: the manager takes nothing now. True also where nobody listens. */
static bool say(const char *words, int passed)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)words, .iov_len = strlen(words) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	cleanup_fd int fd = open_channel();

	if (fd < 0)
		return true;
	if (passed >= 0)
		attach(&m, &control, sizeof(control.room), passed);
	return sendmsg(fd, &m, MSG_NOSIGNAL) >= 0 || (errno != EAGAIN && errno != ENOBUFS);
}

static bool pay(void)
{
	if (owed[0] && say(owed, -1))
		owed[0] = '\0';
	return !owed[0];
}

/* A message that must be heard. */
static void insist(const char *words)
{
	struct text t = TEXT_OVER(owed);

	text_add(&t, words);
	(void)pay();
}

/* A message that the next one replaces; those that must be heard go first. */
static bool mention(const char *words, int passed)
{
	return pay() && say(words, passed);
}

void sd_notify_ready(void)
{
	insist("READY=1");
}

void sd_notify_reloading(void)
{
	char words[64];

	snprintf(words, sizeof(words), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_mono_ns() / US_NS);
	insist(words);
}

void sd_notify_stopping(void)
{
	insist("STOPPING=1");
}

void sd_notify_last(void)
{
	cleanup_fd int fd = owed[0] ? open_channel() : -1;
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (fd >= 0 && poll(&p, 1, LAST_WAIT_MS) > 0)
		(void)pay();
}

void sd_notify_status(const char *text)
{
	char words[512];

	snprintf(words, sizeof(words), "STATUS=%s", text);
	/* A finding may quote what a file holds: the service manager takes one line of UTF-8, or nothing of the message. */
	for (char *c = words; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	(void)mention(words, -1);
}

void sd_notify_alive(void)
{
	(void)mention("WATCHDOG=1", -1);
}

/* A whole number and nothing else. */
uint64_t sd_notify_watchdog_ns(void)
{
	const char *whose = getenv("WATCHDOG_PID"), *said = getenv("WATCHDOG_USEC");
	uint64_t us, pid;

	if (!said || decimal_parse(said, UINT64_MAX / US_NS, &us) < 0)
		return 0;
	if (whose && (decimal_parse(whose, UINT64_MAX, &pid) < 0 || pid != (uint64_t)getpid()))
		return 0;
	return us * US_NS;
}

void sd_notify_extend(uint64_t ns)
{
	char words[64];

	snprintf(words, sizeof(words), "EXTEND_TIMEOUT_USEC=%" PRIu64, ns / US_NS);
	(void)mention(words, -1);
}

bool sd_notify_has_store(void)
{
#ifdef HAVE_SYSTEMD /* else we could not take back what is kept there */
	/* Another reader of NOTIFY_SOCKET than systemd would only hold our sockets open. */
	return access("/run/systemd/system/", F_OK) == 0 && getenv("INVOCATION_ID") && getenv("NOTIFY_SOCKET");
#else
	return false;
#endif
}

bool sd_notify_store(const char *name, int fd)
{
	char words[128];

	/* FDPOLL=0: a listening socket is not to be dropped because something happened on it. */
	snprintf(words, sizeof(words), "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", name);
	return mention(words, fd);
}

void sd_notify_unstore(const char *name)
{
	char words[128];

	snprintf(words, sizeof(words), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	(void)mention(words, -1);
}
