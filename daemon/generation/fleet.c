/* SPDX-License-Identifier: MIT */
/* The fleet: all processes of the daemon, the generations they belong to, and what they share. */
#include "generation/fleet.h"

int fleet_share(struct fleet *f)
{
	int r = f->shared_fd < 0 ? shared_new_secret(&f->secret) : 0;

	if (r == 0)
		r = shared_map(&f->shared_fd, &f->shared);
	if (r == 0)
		shared_table(f->shared, f->secret, &f->table);
	return r;
}

struct pool *fleet_pool(struct generation *g, uint32_t which)
{
	return which == CHILD_RESOLVER ? &g->resolvers : which == CHILD_METRICS ? &g->metrics : &g->pools[which];
}

static struct child *find_in(struct generation *g, pid_t pid)
{
	for (struct child *c = g ? g->children : NULL; c; c = c->next)
		if (c->pid == pid)
			return c;
	return NULL;
}

struct child *fleet_child(struct fleet *f, pid_t pid)
{
	struct child *c = find_in(f->current, pid);

	if (!c)
		c = find_in(f->coming, pid);
	for (struct generation *g = f->draining; g && !c; g = g->next)
		c = find_in(g, pid);
	return c;
}
