/* SPDX-License-Identifier: MIT */
/* The tests by name: a row of tests.def and a file each. */
#pragma once

#include <stddef.h>

#include "echoprobe/batch.h"
#include "echoprobe/payload.h"
#include "echoprobe/plan.h"

struct engine;
struct engine_flow;
struct result;
struct result_packet;
struct text;

/* To which packet an answer belongs, and how it differs. */
struct probe_answer {
	uint64_t seq; /* PENDING_KNOWN */
	enum tally_content content;
};

enum probe_found {
	PROBE_ANSWER,
	PROBE_DAMAGED,   /* as well, but its header was damaged: it counts from the target alone */
	PROBE_FORGOTTEN, /* to a packet that is no longer remembered                             */
	PROBE_UNRELATED, /* to none of this run                                                  */
};

/* The bytes of a server on a connection so far. */
struct probe_heard {
	const uint8_t *at;
	size_t n;
	bool ended; /* it closed its end: there is no more */
};

enum probe_judged { PROBE_MORE, PROBE_DONE };

/* Writes what is said, at most PROBE_ASK_MAX or the plan's size; its length. */
typedef size_t probe_ask_fn(const struct engine *e, const struct payload_id *id, uint8_t *to);

/* A connection a message: what is said to the server, and when its answer is whole. */
struct probe_exchange {
	probe_ask_fn *ask; /* NULL: the server speaks first */
	/* Our end is closed behind that. */
	bool half_closes;
	/* Why there is no --sweep of what is said; NULL: there is. */
	const char *one_size;
	/* Nothing is answered to a datagram, as the protocol has it. */
	bool is_silent;
	/* Whether the answer is whole, and then how it differs. Of an answer to a datagram, all is there and it has ended.
	 * */
	enum probe_judged (*judge)(const struct engine *e, const struct payload_id *id, const struct probe_heard *heard,
				   enum tally_content *ret);
	/* The time when a packet that is due then is best sent (CLOCK_MONOTONIC), not before; NULL: then. It is put off
	 * by less than the interval, or not at all. */
	uint64_t (*place)(const struct engine *e, uint64_t due_ns);
	/* Takes note of a whole answer, asked for and read at these times (wall clock); NULL: there is nothing to note. */
	void (*note)(struct engine *e, const struct probe_heard *heard, int64_t asked_ns, int64_t answered_ns);
};

#define PROBE_ASK_MAX 1024
#define PROBE_HEARD_MAX 65536 /* more than is read of any answer */

/* An answer that came from the target, before it is counted. */
struct probe_arrival {
	const struct batch_datagram *datagram;
	bool is_first;               /* false: a further copy                                             */
	int64_t sent_ns, arrived_ns; /* CLOCK_MONOTONIC, by the kernel's stamps where it has them         */
	int64_t clock_ns;            /* wall clock - CLOCK_MONOTONIC when it was read                     */
};

/* A test's own parts: what it keeps of a flow of datagrams is in f->session. */
struct probe_session {
	uint8_t ttl;          /* sent with unless -t says another                   */
	uint32_t size_bytes;  /* of a packet unless -s says another; 0: as all have */
	uint32_t room_bytes;  /* it sends packets up to this, whatever -s says      */
	const char *one_size; /* why it has no --sweep; NULL: it has                */
	/* Refuses what the test does not have, and reads what it needs: 0, or -errno and the sentence. */
	int (*settle)(struct plan *plan, struct text *why);
	/* 0 or -ENOMEM; closed in both cases. */
	int (*open)(struct engine_flow *f);
	void (*close)(struct engine_flow *f);
	/* Does all of a test that is no run of packets; the exit status (verdict.h). NULL: it is one. */
	int (*run)(const struct plan *plan);
	/* Looks at an answer and completes *p. p->remote_ns is taken out of the round trip. NULL: need not. */
	void (*observe)(struct engine_flow *f, const struct probe_arrival *a, struct result_packet *p);
};

struct probe {
	const char *name;
	const char *port;              /* its service's, of IANA; NULL: none     */
	enum plan_transport transport; /* where neither -u, -T nor --unix is said */
	unsigned transports;           /* those that it has: 1 << PLAN_UDP | …   */

	const char *whole; /* a sentence about connections where nothing was amiss */

	/* Writes a packet of the plan's size. */
	void (*build)(const struct engine *e, const struct payload_id *id, uint8_t *to);
	/* Looks at what came on a flow. ret where an answer was found. */
	enum probe_found (*read)(const struct engine_flow *f, const struct batch_datagram *d, struct probe_answer *ret);
	/* Over connections. */
	const struct probe_exchange *exchange;
	/* Adds what only this test knows to the result; NULL: nothing. */
	void (*report)(struct engine *e, struct result *ret);
	const struct probe_session *session; /* NULL: it keeps nothing */
};

/* Whether nothing comes back of a plan's packets where all is well, so that it is not known what became of them. */
bool probe_is_silent(const struct plan *plan);

/* NULL: there is none of that name. */
const struct probe *probe_find(const char *name);

/* The i-th; NULL behind the last. */
const struct probe *probe_at(size_t i);
