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

void answer_begin(struct text *to, const char *kind);
void answer_text(struct text *to, const char *key, const char *value);
void answer_bytes(struct text *to, const char *key, const char *value, size_t n);
void answer_number(struct text *to, const char *key, uint64_t value);
void answer_bool(struct text *to, const char *key, bool value);
void answer_end(struct text *to);

/* A member that is itself an object ('{' … '}') or an array of texts ('[' … ']'). */
void answer_open(struct text *to, const char *key, char bracket);
void answer_element(struct text *to, const char *value);
void answer_close(struct text *to, char bracket);
