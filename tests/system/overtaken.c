/* SPDX-License-Identifier: MIT */
/*
 * A resolver that has been taken over, by a name server's answer for instance: loaded in front of the C library (LD_PRELOAD).
 *
 * Asked for any name's addresses it tells the control socket that CONTROL names to drain echo, and waits for what is said
 * there, or, with THEN_DIE, ends at once.
 */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ORDER "{\"command\":\"drain\",\"listener\":\"echo\"}\n"

/* For who asks whether this program can be given anything in front. */
static __attribute__((constructor)) void say(void)
{
	if (getenv("SAY_OVERTAKEN"))
		(void)!write(1, "overtaken\n", 10);
}

static void give_order(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char answer[512];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0)
		abort(); /* the test proves nothing then, and sees it in the log */
	(void)!send(fd, ORDER, strlen(ORDER), MSG_NOSIGNAL);
	if (getenv("THEN_DIE"))
		_exit(0);
	while (recv(fd, answer, sizeof(answer), 0) > 0)
		continue;
	close(fd);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *like, struct addrinfo **ret)
{
	(void)name, (void)service, (void)like, (void)ret;
	give_order(getenv("CONTROL"));
	return EAI_NONAME;
}
