/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: conditions hold exactly when RFC 9110, 13.1 says so, for our strong tag and for no tag.
 *
 * Method: one table of list values with the answer of the weak and of the strong comparison; one of
 * If-Range values; then whole heads with absent, repeated and mixed fields.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/http_etag.h"
#include "net/wire/http_parser.h"

#define HASH  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TAG   "\"" HASH "\""
#define OTHER "\"1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""

static struct hw_http_parser g_parser;
static char g_head[2048];

static const struct hw_http_request *head_of(const char *fields)
{
	int size = snprintf(g_head, sizeof(g_head), "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", fields);
	assert_in_range(size, 1, sizeof(g_head) - 1);
	hw_http_parser_init(&g_parser);
	assert_int_equal(hw_http_parser_feed(&g_parser, g_head, (uint32_t)size), HW_HTTP_DONE);
	return &g_parser.request;
}

static const struct {
	const char *value;
	bool weak;
	bool strong;
} g_lists[] = {
	{TAG, true, true},
	{"*", true, true},
	{"W/" TAG, true, false},
	{TAG "," OTHER, true, true},
	{OTHER "," TAG, true, true},
	{OTHER ", \t" TAG, true, true},
	{",, " OTHER " ,, " TAG " ,", true, true},
	{"W/" TAG ", " OTHER, true, false},
	{"W/" OTHER ", " TAG, true, true},
	{"W/" TAG ", " TAG, true, true},
	{"\"\", " TAG, true, true},
	{"\"a,b\", " TAG, true, true},
	{"\"a\\\"," TAG, true, true}, /* the backslash escapes nothing in a tag */
	{"\"\xc3\xa4\"," TAG, true, true},
	{"", false, false},
	{",", false, false},
	{OTHER, false, false},
	{HASH, false, false},
	{"\"" HASH, false, false},
	{HASH "\"", false, false},
	{"\"" HASH "x\"", false, false},
	{"\"x" HASH "\"", false, false},
	{"\"" HASH " \"", false, false},
	{"\"0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\"", false, false},
	{"\"\"", false, false},
	{"\"", false, false},
	{"w/" TAG, false, false},
	{"W/ " TAG, false, false},
	{"W" TAG, false, false},
	{"W/W/" TAG, false, false},
	{"W/", false, false},
	{"W", false, false},
	{"W/*", false, false},
	{"**", false, false},
	{"*," TAG, false, false},
	{OTHER ",*", false, false},
	{"'" HASH "'", false, false},
	{TAG TAG, false, false},
	{TAG " " OTHER, false, false},
	{OTHER " " TAG, false, false},
	{OTHER ";" TAG, false, false},
	{"x," TAG, false, false},
	{"\"a b\"," TAG, false, false},
	{"Sun, 06 Nov 1994 08:49:37 GMT", false, false},
};

static void lists_test(void **state)
{
	(void)state;
	struct hw_span etag = HW_SPAN(HASH);
	struct hw_span none = {NULL, 0};
	for (uint32_t i = 0; i < hw_count_of(g_lists); i++) {
		struct hw_span value = hw_span_of(g_lists[i].value);
		if (hw_http_etag_list_has(value, etag, true) != g_lists[i].weak ||
		    hw_http_etag_list_has(value, etag, false) != g_lists[i].strong) {
			fail_msg("%s", g_lists[i].value);
		}
		assert_false(hw_http_etag_list_has(value, none, true));
		char field[512];
		(void)snprintf(field, sizeof(field), "If-None-Match: %s\r\n", g_lists[i].value);
		assert_int_equal(hw_http_etag_if_none_match(head_of(field), g_head, etag),
				 !g_lists[i].weak);
		assert_true(hw_http_etag_if_none_match(head_of(field), g_head, none));
		(void)snprintf(field, sizeof(field), "If-Match: %s\r\n", g_lists[i].value);
		assert_int_equal(hw_http_etag_if_match(head_of(field), g_head, etag),
				 g_lists[i].strong);
		assert_false(hw_http_etag_if_match(head_of(field), g_head, none));
	}
}

static void lines_test(void **state)
{
	(void)state;
	struct hw_span etag = HW_SPAN(HASH);
	const struct hw_http_request *request = head_of("");
	assert_true(hw_http_etag_if_match(request, g_head, etag));
	assert_true(hw_http_etag_if_none_match(request, g_head, etag));
	assert_true(hw_http_etag_if_range(request, g_head, etag));
	request = head_of("If-None-Match: " OTHER "\r\nX: y\r\nif-none-match: W/" TAG "\r\n");
	assert_false(hw_http_etag_if_none_match(request, g_head, etag));
	request = head_of("If-Match: " OTHER "\r\nIF-MATCH: " TAG "\r\n");
	assert_true(hw_http_etag_if_match(request, g_head, etag));
	request = head_of("If-Match: broken\r\nIf-Match: " TAG "\r\n");
	assert_true(hw_http_etag_if_match(request, g_head, etag));
	request = head_of("If-Match: " OTHER "\r\nIf-Match: W/" TAG "\r\n");
	assert_false(hw_http_etag_if_match(request, g_head, etag));
}

static void if_range_test(void **state)
{
	(void)state;
	static const struct {
		const char *fields;
		bool allows;
	} cases[] = {
		{"If-Range: " TAG "\r\n", true},
		{"if-range:\t" TAG " \r\n", true},
		{"If-Range: W/" TAG "\r\n", false},
		{"If-Range: " OTHER "\r\n", false},
		{"If-Range: *\r\n", false},
		{"If-Range:\r\n", false},
		{"If-Range: " HASH "\r\n", false},
		{"If-Range: " TAG "," TAG "\r\n", false},
		{"If-Range: " TAG ",\r\n", false},
		{"If-Range: " TAG "x\r\n", false},
		{"If-Range: \"\"\r\n", false},
		{"If-Range: \"\r\n", false},
		{"If-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n", false},
		{"If-Range: " TAG "\r\nIf-Range: " TAG "\r\n", false},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		const struct hw_http_request *request = head_of(cases[i].fields);
		if (hw_http_etag_if_range(request, g_head, HW_SPAN(HASH)) != cases[i].allows) {
			fail_msg("%s", cases[i].fields);
		}
		assert_false(hw_http_etag_if_range(request, g_head, (struct hw_span){NULL, 0}));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_test),
		cmocka_unit_test(lines_test),
		cmocka_unit_test(if_range_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
