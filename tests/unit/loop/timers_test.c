/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every timer fires once, at its millisecond, never early, in order of time; whatever is
 *       started and stopped meanwhile, also from within a fire; a wait is never too long.
 * Method: a naive model (one due time for each timer) beside the wheel, over random starts, stops
 *         and advances from one millisecond to hours; edges of the wheels by hand. Seeds are
 * printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/prng.h"
#include "core/loop/timers.h"

#define TIMERS 200U
#define SEEDS  60U
#define ROUNDS 3000U

/* What a timer does besides being counted when it fires. */
enum habit { HABIT_NONE = 0, HABIT_RESTART, HABIT_STOP_OTHER, HABIT_START_OTHER, HABIT_COUNT };

struct entry {
	struct hw_timer timer;
	struct model *model;
	uint64_t due_ms; /* the model's; 0: not running */
};

struct model {
	struct hw_timers timers;
	struct hw_prng prng;
	struct entry entries[TIMERS];
	uint64_t last_fire_ms;
	uint64_t seed;
	uint32_t fired_count;
	bool has_habits;
};

static void fire(struct hw_timer *timer);

static uint64_t delay_random(struct hw_prng *prng)
{
	/* Every magnitude as often as every other. */
	uint64_t bits = hw_prng_below(prng, 25);
	return hw_prng_below(prng, (UINT64_C(1) << bits) + 1);
}

static void entry_start(struct model *model, struct entry *entry, uint64_t delay_ms)
{
	hw_timer_start(&model->timers, &entry->timer, delay_ms, fire);
	uint64_t due_ms = entry->timer.due_ms;
	uint64_t now_ms = model->timers.now_ms;
	uint64_t delay_cut_ms = hw_min(delay_ms, (uint64_t)HW_TIMER_DELAY_MAX_MS);
	assert_true(hw_timer_is_running(&entry->timer));
	/* "Within 1 ms after its time", never before it. */
	assert_in_range(due_ms,
			hw_max(now_ms + delay_cut_ms, now_ms + 1) -
				(delay_cut_ms == HW_TIMER_DELAY_MAX_MS ? 1 : 0),
			now_ms + delay_cut_ms + 1);
	entry->due_ms = due_ms;
}

static void entry_stop(struct model *model, struct entry *entry)
{
	hw_timer_stop(&model->timers, &entry->timer);
	assert_false(hw_timer_is_running(&entry->timer));
	entry->due_ms = 0;
}

static void fire(struct hw_timer *timer)
{
	struct entry *entry = hw_container_of(timer, struct entry, timer);
	struct model *model = entry->model;
	if (entry->due_ms != model->timers.now_ms) {
		fail_msg("seed %llu: due at %llu, fired at %llu", (unsigned long long)model->seed,
			 (unsigned long long)entry->due_ms,
			 (unsigned long long)model->timers.now_ms);
	}
	assert_true(entry->due_ms >= model->last_fire_ms);
	assert_false(hw_timer_is_running(timer));
	model->last_fire_ms = entry->due_ms;
	model->fired_count++;
	entry->due_ms = 0;
	if (!model->has_habits) {
		return;
	}
	struct entry *other = &model->entries[hw_prng_below(&model->prng, TIMERS)];
	switch ((enum habit)hw_prng_below(&model->prng, HABIT_COUNT)) {
	case HABIT_RESTART:
		entry_start(model, entry, delay_random(&model->prng));
		break;
	case HABIT_STOP_OTHER:
		entry_stop(model, other);
		break;
	case HABIT_START_OTHER:
		entry_start(model, other, delay_random(&model->prng));
		break;
	default:
		break;
	}
}

static uint64_t earliest_ms(const struct model *model)
{
	uint64_t due_ms = UINT64_MAX;
	for (uint32_t i = 0; i < TIMERS; i++) {
		if (model->entries[i].due_ms != 0) {
			due_ms = hw_min(due_ms, model->entries[i].due_ms);
		}
	}
	return due_ms;
}

static uint32_t running_count(const struct model *model)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < TIMERS; i++) {
		count += model->entries[i].due_ms != 0;
		assert_int_equal(hw_timer_is_running(&model->entries[i].timer),
				 model->entries[i].due_ms != 0);
	}
	return count;
}

static void model_init(struct model *model, uint64_t seed, uint64_t now_ms)
{
	*model = (struct model){.seed = seed};
	hw_prng_init(&model->prng, seed);
	hw_timers_init(&model->timers, now_ms);
	for (uint32_t i = 0; i < TIMERS; i++) {
		model->entries[i].model = model;
	}
}

static void model_advance(struct model *model, uint64_t to_ms)
{
	uint32_t was_fired = model->fired_count;
	uint32_t count = hw_timers_advance(&model->timers, to_ms);
	assert_int_equal(count, model->fired_count - was_fired);
	assert_int_equal(model->timers.now_ms, to_ms);
	assert_true(earliest_ms(model) > to_ms); /* nothing that was due is left */
	assert_int_equal(running_count(model), model->timers.count);
	model->last_fire_ms = 0;
}

/* Waiting as long as it says must never pass over a timer. */
static void wait_check(const struct model *model)
{
	uint64_t due_ms = earliest_ms(model);
	uint32_t wait_ms = hw_timers_wait_ms(&model->timers, UINT32_MAX);
	if (due_ms == UINT64_MAX) {
		return;
	}
	if (model->timers.now_ms + wait_ms > due_ms) {
		fail_msg("seed %llu: waits %u ms, due in %llu ms", (unsigned long long)model->seed,
			 wait_ms, (unsigned long long)(due_ms - model->timers.now_ms));
	}
	assert_true(wait_ms > 0);
	assert_true(hw_timers_wait_ms(&model->timers, 7) <= 7);
}

static void model_run(struct model *model)
{
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct entry *entry = &model->entries[hw_prng_below(&model->prng, TIMERS)];
		uint64_t dice = hw_prng_below(&model->prng, 10);
		if (dice < 5) {
			entry_start(model, entry, delay_random(&model->prng));
		} else if (dice < 7) {
			entry_stop(model, entry);
		} else {
			uint64_t step_ms = delay_random(&model->prng) >> (dice == 9 ? 0 : 10);
			model_advance(model, model->timers.now_ms + step_ms);
		}
		wait_check(model);
	}
}

static void test_model_agrees(void **state)
{
	(void)state;
	static struct model model;
	uint32_t fired_count = 0;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		/* Different phases of all wheels, far up, too. */
		uint64_t now_ms = seed % 3 == 0 ? UINT64_C(0x1ffffff0) + seed : seed * 977;
		model_init(&model, seed, now_ms);
		model.has_habits = seed % 2 == 0;
		model_run(&model);
		fired_count += model.fired_count;
	}
	assert_true(fired_count > SEEDS * 100); /* else this test tests nothing */
}

/* As a reactor does it: wait as long as told, then advance by exactly that. */
static void test_waiting_as_told_is_never_late(void **state)
{
	(void)state;
	static struct model model;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		model_init(&model, seed, seed * 100003);
		for (uint32_t i = 0; i < TIMERS; i++) {
			entry_start(&model, &model.entries[i], delay_random(&model.prng));
		}
		for (uint32_t turns = 0; model.timers.count > 0; turns++) {
			assert_true(turns < TIMERS * 10); /* early is allowed, but not often */
			uint32_t wait_ms = hw_timers_wait_ms(&model.timers, UINT32_MAX);
			model_advance(&model, model.timers.now_ms + wait_ms);
		}
		assert_int_equal(model.fired_count, TIMERS);
	}
}

static void border_run(uint64_t phase_ms, uint64_t delay_ms)
{
	static struct model model;
	model_init(&model, phase_ms, phase_ms);
	entry_start(&model, &model.entries[0], delay_ms);
	uint64_t due_ms = model.entries[0].due_ms;
	model_advance(&model, due_ms - 1);
	assert_int_equal(model.fired_count, 0);
	model_advance(&model, due_ms);
	assert_int_equal(model.fired_count, 1);
}

/* Each delay near a border of a wheel, from each place in the finest wheel. */
static void test_borders(void **state)
{
	(void)state;
	static const uint64_t delays[] = {0,
					  1,
					  2,
					  3,
					  62,
					  63,
					  64,
					  65,
					  66,
					  4094,
					  4095,
					  4096,
					  4097,
					  4098,
					  4159,
					  4160,
					  262142,
					  262143,
					  262144,
					  262145,
					  HW_TIMER_DELAY_MAX_MS - 2,
					  HW_TIMER_DELAY_MAX_MS - 1,
					  HW_TIMER_DELAY_MAX_MS,
					  HW_TIMER_DELAY_MAX_MS + 1};
	for (uint64_t phase_ms = 0; phase_ms < 4200; phase_ms += phase_ms < 130 ? 1 : 61) {
		for (uint32_t i = 0; i < hw_count_of(delays); i++) {
			border_run(phase_ms, delays[i]);
		}
	}
}

static void test_longer_than_the_wheel_is_cut(void **state)
{
	(void)state;
	static struct model model;
	model_init(&model, 1, 12345);
	entry_start(&model, &model.entries[0], UINT64_C(1) << 40);
	model_advance(&model, 12345 + HW_TIMER_DELAY_MAX_MS - 2);
	assert_int_equal(model.fired_count, 0);
	model_advance(&model, 12345 + HW_TIMER_DELAY_MAX_MS + 1);
	assert_int_equal(model.fired_count, 1);
}

static void test_restart_moves_and_stop_is_idempotent(void **state)
{
	(void)state;
	static struct model model;
	model_init(&model, 1, 1000);
	struct entry *entry = &model.entries[0];
	entry_stop(&model, entry); /* never started */
	entry_start(&model, entry, 10);
	entry_start(&model, entry, 5000);
	assert_int_equal(model.timers.count, 1);
	model_advance(&model, 1100);
	assert_int_equal(model.fired_count, 0);
	entry_stop(&model, entry);
	entry_stop(&model, entry);
	assert_int_equal(model.timers.count, 0);
	model_advance(&model, 100000);
	assert_int_equal(model.fired_count, 0);
}

static void test_nothing_to_wait_for(void **state)
{
	(void)state;
	static struct model model;
	model_init(&model, 1, 77);
	assert_int_equal(hw_timers_wait_ms(&model.timers, 1234), 1234);
	assert_int_equal(hw_timers_advance(&model.timers, 77), 0);
	assert_int_equal(hw_timers_advance(&model.timers, UINT64_C(1) << 50), 0);
}

/* A timer that restarts itself with no delay fires once each millisecond, not for ever in one. */
static uint32_t g_spin_count;
static struct hw_timers g_timers;

static void spin(struct hw_timer *timer)
{
	g_spin_count++;
	hw_timer_start(&g_timers, timer, 0, spin);
}

static void test_no_delay_does_not_spin(void **state)
{
	(void)state;
	struct hw_timer timer = {0};
	hw_timers_init(&g_timers, 500);
	hw_timer_start(&g_timers, &timer, 0, spin);
	assert_int_equal(hw_timers_advance(&g_timers, 600), 100);
	assert_int_equal(g_spin_count, 100);
	hw_timer_stop(&g_timers, &timer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_agrees),
		cmocka_unit_test(test_waiting_as_told_is_never_late),
		cmocka_unit_test(test_borders),
		cmocka_unit_test(test_longer_than_the_wheel_is_cut),
		cmocka_unit_test(test_restart_moves_and_stop_is_idempotent),
		cmocka_unit_test(test_nothing_to_wait_for),
		cmocka_unit_test(test_no_delay_does_not_spin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
