/* SPDX-License-Identifier: MIT */
/* For tests of listeners on UNIX paths: a folder of the test's own, and sockets that others have there. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "open_listener.h"

static char folder[] = "/tmp/test_listener_unix.XXXXXX";
static char path[64];

static inline int make(void **state maybe_unused)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/s", folder);
	return 0;
}

static inline int drop(void **state maybe_unused)
{
	unlink(path);
	return rmdir(folder);
}

static inline struct listener_settings unix_settings(unsigned transport)
{
	struct listener_settings s = some_settings(transport);

	strcpy(s.path, path);
	return s;
}

/* ---- others' sockets ---- */

static inline socklen_t address_of(const char *at, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strcpy(ret->sun_path, at);
	return sizeof(*ret);
}

static inline int bound(int type)
{
	struct sockaddr_un sun;
	socklen_t n = address_of(path, &sun);
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sun, n), 0);
	return fd;
}

/* A socket file whose process is gone. */
static inline void leave_stale(void)
{
	int fd = bound(SOCK_STREAM);

	close(fd);
}

static inline int connected(int type)
{
	struct sockaddr_un sun;
	socklen_t n = address_of(path, &sun);
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&sun, n) == 0)
		return fd;
	close(fd);
	return -1;
}

static inline mode_t mode_of(const char *at)
{
	struct stat st;

	assert_int_equal(lstat(at, &st), 0);
	return st.st_mode;
}

static inline bool there(void)
{
	return access(path, F_OK) == 0;
}

static inline void expect_refused(unsigned transport, int expected, const char *reason)
{
	struct listener_settings s = unix_settings(transport);
	struct listener l = planned(&s);
	char sentence[256];

	snprintf(sentence, sizeof(sentence), "cannot bind echo/%s to %s: %s",
		 service_transport_name((enum transport)transport), path, reason);
	expect_not_opened(&l, expected, sentence);
}

maybe_unused static const struct {
	enum transport transport;
	int type;
} kinds[] = {
	{ TRANSPORT_UNIX, SOCK_STREAM },
	{ TRANSPORT_UNIXGRAM, SOCK_DGRAM },
	{ TRANSPORT_UNIXPACKET, SOCK_SEQPACKET },
};

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, make, drop)
