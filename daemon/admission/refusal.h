/* SPDX-License-Identifier: MIT */
/* The reasons of refusals that are counted, by the names that logs and metrics show. */
#pragma once

#define REFUSALS(X)                                                                                                         \
	X(ACL, "acl")                       /* allow, deny                                                          */      \
	X(TOTAL, "total")                   /* limits.sessions; a datagram: limits.udp_answers, udp_answer_bytes    */      \
	X(SESSIONS, "sessions")             /* the listener's max_sessions                                          */      \
	X(SOURCE, "source")                 /* sessions_per_source, max_sessions_per_source                         */      \
	X(RATE, "rate")                     /* udp_rate, session_rate                                               */      \
	X(SOURCE_ADDRESS, "source_address") /* a source that is no host's                                           */      \
	X(SOURCE_PORT, "source_port")       /* port 0: no answer wanted; or a port that answers by itself           */      \
	X(BROADCAST, "broadcast")           /* sent to a broadcast or multicast address                             */      \
	X(AMPLIFICATION, "amplification")   /* the answer is too long for the request                               */      \
	X(LOOP, "loop")                     /* the one in 1,024 that ends a loop, if it is one                      */      \
	X(OVERSIZE, "oversize")             /* longer than max_datagram                                             */      \
	X(TRUNCATED, "truncated")           /* the kernel cut it                                                    */      \
	X(MALFORMED, "malformed")           /* the service does not answer such a request                           */      \
	X(UNSYNCHRONISED, "unsynchronised") /* require_sync and the clock is not                                    */      \
	X(BUFFERS, "buffers")               /* limits.buffers is used up                                            */      \
	X(PROXY, "proxy")                   /* proxy: no balancer of proxy_from, or no header                       */      \
	X(LOAD, "load")                     /* max_load                                                             */      \
	X(TIME, "time")                     /* access_times                                                         */      \
	X(DRAINED, "drained")               /* the administrator has it take nothing new                            */

#define REFUSAL_ENUM(name, text) REFUSED_##name,
enum refusal { REFUSALS(REFUSAL_ENUM) REFUSALS_N, REFUSED_NOT = REFUSALS_N };
#undef REFUSAL_ENUM

/* "acl", "total", …; "none" for REFUSED_NOT. */
const char *refusal_name(enum refusal r);
