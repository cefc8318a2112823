/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the kernel's clock counts in the units it says and does not go back; chance differs.
 * Method: beside clock_gettime(2), in bounds that hold on a slow machine too.
 */
#include "core/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "tests/unit/base/dies.h"

static void test_monotonic(void **state)
{
	(void)state;
	struct timespec now = {0};
	uint64_t before_us = hw_clock_monotonic_us();
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	uint64_t after_us = hw_clock_monotonic_us();
	uint64_t between_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	assert_true(before_us <= between_us);
	assert_true(between_us <= after_us);
}

static void test_wall(void **state)
{
	(void)state;
	uint64_t now_ms = hw_clock_wall_ms();
	/* Between 2020 and 2200: seconds or microseconds by mistake would be far outside. */
	assert_in_range(now_ms, UINT64_C(1577836800000), UINT64_C(7258118400000));
}

static void ask_for_too_much(void)
{
	uint8_t bytes[257];
	hw_random_bytes(bytes, sizeof(bytes));
}

static void test_random(void **state)
{
	(void)state;
	uint8_t a[256] = {0};
	uint8_t b[256] = {0};
	hw_random_bytes(a, sizeof(a));
	hw_random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	/* Only what was asked for is written. */
	memset(b, 0x55, sizeof(b));
	hw_random_bytes(b, 0);
	hw_random_bytes(b + 16, 16);
	for (uint32_t i = 0; i < 16; i++) {
		assert_int_equal(b[i], 0x55);
		assert_int_equal(b[32 + i], 0x55);
	}
	assert_true(aborts(ask_for_too_much));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monotonic),
		cmocka_unit_test(test_wall),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
