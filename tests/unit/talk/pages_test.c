/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the pages say what they are there for, to GET and HEAD alike, also when there is no memory
 * and when the daemon is stopping.
 *
 * Method: a table; a world whose only slab is out; a drain between a request's two halves.
 */
#include "tests/unit/talk/talk_table.h"

static struct talk_world g_world;

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: here\r\n\r\n"
#define HEAD(path) "HEAD " path " HTTP/1.1\r\nHost: here\r\n\r\n"

static void pages_answer(void **state)
{
	static const struct talk_row rows[] = {
		{GET("/"), 200, "Content-Type", "text/plain", "curl -T"},
		{HEAD("/"), 200, "Content-Length", NULL, ""},
		{GET("/health"), 200, "Content-Type", "application/json", "\"status\":\"ready\""},
		{GET("/health"), 200, "Cache-Control", "no-store", "\"uploads\":true"},
		{HEAD("/health"), 200, "Content-Length", NULL, ""},
		{GET("/metrics"), 200, "Content-Type", "text/plain; version=0.0.4",
		 "hawser_connections_open 1"},
		{HEAD("/metrics"), 200, "Content-Length", NULL, ""},
	};
	(void)state;
	g_running.part = "pages_answer";
	struct talk_world_options options = talk_world_plenty();
	options.connections_max = 1; /* so that one is open: its own */
	talk_table_begin(&g_world, &options);
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		talk_rows_check(&g_world, NULL, &rows[i], 1);
		talk_world_pass(&g_world, 35000); /* the last one is let go */
	}
	talk_table_end(&g_world);
}

/* An operator asks when slabs are short: the answer needs none. */
static void no_slab_is_needed(void **state)
{
	static const struct talk_row good = {GET("/metrics"), 200, NULL, NULL, NULL};
	(void)state;
	g_running.part = "no_slab_is_needed";
	struct talk_world_options options = talk_world_plenty();
	options.slab_count = 1;
	talk_table_begin(&g_world, &options);
	struct hw_slab *slab = hw_slab_take(&g_world.reactor.slabs);
	assert_non_null(slab);
	talk_rows_check(&g_world, NULL, &good, 1);
	hw_slab_unref(slab);
	talk_table_end(&g_world);
}

static void stopping_is_said(void **state)
{
	(void)state;
	g_running.part = "stopping_is_said";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(peer, "GET /health HTTP/1.1\r\n", 22);
	talk_world_pass(&g_world, 100);
	hw_http_server_drain(&g_world.server);
	hw_sim_peer_write(peer, "Host: here\r\n\r\n", 14);
	talk_world_pass(&g_world, 100);
	struct hw_span answer = hw_sim_peer_got(peer);
	static const struct talk_row stopping = {"", 503, "Connection", "close",
						 "\"status\":\"stopping\""};
	assert_true(talk_row_fits(&stopping, answer));
	assert_true(hw_sim_peer_has_end(peer));
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_answer),
		cmocka_unit_test(no_slab_is_needed),
		cmocka_unit_test(stopping_is_said),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
