/* SPDX-License-Identifier: MIT */
/* The words of xinetd's only_from and no_access, as prefixes. Pure. */
#pragma once

#include <stddef.h>

#include "base/addr.h"
#include "base/attr.h"

/* The most that one word may name: 192.0.2.{1,2,3}. */
#define ACCESS_WORD_MAX 64

/* Reads an address ("192.0.2.1", "2001:db8::1"), a network by its trailing zeros ("192.0.2.0"), by a length or a mask
 * ("192.0.2.0/24", "192.0.2.0/255.255.255.0"), or a list ("192.0.{2,3}"). The number of prefixes put into ret, of
 * ACCESS_WORD_MAX; -EINVAL: it is a name, or nothing that xinetd.conf(5) knows. */
int access_word_read(const char *word, struct prefix *ret) must_check;
