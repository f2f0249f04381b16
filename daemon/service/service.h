/* SPDX-License-Identifier: MIT */
/*
 * What a protocol is: bytes in, bytes out, a verdict.
 *
 * A service makes no system call, reads no clock and allocates nothing: all it may know is in its context and its options,
 * all it keeps is in its state, all it says is its output. So every protocol is tested without a socket. `services.def` has
 * one row a service; a new protocol is one file, one row, one source line and one test (HACKING.md shows the diff).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/zone.h"
#include "service/lookup.h"
#include "service/stamp_options.h"

/* The transports over which a client reaches a service. A bit each, for sets. */
enum transport {
	TRANSPORT_TCP = 1,
	TRANSPORT_UDP = 2,
	TRANSPORT_UNIX = 4,       /* stream    */
	TRANSPORT_UNIXGRAM = 8,   /* datagram  */
	TRANSPORT_UNIXPACKET = 16 /* seqpacket */
};
#define TRANSPORT_DATAGRAMS (TRANSPORT_UDP | TRANSPORT_UNIXGRAM)
#define TRANSPORT_STREAMS (TRANSPORT_TCP | TRANSPORT_UNIX)
#define TRANSPORT_SESSIONS (TRANSPORT_TCP | TRANSPORT_UNIX | TRANSPORT_UNIXPACKET)
#define TRANSPORT_UNIXES (TRANSPORT_UNIX | TRANSPORT_UNIXGRAM | TRANSPORT_UNIXPACKET)
#define TRANSPORT_ALL (TRANSPORT_SESSIONS | TRANSPORT_DATAGRAMS)

enum svc_verdict {
	SVC_MORE,   /* input used up; call again when more arrives              */
	SVC_FLUSH,  /* output full; write it, then call again with what is left */
	SVC_ASK,    /* needs a lookup; the question is in the i/o               */
	SVC_BECOME, /* tcpmux: go on as a session of the listener in the i/o    */
	SVC_DONE,   /* write the output, then close (stream) or send (datagram) */
	SVC_DROP,   /* close now, send nothing                                  */
};

/* The options that a listener's settings have for its service; each service reads its own members. Filled by settings/,
 * read-only. */
struct svc_options {
	/* daytime */
	const char *format;      /* "rfc867" "ctime" "smtp" "smtp4" "iso" "nist" or a strftime text */
	const struct zone *zone; /* never NULL                                                      */
	/* daytime, time */
	bool require_sync; /* an unsynchronised clock gives no answer (RFC 868) */
	/* hostname */
	const struct hosttable *table; /* NULL: none */
	/* qotd */
	const struct quotes *quotes;
	struct stamp_options stamp;
	/* tcpmux: the names of the listeners served, and how many */
	const char *const *names;
	size_t names_n;
};

/* Data that a worker collects of a request where the service's row says so: it costs that service's listeners alone. */
enum svc_collected {
	SVC_TTL = 1,           /* TTL or hop limit                                          */
	SVC_TRAFFIC_CLASS = 2, /* DSCP and ECN                                              */
	SVC_INTERFACE = 4,     /* its name                                                  */
	SVC_RECEIVE_TIME = 8,  /* the kernel's                                              */
	SVC_FRAGMENTS = 16,    /* of how many bytes the largest was                         */
	SVC_DROPS = 32,        /* how many datagrams the kernel has dropped at this socket  */
	SVC_CONNECTION = 64,   /* TCP_INFO                                                  */
	SVC_LIMITED = 128,     /* whether the source was refused for its rates of late      */
};

enum svc_time_kind { SVC_TIME_USER, SVC_TIME_SOFTWARE };

struct tcp_info;

/* The data collected. Zeroed where nothing is; the value that means "unknown" stands beside each. */
struct svc_facts {
	int ttl;                        /* -1: unknown                                           */
	int traffic_class;              /* -1: unknown                                           */
	unsigned interface;             /* index; 0: unknown                                    */
	const char *interface_name;     /* NULL: unknown                            */
	struct timespec received;       /* UTC, when it came; by the kernel, or when it was read */
	enum svc_time_kind received_by; /* the kernel is SVC_TIME_SOFTWARE          */
	uint32_t fragment_bytes;        /* 0: it came whole                         */
	int64_t dropped;                /* -1: unknown                              */
	bool limited;                   /* in the last minute                       */
	uint64_t uptime_s;              /* of the daemon                            */
	uint64_t now_ns;                /* CLOCK_MONOTONIC                          */
	const struct tcp_info *tcp;     /* NULL: no connection, or unknown          */
	size_t tcp_bytes;               /* of it that the kernel filled             */
	const char *congestion;         /* TCP_CONGESTION; NULL: unknown            */
	struct addr balancer;           /* who brought it (the PROXY protocol); AF_UNSPEC: nobody */
};

/* The context of a call: all that a service may know. Filled anew for each call; read-only. */
struct svc_context {
	struct timespec wall; /* UTC, with nanoseconds                     */
	struct clock_status clock;
	enum transport transport;
	struct addr peer;      /* who asks                                  */
	struct addr local;     /* the address that was asked                */
	const char *host_name; /* what this host is called                  */
	uint32_t random;       /* 32 unpredictable bits, new for each call  */
	const struct svc_options *options;
	const struct svc_facts *facts; /* never NULL where the row collects         */
	void *memory;                  /* the row's svc_memory_fn                   */
};

/* The way a datagram's answer is to be sent. All zero: as any. */
struct svc_sending {
	bool has_dscp;
	uint8_t dscp;      /* 0..63, where it has one                       */
	bool same_link;    /* by the interface by which the request came    */
	uint32_t handle;   /* what svc_seal_fn is told of this answer       */
	bool departs;      /* svc_depart_fn is to be told of it; its handle is not 0 */
	bool is_uncounted; /* there was no place for its session */
};

/* One call's bytes. The service reads in[0..in_len), sets in_used; writes out[out_len..out_cap), adds to out_len. */
struct svc_io {
	const uint8_t *in;
	size_t in_len;
	size_t in_used;
	bool eof; /* stream: the client has closed its direction; after in[] nothing comes any more */

	uint8_t *out;
	size_t out_cap; /* stream: SVC_OUT_MIN or more; datagram: the longest answer that may be sent */
	size_t out_len;

	struct lookup_question question; /* SVC_ASK                                                    */
	size_t become;                   /* SVC_BECOME: index into options->names                      */
	struct svc_sending sending;
};

#define SVC_OUT_MIN 4096   /* bytes of room that a stream's service may count on when called */
#define SVC_STATE_MAX 2048 /* the most state a service may ask for                           */
#define SVC_BRIEF_MAX 64   /* bytes: RFC 868 asks with an empty datagram                     */

/* A stream (or seqpacket) session: `open` once, `input` whenever bytes or the end arrived, or after SVC_FLUSH; `answer`
 * once after SVC_ASK. A datagram: `input` once with the whole datagram, state zeroed, `open` is not called; SVC_DONE
 * sends the output (0 bytes too), SVC_DROP or SVC_MORE send nothing. state is state_bytes long, zeroed, aligned for
 * anything; NULL where state_bytes is 0. */
typedef enum svc_verdict svc_open_fn(void *state, const struct svc_context *ctx, struct svc_io *io);
typedef enum svc_verdict svc_input_fn(void *state, const struct svc_context *ctx, struct svc_io *io);
typedef enum svc_verdict svc_answer_fn(void *state, const struct svc_context *ctx, const struct lookup_answer *answer,
				       struct svc_io *io);

/* Bytes of memory that one socket of a listener needs where it is served, zeroed at first; it is ctx->memory. */
typedef size_t svc_memory_fn(const struct svc_options *options);

/* The last word on a datagram's answer of n bytes, right before it is sent: ctx->wall is now. ctx has neither peer nor
 * facts; `handle` is what the service said at its input. */
typedef void svc_seal_fn(const struct svc_context *ctx, uint32_t handle, uint8_t *answer, size_t n);

/* The departure of an answer. */
struct svc_departure {
	uint32_t handle;      /* as for svc_seal_fn              */
	struct timespec wall; /* what that was told              */
	struct timespec left; /* by the kernel's own stamp, UTC  */
};

/* Tells of an answer that was sent, some time later and not of each: the kernel may have no stamp. ctx as for
 * svc_seal_fn. */
typedef void svc_depart_fn(const struct svc_context *ctx, const struct svc_departure *d);

/* A service's needs of a worker beyond bytes. */
struct svc_needs {
	unsigned collects;     /* a set of enum svc_collected                                    */
	uint8_t ttl;           /* TTL or hop limit of datagrams' answers; 0: the kernel's        */
	svc_memory_fn *memory; /* NULL: none */
	svc_seal_fn *seal;     /* NULL: nothing is left to do */
	svc_depart_fn *depart; /* NULL: it never asks; with one it has a `seal` too */
};

enum svc_trait {
	SVC_MIRROR = 1,        /* the output is the input, byte for byte: it may be sent from where it was read */
	SVC_SINK = 2,          /* nothing is ever sent                                                          */
	SVC_SPEAKS_FIRST = 4,  /* answers before the client says anything                                        */
	SVC_REQUEST = 8,       /* one request line: request_timeout counts                                      */
	SVC_PACED = 16,        /* sends for ever: session/ paces it by the listener's `rate`                    */
	SVC_NEEDS_CLOCK = 32,  /* reads ctx->clock                                                              */
	SVC_LOOKS_UP = 64,     /* asks the resolver                                                             */
	SVC_SHORTENS = 128,    /* a datagram's answer may be as short as there is room                          */
	SVC_BRIEF = 256,       /* a datagram's answer is SVC_BRIEF_MAX bytes at most, so any request may have it */
	SVC_ENDS_LOOPS = 1024, /* no two of its listeners, or others' like it, answer each other for long     */
	SVC_IN_PLACE = 512,    /* a datagram's answer may be written where its request is                     */
};

struct service {
	const char *name;    /* "echo"                                    */
	const char *rfc;     /* "RFC 862"                                 */
	uint16_t port;       /* IANA's                                    */
	unsigned transports; /* those it has by default                   */
	unsigned possible;   /* those a listener may ask for              */
	unsigned traits;     /* enum svc_trait                            */
	size_t state_bytes;  /* 0..SVC_STATE_MAX                          */
	svc_open_fn *open;   /* NULL: nothing to say at the start         */
	svc_input_fn *input;
	svc_answer_fn *answer; /* NULL but for SVC_LOOKS_UP                 */
	struct svc_needs needs;
};

extern const struct service service_table[];
extern const size_t service_table_n;

/* The row of a name; NULL if there is none. */
const struct service *service_find(const char *name);

/* "tcp", "udp", "unix", "unixgram", "unixpacket"; 0 and NULL for what is none. */
unsigned service_transport_from_name(const char *name);
const char *service_transport_name(enum transport t);
