/* SPDX-License-Identifier: MIT */
/* The sockets of one UDP listener at one address. */
#include "net/shards.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

const struct listener *shards_first(const struct listener *l)
{
	return l - l->shard;
}

void shards_follow(struct listener *l)
{
	l->address.port = shards_first(l)->address.port;
}

int shards_share(const struct listener *l)
{
	int on = l->settings->socket.shards > 1;

	if (l->transport != TRANSPORT_UDP || listener_is_passed(l))
		return 0;
	/* One that comes from the store is the service's user's; beside it root's are not let in (privileges_give). */
	if (l->origin == ORIGIN_STORED && geteuid() == 0)
		(void)!fchown(l->fd, 0, (gid_t)-1);
	return setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ? -errno : 0;
}
