/* SPDX-License-Identifier: MIT */
/*
 * A UNIX socket's place in the file system: taken only where nobody is harmed, given up only if it is still ours.
 *
 * Names that begin with "@" are abstract: they have no file and none of these rules.
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "base/text.h"
#include "net/types.h"

/* Binds l->fd to l->path. What is there already is replaced only if it is a socket, ours (this process's user, the
 * daemon's or the owner that the settings name), and nobody answers on it. The file has its owner, group and mode from its
 * first moment. 0 or -errno with the reason in `why`: "another process has it"; nothing new is left in the file
 * system then. */
int unixpath_bind(struct listener *l, struct text *why) must_check;

/* A socket bound in an earlier life: takes its file for the one we made, if it is a socket of ours. Abstract names always
 * are. */
bool unixpath_recognise(struct listener *l);

/* True while the file is the one we made, as far as can be seen; always for an abstract name, which has none. */
bool unixpath_is_there(const struct listener *l);

/* Gives the file the owner, group and mode of the settings, if it is still the one we made. Where they name no owner or no
 * group and this is root, it gets the service's. */
int unixpath_apply(const struct listener *l, struct text *why) must_check;

/* Removes the file if it is still the one we made. */
void unixpath_remove(struct listener *l);
