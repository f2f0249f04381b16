/* SPDX-License-Identifier: MIT */
/*
 * All that a supervisor knows, written as text (handover_text.h) by one program and restored by the next.
 *
 * The text has shared memory and its layout, sockets and whose they are, generations with their processes, names of
 * rows. Not the settings: the next program reads them anew, for a generation of its own beside those restored, which have
 * none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"
#include "control/control.h"
#include "generation/fleet.h"

#define HANDOVER_PATH_MAX 4096

/* The parts that are handed over. */
struct handover {
	struct fleet *fleet;
	struct control *control;
};

/* Of the program that hands over. */
struct handover_image {
	int fd;                       /* to be executed again */
	char path[HANDOVER_PATH_MAX]; /* where its successors are looked for */
	bool dumpable;
	uint64_t layout; /* shared_layout() */
};

/* The text, and the descriptors it names. */
struct handover_parcel {
	int state_fd; /* the text */
	int *fds;     /* the descriptors that the next program needs; the heap's */
	size_t fds_n;
};

/* Writes all of it to ret->state_fd, and sets the rest. 0; or -errno, and the rest is as it was. */
int handover_write(const struct handover *h, const struct handover_image *image, struct handover_parcel *ret) must_check;

/* Opens what another program wrote, and reads who it was; text stays the caller's and is taken apart. 0; or -errno and
 * why. */
int handover_open(char *text, struct handover_image *ret, struct text *why) must_check;

/* Into an empty fleet whose loop is made; after handover_open(). With another layout the shared memory is new, and those
 * restored are strangers to it. only_try: by another process than theirs, which changes nothing. 0; or -errno and why. */
int handover_restore(const struct handover *h, bool only_try, struct text *why) must_check;

/* Closes what was handed over and only the program before could use; once that does not come back any more. */
void handover_close_unused(void);
