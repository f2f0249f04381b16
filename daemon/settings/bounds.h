/* SPDX-License-Identifier: MIT */
/* What the settings reader may do: read files and write to its pipe, in bounded memory and time. */
#pragma once

#include "base/attr.h"

/* For the rest of this process's life. 0 or -errno: it must not read then. */
int bounds_enter(void) must_check;
