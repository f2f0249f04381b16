/* SPDX-License-Identifier: MIT */
/* The settings of this daemon that do what the entries of another super-server did. */
#pragma once

#include <stdio.h>

#include "import/foreign.h"

/* Prints a whole file of settings for the services that the other program has built in; a comment for what has no
 * equivalent. A listener that would then be open to more than before is printed switched off. The number of attributes and
 * services that were lost. */
unsigned convert_print(const struct foreign *f, FILE *to);
