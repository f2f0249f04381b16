/* SPDX-License-Identifier: MIT */
/* A process that waits for the reader of the log, so that no other process has to. */
#include "base/log_relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/seccomp.h"
#include "base/fd.h"
#include "base/landlock.h"

#define PAUSE_MS 20
#define REST_S 1 /* for the last lines, once the daemon is gone */

/* The daemon is gone: what is left has its time, then the same signal is the end. */
static void hurry(int sig)
{
	(void)sig;
	alarm(REST_S);
}

/* Of the terminal's signals none is for this process: it has the last lines still to write. */
static void prepare_signals(void)
{
	struct sigaction hurrying = { .sa_handler = hurry, .sa_flags = SA_RESTART | (int)SA_RESETHAND };
	sigset_t others;

	sigfillset(&others);
	sigdelset(&others, SIGALRM);
	sigaction(SIGALRM, &hurrying, NULL);
	sigprocmask(SIG_SETMASK, &others, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGALRM);
}

static void enter_sandbox(void)
{
	static const struct seccomp_rule rules[] = { { SECCOMP_RULE(1, alarm) }, { SECCOMP_RULE(1, setitimer) } };
	const struct seccomp_list l = { .groups = SECCOMP_BASIC, .rules = rules, .rules_n = array_n(rules), .who = 1 };

	(void)prctl(PR_SET_NAME, "echotimed-log");
	(void)!landlock_give_up_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_allow_only(&l) < 0)
		return; /* it has what it had in any case: less is better, none of it is needed */
}

/* False: nobody will ever read it. */
static bool write_waiting(const char *from, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, from, n);

		if (done > 0) {
			from += done;
			n -= (size_t)done;
		} else if (done < 0 && (errno == EAGAIN || errno == ENOSPC || errno == EDQUOT))
			/* The descriptor's owner has made it non-blocking; or the disk is full. */
			(void)poll(NULL, 0, PAUSE_MS);
		else if (done < 0 && errno != EINTR)
			return false;
	}
	return true;
}

static _Noreturn void run(int from)
{
	char bytes[4096];
	ssize_t n;

	prepare_signals();
	fd_close_all_but(&from, 1);
	for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
		if (fd != from)
			(void)close(fd);
	enter_sandbox();
	while ((n = read(from, bytes, sizeof(bytes))) != 0)
		if ((n < 0 && errno != EINTR) || (n > 0 && !write_waiting(bytes, (size_t)n)))
			break;
	_exit(0);
}

int log_relay_begin(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	cleanup_fd int ours = ends[0], its = ends[1];
	int r = fd_set_nonblocking(ours); /* a description of our own */
	if (r < 0)
		return r;
	/* A fork(2) of which no signal tells the end. The child uses nothing of libc's that a fork would have to repair. */
	long pid = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run(its);
	return dup2(ours, STDERR_FILENO) < 0 ? -errno : 0;
}

/* The only child that was made without a signal, maybe by the program before this one. */
static bool is_there(void)
{
	return waitpid(-1, NULL, (int)__WCLONE | WNOHANG) == 0;
}

void log_relay_end(void)
{
	if (is_there())
		(void)shutdown(STDERR_FILENO, SHUT_WR);
	for (int ms = 0; ms < REST_S * 1000 && is_there(); ms += PAUSE_MS)
		(void)poll(NULL, 0, PAUSE_MS);
}
