/* SPDX-License-Identifier: MIT */
/*
 * The JSON document: echoprobe.schema.json says what is in it. It is made of jansson's values; without memory the program
 * ends, saying so.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "echoprobe/result.h"

#define REPORT_JSON_SCHEMA "echoprobe/1"

/* Each is a new value of the caller's. */
json_t *report_json_document(const struct result *r);
json_t *report_json_program(void);
json_t *report_json_run(const struct result *r);
json_t *report_json_target(const struct result *r);
json_t *report_json_source(const struct result *r);
json_t *report_json_scope(const struct result_scope *s);

/* A document; of several targets an array of them. */
void report_json_finish(const struct result *const *results, size_t n, FILE *to);
