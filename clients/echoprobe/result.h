/* SPDX-License-Identifier: MIT */
/*
 * What a run found out, as data: from it every report is written, so that a figure is the same in all of them.
 *
 * Flow: the engine fills it, reports read it. The words in it are those of the JSON document (echoprobe.schema.json), and a
 * member that does not say otherwise is that document's of the same name.
 * Owns: nothing. What a pointer points to is the filler's, and outlives the report; NULL where it does not apply, and then
 * the document does not have it. A struct result_value of zeroed memory is unknown: the document says null.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"
#include "echoprobe/plan.h"
#include "echoprobe/tally.h"

/* A number that may not be known. */
struct result_value {
	bool known;
	int64_t value;
};
#define RESULT_KNOWN(v) ((struct result_value){ .known = true, .value = (v) })

/* --- the run -------------------------------------------------------------------------------------------------------- */

enum result_end {
	RESULT_RUNNING, /* it goes on, as in an exporter or an interval */
	RESULT_COUNT,   /* all packets were sent                        */
	RESULT_DURATION,
	RESULT_INTERRUPTED, /* ^C                                       */
	RESULT_PROHIBITED,  /* ICMP said that it is forbidden           */
	RESULT_FAILED,      /* nothing could be sent any more           */
};

struct result_target {
	const char *name; /* as it was written, without the port; a UNIX socket: its path */
	struct addr addr; /* with the port; AF_UNIX: a path                               */
};

struct result_source {
	struct addr addr;      /* with the port of the first flow; AF_UNSPEC: not known */
	const char *interface; /* NULL: not known                                       */
};

/* --- figures -------------------------------------------------------------------------------------------------------- */

/* The way packets are told apart: what is told from their octets is unknown where those do not suffice. */
enum result_numbering {
	RESULT_NUMBERED,   /* 4 octets and more                                                        */
	RESULT_UNNUMBERED, /* answers taken in order: no duplicates, no reordering, no corruption known */
};

/* Whether answers are due. Where none are, it is not known what became of packets. */
enum result_answers { RESULT_ANSWERED, RESULT_SILENT };

/* Of the total, of a flow, of a size or of an interval: what figures.def makes figures of. */
struct result_scope {
	const struct tally *tally;
	enum result_numbering numbering;
	enum result_answers answers;
	bool expects;            /* the tally's `expected` applies: --expect-impair                         */
	uint16_t port;           /* flows: the source port                                              */
	uint32_t size_bytes;     /* sizes: of the payload                                               */
	struct result_value ttl; /* of the last answer; hop limit                                       */
};

/* --- directions ------------------------------------------------------------------------------------------------------ */

struct result_delays {
	struct result_value min, mean, p50, p90, p99, max; /* ns */
};

struct result_direction {
	struct result_value lost, duplicated, reordered, hops;
	struct result_delays delay_ns; /* the middle of what is possible                                 */
	struct result_value bound_ns;  /* the truth is at most so far from it, either way                */
	struct result_delays pdv_ns;   /* above the least delay; exact whatever the clocks; min is 0     */
	struct result_value rfc3550_ns;
	const struct histogram *ipdv_abs;        /* |IPDV| of RFC 5481 section 4.1; NULL: not kept            */
	struct result_value dscp_sent, ecn_sent; /* unknown: backward, where the reflector does not say    */
	uint64_t dscp_seen;                      /* bit d: DSCP d was seen                                 */
	uint8_t ecn_seen;                        /* bit e: the ECN bits e were seen, RFC 3168              */
};

struct result_directions {
	struct result_direction forward, backward;
	struct result_value unknown_lost; /* lost with nobody knowing where */
};

/* --- stamp ---------------------------------------------------------------------------------------------------------- */

enum result_reflector { RESULT_REFLECTOR_UNKNOWN, RESULT_REFLECTOR_STATELESS, RESULT_REFLECTOR_STATEFUL };

enum result_clock_by { RESULT_BY_CAUSALITY, RESULT_BY_ERROR_ESTIMATES };

struct result_clock_state {
	bool synchronised;
	struct result_value error_ns;
};

struct result_clock {
	struct result_value offset_ns; /* their clock - ours */
	struct result_value bound_ns;
	enum result_clock_by by;
	bool skew_known;
	double skew_ppm;
	uint64_t steps;
	struct result_clock_state here, there;
};

struct result_stamp {
	enum result_reflector reflector;
	bool authenticated;
	struct result_value ssid; /* unknown: none was sent */
	struct result_value remote_p50_ns, remote_p99_ns;
	struct result_clock clock;
};

/* --- other tests ---------------------------------------------------------------------------------------------------- */

enum result_tcp_end {
	RESULT_TCP_OPEN,       /* not ended, or not known how                            */
	RESULT_TCP_OWED,       /* after our end the server sent what it owed, then ended */
	RESULT_TCP_EARLY,      /* the server ended before all had come back              */
	RESULT_TCP_RESET,      /* the server broke it off                                */
	RESULT_TCP_UNANSWERED, /* after our end nothing came until the time-out          */
};

struct result_tcp {
	uint64_t connects, refused, resets;
	struct result_value connect_ns; /* mean */
	struct result_value retransmits, mss_bytes, pmtu_bytes;
	enum result_tcp_end end;
};

/* The server's clock against ours, of answers in whole seconds (time, daytime). */
struct result_time {
	struct result_value offset_ns; /* their clock - ours */
	struct result_value bound_ns;
};

enum result_found { RESULT_NOT_FOUND, RESULT_BY_ICMP, RESULT_BY_SEARCH, RESULT_BY_FRAGMENTS };

struct result_mtu {
	struct result_value forward_bytes, backward_bytes, backward_at_most_bytes, payload_bytes, interface_bytes;
	struct result_value learnt_bytes; /* by this host's kernel, of whoever told it */
	const char *interface;            /* NULL: not known                            */
	const char *router;               /* whose ICMP it was; NULL: nobody's          */
	const char *confirmer;            /* "time on 37"; NULL: nothing confirmed it   */
	enum result_found forward_by, backward_by;
	bool blackhole_forward, blackhole_backward; /* larger ones vanish without a word */
};

/* The packets as an info server saw them, beside what we sent. */
struct result_info {
	const char *json;     /* the last answer: a JSON object, whole and valid             */
	uint64_t datagrams;   /* whose answers agree about the address that they came from   */
	uint64_t addresses_n; /* different addresses or ports that they came from            */
};

/* --- surroundings ---------------------------------------------------------------------------------------------------- */

struct result_icmp {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t type, code;
	struct addr from;
	uint64_t count;
	struct result_value mtu_bytes; /* known: it said one */
	struct result_value flow, seq; /* of one as it comes: the packet that it quotes */
};

/* The clock that stamped packets: the best that really came; unknown where none did. */
enum result_stamper { RESULT_STAMPER_UNKNOWN, RESULT_STAMPER_USER, RESULT_STAMPER_KERNEL, RESULT_STAMPER_HARDWARE };

struct result_host {
	enum result_stamper send, receive;
	uint64_t send_missing, receive_missing;
	const struct histogram *lateness;      /* of sending, against the schedule      */
	const struct histogram *receive_delay; /* from the kernel's stamp to our reading */
	struct result_value dropped_in_socket, udp_buffer_errors, udp_checksum_errors;
};

/* --- all ------------------------------------------------------------------------------------------------------------- */

struct result {
	const struct plan *plan;    /* what was asked */
	struct timespec started_at; /* UTC            */
	uint64_t duration_ns;
	enum result_end ended_by;
	struct result_target target;
	struct result_source source;

	struct result_value silent_ns; /* since the last answer; unknown: there was none. Of a run that goes on */

	struct result_scope total;
	const struct result_scope *flows; /* flows_n of them; none where there is one flow */
	size_t flows_n;
	const struct result_scope *sizes; /* sizes_n of them; none where there is one size */
	size_t sizes_n;

	const struct result_directions *directions;
	const struct result_stamp *stamp;
	const struct result_tcp *tcp;
	const struct result_time *time;
	const struct result_mtu *mtu;
	const struct result_info *info;

	const struct result_icmp *icmp; /* icmp_n of them */
	size_t icmp_n;
	struct result_host host;
	const char *const *notes; /* notes_n sentences */
	size_t notes_n;
};

/* --- a packet ---------------------------------------------------------------------------------------------------------- */

enum result_fate {
	RESULT_OK,
	RESULT_LOST, /* said when its time-out passes; an answer after that is one more, late */
	RESULT_LATE,
	RESULT_DUPLICATE,
	RESULT_CORRUPTED,
	RESULT_TRUNCATED,
	RESULT_LENGTHENED,
	RESULT_OTHER_ADDRESS,
	RESULT_NOT_KNOWN, /* nothing comes back where all is well */
};

/* The fate of a packet, or of a copy of it. */
struct result_packet {
	uint32_t flow;
	uint64_t seq;
	struct timespec sent_at; /* UTC */
	enum result_fate fate;
	struct result_value rtt_ns, forward_ns, backward_ns, remote_ns;
	struct result_value bytes, ttl, dscp, ecn; /* of the answer */
};

/* The word of each in the reports. */
const char *result_end_name(enum result_end end);
const char *result_fate_name(enum result_fate fate);     /* NULL: not known */
const char *result_stamper_name(enum result_stamper by); /* NULL: unknown */
const char *result_found_name(enum result_found by);     /* NULL: not found */

/* "fragmentation-needed", "port-unreachable", by the registry of ICMP and ICMPv6 parameters; "other" for the rest. */
const char *result_icmp_name(const struct result_icmp *icmp);
