/* SPDX-License-Identifier: MIT */
/* A connection to a target: over TCP, or to a UNIX socket of whichever type it is. */
#pragma once

#include "base/addr.h"
#include "base/attr.h"
#include "base/text.h"
#include "echoprobe/flow.h"
#include "echoprobe/result.h"

/* Opens a non-blocking socket and begins to connect it. 0: it is connected; 1: it will be writable when it is, or has failed
 * (connection_error()); or -errno, with a sentence where the fault is this host's. */
int connection_open(const struct flow_ends *ends, int *ret_fd, struct text *why) must_check;

/* Finds the UNIX socket at a path, and whether its messages are datagrams; its server sees nothing of that, and need not be
 * there. 0, or -errno and the sentence. */
int connection_find_unix(const char *path, bool *ret_datagrams, struct text *why) must_check;

/* The outcome of a connection that was begun: 0 or -errno. */
int connection_error(int fd) must_check;

/* Whether it is one of datagrams, which has no end. */
bool connection_is_datagrams(int fd);

/* The connection's own address and port; AF_UNSPEC: not known, as of a UNIX socket. */
struct addr connection_source(int fd);

/* Adds what TCP knows of the connection: retransmissions, MSS and path MTU. */
void connection_add_facts(int fd, struct result_tcp *tcp);
