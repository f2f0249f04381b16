/* SPDX-License-Identifier: MIT */
/* The peer at the control socket. */
#include "control/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "base/users.h"
#include "worker/sandbox.h"

#define GROUPS_MAX 256
#define ANCESTORS_MAX 64

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static bool is_member(int fd, gid_t primary, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t n = sizeof(groups);

	if (group == USERS_NO_GROUP)
		return false;
	if (primary == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) < 0)
		return false;
	for (size_t i = 0; i < n / sizeof(*groups); i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* Living or dead: what was not waited for keeps its pid. */
static bool is_child(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* The parent of a process by /proc, or -errno. */
static pid_t parent_of(pid_t pid)
{
	char path[32], line[512];
	struct text name = TEXT_OVER(path);

	text_addf(&name, "/proc/%d/stat", (int)pid);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, line, sizeof(line) - 1);
	if (n <= 0)
		return -ESRCH;
	line[n] = '\0';
	/* "PID (its own words) STATE PARENT …" */
	const char *rest = strrchr(line, ')');
	return rest && strlen(rest) > 4 ? (pid_t)strtol(rest + 4, NULL, 10) : -ESRCH;
}

/* Does it come from us? Nobody leaves his ancestors: whoever loses his parent becomes our child. -errno: it cannot be told
 * (no /proc, one that hides others' processes, or it is gone). */
static int is_descendant(pid_t pid)
{
	pid_t at = pid;

	for (int i = 0; i < ANCESTORS_MAX && at > 0; i++) {
		if (at == getpid() || is_child(at))
			return 1;
		pid_t up = parent_of(at);
		if (up < 0)
			return at == pid ? up : 0; /* an ancestor is hidden that is no process of our user */
		at = up;
	}
	return 0;
}

/* Is he still there, so that the pid is his? 1 or 0; -ENOPROTOOPT: it cannot be told (before Linux 6.5). */
static int is_alive(int fd)
{
	int got = -1;
	socklen_t n = sizeof(got);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &got, &n) < 0)
		return errno == ENOPROTOOPT ? -errno : 0;
	cleanup_fd int pidfd = got;
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	return poll(&p, 1, 0) == 0;
}

/* Of the daemon's own user. Children are told apart with certainty; their children, where they are not seen, by what they
 * cannot do: filtered as they are, they have no socket to come with. */
static enum peer_kind judge_own_user(int fd, pid_t pid, bool in_doubt)
{
	int descends = pid > 0 ? is_descendant(pid) : 0;
	int alive = pid > 0 ? is_alive(fd) : 1; /* after that: so it was he */

	if (descends > 0)
		return PEER_OWN;
	if (alive == 0 || (alive < 0 && in_doubt) || (descends < 0 && !sandbox_calls_n(SANDBOX_ACCEPTOR)))
		return PEER_OTHER;
	return PEER_ADMINISTRATOR;
}

int peer_look(int fd, uint32_t group, bool in_doubt, struct peer *ret)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
		return -errno;
	*ret = (struct peer){ .kind = PEER_OTHER, .uid = who.uid, .pid = (uint32_t)who.pid };
	if (who.uid == 0)
		ret->kind = PEER_ADMINISTRATOR;
	else if (who.uid == geteuid())
		ret->kind = judge_own_user(fd, who.pid, in_doubt);
	else if (is_member(fd, who.gid, group))
		ret->kind = PEER_ADMINISTRATOR;
	return 0;
}
