/* SPDX-License-Identifier: MIT */
/*
 * The whole daemon as AFL++ can run it: `echotimed --inetd NAME`, whose client is standard input.
 *
 * --inetd wants a socket there, and AFL++ has a file. So before main() a child sends that over a socket and reads what is
 * answered until the end. Linked with -Wl,--wrap=main.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_MAX 65536

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

/* The client: it says all there is, closes its direction, and takes what comes. */
static void be_client(int fd)
{
	static char bytes[BYTES_MAX];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n > 0 && send(fd, bytes, (size_t)n, MSG_NOSIGNAL) < 0)
		_exit(0);
	(void)shutdown(fd, SHUT_WR);
	for (size_t taken = 0; taken < 10 * BYTES_MAX && (n = read(fd, bytes, sizeof(bytes))) > 0;)
		taken += (size_t)n;
	_exit(0);
}

int __wrap_main(int argc, char **argv)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return EXIT_FAILURE;
	if (fork() == 0) {
		(void)close(ends[0]);
		be_client(ends[1]);
	}
	(void)close(ends[1]);
	if (dup2(ends[0], STDIN_FILENO) < 0)
		return EXIT_FAILURE;
	(void)close(ends[0]);
	return __real_main(argc, argv);
}
