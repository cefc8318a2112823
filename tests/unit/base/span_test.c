/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: spans compare by their bytes, and an empty one without bytes is as good as any.
 * Method: examples, most of them at the edges: NULL, empty, one byte more, letters beside A-Z.
 */
#include "core/base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/base/dies.h"

static const struct hw_span g_null = {NULL, 0};

static void test_equal(void **state)
{
	(void)state;
	assert_true(hw_span_equal(HW_SPAN("abc"), hw_span_of("abc")));
	assert_false(hw_span_equal(HW_SPAN("abc"), HW_SPAN("abd")));
	assert_false(hw_span_equal(HW_SPAN("abc"), HW_SPAN("ab")));
	assert_false(hw_span_equal(HW_SPAN("abc"), HW_SPAN("ABC")));
	assert_true(hw_span_equal(g_null, HW_SPAN("")));
	assert_true(hw_span_equal(HW_SPAN("a\0b"), HW_SPAN("a\0b")));
	assert_false(hw_span_equal(HW_SPAN("a\0b"), HW_SPAN("a\0c")));
}

static void test_equal_nocase(void **state)
{
	(void)state;
	assert_true(hw_span_equal_nocase(HW_SPAN("Content-LENGTH"), HW_SPAN("content-length")));
	assert_true(hw_span_equal_nocase(HW_SPAN("AZaz09"), HW_SPAN("azAZ09")));
	assert_true(hw_span_equal_nocase(g_null, g_null));
	assert_false(hw_span_equal_nocase(HW_SPAN("a"), HW_SPAN("ab")));
	/* 32 apart, but no letters. */
	assert_false(hw_span_equal_nocase(HW_SPAN("@[`{"), HW_SPAN("`{@[")));
	/* Not ASCII: Latin-1's letters are nobody's business here. */
	assert_false(hw_span_equal_nocase(HW_SPAN("\xc4"), HW_SPAN("\xe4")));
}

static void test_starts_with(void **state)
{
	(void)state;
	assert_true(hw_span_starts_with(HW_SPAN("/s/1"), HW_SPAN("/s/")));
	assert_true(hw_span_starts_with(HW_SPAN("/s/"), HW_SPAN("/s/")));
	assert_false(hw_span_starts_with(HW_SPAN("/s"), HW_SPAN("/s/")));
	assert_false(hw_span_starts_with(HW_SPAN("/t/1"), HW_SPAN("/s/")));
	assert_true(hw_span_starts_with(HW_SPAN("x"), g_null));
	assert_true(hw_span_starts_with(g_null, g_null));
	assert_false(hw_span_starts_with(g_null, HW_SPAN("x")));
}

static void skip_too_far(void)
{
	(void)hw_span_skip(HW_SPAN("abc"), 4);
}

static void test_skip(void **state)
{
	(void)state;
	assert_true(hw_span_equal(hw_span_skip(HW_SPAN("abc"), 2), HW_SPAN("c")));
	assert_int_equal(hw_span_skip(HW_SPAN("abc"), 3).size, 0);
	assert_null(hw_span_skip(g_null, 0).bytes);
	assert_true(aborts(skip_too_far));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_equal_nocase),
		cmocka_unit_test(test_starts_with),
		cmocka_unit_test(test_skip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
