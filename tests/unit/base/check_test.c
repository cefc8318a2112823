/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: an assertion stops the program exactly when it does not hold, and hw_move leaves nothing
 * behind. Method: broken assertions run in a child, whose signal is looked at.
 */
#include "core/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/base/dies.h"

struct outer {
	uint32_t before;
	uint32_t member;
};

static void break_assert(void)
{
	hw_assert(1 + 1 == 3);
}

static void assert_true_holds(void)
{
	uint32_t count = 0;
	hw_assert(++count == 1);
	hw_assert(count == 1); /* the condition was evaluated once */
}

static void test_assert(void **state)
{
	(void)state;
	assert_true(aborts(break_assert));
	assert_int_equal(signal_of(assert_true_holds), 0);
}

static void test_move(void **state)
{
	(void)state;
	char byte = 'x';
	char *slot = &byte;
	char *moved = hw_move(&slot);
	assert_ptr_equal(moved, &byte);
	assert_null(slot);
	assert_null(hw_move(&slot));
}

static void test_container_of(void **state)
{
	(void)state;
	struct outer outer = {1, 2};
	assert_ptr_equal(hw_container_of(&outer.member, struct outer, member), &outer);
}

static void test_counts(void **state)
{
	(void)state;
	uint64_t five[5] = {0};
	assert_int_equal(hw_count_of(five), 5);
	assert_int_equal(hw_min(2, 3), 2);
	assert_int_equal(hw_min(3, 2), 2);
	assert_int_equal(hw_max(2, 3), 3);
	assert_int_equal(hw_max(-1, -2), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assert),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_container_of),
		cmocka_unit_test(test_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
