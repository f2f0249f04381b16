/* SPDX-License-Identifier: MIT */
/*
 * Whether clients still reach a listener's socket, and how it is bound anew where they do not.
 *
 * Its port may have been taken from it: `ss -K` ends a socket, and so does shutdown(2) of whoever else has it. A UNIX
 * socket's file may be removed or replaced, and an interface be made anew under its old name.
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "net/listener.h"

/* The socket of a descriptor takes nothing more: it does not listen, or nothing more is to be received. Of one that listens,
 * or of datagrams. */
bool health_is_ended(int fd, bool listens);

/* Of an open listener. The file of a socket that was passed is not judged: it may be in another's view of the files. */
enum loss health_of(const struct listener *l);

/* "another process has ended the socket". */
const char *health_text(enum loss loss);

/* listener_adjust(); one that was ended it leaves alone: a socket may be made to listen again, and would not be well. */
int health_adjust(struct listener *l, struct text *why) must_check;

/* Binds one of ours that is lost anew: l then is the new socket, and the old one, which other processes may have, is closed
 * here. 0; or -errno, with a sentence in why, and l is what it was. */
int health_restore(struct listener *l, struct text *why) must_check;
