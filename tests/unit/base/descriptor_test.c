/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: descriptors are kept up to half of the limit and not beyond, whatever the limit is.
 *
 * Method: the numbers around the border, under two limits.
 */
#include "core/base/descriptor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

static void half_is_kept(void **state)
{
	(void)state;
	static const rlim_t limits[] = {64, 200};
	struct rlimit was;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	for (uint32_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit tight = {.rlim_cur = limits[i], .rlim_max = was.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
		assert_false(hw_descriptor_is_scarce(0));
		assert_false(hw_descriptor_is_scarce((int)limits[i] / 2 - 1));
		assert_true(hw_descriptor_is_scarce((int)limits[i] / 2));
		assert_true(hw_descriptor_is_scarce((int)limits[i] - 1));
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(half_is_kept)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
