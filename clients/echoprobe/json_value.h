/* SPDX-License-Identifier: MIT */
/* JSON from the values of a result. Without memory the program ends, saying so: it has nothing better to do. */
#pragma once

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/addr.h"
#include "echoprobe/result.h"

/* Sets a member, or adds an element; `value` is taken. */
void json_value_set(json_t *object, const char *name, json_t *value);
void json_value_add(json_t *array, json_t *value);

json_t *json_value_object(void);
json_t *json_value_array(void);
json_t *json_value_count(uint64_t n);
json_t *json_value_of(struct result_value v); /* null where it is not known */

/* Any bytes: where they are no UTF-8, with escapes for those that are not ASCII. NULL: null. */
json_t *json_value_text(const char *s);
json_t *json_value_addr(const struct addr *a); /* without the port; null where there is none */

/* RFC 3339 in UTC with nanoseconds. */
json_t *json_value_moment(struct timespec at);

/* Writes it in a line, and lets it go. */
void json_value_write(json_t *value, FILE *to);
