/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what was counted is what is rendered, in a text Prometheus can read, and no byte beyond the
 * end. Method: known values beside the lines they must give; every line against the format's
 * grammar; every size of buffer; a writer beside a reader for the sanitizer of threads.
 */
#include "core/base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/base/dies.h"

static struct hw_metrics g_one;
static struct hw_metrics g_two;
static const struct hw_metrics *const g_all[] = {&g_one, &g_two};
static char g_text[256 * 1024];

static int reset(void **state)
{
	(void)state;
	memset(&g_one, 0, sizeof(g_one));
	memset(&g_two, 0, sizeof(g_two));
	return 0;
}

static void render(void)
{
	uint64_t size = hw_metrics_render(g_all, 2, g_text, sizeof(g_text) - 1);
	assert_true(size < sizeof(g_text));
	g_text[size] = '\0';
}

/* @line: a whole line, without its line feed. */
static void assert_line(const char *line)
{
	const char *at = strstr(g_text, line);
	while (at != NULL && !((at == g_text || at[-1] == '\n') && at[strlen(line)] == '\n')) {
		at = strstr(at + 1, line);
	}
	if (at == NULL) {
		fail_msg("not rendered: %s", line);
	}
}

static void test_counters_and_gauges(void **state)
{
	(void)state;
	hw_metrics_add(&g_one, HW_METRIC_bytes_sent, UINT64_C(1) << 40);
	hw_metrics_add(&g_two, HW_METRIC_bytes_sent, 5);
	hw_metrics_add(&g_one, HW_METRIC_connections_open, 3);
	hw_metrics_sub(&g_one, HW_METRIC_connections_open, 1);
	hw_metrics_add(&g_two, HW_METRIC_connections_open, 4);
	hw_metrics_set(&g_one, HW_METRIC_store_bytes_free, 70);
	hw_metrics_set(&g_two, HW_METRIC_store_bytes_free, 60);
	hw_metrics_add(&g_two, HW_METRIC_http_errors_timeout, 2);
	assert_int_equal(hw_metrics_read(&g_one, HW_METRIC_connections_open), 2);
	render();
	assert_line("# TYPE hawser_bytes_sent_total counter");
	assert_line("hawser_bytes_sent_total 1099511627781");
	assert_line("# TYPE hawser_connections_open gauge");
	assert_line("hawser_connections_open 6");
	assert_line("hawser_store_bytes_free 70"); /* one disk, not two */
	assert_line("hawser_http_errors_total{kind=\"timeout\"} 2");
	assert_line("hawser_http_errors_total{kind=\"no_space\"} 0");
	assert_line("hawser_build_info{version=\"" HW_VERSION "\"} 1");
}

/* One thread took and another gave back: read in between, the sum would be -1. */
static void test_gauge_is_never_negative(void **state)
{
	(void)state;
	hw_metrics_sub(&g_two, HW_METRIC_slabs_in_use, 1);
	render();
	assert_line("hawser_slabs_in_use 0");
	hw_metrics_add(&g_one, HW_METRIC_slabs_in_use, 3);
	render();
	assert_line("hawser_slabs_in_use 2");
}

static void request_of_no_status(void)
{
	hw_metrics_request(&g_one, HW_METRICS_GET, 99);
}

static void request_of_large_status(void)
{
	hw_metrics_request(&g_one, HW_METRICS_OPTIONS, 600);
}

static void test_requests(void **state)
{
	(void)state;
	hw_metrics_request(&g_one, HW_METRICS_OTHER, 100);
	hw_metrics_request(&g_one, HW_METRICS_PUT, 201);
	hw_metrics_request(&g_one, HW_METRICS_PUT, 299);
	hw_metrics_request(&g_two, HW_METRICS_OPTIONS, 599);
	render();
	assert_line("hawser_requests_total{method=\"other\",status=\"1xx\"} 1");
	assert_line("hawser_requests_total{method=\"PUT\",status=\"2xx\"} 2");
	assert_line("hawser_requests_total{method=\"OPTIONS\",status=\"5xx\"} 1");
	assert_line("hawser_requests_total{method=\"GET\",status=\"2xx\"} 0");
	assert_true(aborts(request_of_no_status));
	assert_true(aborts(request_of_large_status));
}

static void test_histogram_buckets(void **state)
{
	(void)state;
	enum hw_histogram sync = HW_HISTOGRAM_segment_sync_duration;
	hw_metrics_observe_us(&g_one, sync, 0);
	hw_metrics_observe_us(&g_one, sync, 1);
	hw_metrics_observe_us(&g_one, sync, 2);
	hw_metrics_observe_us(&g_two, sync, 1024);
	hw_metrics_observe_us(&g_two, sync, 1025);
	hw_metrics_observe_us(&g_one, sync, UINT64_C(1) << 26);
	hw_metrics_observe_us(&g_one, sync, (UINT64_C(1) << 26) + 1);
	render();
	assert_line("# TYPE hawser_segment_sync_duration_seconds histogram");
	assert_line("hawser_segment_sync_duration_seconds_bucket{le=\"0.000001\"} 2");
	assert_line("hawser_segment_sync_duration_seconds_bucket{le=\"0.000002\"} 3");
	assert_line("hawser_segment_sync_duration_seconds_bucket{le=\"0.000512\"} 3");
	assert_line("hawser_segment_sync_duration_seconds_bucket{le=\"0.001024\"} 4");
	assert_line("hawser_segment_sync_duration_seconds_bucket{le=\"0.002048\"} 5");
	assert_line("hawser_segment_sync_duration_seconds_bucket{le=\"67.108864\"} 6");
	assert_line("hawser_segment_sync_duration_seconds_bucket{le=\"+Inf\"} 7");
	assert_line("hawser_segment_sync_duration_seconds_sum 134.219781");
	assert_line("hawser_segment_sync_duration_seconds_count 7");
	assert_int_equal(hw_metrics_histogram_count(&g_one, sync), 5);
	hw_metrics_observe(&g_one, sync, UINT64_MAX); /* the widest value has a bucket too */
	assert_int_equal(hw_metrics_histogram_count(&g_one, sync), 6);
}

static void test_histogram_of_counts(void **state)
{
	(void)state;
	hw_metrics_observe(&g_one, HW_HISTOGRAM_catalog_commit_requests, 3);
	render();
	assert_line("hawser_catalog_commit_requests_bucket{le=\"2\"} 0");
	assert_line("hawser_catalog_commit_requests_bucket{le=\"4\"} 1");
	assert_line("hawser_catalog_commit_requests_sum 3");
}

/* name{labels} value, or a comment that comes before the first sample of its family. */
static void line_check(const char *line, const char *family)
{
	const char *at = line;
	while (isalnum((unsigned char)*at) || *at == '_') {
		at++;
	}
	assert_true(at > line);
	assert_int_equal(strncmp(line, family, strlen(family)), 0);
	if (*at == '{') {
		at = strchr(at, '}');
		assert_non_null(at);
		assert_int_equal(at[-1], '"');
		at++;
	}
	assert_int_equal(*at, ' ');
	char *end = NULL;
	(void)strtod(at + 1, &end);
	assert_true(end > at + 1);
	assert_int_equal(*end, '\0');
}

static void test_grammar(void **state)
{
	(void)state;
	render();
	static char seen[64 * 1024];
	char family[128] = "";
	char *rest = NULL;
	seen[0] = '\0';
	for (char *line = strtok_r(g_text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "# HELP ", 7) == 0) {
			assert_int_equal(sscanf(line + 7, "%127s", family), 1);
			/* Each family once, and with a sentence. */
			char mark[130];
			(void)snprintf(mark, sizeof(mark), " %s ", family);
			assert_null(strstr(seen, mark));
			strncat(seen, mark, sizeof(seen) - strlen(seen) - 1);
			assert_true(strlen(line) > 7 + strlen(family) + 8);
			continue;
		}
		if (strncmp(line, "# TYPE ", 7) == 0) {
			assert_int_equal(strncmp(line + 7, family, strlen(family)), 0);
			continue;
		}
		line_check(line, family);
	}
}

static void test_small_buffers(void **state)
{
	(void)state;
	render();
	uint64_t needed_size = strlen(g_text);
	assert_int_equal(hw_metrics_render(g_all, 2, NULL, 0), needed_size);
	char *whole = strdup(g_text);
	assert_non_null(whole);
	for (uint64_t size = 0; size < needed_size; size += size < 300 ? 1 : 997) {
		memset(g_text, '!', sizeof(g_text));
		assert_int_equal(hw_metrics_render(g_all, 2, g_text, size), needed_size);
		assert_memory_equal(g_text, whole, size);
		assert_int_equal(g_text[size], '!');
	}
	free(whole);
}

static void *count_much(void *user)
{
	struct hw_metrics *metrics = user;
	for (uint32_t i = 0; i < 50000; i++) {
		hw_metrics_add(metrics, HW_METRIC_blocks_hashed, 1);
		hw_metrics_observe_us(metrics, HW_HISTOGRAM_reactor_turn_duration, i);
	}
	return NULL;
}

static void test_threads(void **state)
{
	(void)state;
	pthread_t threads[2];
	assert_int_equal(pthread_create(&threads[0], NULL, count_much, &g_one), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, count_much, &g_two), 0);
	for (uint32_t i = 0; i < 50; i++) {
		render();
	}
	assert_int_equal(pthread_join(threads[0], NULL), 0);
	assert_int_equal(pthread_join(threads[1], NULL), 0);
	render();
	assert_line("hawser_blocks_hashed_total 100000");
	assert_line("hawser_reactor_turn_duration_seconds_count 100000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_counters_and_gauges, reset),
		cmocka_unit_test_setup(test_gauge_is_never_negative, reset),
		cmocka_unit_test_setup(test_requests, reset),
		cmocka_unit_test_setup(test_histogram_buckets, reset),
		cmocka_unit_test_setup(test_histogram_of_counts, reset),
		cmocka_unit_test_setup(test_grammar, reset),
		cmocka_unit_test_setup(test_small_buffers, reset),
		cmocka_unit_test_setup(test_threads, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
