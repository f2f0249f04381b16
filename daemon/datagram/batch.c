/* SPDX-License-Identifier: MIT */
/* Datagrams read from a socket many at a time, and which of them are alike. */
#include "datagram/batch.h"

#include <errno.h>
#include <string.h>

#include "base/pages.h"

/* The distance between slots. With a power of two they would all compete for the same few lines of the caches. */
#define SLOT_STRIDE (BATCH_SLOT_BYTES + 17 * 64)

struct batch {
	const struct listener *listener; /* read from */
	unsigned n;                      /* messages read         */
	unsigned message;                /* the next datagram is in this one, */
	uint32_t offset;                 /* from here on                      */
	unsigned sender;                 /* whose `info` is: the first message in a row that is alike */
	struct packet_info info;
	uint8_t *slots; /* BATCH_MESSAGES × SLOT_STRIDE, touched as datagrams are long */
	struct mmsghdr in[BATCH_MESSAGES];
	struct iovec iov[BATCH_MESSAGES];
	struct sockaddr_storage peers[BATCH_MESSAGES];
	_Alignas(struct cmsghdr) char control[BATCH_MESSAGES][PACKET_CONTROL_BYTES];
};

int batch_new(struct batch **ret)
{
	struct batch *b = pages_take(sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->slots = pages_take(BATCH_MESSAGES * SLOT_STRIDE);
	if (!b->slots) {
		pages_give(b, sizeof(*b));
		return -ENOMEM;
	}
	for (unsigned i = 0; i < BATCH_MESSAGES; i++) {
		b->iov[i] = (struct iovec){ .iov_base = b->slots + i * SLOT_STRIDE, .iov_len = BATCH_SLOT_BYTES };
		b->in[i].msg_hdr = (struct msghdr){
			.msg_name = &b->peers[i], .msg_iov = &b->iov[i], .msg_iovlen = 1, .msg_control = b->control[i]
		};
	}
	*ret = b;
	return 0;
}

unsigned batch_read(struct batch *b, const struct listener *l, int fd)
{
	/* A UNIX client sends nothing beside its bytes that we want: without room its descriptors are not ours to close. */
	size_t control_n = l->transport == TRANSPORT_UNIXGRAM ? 0 : PACKET_CONTROL_BYTES;

	for (unsigned i = 0; i < BATCH_MESSAGES; i++) {
		b->in[i].msg_hdr.msg_namelen = sizeof(b->peers[i]);
		b->in[i].msg_hdr.msg_controllen = (socklen_t)control_n;
	}
	/* An error here is one queued on the socket (an ICMP message, say): reading it cleared it. */
	int n = recvmmsg(fd, b->in, BATCH_MESSAGES, MSG_DONTWAIT, NULL);
	b->listener = l;
	b->n = n > 0 ? (unsigned)n : 0;
	b->message = b->offset = 0;
	return b->n;
}

/* The length of the next datagram of a message: all of it, or as much as the kernel says that each one in it has; the
 * last may have less. */
static uint32_t next_length(const struct batch *b)
{
	uint32_t left = b->in[b->message].msg_len - b->offset;

	return b->info.segment && b->info.segment < left ? b->info.segment : left;
}

/* Whether all that the kernel says of a message is what it said of the one before. Where padding differs it only seems
 * to be otherwise. */
static bool is_like_previous(const struct batch *b)
{
	const struct msghdr *m = &b->in[b->message].msg_hdr, *p = &b->in[b->message - 1].msg_hdr;

	return m->msg_namelen == p->msg_namelen && m->msg_controllen == p->msg_controllen && m->msg_flags == p->msg_flags &&
	       memcmp(m->msg_name, p->msg_name, m->msg_namelen) == 0 &&
	       memcmp(m->msg_control, p->msg_control, m->msg_controllen) == 0;
}

static uint8_t *take(struct batch *b, uint32_t length)
{
	uint8_t *at = (uint8_t *)b->iov[b->message].iov_base + b->offset;

	b->offset += length;
	if (b->offset >= b->in[b->message].msg_len) {
		b->offset = 0;
		b->message++;
	}
	return at;
}

bool batch_next(struct batch *b, struct alike *ret)
{
	uint32_t length;

	if (b->message == b->n)
		return false;
	if (!b->offset && (!b->message || !is_like_previous(b))) {
		b->sender = b->message;
		packet_read(b->listener, &b->in[b->message].msg_hdr, &b->info);
	}
	length = next_length(b);
	b->info.checked.length = length;
	ret->info = &b->info;
	ret->message = &b->in[b->sender].msg_hdr;
	ret->sender = b->sender;
	ret->n = 0;
	do {
		ret->at[ret->n++] = take(b, length);
	} while (ret->n < BATCH_ALIKE_MAX && b->message < b->n && (b->offset || is_like_previous(b)) &&
		 next_length(b) == length);
	return true;
}
