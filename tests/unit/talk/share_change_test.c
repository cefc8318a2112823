/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: only its owner changes a share, only what was said changes, and what creation fixed stays.
 *
 * Method: a table of changes, each seen in the answer and in the next look.
 */
#include "tests/unit/talk/share_world.h"

static struct talk_world g_world;

#define CHANGE(fields, size, wish)                                                                 \
	"PATCH /api/v1/shares/%R" HERE fields "Content-Length: " size "\r\n\r\n" wish

static void changes_are_made(void **state)
{
	static const struct talk_row rows[] = {
		{CHANGE("", "2", "{}"), 401, "WWW-Authenticate", "Bearer", "owner token"},
		{CHANGE("Authorization: Bearer x\r\n", "2", "{}"), 403, NULL, NULL, NULL},
		{CHANGE(AS_OWNER, "0", ""), 200, NULL, NULL, "\"message\":\"hello\""},
		{CHANGE(AS_OWNER, "2", "{}"), 200, NULL, NULL, "\"downloads\":0"},
		{CHANGE(AS_OWNER, "19", "{\"downloads_max\":5}"), 200, NULL, NULL,
		 "\"downloads_max\":5"},
		{SHARE_GET(""), 200, NULL, NULL, "\"downloads_max\":5"},
		{CHANGE(AS_OWNER, "15", "{\"message\":\"b\"}"), 200, NULL, NULL,
		 "\"downloads_max\":5"},
		{SHARE_GET(""), 200, NULL, NULL, "\"message\":\"b\""},
		{CHANGE(AS_OWNER, "40", "{\"downloads_max\":null,\"message\":null   }"), 200, NULL,
		 NULL, "\"message\":null"},
		{SHARE_GET(""), 200, NULL, NULL, "\"downloads_max\":null"},
		{CHANGE(AS_OWNER, "15", "{\"mode\":\"live\"}"), 422, NULL, NULL, "mode"},
		{CHANGE(AS_OWNER, "19", "{\"link_name\":\"abc\"}"), 422, NULL, NULL, "link_name"},
		{CHANGE(AS_OWNER, "22", "{\"expires_in\":\"never\"}"), 422, NULL, NULL, "for ever"},
		{CHANGE(AS_OWNER, "3", "{x}"), 400, NULL, NULL, NULL},
		{"PATCH /api/v1/shares/x" HERE AS_OWNER "\r\n", 404, NULL, NULL, NULL},
		{CHANGE(AS_OWNER, "16", "{\"expires_in\":2}"), 200, NULL, NULL, NULL},
		{SHARE_GET(""), 200, NULL, NULL, NULL},
	};
	static const struct talk_row over[] = {
		{SHARE_GET(""), 410, NULL, NULL, "over"},
		{CHANGE(AS_OWNER, "16", "{\"expires_in\":2}"), 410, NULL, NULL, "over"},
	};
	struct talk_share share;
	(void)state;
	g_running.part = "changes_are_made";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	share_make(&g_world, "{\"message\":\"hello\"}", &share);
	/* The last look must come soon: so all but it, and then it. */
	uint32_t last = hw_count_of(rows) - 2;
	talk_rows_check(&g_world, &share, rows, last);
	char text[512];
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	struct hw_span change = talk_row_fill(rows[last].request, &share, text, sizeof(text));
	hw_sim_peer_write(peer, change.bytes, change.size);
	talk_world_pass(&g_world, 500);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(peer)), 200);
	talk_rows_check(&g_world, &share, &rows[last + 1], 1);
	talk_world_pass(&g_world, 2000);
	talk_rows_check(&g_world, &share, over, hw_count_of(over));
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(changes_are_made)};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
