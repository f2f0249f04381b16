/* SPDX-License-Identifier: MIT */
/* The sources refused lately, with the reasons, in a few places of fixed memory. */
#include "shared/offenders.h"

#include <string.h>

#include "admission/table.h"

#define WEIGHT_MAX (UINT32_C(1) << 30)

/* No defence against a source that wants to be forgotten: it could as well ask from elsewhere. */
static uint32_t place_of(const struct offence *o)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ o->row ^ (uint64_t)o->why << 32, words[2];

	memcpy(words, o->source.bytes, sizeof(words));
	for (unsigned i = 0; i < 2; i++) {
		h = (h ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return (uint32_t)(h >> 32) % OFFENDERS_N;
}

static bool is_same(const struct offence *a, const struct offence *b)
{
	return a->row == b->row && a->why == b->why && addr_same_host(&a->source, &b->source);
}

static void write_down(struct offenders_place *p, const struct offence *offence, uint32_t n, uint64_t now_ns)
{
	if (p->count && is_same(&p->offence, offence)) {
		p->count += n;
		p->weight = p->weight + n < WEIGHT_MAX ? p->weight + n : WEIGHT_MAX;
		p->last_ns = now_ns;
	} else if (!p->count || p->weight <= n || now_ns > p->last_ns + OFFENDERS_STALE_NS) {
		p->offence = *offence;
		p->count = p->weight = n;
		p->last_ns = now_ns;
	} else
		p->weight -= n;
}

/* False: another process writes there, or died while it did; such a place is never read or written again, and there are
 * others. */
static bool begin_write(struct offenders_place *p, uint32_t *ret_version)
{
	*ret_version = atomic_load_explicit(&p->version, memory_order_relaxed);
	if (*ret_version & 1 || !atomic_compare_exchange_strong(&p->version, ret_version, *ret_version + 1))
		return false;
	atomic_thread_fence(memory_order_release); /* nothing of the place is seen changed before its version is */
	return true;
}

static void end_write(struct offenders_place *p, uint32_t version)
{
	atomic_store_explicit(&p->version, version + 2, memory_order_release);
}

void offenders_note(struct offenders *o, const struct offence *offence, uint32_t n, uint64_t now_ns)
{
	struct offenders_place *p = &o->places[place_of(offence)];
	uint32_t version;

	if (!begin_write(p, &version))
		return;
	write_down(p, offence, n, now_ns);
	end_write(p, version);
}

void offenders_forget(struct offenders *o, uint32_t row)
{
	for (uint32_t i = 0; i < OFFENDERS_N; i++) {
		struct offenders_place *p = &o->places[i];
		uint32_t version;

		if (p->offence.row != row || !begin_write(p, &version))
			continue;
		if (p->offence.row == row)
			p->count = 0;
		end_write(p, version);
	}
}

bool offenders_read(const struct offenders *o, uint32_t i, struct offender *ret)
{
	const struct offenders_place *p = &o->places[i];
	uint32_t version = atomic_load_explicit(&p->version, memory_order_acquire);

	*ret = (struct offender){ .offence = p->offence, .count = p->count, .last_ns = p->last_ns };
	atomic_thread_fence(memory_order_acquire);
	return !(version & 1) && atomic_load_explicit(&p->version, memory_order_relaxed) == version && ret->count &&
	       ret->offence.row < TABLE_ROWS_MAX && (unsigned)ret->offence.why < REFUSALS_N;
}
