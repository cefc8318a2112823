/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the pools of the talks are what the budget counts, empty again when idle, and idle counts
 * conversations whose client has gone.
 *
 * Method: one of each; an upload whose client leaves while the catalog thinks.
 */
#include "net/talk/download.h"
#include "net/talk/put.h"
#include "net/talk/remove.h"
#include "net/talk/tus.h"
#include "tests/unit/talk/talk_table.h"

static struct talk_world g_world;

static void bytes_are_counted(void **state)
{
	(void)state;
	g_running.part = "bytes_are_counted";
	struct hw_talk_options few = {.uploads_max = 1, .downloads_max = 1};
	struct hw_talk_options more = {.uploads_max = 2, .downloads_max = 4};
	uint64_t upload = sizeof(struct hw_tus); /* the larger of the two */
	uint64_t least = upload + 3 * sizeof(struct hw_download);
	assert_true(hw_talks_bytes(&few) > HW_REMOVALS_MAX * sizeof(struct hw_removal));
	assert_true(upload >= sizeof(struct hw_put));
	assert_in_range(hw_talks_bytes(&more) - hw_talks_bytes(&few), least,
			least + 3 * HW_PAGE_SIZE);
}

static void pools_are_limits(void **state)
{
	(void)state;
	g_running.part = "pools_are_limits";
	struct talk_world_options options = talk_world_plenty();
	options.uploads_max = 3;
	options.downloads_max = 5;
	talk_table_begin(&g_world, &options);
	assert_int_equal(g_world.talks.puts.capacity, 3);
	assert_int_equal(g_world.talks.downloads.capacity, 5);
	assert_int_equal(g_world.talks.removals.capacity, HW_REMOVALS_MAX);
	assert_true(hw_talks_is_idle(&g_world.talks));
	void *put = hw_pool_take(&g_world.talks.puts);
	assert_false(hw_talks_is_idle(&g_world.talks));
	hw_pool_give(&g_world.talks.puts, put);
	talk_table_end(&g_world);
}

static void gone_is_not_idle(void **state)
{
	(void)state;
	g_running.part = "gone_is_not_idle";
	static const char request[] =
		"PUT /a HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nabc";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	g_world.catalog.late_percent = 100;
	g_world.catalog.late_us_max = 10000000;
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(peer, request, sizeof(request) - 1);
	talk_world_pass(&g_world, 30);
	hw_sim_peer_reset(peer);
	talk_world_pass(&g_world, 30);
	assert_false(hw_talks_is_idle(&g_world.talks));
	assert_false(hw_catalog_sim_is_idle(&g_world.catalog));
	talk_world_pass(&g_world, 15000);
	assert_true(hw_talks_is_idle(&g_world.talks));
	assert_int_equal(hw_catalog_sim_file_count(&g_world.catalog), 1); /* nobody has its link */
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_counted),
		cmocka_unit_test(pools_are_limits),
		cmocka_unit_test(gone_is_not_idle),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
