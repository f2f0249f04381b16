/* SPDX-License-Identifier: MIT */
/* Answers that wait to be sent from a datagram socket, merged where the kernel takes several as one. */
#include "datagram/outbox.h"

#include <string.h>

void outbox_begin(struct outbox *b, bool merges)
{
	b->merges = merges;
	b->n = b->pieces_n = 0;
}

/* Whether an answer goes into the last message. All but the last datagram of a message are of one length, and none is
 * empty. */
static bool joins(const struct outbox *b, const struct outbox_to *to, size_t bytes)
{
	const struct outbox_content *c;

	if (!b->merges || !b->n)
		return false;
	c = &b->contents[b->n - 1];
	return c->sender == to->sender && bytes && bytes <= c->segment && c->last == c->segment &&
	       c->n < OUTBOX_SEGMENTS_MAX && c->bytes + bytes <= OUTBOX_SEGMENTED_BYTES;
}

static void begin_message(struct outbox *b, const struct outbox_to *to, size_t bytes)
{
	struct msghdr *m = &b->messages[b->n].msg_hdr;

	*m = (struct msghdr){
		.msg_name = to->name,
		.msg_namelen = to->name_bytes,
		.msg_iov = &b->pieces[b->pieces_n],
		.msg_control = b->control[b->n],
	};
	packet_write(to->listener, to->info, to->sending, m);
	b->contents[b->n++] = (struct outbox_content){ .segment = (uint32_t)bytes,
						       .sender = to->sender,
						       .handle = to->sending ? to->sending->handle : 0,
						       .departs = to->sending && to->sending->departs,
						       .control = m->msg_controllen };
}

/* Adds an answer behind the last piece, or as a piece of its own. */
static void add_piece(struct outbox *b, struct msghdr *m, const struct iovec *answer)
{
	struct iovec *next = &m->msg_iov[m->msg_iovlen];

	if (m->msg_iovlen && (char *)next[-1].iov_base + next[-1].iov_len == answer->iov_base) {
		next[-1].iov_len += answer->iov_len;
		return;
	}
	*next = *answer;
	m->msg_iovlen++;
	b->pieces_n++;
}

bool outbox_add(struct outbox *b, const struct outbox_to *to, const struct iovec *answer)
{
	bool joined = joins(b, to, answer->iov_len);

	if (b->pieces_n == OUTBOX_PIECES || (!joined && b->n == OUTBOX_MESSAGES))
		return false;
	if (!joined)
		begin_message(b, to, answer->iov_len);
	struct msghdr *m = &b->messages[b->n - 1].msg_hdr;
	struct outbox_content *c = &b->contents[b->n - 1];
	add_piece(b, m, answer);
	if (++c->n == 2)
		packet_add_segment(m, (uint16_t)c->segment);
	c->last = (uint32_t)answer->iov_len;
	c->bytes += c->last;
	return true;
}
