/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: digits end where they end, lists come apart at their commas, and what is appended fits.
 * Method: examples, most of them at the edges: none, the largest number, an empty member, a full
 * text.
 */
#include "core/base/config_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/config.h"
#include "tests/unit/base/dies.h"

static void test_digits(void **state)
{
	(void)state;
	const char *end = NULL;
	uint64_t value = 0;
	assert_null(hw_config_text_digits("007k", &end, &value));
	assert_int_equal(value, 7);
	assert_string_equal(end, "k");
	assert_null(hw_config_text_digits("18446744073709551615", &end, &value));
	assert_true(value == UINT64_MAX && *end == '\0');
	value = 5;
	assert_string_equal(hw_config_text_digits("18446744073709551616", &end, &value),
			    "is too large");
	assert_string_equal(hw_config_text_digits("", &end, &value), "is not a number");
	assert_string_equal(hw_config_text_digits("-1", &end, &value), "is not a number");
	assert_string_equal(hw_config_text_digits(" 1", &end, &value), "is not a number");
	assert_int_equal(value, 5);
}

static void test_items(void **state)
{
	(void)state;
	struct hw_span rest = HW_SPAN(" a b\t,, c,");
	assert_true(hw_span_equal(hw_config_text_item_take(&rest), HW_SPAN("a b")));
	assert_true(hw_span_equal(hw_config_text_item_take(&rest), HW_SPAN("")));
	assert_true(hw_span_equal(hw_config_text_item_take(&rest), HW_SPAN("c")));
	assert_non_null(rest.bytes);
	assert_true(hw_span_equal(hw_config_text_item_take(&rest), HW_SPAN("")));
	assert_null(rest.bytes);
	rest = HW_SPAN(" \t ");
	assert_true(hw_span_equal(hw_config_text_item_take(&rest), HW_SPAN("")));
	assert_null(rest.bytes);
}

static void test_letters(void **state)
{
	(void)state;
	static const char words[] =
		"-_.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	for (int c = -128; c < 128; c++) {
		bool is_of_words = c != 0 && strchr(words, (uint8_t)c) != NULL;
		assert_int_equal(hw_config_text_is_of_words((char)c), is_of_words);
		assert_int_equal(hw_config_text_is_blank((char)c), c == ' ' || c == '\t');
	}
}

static void full_append(void)
{
	char text[HW_CONFIG_TEXT_SIZE_MAX] = "";
	hw_config_text_append(text, "%*s", (int)HW_CONFIG_TEXT_SIZE_MAX, "x");
}

static void test_append(void **state)
{
	(void)state;
	char text[HW_CONFIG_TEXT_SIZE_MAX] = "a";
	hw_config_text_append(text, "%s-%u", "b", 7U);
	assert_string_equal(text, "ab-7");
	hw_config_text_append(text, "%*s", (int)(sizeof(text) - strlen(text) - 1), "c");
	assert_int_equal(strlen(text), sizeof(text) - 1);
	assert_true(aborts(full_append));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_append),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
