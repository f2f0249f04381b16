/* SPDX-License-Identifier: MIT */
/*
 * The supervisor's whole knowledge, saved as text (state.h) by one program and restored by the next.
 *
 * What is saved: shared memory and its layout, sockets and whose they are, generations with their processes, names of rows.
 * Not the settings: the next program reads them anew, for a generation of its own beside those restored, which have none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"
#include "supervisor/supervisor.h"

#define SAVED_PATH_MAX 4096

/* Of the program that saved. */
struct saved_image {
	int fd;                    /* to be executed again */
	char path[SAVED_PATH_MAX]; /* where its successors are looked for */
	bool dumpable;
	uint64_t layout; /* shared_layout() */
};

/* Writes all of it to a descriptor. ret_fds: the descriptors that the next program needs, ret_n of them, the heap's. 0 or
 * -errno. */
int saved_write(const struct supervisor *s, int to, int **ret_fds, size_t *ret_n) must_check;

/* Opens what another program saved, and reads who it was; text stays the caller's and is taken apart. 0; or -errno and
 * why. */
int saved_open(char *text, struct saved_image *ret, struct text *why) must_check;

/* Into an empty supervisor whose loop is made; after saved_open(). With another layout the shared memory is new, and those
 * restored are strangers to it. only_try: by another process than theirs, which changes nothing. 0; or -errno and why. */
int saved_restore(struct supervisor *s, bool only_try, struct text *why) must_check;
