/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what a good head says is found again: method, target, host, framing, connection.
 * What is refused, and that cutting changes nothing, is in http_malformed_test.c.
 *
 * Method: whole heads with every answer written beside them; options of Connection that are nearly
 * right as the negative space.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/http_parser.h"

static struct hw_http_parser g_parser;

static const struct hw_http_request *parse(const char *head)
{
	hw_http_parser_init(&g_parser);
	enum hw_http_verdict verdict = hw_http_parser_feed(&g_parser, head, (uint32_t)strlen(head));
	if (verdict != HW_HTTP_DONE) {
		fail_msg("verdict %u (%s): %s", verdict,
			 g_parser.reason == NULL ? "-" : g_parser.reason, head);
	}
	return &g_parser.request;
}

static void assert_span(struct hw_span span, const char *text)
{
	if (!hw_span_equal(span, hw_span_of(text))) {
		fail_msg("\"%.*s\" is not \"%s\"", (int)span.size, span.bytes, text);
	}
}

struct head_case {
	const char *head;
	const char *target;
	const char *host;
	enum hw_http_method method;
	uint32_t version_minor;
	uint64_t content_length;
	bool is_chunked;
	bool keep_alive;
	bool expect_continue;
};

static void answers_test(void **state)
{
	(void)state;
	static const struct head_case cases[] = {
		{"GET / HTTP/1.1\r\nHost: a:80\r\n\r\n", "/", "a:80", HW_HTTP_GET, 1, 0, false,
		 true, false},
		{"HEAD /x?y HTTP/1.1\r\nHost: a\r\n\r\n", "/x?y", "a", HW_HTTP_HEAD, 1, 0, false,
		 true, false},
		{"\r\nPUT /x HTTP/1.1\r\nhost:a\r\ncontent-length:010\r\n\r\n", "/x", "a",
		 HW_HTTP_PUT, 1, 10, false, true, false},
		{"POST /x HTTP/1.1\r\nHost: [::1]:5\r\nTransfer-Encoding: chunked\r\n"
		 "Expect: 100-continue\r\n\r\n",
		 "/x", "[::1]:5", HW_HTTP_POST, 1, 0, true, true, true},
		{"PATCH /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n"
		 "Expect: 100-CONTINUE\r\nConnection: close\r\n\r\n",
		 "/x", "a", HW_HTTP_PATCH, 1, INT64_MAX, false, false, true},
		{"PATCH /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: "
		 "100-continue\r\n\r\n",
		 "/x", "a", HW_HTTP_PATCH, 1, 0, false, true, false},
		{"DELETE http://A.b:80/x?y HTTP/1.1\r\nHost: a.B:80\r\n\r\n", "/x?y", "a.B:80",
		 HW_HTTP_DELETE, 1, 0, false, true, false},
		{"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "/", "a", HW_HTTP_GET, 1, 0, false,
		 true, false},
		{"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", "*", "a", HW_HTTP_OPTIONS, 1, 0,
		 false, true, false},
		{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "*", "a", HW_HTTP_OPTIONS, 1, 0, false,
		 true, false},
		{"GET / HTTP/1.0\r\n\r\n", "/", "", HW_HTTP_GET, 0, 0, false, false, false},
		{"GET https://h/q HTTP/1.0\r\n\r\n", "/q", "h", HW_HTTP_GET, 0, 0, false, false,
		 false},
		{"PUT / HTTP/1.0\r\nContent-Length: 7\r\nExpect: 100-continue\r\n"
		 "Connection: keep-alive\r\n\r\n",
		 "/", "", HW_HTTP_PUT, 0, 7, false, true, false},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		const struct head_case *c = &cases[i];
		const struct hw_http_request *request = parse(c->head);
		assert_int_equal(request->method, c->method);
		assert_int_equal(request->version_minor, c->version_minor);
		assert_int_equal(request->content_length, c->content_length);
		assert_int_equal(request->is_chunked, c->is_chunked);
		assert_int_equal(request->keep_alive, c->keep_alive);
		assert_int_equal(request->expect_continue, c->expect_continue);
		assert_int_equal(request->head_size, strlen(c->head));
		assert_span(hw_http_request_target(request, c->head), c->target);
		assert_span(hw_http_request_host(request, c->head), c->host);
	}
}

static void connection_test(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		bool keep_1_1;
		bool keep_1_0;
	} cases[] = {
		{"close", false, false},
		{"CLOSE", false, false},
		{"keep-alive", true, true},
		{"Keep-Alive", true, true},
		{"keep-alive, close", false, false},
		{"close, keep-alive", false, false},
		{" , ,close,", false, false},
		{"upgrade, close", false, false},
		{"upgrade,\tclose", false, false},
		{"upgrade\r\nConnection: close", false, false},
		{"close\r\nConnection: keep-alive", false, false},
		{"upgrade\r\nConnection: keep-alive", true, true},
		{"upgrade", true, false},
		{"closed", true, false},
		{"xclose", true, false},
		{"clos", true, false},
		{"\"close\"", true, false},
		{"close x", true, false},
		{"keep-alive;x", true, false},
		{"", true, false},
		{",", true, false},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		char head[200];
		(void)snprintf(head, sizeof(head),
			       "GET / HTTP/1.1\r\nHost: h\r\nConnection: %s\r\n\r\n",
			       cases[i].value);
		assert_int_equal(parse(head)->keep_alive, cases[i].keep_1_1);
		head[13] = '0'; /* the minor version */
		assert_int_equal(parse(head)->keep_alive, cases[i].keep_1_0);
	}
}

/* The next request stands behind the head, and a parser can be used for it. */
static void pipeline_test(void **state)
{
	(void)state;
	static const char bytes[] =
		"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
	const struct hw_http_request *request = parse(bytes);
	assert_span(hw_http_request_target(request, bytes), "/1");
	const char *second = bytes + request->head_size;
	request = parse(second);
	assert_span(hw_http_request_target(request, second), "/2");
	/* A verdict stays, whatever is fed. */
	hw_http_parser_init(&g_parser);
	assert_int_equal(hw_http_parser_feed(&g_parser, "?", 0), HW_HTTP_MORE);
	assert_int_equal(hw_http_parser_feed(&g_parser, "(", 1), HW_HTTP_BAD);
	assert_int_equal(hw_http_parser_feed(&g_parser, bytes, sizeof(bytes) - 1), HW_HTTP_BAD);
}

static void status_test(void **state)
{
	(void)state;
	static const uint32_t statuses[HW_HTTP_VERDICT_COUNT] = {0,   200, 400, 414, 431,
								 501, 501, 505, 417};
	for (uint32_t i = 0; i < HW_HTTP_VERDICT_COUNT; i++) {
		assert_int_equal(hw_http_verdict_status((enum hw_http_verdict)i), statuses[i]);
	}
	assert_string_equal(hw_http_method_name(HW_HTTP_PATCH), "PATCH");
	assert_string_equal(hw_http_method_name(HW_HTTP_METHOD_NONE), "?");
	print_message("sizeof: parser %zu, request %zu\n", sizeof(struct hw_http_parser),
		      sizeof(struct hw_http_request));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_test),
		cmocka_unit_test(connection_test),

		cmocka_unit_test(pipeline_test),
		cmocka_unit_test(status_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
