/* SPDX-License-Identifier: MIT */
/* The traits that set a flow apart from the others of a run, and how delay grows with size. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "echoprobe/result.h"

struct contrast {
	bool loss;         /* more or less than the others', by Fisher's exact test with p < 0.001 over all flows    */
	bool ttl;          /* another one than most flows have                                                        */
	int64_t slower_ns; /* than most, at the least: 0 unless it is 50 us and a tenth of the others' median at least */
};

/* Of flow `at` of n. */
struct contrast contrast_of(const struct result_scope *flows, size_t n, size_t at);

/* The probability to find `lost` or more losses of n in one of two samples, where all of them have all_lost of all_n: the
 * upper tail of the hypergeometric distribution. */
double contrast_tail(uint64_t lost, uint64_t n, uint64_t all_lost, uint64_t all_n);

/* The least time of a size is base_ns + size * byte_ns, by least squares. */
struct contrast_line {
	double base_ns, byte_ns;
};

/* False: fewer than three sizes, or what the line explains is not more than what it leaves. */
bool contrast_fit(const struct result_scope *sizes, size_t n, struct contrast_line *ret) must_check;
