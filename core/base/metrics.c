/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_metrics_render -> values_render -> family_head, value_collect
 *                   -> histograms_render -> histogram_render -> histogram_collect, put_number
 */
#include "core/base/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PIECE_SIZE_MAX     512U /* bytes of one printf: a line of text */
#define STATUS_CLASS_COUNT 5U

enum kind {
	KIND_COUNTER = 0,
	KIND_GAUGE,
	KIND_GAUGE_MAX,
	KIND_COUNT,
};

struct value_row {
	const char *family;
	const char *labels;
	const char *help;
	enum kind kind;
};

struct histogram_row {
	const char *name;
	const char *help;
	bool is_duration;
};

/* Where the text goes; needed_size grows past size without being written. */
struct sink {
	char *buffer;
	uint64_t size;
	uint64_t needed_size;
};

struct histogram_sum {
	uint64_t buckets[HW_HISTOGRAM_BUCKET_COUNT];
	uint64_t sum;
};

static void values_render(const struct hw_metrics *const all[], uint32_t count, struct sink *sink);
static void family_head(const struct value_row *row, struct sink *sink);
static uint64_t value_collect(const struct hw_metrics *const all[], uint32_t count,
			      uint32_t metric);
static void histograms_render(const struct hw_metrics *const all[], uint32_t count,
			      struct sink *sink);
static void histogram_render(const struct histogram_row *row, const struct histogram_sum *sum,
			     struct sink *sink);
static void histogram_collect(const struct hw_metrics *const all[], uint32_t count,
			      uint32_t histogram, struct histogram_sum *ret_sum);
static void put(struct sink *sink, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put_number(struct sink *sink, uint64_t value, bool is_duration);

#define HW_COUNTER(id, family, labels, help)                                                       \
	{"hawser_" #family "_total", labels, help, KIND_COUNTER},
#define HW_GAUGE(id, family, labels, help)     {"hawser_" #family, labels, help, KIND_GAUGE},
#define HW_GAUGE_MAX(id, family, labels, help) {"hawser_" #family, labels, help, KIND_GAUGE_MAX},
#define HW_HISTOGRAM_US(id, help)
#define HW_HISTOGRAM(id, help)
static const struct value_row g_values[HW_METRIC_COUNT] = {
#include "core/base/metrics.def"
};
#undef HW_COUNTER
#undef HW_GAUGE
#undef HW_GAUGE_MAX
#undef HW_HISTOGRAM_US
#undef HW_HISTOGRAM

#define HW_COUNTER(id, family, labels, help)
#define HW_GAUGE(id, family, labels, help)
#define HW_GAUGE_MAX(id, family, labels, help)
#define HW_HISTOGRAM_US(id, help) {"hawser_" #id "_seconds", help, true},
#define HW_HISTOGRAM(id, help)    {"hawser_" #id, help, false},
static const struct histogram_row g_histograms[HW_HISTOGRAM_COUNT] = {
#include "core/base/metrics.def"
};
#undef HW_COUNTER
#undef HW_GAUGE
#undef HW_GAUGE_MAX
#undef HW_HISTOGRAM_US
#undef HW_HISTOGRAM

static_assert(HW_METRIC_requests_options_5xx - HW_METRIC_requests_other_1xx + 1 ==
		      HW_METRICS_METHOD_COUNT * STATUS_CLASS_COUNT,
	      "hw_metrics_request() computes its row");
static_assert(HW_METRIC_requests_get_1xx ==
		      HW_METRIC_requests_other_1xx + HW_METRICS_GET * STATUS_CLASS_COUNT,
	      "the methods stand in the order of their enum");

void hw_metrics_observe(struct hw_metrics *metrics, enum hw_histogram histogram, uint64_t value)
{
	hw_assert(histogram < HW_HISTOGRAM_COUNT);
	uint32_t bucket = value <= 1 ? 0 : 64U - (uint32_t)__builtin_clzll(value - 1);
	bucket = hw_min(bucket, HW_HISTOGRAM_BUCKET_COUNT - 1);
	hw_metrics_bump(&metrics->histograms[histogram].buckets[bucket], 1);
	hw_metrics_bump(&metrics->histograms[histogram].sum, value);
}

void hw_metrics_request(struct hw_metrics *metrics, enum hw_metrics_method method, uint32_t status)
{
	hw_assert(method < HW_METRICS_METHOD_COUNT);
	hw_assert(status >= 100 && status <= 599);
	uint32_t row = method * STATUS_CLASS_COUNT + status / 100 - 1;
	hw_metrics_add(metrics, (enum hw_metric)(HW_METRIC_requests_other_1xx + row), 1);
}

uint64_t hw_metrics_read(const struct hw_metrics *metrics, enum hw_metric metric)
{
	hw_assert(metric < HW_METRIC_COUNT);
	return atomic_load_explicit(&metrics->values[metric], memory_order_relaxed);
}

uint64_t hw_metrics_sum(const struct hw_metrics *const all[], uint32_t count, enum hw_metric metric)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < count; i++) {
		sum += hw_metrics_read(all[i], metric);
	}
	return sum;
}

uint64_t hw_metrics_histogram_count(const struct hw_metrics *metrics, enum hw_histogram histogram)
{
	hw_assert(histogram < HW_HISTOGRAM_COUNT);
	struct histogram_sum sum = {0};
	histogram_collect(&metrics, 1, histogram, &sum);
	uint64_t count = 0;
	for (uint32_t i = 0; i < HW_HISTOGRAM_BUCKET_COUNT; i++) {
		count += sum.buckets[i];
	}
	return count;
}

uint64_t hw_metrics_render(const struct hw_metrics *const all[], uint32_t count, char *buffer,
			   uint64_t size)
{
	hw_assert(buffer != NULL || size == 0);
	struct sink sink = {.size = size};
	sink.buffer = buffer;
	put(&sink, "# HELP hawser_build_info What is running.\n"
		   "# TYPE hawser_build_info gauge\n"
		   "hawser_build_info{version=\"" HW_VERSION "\"} 1\n");
	values_render(all, count, &sink);
	histograms_render(all, count, &sink);
	return sink.needed_size;
}

static void values_render(const struct hw_metrics *const all[], uint32_t count, struct sink *sink)
{
	for (uint32_t i = 0; i < HW_METRIC_COUNT; i++) {
		const struct value_row *row = &g_values[i];
		if (i == 0 || strcmp(row->family, g_values[i - 1].family) != 0) {
			family_head(row, sink);
		}
		const char *open = row->labels[0] != '\0' ? "{" : "";
		const char *close = row->labels[0] != '\0' ? "}" : "";
		put(sink, "%s%s%s%s %" PRIu64 "\n", row->family, open, row->labels, close,
		    value_collect(all, count, i));
	}
}

static void family_head(const struct value_row *row, struct sink *sink)
{
	put(sink, "# HELP %s %s\n# TYPE %s %s\n", row->family, row->help, row->family,
	    row->kind == KIND_COUNTER ? "counter" : "gauge");
}

static uint64_t value_collect(const struct hw_metrics *const all[], uint32_t count, uint32_t metric)
{
	uint64_t sum = 0;
	uint64_t most = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t value = hw_metrics_read(all[i], (enum hw_metric)metric);
		sum += value;
		most = hw_max(most, value);
	}
	if (g_values[metric].kind == KIND_GAUGE_MAX) {
		return most;
	}
	/* What one thread took and another gave back is read at two moments: never show -1. */
	bool is_negative = g_values[metric].kind == KIND_GAUGE && (int64_t)sum < 0;
	return is_negative ? 0 : sum;
}

static void histograms_render(const struct hw_metrics *const all[], uint32_t count,
			      struct sink *sink)
{
	for (uint32_t i = 0; i < HW_HISTOGRAM_COUNT; i++) {
		struct histogram_sum sum = {0};
		histogram_collect(all, count, i, &sum);
		histogram_render(&g_histograms[i], &sum, sink);
	}
}

/* The count is taken from the buckets, so that le="+Inf" and _count agree in every answer. */
static void histogram_render(const struct histogram_row *row, const struct histogram_sum *sum,
			     struct sink *sink)
{
	put(sink, "# HELP %s %s\n# TYPE %s histogram\n", row->name, row->help, row->name);
	uint64_t below = 0;
	for (uint32_t i = 0; i + 1 < HW_HISTOGRAM_BUCKET_COUNT; i++) {
		below += sum->buckets[i];
		put(sink, "%s_bucket{le=\"", row->name);
		put_number(sink, UINT64_C(1) << i, row->is_duration);
		put(sink, "\"} %" PRIu64 "\n", below);
	}
	below += sum->buckets[HW_HISTOGRAM_BUCKET_COUNT - 1];
	put(sink, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum ", row->name, below, row->name);
	put_number(sink, sum->sum, row->is_duration);
	put(sink, "\n%s_count %" PRIu64 "\n", row->name, below);
}

static void histogram_collect(const struct hw_metrics *const all[], uint32_t count,
			      uint32_t histogram, struct histogram_sum *ret_sum)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct hw_metrics_histogram *from = &all[i]->histograms[histogram];
		for (uint32_t j = 0; j < HW_HISTOGRAM_BUCKET_COUNT; j++) {
			ret_sum->buckets[j] +=
				atomic_load_explicit(&from->buckets[j], memory_order_relaxed);
		}
		ret_sum->sum += atomic_load_explicit(&from->sum, memory_order_relaxed);
	}
}

static void put(struct sink *sink, const char *format, ...)
{
	char piece[PIECE_SIZE_MAX];
	va_list arguments;
	va_start(arguments, format);
	int r = vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	hw_assert(r >= 0 && (uint32_t)r < sizeof(piece)); /* the table's texts are ours */
	if (sink->needed_size < sink->size) {
		uint64_t room = sink->size - sink->needed_size;
		memcpy(sink->buffer + sink->needed_size, piece, hw_min((uint64_t)r, room));
	}
	sink->needed_size += (uint64_t)r;
}

/* Microseconds as seconds, exactly: a double would round the smallest bounds. */
static void put_number(struct sink *sink, uint64_t value, bool is_duration)
{
	if (is_duration) {
		put(sink, "%" PRIu64 ".%06" PRIu64, value / 1000000, value % 1000000);
		return;
	}
	put(sink, "%" PRIu64, value);
}
