/* SPDX-License-Identifier: MIT */
/* The sockets that systemd passed to this process, and what each is. */
#pragma once

#include "net/adopt.h"

/* Looks at a descriptor and fills in all but its name and number. NULL, or what is wrong with it: "is not a socket". */
const char *passed_describe(int fd, struct adopt_socket *ret);

/* First of all, before this process opens anything: which of the descriptors that were named are not there. Else one of our
 * own would be taken for it. */
void passed_look(void);

/* Takes what was passed to this process (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES; the variables are removed) and looks at
 * each. 0; or -errno and a sentence that names the descriptor: not a socket, not listening, of a kind that nothing here
 * serves. */
int passed_take(struct adopt *a, struct text *why) must_check;

/* The same, connections allowed (--inetd). */
int passed_take_any(struct adopt *a, struct text *why) must_check;
