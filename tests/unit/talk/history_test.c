/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: each step holds what happened within it, over all threads; the oldest goes first; what is
 * counted as a sum and what is a level are kept apart.
 *
 * Method: counters of two threads moved by known amounts between the steps of a simulated clock,
 * for longer than the history is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/talk/history.h"
#include "tests/unit/talk/talk_table.h"

static struct talk_world g_world;
static struct hw_metrics g_other;
static struct hw_history g_history;

static uint64_t step_value(uint32_t index, enum hw_history_column column)
{
	return hw_history_step(&g_history, index)->values[column];
}

static void steps_hold_what_happened(void **state)
{
	(void)state;
	g_running.part = "steps_hold_what_happened";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	const struct hw_metrics *all[] = {&g_world.metrics, &g_other};
	hw_metrics_add(&g_other, HW_METRIC_bytes_sent, 1000); /* before: in no step */
	hw_history_start(&g_history, &g_world.reactor, all, 2);
	assert_int_equal(hw_history_count(&g_history), 0);
	uint32_t step_count = HW_HISTORY_STEPS + 7;
	for (uint32_t i = 0; i < step_count; i++) {
		hw_metrics_add(&g_other, HW_METRIC_bytes_sent, i);
		hw_metrics_add(&g_world.metrics, HW_METRIC_bytes_sent, 1);
		hw_metrics_add(&g_other, HW_METRIC_bytes_received, 2);
		hw_metrics_request(&g_other, HW_METRICS_OPTIONS, 503);
		hw_metrics_request(&g_world.metrics, HW_METRICS_GET, 206);
		hw_metrics_set(&g_other, HW_METRIC_connections_open, i);
		talk_world_pass(&g_world, HW_HISTORY_STEP_MS);
	}
	uint32_t count = hw_history_count(&g_history);
	assert_int_equal(count, HW_HISTORY_STEPS);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t step = step_count - count + i;
		assert_int_equal(step_value(i, HW_HISTORY_SENT), step + 1);
		assert_int_equal(step_value(i, HW_HISTORY_RECEIVED), 2);
		assert_int_equal(step_value(i, HW_HISTORY_REQUESTS), 2);
		assert_int_equal(step_value(i, HW_HISTORY_ERRORS), 1);
		assert_int_equal(step_value(i, HW_HISTORY_CONNECTIONS), step);
		/* The simulated clock's process uses a quarter of a core. */
		assert_in_range(step_value(i, HW_HISTORY_CPU_US), 2400000, 2600000);
	}
	hw_history_stop(&g_history);
	hw_history_stop(&g_history);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(steps_hold_what_happened)};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
