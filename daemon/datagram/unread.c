/* SPDX-License-Identifier: MIT */
/* An account for each client of what it has not read, their sum corrected by what the kernel says. */
#include "datagram/unread.h"

#include <string.h>

#define BOOK_KEEPING_BYTES 320 /* that the kernel puts behind a datagram's bytes */
#define DATAGRAM_BYTES 256     /* and beside them                                */
#define LEAST_ROOM_BYTES 512
#define MOST_ROOM_BYTES 16384 /* longer datagrams are charged by the page */
#define PAGES_BYTES 8192      /* at most, what that adds                  */

#define SHARE 4 /* one part in so many of what is free */

void unread_init(struct unread *u, uint64_t buffer)
{
	*u = (struct unread){ .buffer = buffer };
}

/* The kernel's charge for a datagram, estimated: memory comes in powers of two. Errors are put right when accounts are
 * settled. */
static uint64_t charge_for(size_t answer_bytes)
{
	uint64_t room = LEAST_ROOM_BYTES;

	if (answer_bytes + BOOK_KEEPING_BYTES > MOST_ROOM_BYTES)
		return answer_bytes + PAGES_BYTES;
	while (room < answer_bytes + BOOK_KEEPING_BYTES)
		room *= 2;
	return room + DATAGRAM_BYTES;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- settling ---- */

/* The bytes that a peer would read next, as far as they count: of a probed one, the probe. */
static uint64_t outstanding(const struct unread_peer *p)
{
	return p->probe ? p->probe : p->unread;
}

/* Whether a is likelier than b to have read so many bytes. A probe proves nothing while another may have read as much. */
static bool is_likelier(const struct unread_peer *a, const struct unread_peer *b, uint64_t bytes)
{
	uint64_t of_a = outstanding(a), of_b = outstanding(b);

	if (a->batch != b->batch)
		return a->batch > b->batch;
	if (!a->probe != !b->probe)
		return !a->probe;
	if (a->before != b->before)
		return a->before < b->before;
	return of_a == bytes || (of_b != bytes && of_a < of_b);
}

static struct unread_peer *likeliest_reader(struct unread *u, uint64_t bytes)
{
	struct unread_peer *best = NULL;

	for (size_t i = 0; i < UNREAD_PEERS; i++)
		if (outstanding(&u->peers[i]) && (!best || is_likelier(&u->peers[i], best, bytes)))
			best = &u->peers[i];
	return best;
}

/* The peer's probe is read, so nothing is unread: queues are read in order. What it was charged with belongs to another. */
static void clear(struct unread *u, struct unread_peer *p)
{
	u->unknown += p->unread;
	p->unread = p->before = p->refused = p->between = 0;
}

static void take_off(struct unread *u, uint64_t bytes)
{
	struct unread_peer *p;

	while (bytes && (p = likeliest_reader(u, bytes))) {
		uint64_t part = smaller(bytes, outstanding(p));

		bytes -= part;
		p->unread -= part;
		p->before = smaller(p->before, p->unread);
		if (!p->probe)
			continue;
		p->probe -= part;
		if (!p->probe)
			clear(u, p);
	}
	u->unknown -= bytes;
}

void unread_settle(struct unread *u, uint64_t total)
{
	u->batches++;
	if (total < u->total)
		take_off(u, u->total - total);
	else
		u->unknown += total - u->total;
	u->total = total;
}

/* ---- peers ---- */

static struct unread_peer *find(struct unread *u, const void *address, size_t n)
{
	for (size_t i = 0; i < UNREAD_PEERS; i++)
		if (u->peers[i].address_bytes == n && memcmp(&u->peers[i].address, address, n) == 0)
			return &u->peers[i];
	return NULL;
}

/* Whether a is a better place for a new peer than b: one that has nothing unread, then one that has not asked for
 * longer. */
static bool is_spare(const struct unread_peer *a, const struct unread_peer *b)
{
	if (!a->unread != !b->unread)
		return !a->unread;
	return a->asked < b->asked;
}

static struct unread_peer *add(struct unread *u, const void *address, size_t n)
{
	struct unread_peer *place = &u->peers[0];

	for (size_t i = 1; i < UNREAD_PEERS; i++)
		if (is_spare(&u->peers[i], place))
			place = &u->peers[i];
	u->unknown += place->unread;
	*place = (struct unread_peer){ .address_bytes = (uint32_t)n };
	memcpy(&place->address, address, n);
	return place;
}

/* A peer that has its share before a batch begins gets a probe, and then, while none is read, another after 1, 3, 7, ...
 * that are refused. */
static bool may_probe(const struct unread *u, struct unread_peer *p)
{
	if (p->batch == u->batches)
		return false;
	p->probe = 0; /* a peer that asks again has had time to read it */
	if (p->refused++ < p->between)
		return false;
	p->refused = 0;
	p->between = 2 * p->between + 1;
	return true;
}

bool unread_admit(struct unread *u, const void *address, size_t address_bytes, size_t answer_bytes)
{
	uint64_t charge = charge_for(answer_bytes), left;
	struct unread_peer *p;
	bool within;

	/* Another peer, whoever it is, must be left as much again. */
	if (!address_bytes || address_bytes > sizeof(p->address) || u->total + 2 * charge > u->buffer)
		return false;
	left = u->buffer - u->total - charge;
	p = find(u, address, address_bytes);
	if (!p)
		p = add(u, address, address_bytes);
	p->asked = ++u->answers;
	within = !p->unread || p->unread + charge <= left / SHARE;
	if (!within && !may_probe(u, p))
		return false;
	if (!within)
		p->probe = charge;
	if (p->batch != u->batches)
		p->before = p->unread;
	p->batch = u->batches;
	p->unread += charge;
	u->total += charge;
	return true;
}

void unread_refund(struct unread *u, const void *address, size_t address_bytes, size_t answer_bytes)
{
	struct unread_peer *p = find(u, address, address_bytes);
	uint64_t charge = charge_for(answer_bytes);

	if (!p)
		return;
	charge = smaller(charge, p->unread);
	p->unread -= charge;
	p->probe = smaller(p->probe, p->unread);
	u->total -= charge;
}
