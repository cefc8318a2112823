/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/latency.h"

#define STEP_BITS 6U /* of HW_LATENCY_BUCKETS_PER_STEP */

static uint32_t bucket_of(uint64_t ns)
{
	if (ns < HW_LATENCY_BUCKETS_PER_STEP) {
		return (uint32_t)ns;
	}
	uint32_t step = 63U - (uint32_t)__builtin_clzll(ns) - STEP_BITS;
	uint32_t bucket = (step + 1U) * HW_LATENCY_BUCKETS_PER_STEP +
			  (uint32_t)((ns >> step) - HW_LATENCY_BUCKETS_PER_STEP);
	return bucket < HW_LATENCY_BUCKET_COUNT ? bucket : HW_LATENCY_BUCKET_COUNT - 1U;
}

static double bucket_us(uint32_t bucket)
{
	if (bucket < HW_LATENCY_BUCKETS_PER_STEP) {
		return (double)bucket * 1e-3;
	}
	uint32_t step = bucket / HW_LATENCY_BUCKETS_PER_STEP - 1U;
	uint64_t ns = (uint64_t)(bucket % HW_LATENCY_BUCKETS_PER_STEP + HW_LATENCY_BUCKETS_PER_STEP)
		      << step;
	return (double)ns * 1e-3;
}

void hw_latency_add(struct hw_latency *latency, uint64_t ns)
{
	latency->buckets[bucket_of(ns)]++;
	latency->count++;
	latency->max_ns = ns > latency->max_ns ? ns : latency->max_ns;
}

double hw_latency_quantile_us(const struct hw_latency *latency, double share)
{
	uint64_t wanted = (uint64_t)((double)latency->count * share);
	uint64_t seen = 0;
	for (uint32_t i = 0; i < HW_LATENCY_BUCKET_COUNT; i++) {
		seen += latency->buckets[i];
		if (seen > wanted) {
			return bucket_us(i);
		}
	}
	return (double)latency->max_ns * 1e-3;
}
