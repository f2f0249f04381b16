/* SPDX-License-Identifier: MIT */
/* The few compiler attributes the code uses, by short names. */
#pragma once

#include <stddef.h>

#define must_check __attribute__((warn_unused_result))
#define cleanup_with(fn) __attribute__((cleanup(fn)))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define maybe_unused __attribute__((unused))

/* Elements of an array (not of a pointer). */
#define array_n(a) (sizeof(a) / sizeof((a)[0]))

/* The structure that holds `member` at `ptr`. */
#define container_of(ptr, type, member) ((type *)(void *)(((char *)(ptr)) - offsetof(type, member)))
