/* SPDX-License-Identifier: MIT */
/* Answers that are held back: a ring of pieces of any length, none of which is split. */
#include "datagram/held.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/pages.h"

#define GRAIN 64           /* pieces begin and end at multiples of this */
#define KEPT_BYTES 262144u /* that keep their pages when nothing is held */

/* The beginning of a piece, which may be no longer than that: the rest of the memory that an answer did not fit. */
struct filler {
	uint32_t stride;
	bool is_over;
};

_Static_assert(offsetof(struct held_answer, stride) == offsetof(struct filler, stride) &&
		       offsetof(struct held_answer, is_over) == offsetof(struct filler, is_over),
	       "a filler is read as an answer");

int held_new(struct held_store *s)
{
	*s = (struct held_store){ .memory = pages_take(HELD_BYTES) };
	return s->memory ? 0 : -ENOMEM;
}

static void *place(const struct held_store *s, uint64_t at)
{
	return s->memory + at % HELD_BYTES;
}

struct held_answer *held_take(struct held_store *s, size_t bytes)
{
	size_t n = (sizeof(struct held_answer) + bytes + GRAIN - 1) / GRAIN * GRAIN;
	size_t left = HELD_BYTES - (size_t)(s->end % HELD_BYTES), skipped = left < n ? left : 0;
	struct held_answer *a;

	if (s->end - s->first + skipped + n > HELD_BYTES)
		return NULL;
	if (skipped) {
		*(struct filler *)place(s, s->end) = (struct filler){ .stride = (uint32_t)skipped, .is_over = true };
		s->end += skipped;
	}
	a = place(s, s->end);
	*a = (struct held_answer){ .stride = (uint32_t)n, .copies = 1, .bytes = (uint32_t)bytes };
	s->end += n;
	return a;
}

void held_give(struct held_store *s, struct held_answer *a)
{
	a->is_over = true;
	while (s->first < s->end) {
		const struct filler *oldest = place(s, s->first);
		if (!oldest->is_over)
			return;
		s->first += oldest->stride;
	}
	/* Nothing is held: the pages of a flood go back, and the next one begins with those that stay. */
	if (s->end > KEPT_BYTES)
		(void)madvise(s->memory + KEPT_BYTES, HELD_BYTES - KEPT_BYTES, MADV_DONTNEED);
	s->first = s->end = 0;
}

void held_append(struct held_line *l, struct held_answer *a)
{
	a->next = NULL;
	*(l->last ? &l->last->next : &l->first) = a;
	l->last = a;
	l->n++;
}

/* Takes off what `at` points to, which is behind `before` (NULL: it is the first). */
static struct held_answer *unlink_at(struct held_line *l, struct held_answer **at, struct held_answer *before)
{
	struct held_answer *a = *at;

	*at = a->next;
	if (l->last == a)
		l->last = before;
	l->n--;
	return a;
}

struct held_answer *held_shift(struct held_line *l)
{
	return l->first ? unlink_at(l, &l->first, NULL) : NULL;
}

struct held_answer *held_shift_to(struct held_line *l, const void *name, socklen_t name_bytes)
{
	struct held_answer *before = NULL;

	for (struct held_answer **at = &l->first; *at; before = *at, at = &(*at)->next)
		if ((*at)->name_bytes == name_bytes && memcmp(&(*at)->name, name, name_bytes) == 0)
			return unlink_at(l, at, before);
	return NULL;
}
