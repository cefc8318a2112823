/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a failpoint kills at exactly the asked passage of the asked place, and at no other.
 * Method: settings good and bad; a child that passes places and whose end is looked at.
 */
#include "core/base/failpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/unit/base/dies.h"

static void test_settings(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"nothing",
		"segment_created:",
		"segment_created:0",
		"segment_created:x",
		"segment_created:1x",
		"segment_created: 1",
		"segment_created:-1",
		"segment_created:+1",
		"segment_created:4294967296",
		"segment_create",
		"segment_createdd",
		":1",
		" ",
		"segment_created:18446744073709551617",
	};
	assert_int_equal(hw_failpoint_start(NULL), 0);
	assert_int_equal(hw_failpoint_start(""), 0);
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		print_message("\"%s\"\n", bad[i]);
		assert_int_equal(hw_failpoint_start(bad[i]), -EINVAL);
	}
	/* Every name can be set. Each replaces the one before; none is passed in this process. */
	for (uint32_t i = 0; i < HW_FAILPOINT_COUNT; i++) {
		assert_int_equal(hw_failpoint_start(hw_failpoint_name((enum hw_failpoint)i)), 0);
	}
}

#if HW_FAILPOINTS
static uint32_t g_pass_count;

static void pass_places(void)
{
	if (hw_failpoint_start("segment_synced:3") < 0) {
		return;
	}
	HW_FAILPOINT(slab_written);
	for (uint32_t i = 0; i < g_pass_count; i++) {
		HW_FAILPOINT(segment_synced);
		HW_FAILPOINT(slab_written);
	}
}

static void test_kills_at_count(void **state)
{
	(void)state;
	g_pass_count = 2;
	assert_int_equal(signal_of(pass_places), 0);
	g_pass_count = 3;
	assert_int_equal(signal_of(pass_places), SIGKILL);
}
#else
static void test_kills_at_count(void **state)
{
	(void)state;
	HW_FAILPOINT(segment_synced); /* is nothing */
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_kills_at_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
