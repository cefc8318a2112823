/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: each error of ours is one status and one sentence, as text or as JSON, counted once; the
 * connection goes on where the next request is known to begin, and ends where it is not.
 *
 * Method: a route of the test's own answers each request with the error that its path names.
 */
#include <errno.h>

#include "net/talk/reply.h"
#include "tests/unit/talk/talk_table.h"

static struct talk_world g_world;
static int g_error;

static void error_begin(void *user, struct hw_http_conn *conn)
{
	(void)user;
	hw_reply_errno(conn, g_error);
}

static const struct {
	int error;
	uint32_t status;
	enum hw_metric metric; /* HW_METRIC_COUNT: none */
} g_errors[] = {
	{-ENOSPC, 507, HW_METRIC_http_errors_no_space},
	{-EDQUOT, 413, HW_METRIC_http_errors_too_large},
	{-ETIMEDOUT, 408, HW_METRIC_http_errors_timeout},
	{-ESHUTDOWN, 503, HW_METRIC_http_errors_busy},
	{-ENOENT, 404, HW_METRIC_COUNT},
	{-EACCES, 403, HW_METRIC_COUNT},
	{-EBADMSG, 500, HW_METRIC_COUNT},
	{-EROFS, 500, HW_METRIC_COUNT},
	{-EIO, 500, HW_METRIC_COUNT},
	{-EXDEV, 409, HW_METRIC_COUNT},
	{-EMLINK, 500, HW_METRIC_COUNT}, /* one that nobody thought of */
};

static uint64_t counted(enum hw_metric metric)
{
	return metric == HW_METRIC_COUNT ? 0 : hw_metrics_read(&g_world.metrics, metric);
}

static void errors_have_statuses(void **state)
{
	(void)state;
	g_running.part = "errors_have_statuses";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	g_world.server.route.begin = error_begin;
	for (uint32_t i = 0; i < hw_count_of(g_errors); i++) {
		const struct talk_row rows[] = {
			{"GET /x HTTP/1.1\r\nHost: here\r\n\r\n", g_errors[i].status,
			 "Content-Type", "text/plain; charset=utf-8", ".\n"},
			{"HEAD /x HTTP/1.1\r\nHost: here\r\n\r\n", g_errors[i].status,
			 "Content-Length", NULL, ""},
			{"GET /x HTTP/1.1\r\nHost: here\r\nAccept: text/html, "
			 "application/json\r\n\r\n",
			 g_errors[i].status, "Content-Type", "application/problem+json",
			 ",\"detail\":\""},
			{"PUT /x HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n",
			 g_errors[i].status, "Connection", "close", ".\n"},
		};
		uint64_t before = counted(g_errors[i].metric);
		g_error = g_errors[i].error;
		talk_rows_check(&g_world, NULL, rows, hw_count_of(rows));
		assert_int_equal(counted(g_errors[i].metric) - before,
				 g_errors[i].metric == HW_METRIC_COUNT ? 0 : hw_count_of(rows));
	}
	talk_table_end(&g_world);
}

/* The answer to what was no request. */
static void refusals_are_sentences(void **state)
{
	static const struct talk_row rows[] = {
		{"GET /x HTTP/1.1\r\n\r\n", 400, "Connection", "close",
		 "The request was refused: "},
		{"BREW /x HTTP/1.1\r\nHost: a\r\n\r\n", 501, "Connection", "close", ".\n"},
		{"GET /x HTTP/2.0\r\nHost: a\r\n\r\n", 505, "Connection", "close", ".\n"},
		{"GET /x HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417, "Connection", "close",
		 ".\n"},
		{"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501,
		 "Connection", "close", ".\n"},
	};
	(void)state;
	g_running.part = "refusals_are_sentences";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	talk_rows_check(&g_world, NULL, rows, hw_count_of(rows));
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_have_statuses),
		cmocka_unit_test(refusals_are_sentences),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
