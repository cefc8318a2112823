/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a file has the home it was given until that is taken away; the table is bounded.
 * Method: small tables whose entries collide; random lives against a plain array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "core/base/prng.h"
#include "core/catalog/catalog_verbs.h"
#include "core/catalog/homes.h"

#define FILES 40U
#define STEPS 20000U
#define SEED  UINT64_C(77)

static void full_is_an_answer(void **state)
{
	(void)state;
	struct hw_homes homes;
	assert_int_equal(hw_homes_init(&homes, 2), 0);
	assert_int_equal(hw_homes_of(&homes, 1), HW_HOME_NONE);
	assert_false(hw_homes_remove(&homes, 1));
	assert_int_equal(hw_homes_add(&homes, 1, 0), 0);
	assert_int_equal(hw_homes_add(&homes, 3, 7), 0);
	assert_int_equal(hw_homes_add(&homes, 5, 7), -ENOBUFS);
	assert_int_equal(hw_homes_of(&homes, 1), 0);
	assert_int_equal(hw_homes_of(&homes, 3), 7);
	assert_int_equal(hw_homes_of(&homes, 5), HW_HOME_NONE);
	assert_true(hw_homes_remove(&homes, 1));
	assert_int_equal(hw_homes_add(&homes, 5, 8), 0);
	assert_int_equal(hw_homes_of(&homes, 5), 8);
	assert_int_equal(homes.used_count, 2);
	hw_homes_deinit(&homes);
	hw_homes_deinit(&homes);
	hw_homes_deinit(NULL);
}

static void random_lives(void **state)
{
	(void)state;
	struct hw_homes homes;
	struct hw_prng prng;
	uint16_t model[FILES];
	uint32_t used = 0;
	hw_prng_init(&prng, SEED);
	assert_int_equal(hw_homes_init(&homes, FILES / 2), 0);
	for (uint32_t i = 0; i < FILES; i++) {
		model[i] = HW_HOME_NONE;
	}
	for (uint32_t step = 0; step < STEPS; step++) {
		uint32_t i = (uint32_t)hw_prng_below(&prng, FILES);
		uint64_t file_id = 1 + (uint64_t)i * 16; /* they share few buckets */
		if (model[i] != HW_HOME_NONE) {
			assert_true(hw_homes_remove(&homes, file_id));
			model[i] = HW_HOME_NONE;
			used--;
		} else if (used == FILES / 2) {
			assert_int_equal(hw_homes_add(&homes, file_id, 1), -ENOBUFS);
		} else {
			model[i] = (uint16_t)(step % 100);
			assert_int_equal(hw_homes_add(&homes, file_id, model[i]), 0);
			used++;
		}
		uint32_t other = (uint32_t)hw_prng_below(&prng, FILES);
		assert_int_equal(hw_homes_of(&homes, 1 + (uint64_t)other * 16), model[other]);
		assert_int_equal(homes.used_count, used);
	}
	hw_homes_deinit(&homes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_is_an_answer),
		cmocka_unit_test(random_lives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
