/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the draft's fields are read, and a bad or repeated one is as if it were missing.
 *
 * Method: the draft's requests through the real HTTP parser; each field bad in turn; what is
 * written against its text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/resume_head.h"
#include "tests/unit/wire/request_head.h"

static struct request_head g_request;
static struct hw_resume_head g_head;

static void parse(const char *first, const char *fields)
{
	assert_true(request_head_make(&g_request, hw_span_of(first), hw_span_of(fields)));
	hw_resume_head_parse(g_request.request, g_request.bytes, &g_head);
}

static void good_test(void **state)
{
	(void)state;
	parse("POST /upload", "Upload-Draft-Interop-Version: 8\r\nUpload-Complete: ?0\r\n"
			      "Content-Length: 25\r\nUpload-Length: 100\r\n");
	assert_true(g_head.has_interop && g_head.interop == HW_RESUME_INTEROP);
	assert_true(g_head.has_complete && !g_head.is_complete);
	assert_true(g_head.has_length && g_head.length == 100);
	assert_false(g_head.has_offset || g_head.has_partial_type);
	parse("PATCH /u/1", "Upload-Complete: ?1\r\nUpload-Offset: 100;x=\"y\"\r\n"
			    "Content-Type: application/partial-upload\r\n");
	assert_true(g_head.has_complete && g_head.is_complete);
	assert_true(g_head.has_offset && g_head.offset == 100);
	assert_true(g_head.has_partial_type);
	assert_false(g_head.has_interop || g_head.has_length);
}

static void ignored_test(void **state)
{
	(void)state;
	parse("PATCH /u/1", "Upload-Complete: 1\r\nUpload-Offset: \"100\"\r\nUpload-Length: -1\r\n"
			    "Upload-Draft-Interop-Version: 8.0\r\nContent-Type: text/plain\r\n");
	assert_false(g_head.has_complete || g_head.has_offset || g_head.has_length);
	assert_false(g_head.has_interop || g_head.has_partial_type || g_head.is_complete);
	parse("PATCH /u/1", "Upload-Complete: ?1\r\nUpload-Complete: ?1\r\nUpload-Offset: 1\r\n"
			    "Upload-Offset: 1\r\n");
	assert_false(g_head.has_complete || g_head.has_offset || g_head.is_complete);
	parse("PATCH /u/1", "");
	assert_false(g_head.has_complete || g_head.has_offset || g_head.has_length);
}

static void assert_limit(struct hw_resume_limit limit, const char *expected)
{
	char bytes[256];
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, bytes, sizeof(bytes));
	hw_resume_limit_write(&writer, &limit);
	assert_true(hw_span_equal(hw_http_writer_span(&writer), hw_span_of(expected)));
}

static void write_test(void **state)
{
	(void)state;
	assert_limit((struct hw_resume_limit){0}, "Upload-Limit: min-size=0\r\n");
	assert_limit((struct hw_resume_limit){1, 2, 3},
		     "Upload-Limit: min-size=0, max-size=1, max-append-size=2, max-age=3\r\n");
	assert_limit((struct hw_resume_limit){.max_size = UINT64_MAX},
		     "Upload-Limit: min-size=0, max-size=999999999999999\r\n");
	char bytes[64];
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, bytes, sizeof(bytes));
	hw_resume_complete_write(&writer, true);
	hw_resume_complete_write(&writer, false);
	assert_true(hw_span_equal(hw_http_writer_span(&writer),
				  HW_SPAN("Upload-Complete: ?1\r\nUpload-Complete: ?0\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_test),
		cmocka_unit_test(ignored_test),
		cmocka_unit_test(write_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
