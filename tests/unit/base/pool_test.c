/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: no object is out twice, none is lost, all lie where they should; misuse aborts.
 * Method: examples, 500 seeds of random takes and gives with marked objects, broken rules in a
 * child.
 */
#include "core/base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/base/prng.h"
#include "tests/unit/base/dies.h"

#define CAPACITY 33U /* not a multiple of 8: the last byte of the bitmap is a part */

static void test_all_out_and_in(void **state)
{
	(void)state;
	struct hw_pool pool = {0};
	assert_int_equal(hw_pool_init(&pool, 100, 64, CAPACITY), 0);
	char *objects[CAPACITY];
	for (uint32_t i = 0; i < CAPACITY; i++) {
		objects[i] = hw_pool_take(&pool);
		assert_non_null(objects[i]);
		assert_int_equal((uintptr_t)objects[i] % 64, 0);
		assert_int_equal(objects[i][99], 0); /* zero at first */
		memset(objects[i], (int)i + 1, 100);
	}
	assert_null(hw_pool_take(&pool));
	assert_int_equal(hw_pool_used_count(&pool), CAPACITY);
	for (uint32_t i = 0; i < CAPACITY; i++) {
		assert_int_equal(objects[i][0], i + 1); /* nobody wrote into a neighbour */
		assert_int_equal(objects[i][99], i + 1);
		hw_pool_give(&pool, objects[i]);
	}
	assert_int_equal(hw_pool_used_count(&pool), 0);
	/* The warmest first. */
	char *again = hw_pool_take(&pool);
	assert_ptr_equal(again, objects[CAPACITY - 1]);
	hw_pool_give(&pool, again);
	hw_pool_deinit(&pool);
	assert_null(pool.base);
	hw_pool_deinit(&pool);
	hw_pool_deinit(NULL);
}

struct model {
	struct hw_pool pool;
	uint32_t size;
	uint32_t alignment;
	uint8_t *out[CAPACITY];
};

/* Each object out is full of its own number. */
static void model_give(struct model *model, uint32_t slot)
{
	assert_int_equal(model->out[slot][0], slot);
	assert_int_equal(model->out[slot][model->size - 1], slot);
	hw_pool_give(&model->pool, hw_move(&model->out[slot]));
}

static void model_take(struct model *model, uint32_t slot)
{
	model->out[slot] = hw_pool_take(&model->pool);
	assert_non_null(model->out[slot]);
	assert_int_equal((uintptr_t)model->out[slot] % model->alignment, 0);
	memset(model->out[slot], (int)slot, model->size);
}

static uint32_t model_count(const struct model *model)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < CAPACITY; i++) {
		count += model->out[i] != NULL ? 1 : 0;
	}
	return count;
}

static void run_seed(uint64_t seed)
{
	struct hw_prng prng;
	hw_prng_init(&prng, seed);
	struct model model = {
		.size = (uint32_t)hw_prng_between(&prng, 1, 300),
		.alignment = 1U << hw_prng_below(&prng, 13),
	};
	assert_int_equal(hw_pool_init(&model.pool, model.size, model.alignment, CAPACITY), 0);
	for (uint32_t i = 0; i < 300; i++) {
		uint32_t slot = (uint32_t)hw_prng_below(&prng, CAPACITY);
		if (model.out[slot] != NULL) {
			model_give(&model, slot);
		} else {
			model_take(&model, slot);
		}
		assert_int_equal(hw_pool_used_count(&model.pool), model_count(&model));
	}
	for (uint32_t i = 0; i < CAPACITY; i++) {
		if (model.out[i] != NULL) {
			model_give(&model, i);
		}
	}
	hw_pool_deinit(&model.pool);
}

static void test_seeds(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 500; seed++) {
		run_seed(seed);
	}
}

static void test_bytes(void **state)
{
	(void)state;
	/* Objects, a stack of 4 bytes each, a bit each. */
	assert_int_equal(hw_pool_bytes(100, 64, 10), 1280 + 40 + 2);
	/* More than 32 bits of bytes: 64 GiB of slabs. */
	assert_true(hw_pool_bytes(262144, 4096, 262144) > UINT64_C(1) << 36);
	struct hw_pool pool = {0};
	assert_int_equal(hw_pool_init(&pool, 7, 1, 3), 0);
	assert_int_equal(pool.map_size, hw_pool_bytes(7, 1, 3));
	hw_pool_deinit(&pool);
}

static void test_no_memory(void **state)
{
	(void)state;
	struct hw_pool pool = {0};
	assert_int_equal(hw_pool_init(&pool, UINT32_C(1) << 31, 4096, UINT32_MAX), -ENOMEM);
	assert_null(pool.base); /* untouched, so deinit is allowed */
	hw_pool_deinit(&pool);
}

static struct hw_pool g_pool;

static char *pool_begin(void)
{
	int r = hw_pool_init(&g_pool, 64, 64, 8);
	return r == 0 ? hw_pool_take(&g_pool) : NULL;
}

static void give_twice(void)
{
	char *object = pool_begin();
	char *other = hw_pool_take(&g_pool); /* so that the count alone does not tell */
	hw_pool_give(&g_pool, object);
	hw_pool_give(&g_pool, object);
	hw_pool_give(&g_pool, other);
}

static void give_inside(void)
{
	hw_pool_give(&g_pool, pool_begin() + 1);
}

static void give_outside(void)
{
	hw_pool_give(&g_pool, pool_begin() + UINT64_C(64) * 8);
}

static void give_null(void)
{
	(void)pool_begin();
	hw_pool_give(&g_pool, NULL);
}

static void deinit_while_out(void)
{
	(void)pool_begin();
	hw_pool_deinit(&g_pool);
}

static void align_to_three(void)
{
	(void)hw_pool_bytes(64, 3, 8);
}

static void test_misuse(void **state)
{
	(void)state;
	assert_true(aborts(give_twice));
	assert_true(aborts(give_inside));
	assert_true(aborts(give_outside));
	assert_true(aborts(give_null));
	assert_true(aborts(deinit_while_out));
	assert_true(aborts(align_to_three));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_out_and_in), cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_bytes),          cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_misuse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
