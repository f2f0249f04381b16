/* SPDX-License-Identifier: MIT */
/*
 * Datagrams that come to echoprobe, of echo and stamp, as answers to packets that were sent or never were: only the number
 * of a packet that was sent is found, and whatever else differs from it is told.
 *
 * Input: the test and the packet (the first octet), how much of that stays (the second), octets that are xored into it and
 * then follow it.
 * Covers: clients/echoprobe/stamp.c clients/echoprobe/echo.c clients/echoprobe/payload.c clients/echoprobe/match.c
 *
 * Under 80 % of stamp.c and echo.c: what a command line asks for is settled there, and connections are judged, in which no
 * datagram has a part.
 */
#include "fuzz.h"

#include "echoprobe/echo.h"
#include "echoprobe/engine.h"
#include "echoprobe/probe.h"
#include "echoprobe/stamp.h"
#include "wire/stamp.h"

#define SENT 8
#define SIZE 80
#define CAME_MAX 256

static struct plan plan = { .size_bytes = SIZE, .flows = 1, .transport = PLAN_UDP, .fill = PLAN_FILL_RANDOM };
static struct engine e;
static struct engine_flow flow;
static struct tally tally;
static uint8_t sent[2][SENT][SIZE]; /* of echo, of stamp */

static void build_one(uint16_t seq)
{
	const struct payload_id id = { .seq = seq };
	struct stamp_reflection r = { .seq = seq, .sent = 3, .received = 2, .ttl = 64 };
	uint8_t *stamp = sent[1][seq];

	(void)track_sent(&flow.track, (int64_t)CLOCK_S_NS * seq, SIZE);
	echo_build(&e, &id, sent[0][seq]);
	stamp_build(&e, &id, stamp);
	MUST(stamp_read_request(stamp, SIZE, STAMP_UNAUTHENTICATED, &r.sender) == 0);
	stamp_write_reflection(stamp, STAMP_UNAUTHENTICATED, &r);
}

/* An engine of which nothing but its flow's memory is there. */
static void prepare(void)
{
	static struct pending_slot slots[PENDING_CAPACITY_MIN];
	static struct order_high highs[64];

	e = (struct engine){
		.plan = &plan, .flows = &flow, .flows_n = 1, .size_bytes = SIZE, .payload = { .run = 7, .key = { { 1, 2 } } }
	};
	flow.engine = &e;
	track_init(&flow.track,
		   &(struct track_memory){
			   .slots = slots, .slots_n = array_n(slots), .highs = highs, .highs_n = array_n(highs) },
		   CLOCK_S_NS, 0);
	track_count_in(&flow.track, &tally, NULL);
	MUST(stamp_session.open(&flow) == 0);
	for (uint16_t seq = 0; seq < SENT; seq++)
		build_one(seq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz f = { data, n };
	uint8_t which = fuzz_octet(&f), came[CAME_MAX];
	const uint8_t *packet;
	size_t kept = fuzz_octet(&f) % (SIZE + 1), came_n;
	struct probe_answer answer = { 0 };
	enum probe_found found;

	if (!flow.engine)
		prepare();
	packet = sent[which & 1][which / 2 % SENT];
	came_n = f.n > kept ? (f.n < CAME_MAX ? f.n : CAME_MAX) : kept;
	for (size_t i = 0; i < came_n; i++)
		came[i] = (uint8_t)((i < kept ? packet[i] : 0) ^ (i < f.n ? f.at[i] : 0));
	uint8_t *exact = fuzz_exact(came, came_n, false);
	const struct batch_datagram d = { .at = exact, .n = came_n, .length = came_n, .ttl = -1, .traffic_class = which };

	found = (which & 1 ? stamp_read : echo_read)(&flow, &d, &answer);
	MUST(found <= PROBE_UNRELATED);
	if (found == PROBE_ANSWER || found == PROBE_DAMAGED) {
		struct result_packet p = { .seq = answer.seq };
		const struct probe_arrival a = { .datagram = &d,
						 .is_first = true,
						 .arrived_ns = (int64_t)CLOCK_S_NS * SENT };

		MUST(answer.seq < SENT);
		MUST((answer.content == TALLY_TRUNCATED) == (came_n < SIZE));
		MUST((answer.content == TALLY_LENGTHENED) == (came_n > SIZE));
		if (which & 1)
			stamp_session.observe(&flow, &a, &p);
		else if (answer.content == TALLY_INTACT)
			MUST(memcmp(exact, sent[0][answer.seq], SIZE) == 0);
	}
	free(exact);
	return 0;
}
