/* SPDX-License-Identifier: MIT */
/*
 * echoprobe called by the name echoping: the options and the output of echoping(1), so that what calls echoping and reads
 * its times works unchanged.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/text.h"
#include "echoprobe/report.h"

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

/* The output of echoping: "Elapsed time: 0.012345 seconds", a line an answer, then minimum, maximum, average, standard
 * deviation and median where more than one answer came. Its exit status: 0 where one came, else 1. */
extern const struct report as_echoping_report;
