/* SPDX-License-Identifier: MIT */
/*
 * The texts that a setting may hold, turned into numbers and back: "30s", "64k", "200/s", "0660". Pure.
 *
 * Every function returns 0, -EINVAL (not such a text) or -ERANGE (such a text, but the number does not fit); *ret is
 * set on 0 only. No blanks, no sign but where said, no rounding: what cannot be said exactly is refused.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"

/* A rate: `amount` each `period_ns`, in bursts of up to `burst` (0: not said). amount 0: "none", no limit. */
struct value_rate {
	uint64_t amount;
	uint64_t period_ns;
	uint64_t burst;
};

/* "-12", "+3", "0": decimal. */
int value_integer(const char *s, int64_t *ret) must_check;

/* "true" or "false", in any case, as libconfig has them. */
int value_bool(const char *s, bool *ret) must_check;

/* "250ms", "30s", "5m", "1h", or seconds: "30", "1.5". At most nine decimals. */
int value_duration(const char *s, uint64_t *ret_ns) must_check;

/* "512", "64k", "4M", "1G": powers of 1024; "K" is "k". */
int value_size(const char *s, uint64_t *ret_bytes) must_check;

/* "200/s", "10/m", "3600/h", "200/s:400", "none"; with `sizes` the numbers are sizes: "1M/s". An amount of 0 is -ERANGE. */
int value_rate(const char *s, bool sizes, struct value_rate *ret) must_check;

/* "1.5%", or a part of one: "0.015"; in parts of a million. */
int value_percent(const char *s, uint64_t *ret_ppm) must_check;

/* "0660": one to four octal digits, at most 0777. */
int value_mode(const char *s, uint32_t *ret) must_check;

/* The index of a word in "error|warning|notice", from 0. Case counts. */
int value_word(const char *s, const char *words, unsigned *ret) must_check;

/* The shortest text that reads back to the same value. */
void value_add_duration(struct text *t, uint64_t ns);
void value_add_size(struct text *t, uint64_t bytes);
void value_add_percent(struct text *t, uint64_t ppm);
/* With one decimal at least: 1000 is "1.0". */
void value_add_thousandths(struct text *t, uint64_t v);
/* Word i of "error|warning|notice". */
void value_add_word(struct text *t, const char *words, unsigned i);
/* All of them for a sentence: "error", "warning" or "notice". */
void value_add_words(struct text *t, const char *words);
