/* SPDX-License-Identifier: MIT */
/* The time test (RFC 868). */
#include "echoprobe/time.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "echoprobe/engine.h"

#define TIME_BYTES 4
#define UNIX_IN_1900_S UINT32_C(2208988800) /* of 1970 */

static enum probe_judged judge(const struct engine *e maybe_unused, const struct payload_id *id maybe_unused,
			       const struct probe_heard *heard, enum tally_content *ret)
{
	*ret = heard->n < TIME_BYTES ? TALLY_TRUNCATED : heard->n > TIME_BYTES ? TALLY_LENGTHENED : TALLY_INTACT;
	return heard->ended ? PROBE_DONE : PROBE_MORE;
}

/* The 32 bits began anew in 2036, and begin in that era that is nearest to our clock. */
static void note(struct engine *e, const struct probe_heard *heard, int64_t asked_ns, int64_t answered_ns)
{
	int64_t ours_s = answered_ns / (int64_t)CLOCK_S_NS;
	struct whole_seconds_answer answer = { .asked_ns = asked_ns, .answered_ns = answered_ns };

	if (heard->n != TIME_BYTES)
		return;
	answer.second = ours_s + (int32_t)(bytes_get_be32(heard->at) - UNIX_IN_1900_S - (uint32_t)ours_s);
	if (!whole_seconds_add(&e->whole_seconds, &answer))
		e->steps++;
}

/* The best moment: where their second changes half-way of the next query, as far as is known, its answer halves what is
 * not. */
static uint64_t place(const struct engine *e, uint64_t due_ns)
{
	const struct histogram *rtt = &e->flows[0].tally.rtt;
	struct timespec wall = clock_wall();
	int64_t clock_ns = wall.tv_sec * (int64_t)CLOCK_S_NS + wall.tv_nsec - (int64_t)clock_mono_ns();

	if (e->whole_seconds.n == 0 || rtt->n == 0)
		return due_ns;
	return (uint64_t)(whole_seconds_next(&e->whole_seconds, (int64_t)due_ns + clock_ns, rtt->min_ns) - clock_ns);
}

void time_report(struct engine *e, struct result *ret)
{
	int64_t offset_ns, bound_ns;

	e->time = (struct result_time){ 0 };
	if (whole_seconds_offset(&e->whole_seconds, &offset_ns, &bound_ns))
		e->time = (struct result_time){ .offset_ns = RESULT_KNOWN(offset_ns), .bound_ns = RESULT_KNOWN(bound_ns) };
	ret->time = &e->time;
}

const struct probe_exchange time_exchange = { .judge = judge, .place = place, .note = note };
