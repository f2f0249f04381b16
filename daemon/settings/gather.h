/* SPDX-License-Identifier: MIT */
/* Things the settings name that only a throw-away process should read: time zones, files, ports of the services database. */
#pragma once

#include <stdio.h>

#include "base/attr.h"
#include "settings/items.h"

#define GATHER_QUOTES_MAX ((size_t)1 << 20) /* bytes of a quotes file                     */
#define GATHER_TABLE_MAX ((size_t)32 << 20) /* bytes of a host table                      */
#define GATHER_KEY_MAX ((size_t)4096)       /* bytes of a key file                       */
#define GATHER_FILES_MAX ((size_t)64 << 20) /* bytes of all files that one settings names */

/* Writes a ITEM_ZONE, ITEM_QUOTES, ITEM_TABLE, ITEM_KEY or ITEM_PORT for each name in the list, once; files of enabled
 * listeners only. `folder`: what files are relative to. 0 or -errno when writing makes no sense any more. */
int gather_write(FILE *to, const struct items *f, const char *folder) must_check;
