/* SPDX-License-Identifier: MIT */
/* The kernel's time stamps of what is sent. */
#include "echoprobe/stamps.h"

#include <linux/net_tstamp.h>
#include <string.h>

#include "base/clock.h"

#define COMMON (SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY)

static bool set(const struct stamps *s, uint32_t flags)
{
	return setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) == 0;
}

void stamps_open(struct stamps *s, int fd, enum plan_stamps asked, uint64_t interval_ns)
{
	const uint64_t least_ns = CLOCK_S_NS / STAMPS_RATE_MAX;

	*s = (struct stamps){ .fd = fd, .every = interval_ns >= least_ns ? 1 : (least_ns + interval_ns - 1) / interval_ns };
	if (asked == PLAN_STAMPS_USER)
		return;
	s->sending = s->receiving = set(s, COMMON | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID);
	if (!s->receiving)
		s->receiving = set(s, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE);
}

bool stamps_wanted(const struct stamps *s, unsigned place)
{
	return s->sending && place % s->every == 0;
}

void stamps_ask(struct msghdr *msg, void *control)
{
	const uint32_t flags = SOF_TIMESTAMPING_TX_SOFTWARE;
	struct cmsghdr *c;

	msg->msg_control = control;
	msg->msg_controllen = STAMPS_CONTROL_BYTES;
	c = CMSG_FIRSTHDR(msg);
	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SO_TIMESTAMPING, .cmsg_len = CMSG_LEN(sizeof(flags)) };
	memcpy(CMSG_DATA(c), &flags, sizeof(flags));
}

void stamps_sent(struct stamps *s, uint64_t seq)
{
	s->seqs[s->issued++ % STAMPS_IDS] = seq;
}

void stamps_restart(struct stamps *s)
{
	if (!s->sending)
		return;
	/* The kernel begins its numbers anew when the option comes that was not there before. */
	s->issued = 0;
	s->sending = set(s, COMMON | SOF_TIMESTAMPING_RX_SOFTWARE) &&
		     set(s, COMMON | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID);
}

bool stamps_find(const struct stamps *s, uint32_t id, uint64_t *ret_seq)
{
	if (s->issued - id - 1 >= STAMPS_IDS || s->issued == id)
		return false;
	*ret_seq = s->seqs[id % STAMPS_IDS];
	return true;
}
