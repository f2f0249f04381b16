/* SPDX-License-Identifier: MIT */
/*
 * The least a process for each session does: tcp_sess PORT -m fork|prefork [-w WORKERS].
 *
 * fork: one process accepts and forks a child for each session. prefork: WORKERS (16) wait in accept() on one socket.
 */
#include "limits.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char buffer[65536];

static void echo(int fd)
{
	ssize_t n, sent;

	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		for (ssize_t at = 0; at < n; at += sent)
			if ((sent = send(fd, buffer + at, (size_t)(n - at), MSG_NOSIGNAL)) < 0)
				return;
}

static _Noreturn void serve(int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		echo(fd);
		close(fd);
	}
}

static _Noreturn void fork_each(int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (fd >= 0 && fork() == 0) {
			close(listener);
			echo(fd);
			_exit(0);
		}
		close(fd);
	}
}

int main(int argc, char **argv)
{
	int workers = 16, forks = 0, listener;

	for (int o; (o = getopt(argc, argv, "m:w:")) != -1;) {
		if (o == 'm')
			forks = strcmp(optarg, "fork") == 0;
		else if (o == 'w')
			workers = atoi(optarg);
	}
	listener = limits_socket(SOCK_STREAM, 0, argv[optind]);
	if (forks)
		fork_each(listener);
	for (int i = 1; i < workers; i++)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(listener);
		}
	serve(listener);
}
