/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: only who has the owner's token removes a share; then it is gone for everybody, at once for
 * those who come and after their last byte for those who are there.
 *
 * Method: a table of tokens; a download that a removal comes in between of; a pool without room.
 */
#include "tests/unit/talk/talk_table.h"

static struct talk_world g_world;
static struct talk_model g_model;

#define DELETE(fields) "DELETE %P HTTP/1.1\r\nHost: here\r\n" fields "\r\n"
#define LIVES                                                                                      \
	{                                                                                          \
		"GET %P HTTP/1.1\r\nHost: here\r\n\r\n", 200, NULL, NULL, NULL                     \
	}

static void token_decides(void **state)
{
	static const struct talk_row rows[] = {
		{DELETE(""), 401, "WWW-Authenticate", "Bearer", "owner token"},
		{DELETE("Authorization: Basic %T\r\n"), 401, "WWW-Authenticate", "Bearer", NULL},
		{DELETE("Authorization: Bearer\r\n"), 401, NULL, NULL, NULL},
		{DELETE("Authorization: Bearer x\r\n"), 403, NULL, NULL, "does not belong"},
		{DELETE("Authorization: Bearer %Tx\r\n"), 403, NULL, NULL, NULL},
		{DELETE("Authorization: Bearer "
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"),
		 403, NULL, NULL, NULL},
		{"DELETE %Px HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer %T\r\n\r\n", 404, NULL,
		 NULL, NULL},
		{"DELETE /s/x HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer %T\r\n\r\n", 404,
		 NULL, NULL, NULL},
		LIVES,
		{DELETE("Authorization: bearer %T\r\n"), 204, NULL, NULL, ""},
		{DELETE("Authorization: Bearer %T\r\n"), 404, NULL, NULL, NULL},
		{"GET %P HTTP/1.1\r\nHost: here\r\n\r\n", 404, NULL, NULL, NULL},
	};
	(void)state;
	g_running.part = "token_decides";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	uint32_t share = talk_share_make(&g_world, &g_model, 20000, 1);
	uint32_t other = talk_share_make(&g_world, &g_model, 30000, 2);
	talk_rows_check(&g_world, &g_model.shares[share], rows, hw_count_of(rows));
	static const struct talk_row lives[] = {LIVES};
	talk_rows_check(&g_world, &g_model.shares[other], lives, 1);
	assert_int_equal(hw_catalog_sim_file_count(&g_world.catalog), 1);
	talk_table_end(&g_world);
}

static void readers_read_on(void **state)
{
	(void)state;
	g_running.part = "readers_read_on";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	const struct talk_share *share =
		&g_model.shares[talk_share_make(&g_world, &g_model, 5U << 20, 1)];
	char text[512];
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	struct hw_span get =
		talk_row_fill("GET %P HTTP/1.1\r\nHost: here\r\n\r\n", share, text, sizeof(text));
	hw_sim_peer_hold(peer, true);
	hw_sim_peer_write(peer, get.bytes, get.size);
	talk_world_pass(&g_world, 50);
	static const struct talk_row gone = {DELETE("Authorization: Bearer %T\r\n"), 204, NULL,
					     NULL, ""};
	talk_rows_check(&g_world, share, &gone, 1);
	talk_world_pass(&g_world, 5000); /* long enough to punch it out, were it allowed */
	hw_sim_peer_hold(peer, false);
	talk_world_pass(&g_world, 5000);
	struct hw_span body = talk_answer_body(hw_sim_peer_got(peer));
	assert_int_equal(body.size, 5U << 20);
	assert_true(talk_content_equal(body.bytes, body.size, 1, 0));
	talk_table_end(&g_world);
}

static void no_removal_is_free(void **state)
{
	static const struct talk_row busy = {
		"DELETE /s/x HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer x\r\n\r\n", 503,
		"Retry-After", "1", NULL};
	(void)state;
	g_running.part = "no_removal_is_free";
	struct talk_world_options options = talk_world_plenty();
	options.removals_max = 0;
	talk_table_begin(&g_world, &options);
	talk_rows_check(&g_world, NULL, &busy, 1);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(token_decides),
		cmocka_unit_test(readers_read_on),
		cmocka_unit_test(no_removal_is_free),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
