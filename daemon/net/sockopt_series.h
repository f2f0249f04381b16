/* SPDX-License-Identifier: MIT */
/* A series of socket options, of which the first failure ends the rest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct series {
	int fd;
	bool lenient; /* what this kind of socket does not know it goes without */
	int result;   /* 0, or -errno of the option that failed                */
	const char *failed;
};

struct option {
	const char *name;
	int level, number;
};

void series_set_bytes(struct series *s, struct option o, const void *value, size_t n);

/* series_set(&series, SOL_SOCKET, SO_KEEPALIVE, 1): with the option's name for the message. */
#define series_set(series, level, number, value)                                                                            \
	series_set_bytes(series, (struct option){ #number, level, number }, &(int){ value }, sizeof(int))
