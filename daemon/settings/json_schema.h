/* SPDX-License-Identifier: MIT */
/* --schema: the settings as a JSON Schema (draft 2020-12), for editors and for programs that write settings. */
#pragma once

#include <stdio.h>

#include "base/attr.h"

/* Prints settings.def: names, types, words, defaults and what each is for. 0 or -EIO. */
int json_schema_write(FILE *to) must_check;
