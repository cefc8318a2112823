/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics.h - counters, gauges and histograms: written by one thread each, summed when read
 *
 * Room: core/base    Thread: one writer for each struct hw_metrics; render may run in any thread
 * Blocks: never      Allocates: never   Owns: nothing
 * Limits: HW_HISTOGRAM_BUCKET_COUNT
 *
 * The table is metrics.def. Each thread has a struct hw_metrics of its own, on cache lines of its
 * own; as it alone writes there, adding is a plain load and store. A reader sees each value whole
 * and somewhat old; a histogram's count and sum may differ by what was being observed while it was
 * read.
 */
#ifndef HW_CORE_BASE_METRICS_H
#define HW_CORE_BASE_METRICS_H

#include <stdalign.h>
#include <stdatomic.h>

#include "core/base/check.h"

#define HW_CACHE_LINE_SIZE 64U /* bytes */

/* Bucket i counts what is <= 2^i: 1 us to 67 s, and one more for all above. */
#define HW_HISTOGRAM_BUCKET_COUNT 28U

#define HW_COUNTER(id, family, labels, help)   HW_METRIC_##id,
#define HW_GAUGE(id, family, labels, help)     HW_METRIC_##id,
#define HW_GAUGE_MAX(id, family, labels, help) HW_METRIC_##id,
#define HW_HISTOGRAM_US(id, help)
#define HW_HISTOGRAM(id, help)
enum hw_metric {
#include "core/base/metrics.def"
	HW_METRIC_COUNT
};
#undef HW_COUNTER
#undef HW_GAUGE
#undef HW_GAUGE_MAX
#undef HW_HISTOGRAM_US
#undef HW_HISTOGRAM

#define HW_COUNTER(id, family, labels, help)
#define HW_GAUGE(id, family, labels, help)
#define HW_GAUGE_MAX(id, family, labels, help)
#define HW_HISTOGRAM_US(id, help) HW_HISTOGRAM_##id,
#define HW_HISTOGRAM(id, help)    HW_HISTOGRAM_##id,
enum hw_histogram {
#include "core/base/metrics.def"
	HW_HISTOGRAM_COUNT
};
#undef HW_COUNTER
#undef HW_GAUGE
#undef HW_GAUGE_MAX
#undef HW_HISTOGRAM_US
#undef HW_HISTOGRAM

/* The order of the "requests" rows in metrics.def. */
enum hw_metrics_method {
	HW_METRICS_OTHER = 0,
	HW_METRICS_GET,
	HW_METRICS_HEAD,
	HW_METRICS_PUT,
	HW_METRICS_POST,
	HW_METRICS_PATCH,
	HW_METRICS_DELETE,
	HW_METRICS_OPTIONS,
	HW_METRICS_METHOD_COUNT,
};

struct hw_metrics_histogram {
	atomic_uint_fast64_t
		buckets[HW_HISTOGRAM_BUCKET_COUNT]; /* each for itself, not cumulative */
	atomic_uint_fast64_t sum;
};

/* Zeroed is ready. Fields are private to metrics.c and the inlines below. */
struct hw_metrics {
	alignas(HW_CACHE_LINE_SIZE) atomic_uint_fast64_t values[HW_METRIC_COUNT];
	struct hw_metrics_histogram histograms[HW_HISTOGRAM_COUNT];
};

static inline void hw_metrics_bump(atomic_uint_fast64_t *value, uint64_t amount)
{
	uint64_t was = atomic_load_explicit(value, memory_order_relaxed);
	atomic_store_explicit(value, was + amount, memory_order_relaxed);
}

/* Thread of the four writers below: the owner of @metrics, only. */
static inline void hw_metrics_add(struct hw_metrics *metrics, enum hw_metric metric,
				  uint64_t amount)
{
	hw_metrics_bump(&metrics->values[metric], amount);
}

/* Gauges only. */
static inline void hw_metrics_sub(struct hw_metrics *metrics, enum hw_metric metric,
				  uint64_t amount)
{
	hw_metrics_bump(&metrics->values[metric], UINT64_C(0) - amount);
}

/* Gauges, and counters that another module keeps (log_lines_dropped). */
static inline void hw_metrics_set(struct hw_metrics *metrics, enum hw_metric metric, uint64_t value)
{
	atomic_store_explicit(&metrics->values[metric], value, memory_order_relaxed);
}

/* @value in the histogram's own unit: microseconds for those that are durations. */
void hw_metrics_observe(struct hw_metrics *metrics, enum hw_histogram histogram, uint64_t value);
static inline void hw_metrics_observe_us(struct hw_metrics *metrics, enum hw_histogram histogram,
					 uint64_t duration_us)
{
	hw_metrics_observe(metrics, histogram, duration_us);
}

/* Count one answered request. @status: 100 .. 599. */
void hw_metrics_request(struct hw_metrics *metrics, enum hw_metrics_method method, uint32_t status);

/* One value of one thread, for tests and for decisions that need no exactness. Thread: any. */
uint64_t hw_metrics_read(const struct hw_metrics *metrics, enum hw_metric metric);
/* The same summed over threads. */
uint64_t hw_metrics_sum(const struct hw_metrics *const all[], uint32_t count,
			enum hw_metric metric);
uint64_t hw_metrics_histogram_count(const struct hw_metrics *metrics, enum hw_histogram histogram);

/* All of it in Prometheus' text format (version 0.0.4).
 * @all     lent; @count structs, each of which its owner goes on writing
 * @buffer  lent; gets at most @size bytes, no NUL; may be NULL when @size is 0
 * Returns the bytes all of it needs: more than @size means that the end is missing. Thread: any. */
uint64_t hw_metrics_render(const struct hw_metrics *const all[], uint32_t count, char *buffer,
			   uint64_t size);

#endif
