/* SPDX-License-Identifier: MIT */
/* Other users' sockets of UDP where one of ours is, as the kernel's sock_diag lists them. */
#include "net/others.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

#define PART_BYTES 32768    /* of a list, as the kernel sends it */
#define STATE_UNCONNECTED 7 /* TCP_CLOSE: of UDP, those that get what anybody sends */

/* A socket in the list. */
struct other {
	struct addr address;
	bool v6only;
	uint32_t interface, inode;
};

struct search {
	const struct listener *l;
	const uint64_t *ours;
	size_t ours_n;
	uint32_t interface; /* l's own, 0: all */
	bool found;
};

static bool has_family(const struct listener *l, unsigned family)
{
	return l->socket_family == (int)family || (family == AF_INET && l->dual_stack);
}

/* Would the kernel refuse the second of them, if it did not look at whose they are? */
static bool overlaps(const struct search *s, const struct other *o)
{
	const struct addr *a = &s->l->address;
	bool both = o->address.family == AF_INET6 && addr_is_any(&o->address) && !o->v6only;

	if (s->interface && o->interface && s->interface != o->interface)
		return false;
	if (!both && !has_family(s->l, o->address.family))
		return false;
	return both || addr_is_any(a) || addr_is_any(&o->address) || addr_same_host(a, &o->address);
}

static bool is_ours(const struct search *s, const struct other *o)
{
	for (size_t i = 0; i < s->ours_n; i++)
		if (s->ours[i] == o->inode)
			return true;
	return false;
}

static struct other read_other(const struct nlmsghdr *h)
{
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	struct other o = { .interface = m->id.idiag_if, .inode = m->idiag_inode };
	size_t left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*m));

	if (m->idiag_family == AF_INET) {
		struct sockaddr_in in = { .sin_family = AF_INET };

		memcpy(&in.sin_addr, m->id.idiag_src, sizeof(in.sin_addr));
		o.address = addr_from_sockaddr((const struct sockaddr *)&in, sizeof(in));
	} else {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

		memcpy(&in6.sin6_addr, m->id.idiag_src, sizeof(in6.sin6_addr));
		o.address = addr_from_sockaddr((const struct sockaddr *)&in6, sizeof(in6));
	}
	for (const struct rtattr *a = (const void *)(m + 1); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == INET_DIAG_SKV6ONLY && RTA_PAYLOAD(a) == 1)
			o.v6only = *(const uint8_t *)RTA_DATA(a);
	return o;
}

/* The kernel's list of one family at the port. 0 or -errno. */
static int ask(int fd, unsigned family, const struct listener *l)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} q = {
		.head = { .nlmsg_len = sizeof(q),
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = (uint8_t)family,
			  .sdiag_protocol = IPPROTO_UDP,
			  .idiag_states = 1U << STATE_UNCONNECTED,
			  .id = { .idiag_sport = htons(l->address.port),
				  .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } } },
	};

	return send(fd, &q, sizeof(q), 0) < 0 ? -errno : 0;
}

/* False: the list is over. */
static bool take_part(const void *part, size_t n, struct search *s)
{
	for (const struct nlmsghdr *h = part; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
		if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || h->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			return false; /* the end, or an error */
		struct other o = read_other(h);
		if (overlaps(s, &o) && !is_ours(s, &o))
			s->found = true;
	}
	return true;
}

static void search(struct search *s, unsigned family)
{
	_Alignas(struct nlmsghdr) char part[PART_BYTES];
	cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	ssize_t n = fd < 0 || ask(fd, family, s->l) < 0 ? -1 : 0;

	while (n >= 0) {
		n = recv(fd, part, sizeof(part), 0);
		if (n < 0 || !take_part(part, (size_t)n, s))
			return;
	}
}

int others_look(const struct listener *l, const uint64_t *ours, size_t ours_n, struct text *why)
{
	struct search s = { .l = l, .ours = ours, .ours_n = ours_n };

	if (l->settings->socket.interface[0] != '\0')
		s.interface = if_nametoindex(l->settings->socket.interface);
	search(&s, AF_INET);
	search(&s, AF_INET6);
	return s.found ? listener_not_bound(l, -EADDRINUSE, why) : 0;
}
