/* SPDX-License-Identifier: MIT */
/* The parts that both ways to speak to a server need. */
#include "echoprobe/audit_wire.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>

#include "base/clock.h"
#include "echoprobe/errqueue.h"
#include "echoprobe/manners.h"

short audit_wire_wait(const struct audit_wire *w, int fd, short events, uint64_t until_ns)
{
	struct pollfd p = { .fd = fd, .events = events };

	while (!*w->interrupted) {
		uint64_t now_ns = clock_mono_ns(), left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
		struct timespec left = { .tv_sec = (time_t)(left_ns / CLOCK_S_NS), .tv_nsec = (long)(left_ns % CLOCK_S_NS) };
		int r = ppoll(&p, 1, &left, NULL);

		if (r > 0)
			return p.revents;
		if (r == 0)
			break;
	}
	return 0;
}

void audit_wire_fail(struct audit_heard *h, int error)
{
	h->end = AUDIT_UNREACHED;
	h->error = error;
}

static bool is_refusal(const struct errqueue_message *m)
{
	if (m->family == AF_INET6)
		return m->type == ICMP6_DST_UNREACH && m->code == ICMP6_DST_UNREACH_NOPORT;
	return m->type == ICMP_DEST_UNREACH && m->code == ICMP_PORT_UNREACH;
}

/* Whether it is about the path's MTU, of which the kernel takes care. */
static bool is_too_big(const struct errqueue_message *m)
{
	return m->family == AF_INET6 ? m->type == ICMP6_PACKET_TOO_BIG
				     : m->type == ICMP_DEST_UNREACH && m->code == ICMP_FRAG_NEEDED;
}

bool audit_wire_read_errors(int fd, struct audit_heard *h)
{
	struct errqueue_message m;
	bool found = false;

	while (errqueue_read(fd, &m, 1)) {
		if (m.kind != ERRQUEUE_ICMP || is_too_big(&m))
			continue;
		found = true;
		audit_wire_fail(h, is_refusal(&m) ? ECONNREFUSED : EHOSTUNREACH);
		if (manners_is_prohibition(m.family, m.type, m.code)) {
			h->end = AUDIT_PROHIBITED;
			break;
		}
	}
	return found;
}
