/* SPDX-License-Identifier: MIT */
/* The words of one settings file, read as libconfig reads them. */
#pragma once

#include <stddef.h>

#include "base/attr.h"
#include "settings/scan.h"

/* Appends a file's text to s->text, with its includes put in place. 0, or what scan_refuse() gave. */
int tokens_read(struct scan *s, const char *bytes, size_t n, const char *file) must_check;
