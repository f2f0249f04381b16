/* SPDX-License-Identifier: MIT */
/*
 * The structures of the settings: what the settings say, once they are read and checked, and what was found to be wrong.
 *
 * Owns: everything that hangs on struct settings, freed by settings_free(); it lives until no generation of workers uses it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/log.h"
#include "service/service.h"
#include "session/impair.h"
#include "session/rules.h"
#include "admission/rate_limits.h"
#include "admission/rules.h"
#include "settings/pool_model.h"

#define SETTINGS_LISTENERS_MAX 120 /* listeners; each may have several transports and addresses */
#define SETTINGS_POOLS_MAX 32
#define SETTINGS_ADDRESSES_MAX 64 /* of one listener                                           */
#define SETTINGS_NAME_MAX 64      /* of a listener or a pool, with its NUL: [A-Za-z0-9_.-]      */
#define SETTINGS_WORKERS_MAX 1000 /* of all pools in use */

struct pool_settings {
	char name[SETTINGS_NAME_MAX];
	enum pool_model model;
	uint32_t start, min_spare, max_spare, max_workers; /* prefork                               */
	uint64_t sessions_per_worker;                      /* prefork; 0: never replaced            */
	uint32_t max_sessions;                             /* fork, event                           */
	uint32_t workers;                                  /* event; 0 in the file: already replaced by the usable CPUs */
	bool busy_poll;                                    /* event                                 */
	uint64_t patience_ns;                              /* of those who wait; 0: without end     */
	uint64_t memory_limit;                             /* bytes of RLIMIT_DATA; 0: none         */
	bool used;                                         /* some enabled listener names it        */
};

enum listener_address_kind { LISTENER_ADDRESS_ANY, LISTENER_ADDRESS_LOOPBACK, LISTENER_ADDRESS_ONE };

struct listener_address {
	enum listener_address_kind kind; /* "*", "loopback", or one address                             */
	struct addr addr;                /* LISTENER_ADDRESS_ONE                                        */
	char text[ADDR_TEXT_MAX];        /* as written, for messages (the interface of %scope may come) */
};

struct socket_settings {
	char interface[16]; /* "": any                                             */
	bool freebind;
	bool v6only;     /* unless said: false where an address is "*"      */
	uint32_t shards; /* udp: sockets at each address, 1 or more; 0 as 1 */
	uint32_t backlog;
	uint64_t receive_buffer;  /* bytes; 0: the kernel's (udp: 4M unless said)       */
	uint64_t send_buffer;     /* 0: the kernel's (unixgram: 4M unless said)         */
	uint64_t keepalive_ns;    /* 0: off                                             */
	uint64_t user_timeout_ns; /* 0: the kernel's                                   */
	uint64_t defer_accept_ns; /* 0: off                                            */
	bool nodelay;
	bool mptcp;
	uint32_t fastopen;   /* connections that may wait with data; 0: off             */
	char congestion[16]; /* the algorithm; "": the kernel's                         */
	int dscp;            /* 0..63, or SETTINGS_DSCP_REFLECT                     */
};
#define SETTINGS_DSCP_REFLECT (-1)

struct listener_settings {
	char name[SETTINGS_NAME_MAX]; /* the service's name unless said */
	const struct service *service;
	unsigned transports; /* enum transport, a set */
	bool enabled;
	const char *banner_refused; /* a line for who is refused, without its end; "": none */
	bool acknowledge_public;    /* what it may do to others on a public address is known and wanted */
	struct listener_address addresses[SETTINGS_ADDRESSES_MAX];
	size_t addresses_n;
	uint16_t port;                                           /* port_offset added; 0: the kernel chooses */
	char path[108];                                          /* unix: a path, or "@name"; "": none       */
	uint32_t mode;                                           /* of the path: permission bits, 0666 unless said */
	char owner[SETTINGS_NAME_MAX], group[SETTINGS_NAME_MAX]; /* of the path; "": the service's */
	uint32_t pool_stream, pool_datagram; /* index into settings->pools, for its session and datagram transports */
	struct socket_settings socket;
	struct admission_rules admission;
	struct session_rules rules;
	struct impair_rules impair;
	bool impairs;   /* it does anything at all */
	bool is_led_to; /* by a tcpmux that others reach and that has no list of who may ask */
	struct svc_options options;
	char timezone[ZONE_NAME_MAX];
	const char *unfit; /* a spare: why it cannot serve; NULL if it can */
	/* The place where the listener begins, for -T and for messages. */
	const char *file;
	unsigned line;
};

/* The service's user when it is started as root and the settings do not say. */
#define SETTINGS_DEFAULT_USER "echotimed"

/* The control socket is where such a daemon's usually is, if it can be. */
#define SETTINGS_CONTROL_AUTO "auto"

enum settings_activation { SETTINGS_ACTIVATION_AUTO, SETTINGS_ACTIVATION_ONLY };

struct settings {
	char user[SETTINGS_NAME_MAX], group[SETTINGS_NAME_MAX]; /* "": not said */
	uint32_t port_offset;
	char host_name[256];
	enum settings_activation activation;
	uint64_t drain_timeout_ns;
	struct {
		enum log_level level;
		enum log_format format;
		bool sessions;
	} log;
	struct {
		struct listener_address address; /* its text is "": metrics are off                       */
		uint32_t port;                   /* without port_offset; 0: the kernel chooses             */
	} metrics;
	struct {
		char path[108]; /* SETTINGS_CONTROL_AUTO; a path; "": none     */
		uint32_t mode;
		char group[SETTINGS_NAME_MAX]; /* "": not said */
	} control;
	struct {
		uint32_t processes;
		uint64_t timeout_ns;
		uint32_t queue;
	} resolver;
	struct {
		uint32_t sessions, sessions_per_source;
		uint64_t buffers; /* bytes, over all workers */
		struct rate_limits_totals totals;
		struct rate_sketch_shape shape; /* table, source_prefix_v4, source_prefix_v6 */
	} limits;
	struct pool_settings pools[SETTINGS_POOLS_MAX];
	size_t pools_n;
	struct listener_settings *listeners; /* disabled ones too */
	size_t listeners_n;
	size_t spares_n; /* behind them: one of each service, by `defaults`, for a socket passed for it (net/adopt.h) */
	struct settings_own *own; /* draft.h: origins, and the storage of strings, zones, quotes, tables */
};

/* A fault or a danger, and its place. */
struct settings_issue {
	char text[512]; /* "file:line: key: what is wrong (what is allowed)" */
	bool warning;
};
#define SETTINGS_ISSUES_MAX 20
struct settings_report {
	struct settings_issue issues[SETTINGS_ISSUES_MAX];
	size_t issues_n;
	size_t errors_n; /* all of them, also those beyond the last shown */
	bool missing;    /* there is no such file (exit 66)                */
};

/* One setting over the file's, kept for reloads. */
struct settings_override {
	const char *key, *value;
	const char *from; /* "-o", or the name of a variable */
};

/* The source of the settings. */
struct settings_source {
	const char *file; /* as given by -c */
	const struct settings_override *overrides;
	size_t overrides_n;
};
