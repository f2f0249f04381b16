/* SPDX-License-Identifier: MIT */
/*
 * The quotes that qotd answers with, taken from the bytes of a file.
 *
 * Format: quotes of one or several lines, parted by lines that hold a lone `%` (fortune's files and Windows' `quotes`).
 * Where no line is a lone `%`, blank lines part them. Line ends may be LF or CRLF; a tab becomes spaces up to the next
 * multiple of 8 columns.
 * Owns: a copy of the text; the file's bytes are not needed after quotes_parse().
 */
#pragma once

#include <stddef.h>

#include "base/attr.h"
#include "base/lines.h"

#define QUOTES_BYTES_MAX 511 /* of one quote as it is sent, CR LF at each line's end included (RFC 865) */

struct quotes;

/* Takes text[0..n) apart. 0 and *ret, to be freed; -ENOMEM; or -EINVAL and *ret_fault: a quote over QUOTES_BYTES_MAX, a byte
 * that is not printing ASCII, no quote at all. */
int quotes_parse(const char *text, size_t n, struct quotes **ret, struct lines_fault *ret_fault) must_check;
void quotes_free(struct quotes *q); /* NULL is allowed */

/* 1 or more. */
size_t quotes_n(const struct quotes *q);

/* The bytes to send for quote i, 0..quotes_n() - 1; *ret_bytes is 1..QUOTES_BYTES_MAX. There is no NUL. */
const char *quotes_at(const struct quotes *q, size_t i, size_t *ret_bytes);
