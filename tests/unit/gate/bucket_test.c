/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: never more than the rate allows in any minute and a burst, never less than it over time.
 *
 * Method: the edges of a small bucket; any takes at any times, counted.
 */
#include "core/gate/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/prng.h"

#define MINUTE UINT64_C(60000000)

static void test_edges(void **state)
{
	(void)state;
	struct hw_bucket bucket = {0};
	uint64_t now = 5 * MINUTE;
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(hw_bucket_take(&bucket, 4, now), 0);
	}
	assert_int_equal(hw_bucket_take(&bucket, 4, now), 15);
	assert_int_equal(hw_bucket_take(&bucket, 4, now + 1), 15);
	assert_int_equal(hw_bucket_take(&bucket, 4, now + 14999999), 1);
	assert_int_equal(hw_bucket_take(&bucket, 4, now + 15000000), 0);
	assert_int_equal(hw_bucket_take(&bucket, 4, now + 15000000), 15);
	now += 10 * MINUTE; /* full again, and no fuller */
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(hw_bucket_take(&bucket, 4, now), 0);
	}
	assert_int_not_equal(hw_bucket_take(&bucket, 4, now), 0);
	struct hw_bucket one = {0};
	assert_int_equal(hw_bucket_take(&one, 1, now), 0);
	assert_int_equal(hw_bucket_take(&one, 1, now), 60);
}

/* @taken: so many in all, this one included. */
static void take_check(struct hw_bucket *bucket, uint32_t rate, uint64_t now, uint64_t *taken)
{
	uint32_t wait_s = hw_bucket_take(bucket, rate, now);
	*taken += wait_s == 0;
	assert_in_range(wait_s, 0, 60);
	if (wait_s > 0) { /* who waits as long as it was told gets one */
		struct hw_bucket later = *bucket;
		uint64_t then = now + wait_s * UINT64_C(1000000);
		assert_int_equal(hw_bucket_take(&later, rate, then), 0);
	}
}

static void any_run(uint64_t seed)
{
	struct hw_prng prng;
	struct hw_bucket bucket = {0};
	hw_prng_init(&prng, seed);
	uint32_t rate = 1 + (uint32_t)hw_prng_below(&prng, 500);
	uint64_t begun = hw_prng_below(&prng, MINUTE);
	uint64_t now = begun;
	uint64_t taken = 0;
	for (uint32_t i = 0; i < 2000; i++) {
		now += hw_prng_below(&prng, 2 * MINUTE / rate);
		take_check(&bucket, rate, now, &taken);
		assert_true(taken <= rate + (now - begun) / (MINUTE / rate) + 1);
	}
}

static void test_any(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		any_run(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_any),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
