/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a target is cut and decoded once, so that no escape can become a separator, a NUL or a
 * control, and what is encoded comes back.
 *
 * Method: tables of paths, escapes and queries with their answers; all 256 bytes through encode and
 * decode; buffers of exactly the size and one less.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/wire/uri.h"

#include "core/base/error.h"

#define ALL (HW_URI_SLASH | HW_URI_CONTROL | HW_URI_NUL)

static void assert_span(struct hw_span span, const char *text)
{
	if (!hw_span_equal(span, hw_span_of(text))) {
		fail_msg("\"%.*s\" is not \"%s\"", (int)span.size, span.bytes, text);
	}
}

static void split_test(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{"/", "/", ""}, {"/a?b", "/a", "b"}, {"/a?", "/a", ""}, {"/a?b?c", "/a", "b?c"},
		{"?", "", ""},  {"", "", ""},        {"*", "*", ""},    {"/%3f?x", "/%3f", "x"},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		struct hw_span path;
		struct hw_span query;
		hw_uri_split(hw_span_of(cases[i][0]), &path, &query);
		assert_span(path, cases[i][1]);
		assert_span(query, cases[i][2]);
	}
	struct hw_span path;
	struct hw_span query;
	hw_uri_split((struct hw_span){NULL, 0}, &path, &query);
	assert_int_equal(path.size + query.size, 0);
}

static void segments_test(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		const char *segments; /* each with a bar behind it */
	} cases[] = {
		{"", ""},
		{"/", "|"},
		{"//", "||"},
		{"/a", "a|"},
		{"/a/", "a||"},
		{"/a//b/", "a||b||"},
		{"/s/x%2Fy/..", "s|x%2Fy|..|"},
		{"a/b", ""},
		{"*", ""},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		char text[64] = "";
		size_t at = 0;
		struct hw_span path = hw_span_of(cases[i].path);
		struct hw_span segment;
		while (hw_uri_segment_next(&path, &segment)) {
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%.*s|",
					       (int)segment.size, segment.bytes);
		}
		assert_string_equal(text, cases[i].segments);
	}
}

/* The decoded text in memory of exactly @capacity bytes. */
static int decode(const char *raw, uint32_t flags, uint32_t capacity, char *ret_text)
{
	char *bytes = malloc(capacity == 0 ? 1 : capacity);
	assert_non_null(bytes);
	int size = hw_uri_decode(hw_span_of(raw), flags, bytes, capacity);
	memcpy(ret_text, bytes, size > 0 ? (size_t)size : 0);
	free(bytes);
	return size;
}

static void decode_test(void **state)
{
	(void)state;
	static const struct {
		const char *raw;
		const char *text; /* NULL: -EINVAL */
		uint32_t flags;
	} cases[] = {
		{"", "", 0},
		{"abc", "abc", 0},
		{"a%20b", "a b", 0},
		{"%41%5a%5A", "AZZ", 0},
		{"%c3%A4", "\xc3\xa4", 0},
		{"%ff\xfe", "\xff\xfe", 0},
		{"%25", "%", 0},
		{"%252e%252E", "%2e%2E", 0},
		{"%2e%2e", "..", 0},
		{"%5c", "\\", 0},
		{"a+b", "a+b", 0},
		{"a+b%2b", "a b+", HW_URI_PLUS_IS_SPACE},
		{"%2f", "/", HW_URI_SLASH},
		{"a/b", "a/b", HW_URI_SLASH},
		{"%0a%1F%7f", "\n\x1f\x7f", HW_URI_CONTROL},
		{"%2f", NULL, 0},
		{"%2F", NULL, HW_URI_CONTROL | HW_URI_NUL},
		{"a/b", NULL, 0},
		{"%00", NULL, 0},
		{"a%00b", NULL, HW_URI_SLASH | HW_URI_CONTROL},
		{"%0a", NULL, 0},
		{"%0d", NULL, HW_URI_SLASH | HW_URI_NUL},
		{"%1f", NULL, 0},
		{"%7F", NULL, 0},
		{"\x01", NULL, 0},
		{"\x7f", NULL, 0},
		{"%", NULL, ALL},
		{"%2", NULL, ALL},
		{"abc%", NULL, ALL},
		{"abc%4", NULL, ALL},
		{"%%", NULL, ALL},
		{"%%41", NULL, ALL},
		{"%4%31", NULL, ALL},
		{"%4g", NULL, ALL},
		{"%g4", NULL, ALL},
		{"% 4", NULL, ALL},
		{"%+4", NULL, ALL},
		{"%-1", NULL, ALL},
		{"%0x", NULL, ALL},
		{"%u0041", NULL, ALL},
		{"%\xef\xbc\x94", NULL, ALL},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		char text[64];
		int size = decode(cases[i].raw, cases[i].flags, 60, text);
		if (cases[i].text == NULL) {
			assert_int_equal(size, -EINVAL);
			continue;
		}
		assert_int_equal(size, strlen(cases[i].text));
		assert_memory_equal(text, cases[i].text, (size_t)size);
		/* exactly enough, and one byte less */
		assert_int_equal(decode(cases[i].raw, cases[i].flags, (uint32_t)size, text), size);
		if (size > 0) {
			assert_int_equal(
				decode(cases[i].raw, cases[i].flags, (uint32_t)size - 1, text),
				-ENAMETOOLONG);
		}
	}
	char nul = 'x';
	assert_int_equal(hw_uri_decode(HW_SPAN("%00"), HW_URI_NUL, &nul, 1), 1);
	assert_int_equal(nul, 0);
	assert_int_equal(hw_uri_decode(HW_SPAN("\0"), 0, &nul, 1), -EINVAL);
}

static void encode_test(void **state)
{
	(void)state;
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	for (uint32_t i = 0; i < 256; i++) {
		char c = (char)i;
		char escaped[3];
		char back = 0;
		bool is_plain = i != 0 && i < 128 && strchr(plain, (int)i) != NULL;
		int size = hw_uri_encode((struct hw_span){&c, 1}, escaped, 3);
		assert_int_equal(size, is_plain ? 1 : 3);
		assert_int_equal(
			hw_uri_decode((struct hw_span){escaped, (uint32_t)size}, ALL, &back, 1), 1);
		assert_int_equal(back, c);
		assert_int_equal(
			hw_uri_encode((struct hw_span){&c, 1}, escaped, (uint32_t)size - 1),
			-ENAMETOOLONG);
	}
	char text[32];
	int size = hw_uri_encode(HW_SPAN("a b/\xc3\xa4?"), text, sizeof(text));
	assert_span((struct hw_span){text, (uint32_t)size}, "a%20b%2F%C3%A4%3F");
	assert_int_equal(hw_uri_encode(HW_SPAN(""), text, 0), 0);
}

static void query_test(void **state)
{
	(void)state;
	static const struct {
		const char *query;
		const char *name;
		const char *value; /* NULL: not there */
	} cases[] = {
		{"a=1", "a", "1"},     {"a=1&b=2", "b", "2"},  {"a=1&a=2", "a", "1"},
		{"a", "a", ""},        {"a=", "a", ""},        {"b&a", "a", ""},
		{"a==", "a", "="},     {"a=b=c", "a", "b=c"},  {"a=%26b=2", "a", "%26b=2"},
		{"&&a=1&&", "a", "1"}, {"ab=1&a=2", "a", "2"}, {"", "a", NULL},
		{"b=a", "a", NULL},    {"ab=1", "a", NULL},    {"A=1", "a", NULL},
		{"=1", "a", NULL},     {"ba=1", "a", NULL},    {"%61=1", "a", NULL},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		struct hw_span value = HW_SPAN("untouched");
		bool found = hw_uri_query_find(hw_span_of(cases[i].query),
					       hw_span_of(cases[i].name), &value);
		assert_int_equal(found, cases[i].value != NULL);
		assert_span(value, found ? cases[i].value : "untouched");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_test),  cmocka_unit_test(segments_test),
		cmocka_unit_test(decode_test), cmocka_unit_test(encode_test),
		cmocka_unit_test(query_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
