/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what has expired is gone a second later, the sums are told, and a sweep stops at any time.
 *
 * Method: a sweep over a calm world's catalog; stopped while it waits, and while it asks.
 */
#include "net/talk/sweep.h"

#include "tests/unit/talk/tus_client.h"

static struct talk_world g_world;
static struct talk_share g_share;
static struct hw_sweep g_sweep;
static uint32_t g_stopped_count;

static void stopped(struct hw_sweep *sweep)
{
	assert_ptr_equal(sweep, &g_sweep);
	g_stopped_count++;
}

static void begin(void)
{
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
	g_stopped_count = 0;
}

static void what_expired_ends(void **state)
{
	char path[TALK_PATH_SIZE];
	(void)state;
	g_running.part = "what_expired_ends";
	begin();
	tus_create(&g_world, &g_share, "f", 50000, path);
	assert_int_equal(tus_patch(&g_world, path, 0, 30000, 0, ""), 204);
	hw_sweep_start(&g_sweep, &g_world.talks);
	talk_world_pass(&g_world, 5000);
	assert_int_equal(hw_metrics_read(&g_world.metrics, HW_METRIC_reserved_bytes),
			 50000 - 30000);
	assert_int_equal(hw_metrics_read(&g_world.metrics, HW_METRIC_stored_bytes), 16384);
	talk_world_pass(&g_world, UINT64_C(86400000) + 5000);
	assert_int_equal(hw_metrics_read(&g_world.metrics, HW_METRIC_reserved_bytes), 0);
	assert_int_equal(hw_metrics_read(&g_world.metrics, HW_METRIC_stored_bytes), 0);
	assert_int_equal(tus_offset(&g_world, path), -410);
	hw_sweep_stop(&g_sweep, stopped);
	assert_int_equal(g_stopped_count, 1); /* it waited: at once */
	talk_table_end(&g_world);
}

static void it_stops_while_it_asks(void **state)
{
	(void)state;
	g_running.part = "it_stops_while_it_asks";
	begin();
	g_world.catalog.late_percent = 100;
	g_world.catalog.late_us_max = 1500000;
	hw_sweep_start(&g_sweep, &g_world.talks);
	for (uint32_t i = 0; i < 5000 && !g_sweep.in_flight; i++) {
		talk_world_pass(&g_world, 1);
	}
	assert_true(g_sweep.in_flight);
	hw_sweep_stop(&g_sweep, stopped);
	assert_int_equal(g_stopped_count, 0);
	talk_world_pass(&g_world, 4000);
	assert_int_equal(g_stopped_count, 1);
	assert_false(g_sweep.in_flight);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_expired_ends),
		cmocka_unit_test(it_stops_while_it_asks),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
