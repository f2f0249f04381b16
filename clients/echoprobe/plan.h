/* SPDX-License-Identifier: MIT */
/*
 * What was asked: the command line as numbers. options.c fills it; from there on it is read-only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "wire/impairment.h"
#include "wire/proxyline.h"
#include "wire/stamp_hmac.h"

enum plan_transport { PLAN_UDP, PLAN_TCP, PLAN_UNIX };
enum plan_fill { PLAN_FILL_PATTERN, PLAN_FILL_ZEROS, PLAN_FILL_RANDOM, PLAN_FILL_TEXT };
enum plan_stamps { PLAN_STAMPS_AUTO, PLAN_STAMPS_KERNEL, PLAN_STAMPS_USER };
enum plan_schedule { PLAN_PERIODIC, PLAN_POISSON };

#define PLAN_COUNT 10
#define PLAN_SIZE_BYTES 64
#define PLAN_SIZE_AUTHENTICATED_BYTES 128
#define PLAN_SIZE_MAX_BYTES 65507 /* of a UDP payload over IPv4 */
#define PLAN_TTL 64
#define PLAN_ACK_PORT 37 /* time */
#define PLAN_FLOWS_MAX 1024
#define PLAN_SIZES_MAX 256

struct probe;
struct report;

/* Beyond one of these a result is not good enough (-w, -C). */
struct plan_limits {
	bool said;
	uint64_t rtt_ns;   /* mean                                            */
	uint32_t loss_ppm; /* lost and late packets in a million of those sent */
};

/* The TLVs that stamp packets have. */
struct plan_tlvs {
	uint16_t types;         /* 1 << enum stamp_tlv_type */
	uint8_t dscp;           /* of the answers, with Class of Service */
	uint32_t padding_bytes; /* where padding is among them, unless -s says the size */
};

struct plan {
	const struct probe *probe;
	enum plan_transport transport;
	bool transport_said;   /* -u, -T or --unix; else it is the test's own               */
	const char *unix_path; /* PLAN_UNIX: where the socket is                        */
	const char *port;      /* a number or a service's name; NULL: the test's own    */
	int family;            /* AF_UNSPEC: whichever the name has first               */
	const char **hosts;    /* as written; the command line's                        */
	size_t hosts_n;

	uint64_t count;       /* packets per flow and size; 0: until ^C                 */
	uint64_t duration_ns; /* CLOCK_NEVER: not said                                  */
	uint64_t interval_ns;
	enum plan_schedule schedule;
	uint64_t burst;      /* packets back to back each interval                     */
	uint64_t timeout_ns; /* an answer after this is late                           */
	uint64_t warmup;     /* packets sent first and not counted                     */

	uint32_t size_bytes;    /* of the first packet        */
	uint32_t sizes_n;       /* of packets, one after the other: more with --sweep */
	uint32_t step_bytes;    /* from a size to the next    */
	uint32_t room_bytes;    /* of the largest packet */
	const char *ask;        /* the hostname test: its line, without an end */
	bool reconnect;         /* a connection a message                      */
	struct proxyline proxy; /* that a connection begins with; n 0: none */
	enum plan_fill fill;
	const char *fill_text; /* PLAN_FILL_TEXT: not empty */

	const char *source;   /* an address or an interface; NULL: the kernel's choice */
	uint16_t source_port; /* of the first flow; 0: the kernel's choice           */
	uint32_t flows;
	uint8_t ttl, dscp, ecn; /* ecn: the two bits of RFC 3168 */
	const char *key_file;   /* the stamp test: authenticated; NULL: not */
	struct stamp_hmac key;  /* what it holds */
	uint16_t ssid;          /* the stamp test: 0: none         */
	bool ptp;               /* the stamp test: time stamps of PTP */
	struct plan_tlvs tlvs;  /* the stamp test */
	bool df;
	enum plan_stamps stamps;

	struct plan_limits warning, critical;
	const struct report *report;                                     /* the format                     */
	uint64_t every_ns;                                               /* interval results; 0: none      */
	enum plan_words { PLAN_LIVE, PLAN_SUMMARY, PLAN_PACKETS } words; /* -q: only the summary; -v: a line a packet */
	struct addr exporter; /* where metrics are served, for ever; AF_UNSPEC: nowhere */

	/* The mtu test: whose small answers prove that a packet came there, and at which port; NULL: nobody's. */
	const struct probe *ack;
	uint16_t ack_port;

	bool expects;             /* --expect-impair                                       */
	struct impairment expect; /* what the server was asked to do to our packets        */

	bool own_host, flood; /* manners.h */
};
