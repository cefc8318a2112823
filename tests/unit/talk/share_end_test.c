/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: only its owner ends a share; then it, its files and its link are gone, and that is said.
 *
 * Method: a table of tokens; looks afterwards; a pool without room.
 */
#include "tests/unit/talk/share_world.h"

static struct talk_world g_world;

#define END(fields) "DELETE /api/v1/shares/%R" HERE fields "\r\n"

static void shares_end(void **state)
{
	static const struct talk_row rows[] = {
		{"PUT %P/a" HERE AS_OWNER "Content-Length: 1\r\n\r\nx", 201, NULL, NULL, NULL},
		{END(""), 401, "WWW-Authenticate", "Bearer", "owner token"},
		{END("Authorization: Basic %T\r\n"), 401, NULL, NULL, NULL},
		{END("Authorization: Bearer x\r\n"), 403, NULL, NULL, "does not belong"},
		{"DELETE /api/v1/shares/x" HERE AS_OWNER "\r\n", 404, NULL, NULL, NULL},
		{"GET %P/a" HERE "\r\n", 200, NULL, NULL, "x"},
		{END(AS_OWNER), 204, NULL, NULL, ""},
		{END(AS_OWNER), 410, NULL, NULL, "over"},
		{SHARE_GET(""), 410, NULL, NULL, NULL},
		{"GET %P" HERE "\r\n", 410, NULL, NULL, NULL},
		{"GET %P/a" HERE "\r\n", 410, NULL, NULL, NULL},
		{"PUT %P/b" HERE AS_OWNER "Content-Length: 1\r\n\r\nx", 410, NULL, NULL, NULL},
	};
	struct talk_share share;
	struct talk_share other;
	(void)state;
	g_running.part = "shares_end";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	share_make(&g_world, "{\"link_name\":\"abc\"}", &share);
	share_make(&g_world, "{}", &other);
	talk_rows_check(&g_world, &share, rows, hw_count_of(rows));
	share_row(&g_world, &other, SHARE_GET(""), 200, NULL);
	assert_int_equal(hw_catalog_sim_file_count(&g_world.catalog), 0);
	share_make(&g_world, "{\"link_name\":\"abc\"}", &share); /* it is free again */
	talk_table_end(&g_world);
}

static void no_removal_is_free(void **state)
{
	(void)state;
	g_running.part = "no_removal_is_free";
	struct talk_world_options options = talk_world_plenty();
	options.removals_max = 0;
	talk_table_begin(&g_world, &options);
	share_row(&g_world, NULL, "DELETE /api/v1/shares/x" HERE "\r\n", 503, NULL);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_end),
		cmocka_unit_test(no_removal_is_free),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
