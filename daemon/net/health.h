/* SPDX-License-Identifier: MIT */
/*
 * Whether clients still reach a listener's socket.
 *
 * Its port may have been taken from it: `ss -K` ends a socket, and so does shutdown(2) of whoever else has it. A UNIX
 * socket's file may be removed or replaced, and an interface be made anew under its old name.
 */
#pragma once

#include <stdbool.h>

#include "net/types.h"

/* The socket of a descriptor takes nothing more: it does not listen, or nothing more is to be received. Of one that listens,
 * or of datagrams. */
bool health_is_ended(int fd, bool listens);

/* Of an open listener. The file of a socket that was passed is not judged: it may be in another's view of the files. */
enum loss health_of(const struct listener *l);

/* "another process has ended the socket". */
const char *health_text(enum loss loss);
