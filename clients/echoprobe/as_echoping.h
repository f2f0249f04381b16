/* SPDX-License-Identifier: MIT */
/*
 * echoprobe called by the name echoping: the options and the output of echoping(1), so that what calls echoping and reads
 * its times works unchanged.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/text.h"
#include "echoprobe/result.h"

#define AS_ECHOPING_WORDS_MAX 32

/* A command line of echoprobe's, in storage of its own. */
struct as_echoping {
	char *words[AS_ECHOPING_WORDS_MAX + 1];
	int n;
	struct text storage;
	char bytes[2048];
};

/* Whether a program's name, with its path or without, is echoping. */
bool as_echoping_is_name(const char *argv0);

/* Writes echoping's command line as echoprobe's. 0, or -EINVAL and the sentence: also for what tests other protocols. */
int as_echoping_translate(int argc, char **argv, struct as_echoping *ret, struct text *why) must_check;

/* "Elapsed time: 0.012345 seconds": a line an answer. */
void as_echoping_packet(const struct result *r, const struct result_packet *p, FILE *to);

/* Minimum, maximum, average, standard deviation, median, where more than one answer came. */
void as_echoping_finish(const struct result *const *results, size_t n, FILE *to);
