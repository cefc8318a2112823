/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: fields and list elements are found by name, in order, and nothing else is.
 *
 * Method: one head with repeated, empty and mixed-case fields, and a field behind its end; names
 * that are nearly right as the negative space.
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
	assert_int_equal(hw_http_parser_feed(&g_parser, head, (uint32_t)strlen(head)),
			 HW_HTTP_DONE);
	return &g_parser.request;
}

static void assert_span(struct hw_span span, const char *text)
{
	if (!hw_span_equal(span, hw_span_of(text))) {
		fail_msg("\"%.*s\" is not \"%s\"", (int)span.size, span.bytes, text);
	}
}

static void fields_test(void **state)
{
	(void)state;
	static const char head[] =
		"GET / HTTP/1.1\r\nHost: h\r\nAccept: a\r\nX-Long-Name:\t b c \r\n"
		"ACCEPT:\r\nConnection: x, Upgrade\r\naccept: z\r\n\r\nAccept: no\r\n";
	const struct hw_http_request *request = parse(head);
	struct hw_span value;
	assert_int_equal(request->field_count, 6);
	assert_true(hw_http_request_field(request, head, HW_SPAN("x-long-name"), &value));
	assert_span(value, "b c");
	assert_true(hw_http_request_field(request, head, HW_SPAN("Accept"), &value));
	assert_span(value, "a");
	static const char *const missing[] = {"Accep", "Accepts", "X-Long-Nam", "", "Hosts", "Ac"};
	for (uint32_t i = 0; i < hw_count_of(missing); i++) {
		value = HW_SPAN("untouched");
		assert_false(hw_http_request_field(request, head, hw_span_of(missing[i]), &value));
		assert_span(value, "untouched");
	}
	static const char *const accepts[] = {"a", "", "z"};
	uint32_t index = 0;
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(hw_http_request_field_next(request, head, HW_SPAN("accept"), &index,
						       &value));
		assert_span(value, accepts[i]);
	}
	assert_false(hw_http_request_field_next(request, head, HW_SPAN("accept"), &index, &value));
	assert_int_equal(hw_http_request_field_count(request, head, HW_SPAN("accept")), 3);
	assert_int_equal(hw_http_request_field_count(request, head, HW_SPAN("none")), 0);
	assert_true(hw_http_request_has_token(request, head, HW_SPAN("connection"),
					      HW_SPAN("upgrade")));
	assert_false(
		hw_http_request_has_token(request, head, HW_SPAN("connection"), HW_SPAN("up")));
	assert_false(hw_http_request_has_token(request, head, HW_SPAN("accept"), HW_SPAN("b")));
}

static void list_test(void **state)
{
	(void)state;
	struct hw_span list = HW_SPAN(" ,a ,,\tb c,d");
	struct hw_span element;
	static const char *const elements[] = {"a", "b c", "d"};
	for (uint32_t i = 0; i < hw_count_of(elements); i++) {
		assert_true(hw_http_list_next(&list, &element));
		assert_span(element, elements[i]);
	}
	assert_false(hw_http_list_next(&list, &element));
	assert_false(hw_http_list_next(&(struct hw_span){NULL, 0}, &element));
}

static bool has_type(const char *fields)
{
	static char head[256];
	(void)snprintf(head, sizeof(head), "PUT / HTTP/1.1\r\nHost: h\r\n%s\r\n", fields);
	return hw_http_request_has_media_type(parse(head), head, HW_SPAN("application/x-y"));
}

static void media_type_test(void **state)
{
	(void)state;
	assert_true(has_type("Content-Type: application/x-y\r\n"));
	assert_true(has_type("content-type: Application/X-Y ; charset=utf-8\r\n"));
	assert_true(has_type("content-type: application/x-y;\r\n"));
	assert_false(has_type(""));
	assert_false(has_type("Content-Type:\r\n"));
	assert_false(has_type("Content-Type: ;\r\n"));
	assert_false(has_type("Content-Type: application/x-yz\r\n"));
	assert_false(has_type("Content-Type: application/x-y, text/html\r\n"));
	assert_false(has_type("Content-Type: text/html; application/x-y\r\n"));
	assert_false(
		has_type("Content-Type: application/x-y\r\nContent-Type: application/x-y\r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_test),
		cmocka_unit_test(list_test),
		cmocka_unit_test(media_type_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
