/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a seed always means the same sequence, here and on every machine; bounds hold.
 * Method: the reference's first values (xoshiro256** 1.0 seeded by splitmix64), edges, rough
 * counts.
 */
#include "core/base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/base/dies.h"

/* From the reference code of Blackman and Vigna: splitmix64 of 0 begins with e220a8397b1dcdaf. */
static void test_reference(void **state)
{
	(void)state;
	struct hw_prng prng;
	hw_prng_init(&prng, 0);
	assert_int_equal(prng.state[0], UINT64_C(0xe220a8397b1dcdaf));
	assert_int_equal(prng.state[1], UINT64_C(0x6e789e6aa1b965f4));
	assert_int_equal(prng.state[2], UINT64_C(0x06c45d188009454f));
	assert_int_equal(prng.state[3], UINT64_C(0xf88bb8a8724c81ec));
	prng = (struct hw_prng){{1, 2, 3, 4}};
	assert_int_equal(hw_prng_next(&prng), 11520);
	assert_int_equal(hw_prng_next(&prng), 0);
	assert_int_equal(hw_prng_next(&prng), 1509978240);
	assert_int_equal(hw_prng_next(&prng), 1215971899390074240);
}

static void test_repeats(void **state)
{
	(void)state;
	struct hw_prng a;
	struct hw_prng b;
	struct hw_prng other;
	hw_prng_init(&a, 7);
	hw_prng_init(&b, 7);
	hw_prng_init(&other, 8);
	uint32_t same_count = 0;
	for (uint32_t i = 0; i < 100; i++) {
		uint64_t value = hw_prng_next(&a);
		assert_int_equal(value, hw_prng_next(&b));
		same_count += value == hw_prng_next(&other) ? 1 : 0;
	}
	assert_int_equal(same_count, 0);
}

static void ask_below_zero(void)
{
	struct hw_prng prng;
	hw_prng_init(&prng, 1);
	(void)hw_prng_below(&prng, 0);
}

static void test_bounds(void **state)
{
	(void)state;
	struct hw_prng prng;
	uint32_t counts[10] = {0};
	uint32_t chance_count = 0;
	hw_prng_init(&prng, 1);
	for (uint32_t i = 0; i < 10000; i++) {
		counts[hw_prng_below(&prng, 10)]++;
		assert_in_range(hw_prng_between(&prng, 5, 7), 5, 7);
		assert_int_equal(hw_prng_below(&prng, 1), 0);
		assert_int_equal(hw_prng_between(&prng, 9, 9), 9);
		chance_count += hw_prng_chance(&prng, 30) ? 1 : 0;
		assert_false(hw_prng_chance(&prng, 0));
		assert_true(hw_prng_chance(&prng, 100));
	}
	for (uint32_t i = 0; i < 10; i++) {
		assert_in_range(counts[i], 850, 1150); /* five times the deviation of 30 */
	}
	assert_in_range(chance_count, 2770, 3230);
	assert_true(aborts(ask_below_zero));
}

static void test_fill(void **state)
{
	(void)state;
	struct hw_prng prng;
	for (uint32_t size = 0; size <= 33; size++) {
		uint8_t bytes[40];
		memset(bytes, 0, sizeof(bytes));
		hw_prng_init(&prng, 3);
		hw_prng_fill(&prng, bytes, size);
		hw_prng_init(&prng, 3);
		for (uint32_t i = 0; i < size; i += 8) {
			uint64_t word = hw_prng_next(&prng);
			assert_memory_equal(bytes + i, &word, hw_min(8, size - i));
		}
		assert_int_equal(bytes[size], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_fill),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
