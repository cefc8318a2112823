/* SPDX-License-Identifier: Apache-2.0
 *
 * latency.h - a histogram of times: 64 buckets for each power of two, so that none is off by more
 * than 1.6 %
 *
 * Room: tests/bench. Thread: one. Blocks: never. Allocates: nothing.
 */
#ifndef HW_TESTS_BENCH_LATENCY_H
#define HW_TESTS_BENCH_LATENCY_H

#include <stdint.h>

#define HW_LATENCY_BUCKETS_PER_STEP 64U /* a step is a power of two of nanoseconds */
#define HW_LATENCY_BUCKET_COUNT     (HW_LATENCY_BUCKETS_PER_STEP * 60U)

struct hw_latency {
	uint64_t count;
	uint64_t max_ns;
	uint64_t buckets[HW_LATENCY_BUCKET_COUNT];
};

void hw_latency_add(struct hw_latency *latency, uint64_t ns);

/* The time that @share of all took at most; 0 when nothing was added. */
double hw_latency_quantile_us(const struct hw_latency *latency, double share);

#endif
