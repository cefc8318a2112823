/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the table of character classes is the grammar.
 *
 * Method: every byte against the productions of RFC 9110, 5.6.2 and 5.5, and RFC 3986, 2.3, spelled
 * out here again; then trimming and whole spans.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/wire/http_char.h"

static bool is_in(uint32_t byte, const char *set)
{
	return byte != 0 && byte < 0x80 && strchr(set, (int)byte) != NULL;
}

static void classes_test(void **state)
{
	(void)state;
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char digits[] = "0123456789";
	for (uint32_t byte = 0; byte < 256; byte++) {
		char c = (char)byte;
		bool is_word = is_in(byte, letters) || is_in(byte, digits);
		bool is_visible = byte > 0x20 && byte != 0x7f;
		assert_int_equal(hw_http_char_is(c, HW_HTTP_CHAR_TOKEN),
				 is_word || is_in(byte, "!#$%&'*+-.^_`|~"));
		assert_int_equal(hw_http_char_is(c, HW_HTTP_CHAR_TARGET),
				 is_visible && byte != '#');
		assert_int_equal(hw_http_char_is(c, HW_HTTP_CHAR_VALUE),
				 is_visible || byte == ' ' || byte == '\t');
		assert_int_equal(hw_http_char_is(c, HW_HTTP_CHAR_HOST),
				 is_word || is_in(byte, "-._~"));
		assert_int_equal(hw_http_char_is(c, HW_HTTP_CHAR_DIGIT), is_in(byte, digits));
	}
}

static void spans_test(void **state)
{
	(void)state;
	assert_true(hw_http_char_all(HW_SPAN("0123"), HW_HTTP_CHAR_DIGIT));
	assert_false(hw_http_char_all(HW_SPAN("012a"), HW_HTTP_CHAR_DIGIT));
	assert_false(hw_http_char_all(HW_SPAN("a012"), HW_HTTP_CHAR_DIGIT));
	assert_false(hw_http_char_all(HW_SPAN(""), HW_HTTP_CHAR_DIGIT));
	assert_true(hw_span_equal(hw_http_char_trim(HW_SPAN(" \t a b\t ")), HW_SPAN("a b")));
	assert_int_equal(hw_http_char_trim(HW_SPAN(" \t ")).size, 0);
	assert_int_equal(hw_http_char_trim((struct hw_span){NULL, 0}).size, 0);
	assert_int_equal(hw_http_char_trim(HW_SPAN("\n")).size, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_test),
		cmocka_unit_test(spans_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
