/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: equal bytes are kept once.
 *
 * Method: uploads over a calm world, and a look at the places that the catalog knows. The order of
 * chunks, of errors and of what is given back is conversation_test.c's and steps_test.c's.
 */
#include "tests/unit/talk/talk_table.h"

static struct talk_world g_world;
static struct talk_model g_model;

static void equal_bytes_are_kept_once(void **state)
{
	(void)state;
	g_running.part = "equal_bytes_are_kept_once";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	struct hw_extent extents[3];
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t file_id = 0;
		uint64_t size = 0;
		uint32_t share = talk_share_make(&g_world, &g_model, 50000, i == 2 ? 4 : 3);
		assert_true(hw_catalog_sim_find(&g_world.catalog, g_model.shares[share].share_id,
						&file_id, &size));
		assert_true(hw_catalog_sim_extent(&g_world.catalog, file_id, 0, &extents[i]));
	}
	assert_int_equal(extents[0].offset, extents[1].offset);
	assert_int_not_equal(extents[0].offset, extents[2].offset);
	assert_string_not_equal(g_model.shares[0].path, g_model.shares[1].path);
	assert_string_not_equal(g_model.shares[0].token, g_model.shares[1].token);
	talk_world_quiesce(&g_world);
	talk_model_check(&g_model, &g_world);
	talk_world_stop(&g_world);
	hw_sim_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_bytes_are_kept_once),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
