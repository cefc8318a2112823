/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every int has a name that can be printed.
 * Method: known errors in both signs, and numbers that are none.
 */
#include "core/base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(hw_error_name(-ENOSPC), "ENOSPC");
	assert_string_equal(hw_error_name(ENOSPC), "ENOSPC");
	assert_string_equal(hw_error_name(-EBADMSG), "EBADMSG");
	assert_string_equal(hw_error_name(-99999), "UNKNOWN");
	assert_string_equal(hw_error_name(INT_MIN), "UNKNOWN");
	assert_string_equal(hw_error_name(INT_MAX), "UNKNOWN");
	assert_non_null(hw_error_name(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
