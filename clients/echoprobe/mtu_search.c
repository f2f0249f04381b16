/* SPDX-License-Identifier: MIT */
/* From a base that passes nearly everywhere up a ladder of common sizes, then by halves between the last and the next. */
#include "echoprobe/mtu_search.h"

#include "base/attr.h"
#include "base/clock.h"

static const uint32_t ladder[] = { 1280, 1400, 1420, 1440, 1460, 1472, 1480, 1492, 1500, 9000 };

void mtu_search_init(struct mtu_search *m, uint32_t floor, uint32_t ceiling)
{
	*m = (struct mtu_search){ .floor = floor, .ceiling = ceiling, .failed = ceiling + 1, .by = MTU_BY_CEILING };
}

/* The lowest rung above what passes; the ceiling is the last. */
static uint32_t rung(const struct mtu_search *m)
{
	for (unsigned i = 0; i < array_n(ladder); i++)
		if (ladder[i] > m->passed && ladder[i] < m->ceiling)
			return ladder[i];
	return m->ceiling;
}

static uint32_t within(const struct mtu_search *m, uint32_t size)
{
	if (size < m->floor)
		return m->floor;
	return size > m->ceiling ? m->ceiling : size;
}

static uint32_t choose(const struct mtu_search *m)
{
	uint32_t least = m->passed != 0 ? m->passed : m->floor;

	if (m->hint != 0)
		return m->hint;
	if (m->passed == 0 && m->failed > within(m, MTU_SEARCH_BASE))
		return within(m, MTU_SEARCH_BASE);
	if (m->passed == 0 && m->failed <= m->floor + 1)
		return m->floor;
	if (m->passed != 0 && rung(m) < m->failed)
		return rung(m);
	return least + (m->failed - least) / 2;
}

uint32_t mtu_search_next(struct mtu_search *m)
{
	if (m->failed <= m->floor)
		m->state = MTU_NOTHING_PASSES;
	else if (m->passed + 1 == m->failed)
		m->state = MTU_FOUND;
	if (m->state != MTU_SEARCHING)
		return 0;
	m->trying = choose(m);
	return m->trying;
}

static void fails_from(struct mtu_search *m, uint32_t size, enum mtu_search_by by)
{
	m->losses = 0;
	m->hint = 0;
	if (size < m->failed) {
		m->failed = size;
		m->by = by;
	}
}

void mtu_search_passed(struct mtu_search *m)
{
	m->losses = 0;
	m->hint = 0;
	if (m->trying > m->passed)
		m->passed = m->trying;
}

void mtu_search_lost(struct mtu_search *m)
{
	if (++m->losses >= MTU_SEARCH_PROBES_MOST)
		fails_from(m, m->trying, MTU_BY_SEARCH);
}

void mtu_search_too_big(struct mtu_search *m, uint32_t mtu)
{
	if (mtu < m->floor || mtu >= m->trying || mtu < m->passed) {
		mtu_search_lost(m);
		return;
	}
	fails_from(m, mtu + 1, MTU_BY_ROUTER);
	m->hint = mtu > m->passed ? mtu : 0;
}

/* A fragment's payload is a multiple of 8 octets: most often what is 8 larger does not pass. */
void mtu_search_in_pieces(struct mtu_search *m, uint32_t piece)
{
	fails_from(m, m->trying, MTU_BY_PIECES);
	if (piece > m->passed && piece < m->failed)
		m->passed = piece;
	m->hint = piece + 8 > m->passed && piece + 8 < m->failed ? piece + 8 : 0;
}

uint64_t mtu_search_timer_ns(uint64_t rtt_ns)
{
	return 3 * rtt_ns > CLOCK_S_NS ? 3 * rtt_ns : CLOCK_S_NS;
}
