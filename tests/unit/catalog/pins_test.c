/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a file is pinned exactly as long as somebody reads it, and one that was deleted meanwhile
 * is given out once its last reader is gone. Method: each edge by hand; then random pins against
 * plain counters, with ids that collide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "core/base/prng.h"
#include "core/catalog/pins.h"

static void pins_are_counted(void **state)
{
	(void)state;
	struct hw_pins pins;
	assert_int_equal(hw_pins_init(&pins, 4), 0);
	assert_false(hw_pins_has(&pins, 7));
	assert_int_equal(hw_pins_remove(&pins, 7), -ENOENT);
	assert_int_equal(hw_pins_add(&pins, 7), 0);
	assert_int_equal(hw_pins_add(&pins, 7), 0);
	assert_int_equal(hw_pins_remove(&pins, 7), 0);
	assert_true(hw_pins_has(&pins, 7));
	assert_int_equal(hw_pins_remove(&pins, 7), 0);
	assert_false(hw_pins_has(&pins, 7));
	assert_int_equal(hw_pins_remove(&pins, 7), -ENOENT);
	assert_false(hw_pins_has_due(&pins));
	hw_pins_deinit(&pins);
}

static void full_is_an_answer(void **state)
{
	(void)state;
	struct hw_pins pins;
	assert_int_equal(hw_pins_init(&pins, 3), 0);
	for (uint64_t id = 1; id <= 3; id++) {
		assert_int_equal(hw_pins_add(&pins, id), 0);
	}
	assert_int_equal(hw_pins_add(&pins, 4), -ENOBUFS);
	assert_int_equal(hw_pins_add(&pins, 2), 0);
	assert_int_equal(hw_pins_remove(&pins, 1), 0);
	assert_int_equal(hw_pins_add(&pins, 4), 0);
	hw_pins_deinit(&pins);
	hw_pins_deinit(&pins);
}

static void due_after_the_last_reader(void **state)
{
	(void)state;
	struct hw_pins pins;
	assert_int_equal(hw_pins_init(&pins, 2), 0);
	assert_int_equal(hw_pins_add(&pins, 5), 0);
	assert_int_equal(hw_pins_add(&pins, 5), 0);
	assert_int_equal(hw_pins_add(&pins, 6), 0);
	hw_pins_tombstone(&pins, 5);
	assert_int_equal(hw_pins_remove(&pins, 5), 0);
	assert_false(hw_pins_has_due(&pins));
	assert_int_equal(hw_pins_remove(&pins, 5), 0);
	uint64_t due[2] = {0};
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(hw_pins_due(&pins, due, 2), 1);
		assert_int_equal(due[0], 5);
	}
	assert_int_equal(hw_pins_due(&pins, due, 0), 0);
	assert_false(hw_pins_has(&pins, 5));
	assert_int_equal(hw_pins_remove(&pins, 5), -ENOENT);
	hw_pins_forget_due(&pins, 1);
	assert_false(hw_pins_has_due(&pins));
	assert_true(hw_pins_has(&pins, 6));
	assert_int_equal(pins.used_count, 1);
	hw_pins_deinit(&pins);
}

#define IDS 40U

static uint32_t due_forget(struct hw_pins *pins, const uint32_t *counts, bool *gone, uint32_t max)
{
	uint64_t due[IDS];
	uint32_t count = hw_pins_due(pins, due, max);
	for (uint32_t k = 0; k < count; k++) {
		assert_true(gone[(due[k] - 1) / 64]);
		assert_int_equal(counts[(due[k] - 1) / 64], 0);
		gone[(due[k] - 1) / 64] = false;
	}
	hw_pins_forget_due(pins, count);
	assert_true(count > 0 || !hw_pins_has_due(pins));
	return count;
}

static void random_pins_match_counters(void **state)
{
	(void)state;
	const uint64_t seed = 20240611;
	print_message("seed %llu\n", (unsigned long long)seed);
	struct hw_prng prng;
	hw_prng_init(&prng, seed);
	struct hw_pins pins;
	assert_int_equal(hw_pins_init(&pins, IDS), 0);
	uint32_t counts[IDS] = {0};
	bool gone[IDS] = {false};
	uint32_t due_count = 0;
	for (uint32_t step = 0; step < 200000; step++) {
		uint32_t i = (uint32_t)hw_prng_below(&prng, IDS);
		uint64_t id = 1 + (uint64_t)i * 64; /* all in one bucket */
		uint64_t act = hw_prng_below(&prng, 10);
		if (act < 4 && !gone[i]) {
			assert_int_equal(hw_pins_add(&pins, id), 0);
			counts[i]++;
		} else if (act < 8) {
			int expected = counts[i] > 0 ? 0 : -ENOENT;
			assert_int_equal(hw_pins_remove(&pins, id), expected);
			counts[i] -= expected == 0 ? 1 : 0;
			due_count += expected == 0 && gone[i] && counts[i] == 0 ? 1 : 0;
		} else if (act == 8 && counts[i] > 0 && !gone[i]) {
			hw_pins_tombstone(&pins, id);
			gone[i] = true;
		} else if (act == 9) {
			due_count -= due_forget(&pins, counts, gone, 1 + i % 4);
		}
		assert_int_equal(hw_pins_has(&pins, id), counts[i] > 0);
		assert_int_equal(hw_pins_has_due(&pins), due_count > 0);
	}
	hw_pins_deinit(&pins);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pins_are_counted),
		cmocka_unit_test(full_is_an_answer),
		cmocka_unit_test(due_after_the_last_reader),
		cmocka_unit_test(random_pins_match_counters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
