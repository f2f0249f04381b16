/* SPDX-License-Identifier: MIT */
/* What the parts of the load generator share: the options, the clients, the counts, and what each kind of load provides. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READ_MAX (256 * 1024)

struct load_options {
	const char *host;
	long port;
	long connections; /* streams, sessions or UDP sockets at once                            */
	long size;        /* bytes of a message                                                   */
	long depth;       /* messages in flight on each                                           */
	long sources;     /* `sources`: how many addresses ask; else of how many the streams come */
	long gso;         /* `udp`: the messages of a socket leave as one super-datagram          */
	long eof;         /* `session`: the server speaks first and closes                        */
	long warm_ms;
	long run_ms;
	const char *payload; /* `udp`: hexadecimal; what all datagrams say, whatever the answer does. NULL: a number each */
};

/* One stream, session or UDP socket. */
struct client {
	int fd;            /* -1: none                                             */
	uint32_t events;   /* that are waited for                                  */
	uint64_t sent;     /* bytes, or datagrams                                  */
	uint64_t got;      /* the same; `udp`: answered or given up                */
	uint64_t next;     /* `udp`: what a number below is out of order           */
	uint64_t given_up; /* `udp`: what a number below is late                 */
	uint64_t begun_ns;
	uint64_t heard_ns; /* `udp`: when the last answer came, or it was asked  */
};

struct load_counts {
	uint64_t requests, errors, lost, late, disorder;
};

struct load_kind {
	const char *name;
	void (*open)(struct client *c); /* before the first phase; ends the program on failure */
	void (*ask)(struct client *c);  /* puts in flight what may be                          */
	void (*ready)(struct client *c, uint32_t events);
	void (*look)(struct client *c, uint64_t now_ns); /* every 50 ms; NULL: nothing to look for              */
	bool (*owed)(const struct client *c);            /* an answer is owed                                   */
};

extern const struct load_kind load_echo, load_session, load_udp, load_sources;
extern struct load_options load_options;
extern struct load_counts load_counts;
extern bool load_running; /* false: ask nothing new */
extern unsigned char load_buffer[READ_MAX];

_Noreturn void load_die(const char *what);
uint64_t load_now_ns(void);
void load_watch(struct client *c, uint32_t events);
void load_done(struct client *c, uint64_t n); /* n requests are answered; the oldest was begun at c->begun_ns */
struct sockaddr_in load_server(void);
struct sockaddr_in load_source(uint64_t i, long of); /* 127.64.0.1 and up, port 0 */
size_t load_index(const struct client *c);
