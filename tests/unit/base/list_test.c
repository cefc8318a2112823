/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a list holds what was put in and not taken out, in that order, in both directions.
 * Method: examples, then 2000 seeds of random appends, removals and takes beside a plain array.
 */
#include "core/base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/prng.h"
#include "tests/unit/base/dies.h"

#define MEMBER_COUNT 16U

struct model {
	struct hw_list head;
	struct hw_list links[MEMBER_COUNT];
	struct hw_list *expected[MEMBER_COUNT];
	uint32_t count;
};

static void expected_remove(struct model *model, const struct hw_list *link)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < model->count; i++) {
		if (model->expected[i] != link) {
			model->expected[kept++] = model->expected[i];
		}
	}
	model->count = kept;
}

static void model_check(const struct model *model)
{
	assert_int_equal(hw_list_is_empty(&model->head), model->count == 0);
	const struct hw_list *at = &model->head;
	for (uint32_t i = 0; i < model->count; i++) {
		at = at->next;
		assert_ptr_equal(at, model->expected[i]);
		assert_true(hw_list_is_linked(at));
	}
	assert_ptr_equal(at->next, &model->head);
	at = &model->head;
	for (uint32_t i = model->count; i > 0; i--) {
		at = at->prev;
		assert_ptr_equal(at, model->expected[i - 1]);
	}
	assert_ptr_equal(at->prev, &model->head);
}

static void model_step(struct model *model, struct hw_prng *prng)
{
	struct hw_list *link = &model->links[hw_prng_below(prng, MEMBER_COUNT)];
	if (hw_prng_chance(prng, 25)) {
		struct hw_list *first = model->count > 0 ? model->expected[0] : NULL;
		assert_ptr_equal(hw_list_take_first(&model->head), first);
		expected_remove(model, first);
	} else if (hw_list_is_linked(link) || hw_prng_chance(prng, 10)) {
		hw_list_remove(link); /* also one that is in no list */
		assert_false(hw_list_is_linked(link));
		expected_remove(model, link);
	} else {
		hw_list_append(&model->head, link);
		model->expected[model->count++] = link;
	}
	model_check(model);
}

static void test_seeds(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		struct hw_prng prng;
		struct model model = {0}; /* the links stay zero: such a link is in no list */
		hw_prng_init(&prng, seed);
		hw_list_init(&model.head);
		for (uint32_t i = 0; i < 64; i++) {
			model_step(&model, &prng);
		}
	}
}

static void append_twice(void)
{
	struct hw_list head;
	struct hw_list link = {NULL, NULL};
	hw_list_init(&head);
	hw_list_append(&head, &link);
	hw_list_append(&head, &link);
}

static void ask_without_init(void)
{
	struct hw_list head = {NULL, NULL};
	(void)hw_list_is_empty(&head);
}

static void test_misuse(void **state)
{
	(void)state;
	assert_true(aborts(append_twice));
	assert_true(aborts(ask_without_init));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_misuse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
