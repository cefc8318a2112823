/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what does not fit is refused by what is announced: 413 for the share, 507 for the store.
 *
 * Method: a table of limits and sums at their edges, the sums on two threads.
 */
#include "net/talk/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

static void sizes_are_judged(void **state)
{
	(void)state;
	static const struct {
		uint64_t share_size_max;
		uint64_t quota_size;
		uint64_t stored_size;
		uint64_t reserved_size;
		uint64_t size;
		int expected;
	} rows[] = {
		{0, 0, UINT64_C(1) << 60, 0, 1000, 0},
		{0, 0, 0, 0, 1001, -EDQUOT},
		{100, 0, 0, 0, 100, 0},
		{100, 0, 0, 0, 101, -EDQUOT},
		{0, 500, 300, 100, 100, 0},
		{0, 500, 300, 100, 101, -ENOSPC},
		{0, 500, 300, 200, 0, 0},
		{0, 500, 600, 0, 0, -ENOSPC},
		{100, 500, 500, 0, 101, -EDQUOT},
		{0, 500, 0, 0, 501, -ENOSPC},
	};
	static struct hw_metrics metrics[2];
	const struct hw_metrics *all[] = {&metrics[0], &metrics[1]};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		struct hw_talks talks = {.options = {.file_size_max = 1000,
						     .share_size_max = rows[i].share_size_max,
						     .quota_size = rows[i].quota_size,
						     .all_metrics = all,
						     .metrics_count = 2}};
		hw_metrics_set(&metrics[0], HW_METRIC_stored_bytes, rows[i].stored_size);
		hw_metrics_set(&metrics[1], HW_METRIC_reserved_bytes, rows[i].reserved_size);
		assert_int_equal(hw_quota_judge(&talks, rows[i].size), rows[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
