/* SPDX-License-Identifier: MIT */
/* echoprobe's figures of packets that standard input tells, a line each, "SENT RECEIVED" in nanoseconds, in the order of their
 * arrival: for test_figures.py, which has others compute the same. */
#include <inttypes.h>
#include <stdio.h>

#include "base/attr.h"
#include "echoprobe/tally.h"
#include "echoprobe/variation.h"

static struct tally tally;

static void print_percentiles(void)
{
	static const unsigned per_mille[] = { 500, 900, 950, 990, 999 };
	int64_t ns;

	for (unsigned i = 0; i < array_n(per_mille); i++)
		if (histogram_percentile(&tally.rtt, per_mille[i], &ns))
			printf("p%u %" PRId64 "\n", per_mille[i], ns);
}

int main(void)
{
	struct variation variation = { 0 };
	int64_t sent_ns, received_ns;

	while (scanf("%" SCNd64 " %" SCNd64, &sent_ns, &received_ns) == 2) {
		double jitter_ns;

		tally_received(&tally, &(struct tally_answer){ .rtt_ns = received_ns - sent_ns });
		if (variation_arrived(&variation, received_ns - sent_ns, &jitter_ns))
			tally_jitter(&tally, jitter_ns, received_ns);
	}
	printf("n %" PRIu64 "\nmin %" PRId64 "\nmax %" PRId64 "\n", tally.rtt.n, tally.rtt.min_ns, tally.rtt.max_ns);
	printf("mean %.3f\nstddev %.3f\n", tally.rtt_ns.mean, moments_stddev(&tally.rtt_ns));
	printf("jitter %.3f\njitter_mean %.3f\njitter_max %.3f\n", tally.jitter.last_ns, tally.jitter.each_ns.mean,
	       tally.jitter.max_ns);
	print_percentiles();
	return 0;
}
