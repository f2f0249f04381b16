/* SPDX-License-Identifier: MIT */
/*
 * Lines of an answer: JSON objects, the first member of each saying which kind of thing it is about.
 *
 *     {"kind":"session","id":"17.3","listener":"echo/tcp",…}
 *     {"kind":"end","ok":true}
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

void json_out_begin(struct text *to, const char *kind);
void json_out_text(struct text *to, const char *key, const char *value);
void json_out_bytes(struct text *to, const char *key, const char *value, size_t n);
void json_out_number(struct text *to, const char *key, uint64_t value);
void json_out_bool(struct text *to, const char *key, bool value);
void json_out_end(struct text *to);

/* A member that is itself an object ('{' … '}') or an array of texts ('[' … ']'). */
void json_out_open(struct text *to, const char *key, char bracket);
void json_out_element(struct text *to, const char *value);
void json_out_close(struct text *to, char bracket);
