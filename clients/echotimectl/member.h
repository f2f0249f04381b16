/* SPDX-License-Identifier: MIT */
/* Members of a line of an answer. What is missing, or of another type, is empty or 0. */
#pragma once

#include <jansson.h>
#include <stdint.h>

const char *member_text(const json_t *line, const char *key);
uint64_t member_number(const json_t *line, const char *key);
