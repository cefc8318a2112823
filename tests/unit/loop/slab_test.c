/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a slab has one writer, then only counted readers; nobody gets one that is held; those who
 *       wait are served in the order in which they came, and before those who come later.
 * Method: the life of a slab by hand; a random run beside a model (seed printed); broken callers
 *         in a child that must abort.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/prng.h"
#include "core/loop/slab.h"
#include "tests/unit/base/dies.h"

#define COUNT 5U

struct guest {
	struct hw_slab_waiter waiter;
	struct hw_slab *slab; /* given */
	uint32_t order;       /* when: 1 is first; 0: not yet */
};

static uint32_t g_order;

static void ready(struct hw_slab_waiter *waiter, struct hw_slab *slab)
{
	struct guest *guest = hw_container_of(waiter, struct guest, waiter);
	assert_null(guest->slab);
	guest->slab = slab;
	guest->order = ++g_order;
}

static void guest_wait(struct hw_slab_pool *pool, struct guest *guest)
{
	*guest = (struct guest){.waiter = {.ready = ready}};
	hw_slab_wait(pool, &guest->waiter);
}

static void test_life(void **state)
{
	(void)state;
	struct hw_slab_pool pool;
	assert_int_equal(hw_slab_pool_init(&pool, COUNT), 0);
	assert_int_equal(pool.free_count, COUNT);
	struct hw_slab *slab = hw_slab_take(&pool);
	assert_non_null(slab);
	assert_int_equal(slab->state, HW_SLAB_FILLING);
	assert_int_equal(slab->size, 0);
	assert_int_equal((uintptr_t)slab->bytes % HW_PAGE_SIZE, 0);
	memset(slab->bytes, 'a', HW_SLAB_SIZE);
	slab->size = HW_SLAB_SIZE;
	hw_slab_seal(slab);
	assert_int_equal(slab->state, HW_SLAB_HELD);
	assert_ptr_equal(hw_slab_ref(slab), slab);
	hw_slab_unref(slab);
	assert_int_equal(pool.free_count, COUNT - 1);
	assert_int_equal(slab->bytes[HW_SLAB_SIZE - 1], 'a');
	hw_slab_unref(slab);
	assert_int_equal(pool.free_count, COUNT);
	assert_int_equal(slab->state, HW_SLAB_FREE);
	hw_slab_unref(NULL);
	hw_slab_pool_deinit(&pool);
	hw_slab_pool_deinit(&pool); /* the half-built, too */
	hw_slab_pool_deinit(NULL);
}

static void test_slabs_do_not_overlap(void **state)
{
	(void)state;
	struct hw_slab_pool pool;
	struct hw_slab *slabs[COUNT];
	assert_int_equal(hw_slab_pool_init(&pool, COUNT), 0);
	for (uint32_t i = 0; i < COUNT; i++) {
		slabs[i] = hw_slab_take(&pool);
		assert_non_null(slabs[i]);
		assert_ptr_equal(slabs[i]->pool, &pool);
		assert_true(slabs[i]->bytes >= pool.arena);
		assert_true(slabs[i]->bytes + HW_SLAB_SIZE <= pool.arena + pool.arena_size);
		memset(slabs[i]->bytes, (int)i + 1, HW_SLAB_SIZE);
	}
	assert_null(hw_slab_take(&pool)); /* full is an answer */
	for (uint32_t i = 0; i < COUNT; i++) {
		for (uint32_t at = 0; at < HW_SLAB_SIZE; at++) {
			assert_int_equal(slabs[i]->bytes[at], i + 1);
		}
		assert_int_equal(slabs[i]->state, HW_SLAB_FILLING);
		hw_slab_unref(slabs[i]); /* nothing to keep: without seal */
	}
	hw_slab_pool_deinit(&pool);
}

static void test_first_come_first_served(void **state)
{
	(void)state;
	struct hw_slab_pool pool;
	struct hw_slab *slabs[2];
	struct guest guests[3];
	assert_int_equal(hw_slab_pool_init(&pool, 2), 0);
	slabs[0] = hw_slab_take(&pool);
	slabs[1] = hw_slab_take(&pool);
	g_order = 0;
	assert_false(hw_slab_has_waiters(&pool));
	for (uint32_t i = 0; i < 3; i++) {
		guest_wait(&pool, &guests[i]);
	}
	assert_true(hw_slab_has_waiters(&pool));
	hw_slab_pool_serve(&pool); /* there is nothing to give */
	assert_int_equal(g_order, 0);
	hw_slab_unref(slabs[0]);
	assert_null(hw_slab_take(&pool)); /* others stand in line */
	hw_slab_pool_serve(&pool);
	assert_int_equal(guests[0].order, 1);
	assert_non_null(guests[0].slab);
	assert_int_equal(guests[0].slab->state, HW_SLAB_FILLING);
	assert_int_equal(guests[1].order, 0);
	hw_slab_wait_end(&guests[1].waiter); /* goes home */
	hw_slab_wait_end(&guests[1].waiter); /* twice is no harm */
	hw_slab_unref(slabs[1]);
	hw_slab_pool_serve(&pool);
	assert_int_equal(guests[1].order, 0);
	assert_int_equal(guests[2].order, 2);
	assert_false(hw_slab_has_waiters(&pool));
	hw_slab_unref(guests[0].slab);
	hw_slab_unref(guests[2].slab);
	slabs[0] = hw_slab_take(&pool); /* the line is empty: at once again */
	assert_non_null(slabs[0]);
	hw_slab_unref(slabs[0]);
	hw_slab_pool_deinit(&pool);
}

/* A waiter that needs several stands in line again from its ready: at the end. */
static struct hw_slab_pool g_pool;
static struct guest g_other;
static uint32_t g_more;

static void ready_again(struct hw_slab_waiter *waiter, struct hw_slab *slab)
{
	hw_slab_unref(slab);
	if (g_more > 0) {
		g_more--;
		hw_slab_wait(&g_pool, waiter);
	}
}

static void test_again_is_behind_the_others(void **state)
{
	(void)state;
	struct hw_slab_waiter greedy = {.ready = ready_again};
	g_order = 0;
	g_more = 3;
	assert_int_equal(hw_slab_pool_init(&g_pool, 1), 0);
	struct hw_slab *slab = hw_slab_take(&g_pool);
	hw_slab_wait(&g_pool, &greedy);
	guest_wait(&g_pool, &g_other);
	hw_slab_unref(slab);
	hw_slab_pool_serve(&g_pool);
	assert_int_equal(g_other.order, 1);
	assert_int_equal(g_more, 2); /* greedy ran once, then the other got it and kept it */
	hw_slab_unref(g_other.slab);
	hw_slab_pool_serve(&g_pool);
	assert_int_equal(g_more, 0);
	hw_slab_pool_deinit(&g_pool);
}

/* Slabs beside counts of our own. */
struct model {
	struct hw_slab_pool pool;
	struct hw_slab *slabs[COUNT];
	uint32_t holders[COUNT];
};

static void model_step(struct model *model, struct hw_prng *prng)
{
	uint32_t i = (uint32_t)hw_prng_below(prng, COUNT);
	struct hw_slab *slab = model->slabs[i];
	if (slab == NULL) {
		model->slabs[i] = hw_slab_take(&model->pool);
		assert_non_null(model->slabs[i]);
		model->holders[i] = 1;
	} else if (slab->state == HW_SLAB_FILLING && hw_prng_chance(prng, 50)) {
		hw_slab_seal(slab);
	} else if (slab->state == HW_SLAB_HELD && hw_prng_chance(prng, 40)) {
		assert_ptr_equal(hw_slab_ref(slab), slab);
		model->holders[i]++;
	} else {
		hw_slab_unref(slab);
		model->slabs[i] = --model->holders[i] > 0 ? slab : NULL;
	}
}

static void model_check(const struct model *model)
{
	uint32_t used = 0;
	for (uint32_t i = 0; i < COUNT; i++) {
		const struct hw_slab *slab = model->slabs[i];
		used += slab != NULL;
		assert_true(slab == NULL || slab->holder_count == model->holders[i]);
	}
	assert_int_equal(model->pool.free_count, COUNT - used);
}

static void model_run(uint64_t seed)
{
	struct hw_prng prng;
	struct model model = {0};
	hw_prng_init(&prng, seed);
	assert_int_equal(hw_slab_pool_init(&model.pool, COUNT), 0);
	for (uint32_t round = 0; round < 2000; round++) {
		model_step(&model, &prng);
		model_check(&model);
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		for (; model.holders[i] > 0; model.holders[i]--) {
			hw_slab_unref(model.slabs[i]);
		}
	}
	hw_slab_pool_deinit(&model.pool);
}

static void test_model_agrees(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		model_run(seed);
	}
}

static struct hw_slab *bad_slab(void)
{
	if (hw_slab_pool_init(&g_pool, 1) < 0) {
		_exit(1);
	}
	return hw_slab_take(&g_pool);
}

static void ref_while_filling(void)
{
	(void)hw_slab_ref(bad_slab()); /* must not return */
}

static void seal_twice(void)
{
	struct hw_slab *slab = bad_slab();
	hw_slab_seal(slab);
	hw_slab_seal(slab);
}

static void unref_twice(void)
{
	struct hw_slab *slab = bad_slab();
	hw_slab_unref(slab);
	hw_slab_unref(slab);
}

static void deinit_while_held(void)
{
	(void)bad_slab(); /* leaked on purpose */
	hw_slab_pool_deinit(&g_pool);
}

static void seal_too_much(void)
{
	struct hw_slab *slab = bad_slab();
	slab->size = HW_SLAB_SIZE + 1;
	hw_slab_seal(slab);
}

static void test_rules_are_watched(void **state)
{
	(void)state;
	assert_true(aborts(ref_while_filling));
	assert_true(aborts(seal_twice));
	assert_true(aborts(unref_twice));
	assert_true(aborts(deinit_while_held));
	assert_true(aborts(seal_too_much));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_slabs_do_not_overlap),
		cmocka_unit_test(test_first_come_first_served),
		cmocka_unit_test(test_again_is_behind_the_others),
		cmocka_unit_test(test_model_agrees),
		cmocka_unit_test(test_rules_are_watched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
