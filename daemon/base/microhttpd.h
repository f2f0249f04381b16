/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd, loaded by a process when it begins to serve HTTP: the TLS and other libraries that come with it have no
 * business in any other, and cost time and memory at each start, and in the daemon at every fork. A static program has it
 * linked, without TLS.
 */
#pragma once

#ifdef HAVE_MICROHTTPD

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/text.h"

/* The functions that are used, each without its "MHD_". */
#define MICROHTTPD_FUNCTIONS(X)                                                                                             \
	X(start_daemon)                                                                                                     \
	X(stop_daemon)                                                                                                      \
	X(get_daemon_info)                                                                                                  \
	X(get_timeout)                                                                                                      \
	X(quiesce_daemon)                                                                                                   \
	X(run)                                                                                                              \
	X(get_connection_info)                                                                                              \
	X(get_connection_values)                                                                                            \
	X(create_response_from_buffer)                                                                                      \
	X(add_response_header)                                                                                              \
	X(queue_response)                                                                                                   \
	X(destroy_response)

struct microhttpd {
#define FUNCTION(name) __typeof__(&MHD_##name) name;
	MICROHTTPD_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

/* After microhttpd_load(). */
extern struct microhttpd microhttpd;

/* 0; or -ENOEXEC with the loader's words. */
int microhttpd_load(struct text *why) must_check;

/* The format of metrics, of two, that a request would rather have, by its Accept headers (media.h). */
bool microhttpd_wants_openmetrics(struct MHD_Connection *c);

struct microhttpd_page {
	unsigned status; /* MHD_HTTP_OK, … */
	const char *type;
	char *bytes; /* the heap's; n of them */
	size_t n;
};

/* Answers a request with the page, and closes the connection. The bytes are freed in any case. */
enum MHD_Result microhttpd_send(struct MHD_Connection *c, const struct microhttpd_page *page);

#endif
