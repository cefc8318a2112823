/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a connection is wide from the first page of a file until its client is slow or a long
 * answer comes from memory; short answers leave it as it is; without descriptors it stays narrow.
 *
 * Method: a talk that splices, and what the connection says of itself after each step. That the
 * kernel then takes as much is seen in tests/integration.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/conn/http_steps.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim_world.h"
#include "tests/unit/conn/conn_world.h"

static struct conn_world g_world;
static uint32_t g_next_count;

static void next(struct hw_http_conn *conn)
{
	(void)conn;
	g_next_count++;
}

static struct hw_http_conn *begin(void)
{
	struct hw_sim_options sim = hw_sim_calm(1);
	struct conn_options options = conn_plenty();
	hw_sim_begin(&sim);
	conn_start(&g_world, &options);
	g_next_count = 0;
	struct hw_sim_peer *peer = conn_connect(&g_world);
	conn_say(peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	conn_pass(&g_world, 100);
	return conn_held(&g_world)->conn;
}

static void end(void)
{
	conn_release(conn_held(&g_world));
	conn_pass(&g_world, 100);
	conn_stop(&g_world);
	hw_sim_end();
}

static void it_is_set_once(void **state)
{
	(void)state;
	g_running.part = "it_is_set_once";
	struct hw_http_conn *conn = begin();
	assert_false(hw_http_unsent_narrow(conn, next)); /* it is */
	assert_true(hw_http_unsent_widen(conn, next));
	assert_int_equal(g_next_count, 0); /* never inside the call */
	conn_pass(&g_world, 100);
	assert_int_equal(g_next_count, 1);
	assert_true(conn->is_wide);
	assert_false(hw_http_unsent_widen(conn, next));
	assert_true(hw_http_unsent_narrow(conn, next));
	conn_pass(&g_world, 100);
	assert_int_equal(g_next_count, 2);
	assert_false(conn->is_wide);
	end();
}

static void a_short_answer_leaves_it(void **state)
{
	(void)state;
	g_running.part = "a_short_answer_leaves_it";
	struct hw_http_conn *conn = begin();
	assert_true(hw_http_unsent_widen(conn, next));
	conn_pass(&g_world, 100);
	end(); /* 200, some bytes: the connection was wide to its end */
	conn = begin();
	g_world.answer_size = CONN_BODY_MAX;
	assert_true(hw_http_unsent_widen(conn, next));
	conn_pass(&g_world, 100);
	conn_release(conn_held(&g_world));
	struct hw_sim_peer *peer = conn_connect(&g_world);
	conn_say(peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	conn_pass(&g_world, 100);
	end();
}

/* What had gone an hour ago is no sign of life now. */
static void what_cannot_be_asked_has_not_gone(void **state)
{
	(void)state;
	g_running.part = "what_cannot_be_asked_has_not_gone";
	struct hw_http_conn *conn = begin();
	conn->unsent_size = 1000;
	conn->unsent_gone_size = 1U << 20;
	hw_sim_world.options.set_error_percent = 100;
	assert_true(hw_http_unsent_ask(conn, next));
	conn_pass(&g_world, 100);
	assert_int_equal(g_next_count, 1);
	assert_int_equal(conn->unsent_gone_size, 0);
	hw_sim_world.options.set_error_percent = 0;
	end();
}

int main(void)
{
	seeds_watch();
	seeds_log();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_set_once),
		cmocka_unit_test(a_short_answer_leaves_it),
		cmocka_unit_test(what_cannot_be_asked_has_not_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
