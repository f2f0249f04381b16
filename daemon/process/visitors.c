/* SPDX-License-Identifier: MIT */
/* visitors: who is connected to the metrics process, and who has to leave. */
#include "process/visitors.h"

void visitors_init(struct visitors *v)
{
	for (size_t i = 0; i < VISITORS_MAX; i++)
		v->list[i].fd = -1;
}

static struct visitor *find(struct visitors *v, int fd)
{
	for (size_t i = 0; i < VISITORS_MAX; i++)
		if (v->list[i].fd == fd)
			return &v->list[i];
	return NULL;
}

void visitors_add(struct visitors *v, int fd, const struct addr *source, uint64_t now_ns)
{
	struct visitor *one = find(v, -1);

	if (one)
		*one = (struct visitor){ .fd = fd, .source = *source, .since_ns = now_ns, .state = VISITOR_NEW };
}

void visitors_remove(struct visitors *v, int fd)
{
	struct visitor *one = find(v, fd);

	if (one)
		one->fd = -1;
}

static bool stays(const struct visitor *one)
{
	return one->fd >= 0 && one->state != VISITOR_LEAVING;
}

/* The number of visitors that stay; with a source, of that one. */
static size_t count_staying(const struct visitors *v, const struct addr *source)
{
	size_t n = 0;

	for (size_t i = 0; i < VISITORS_MAX; i++)
		n += stays(&v->list[i]) && (!source || addr_same_host(&v->list[i].source, source));
	return n;
}

size_t visitors_count(const struct visitors *v)
{
	return count_staying(v, NULL);
}

/* NULL: all of them are new. */
static struct visitor *pick_leaving(struct visitors *v)
{
	struct visitor *picked = NULL;
	size_t most = 0;

	for (size_t i = 0; i < VISITORS_MAX; i++) {
		struct visitor *one = &v->list[i];
		size_t n = stays(one) && one->state == VISITOR_THERE ? count_staying(v, &one->source) : 0;

		if (n > most || (n > 0 && n == most && one->since_ns < picked->since_ns)) {
			picked = one;
			most = n;
		}
	}
	return picked;
}

size_t visitors_dismiss(struct visitors *v, uint64_t now_ns, int ret_fds[VISITORS_MAX])
{
	struct visitor *one;
	size_t n = 0;

	for (size_t i = 0; i < VISITORS_MAX; i++)
		if (stays(&v->list[i]) && now_ns >= v->list[i].since_ns + VISITORS_STAY_NS) {
			v->list[i].state = VISITOR_LEAVING;
			ret_fds[n++] = v->list[i].fd;
		}
	while (visitors_count(v) > VISITORS_KEPT && (one = pick_leaving(v))) {
		one->state = VISITOR_LEAVING;
		ret_fds[n++] = one->fd;
	}
	for (size_t i = 0; i < VISITORS_MAX; i++)
		if (v->list[i].state == VISITOR_NEW)
			v->list[i].state = VISITOR_THERE;
	return n;
}
