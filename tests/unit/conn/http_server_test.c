/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the server accepts as long as it has room and takes it up again after every error; what
 * connections give back goes to those who wait; its memory is what the budget counts.
 *
 * Method: accept failing by chance; more clients than slots; listeners of both kinds.
 */
#include <stdlib.h>

#include "tests/sim/seeds.h"
#include "tests/unit/conn/conn_world.h"

static struct conn_world g_world;

#define LAST "GET /count HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static void errors_do_not_stop_it(void **state)
{
	(void)state;
	g_running.part = "errors_do_not_stop_it";
	struct conn_options options = conn_plenty();
	uint64_t pauses = 0;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		g_running.seed = seed;
		struct hw_sim_options sim = hw_sim_calm(seed);
		sim.accept_error_percent = 50;
		sim.accept_end_percent = 50;
		hw_sim_begin(&sim);
		conn_start(&g_world, &options);
		uint32_t answered = 0;
		for (uint32_t i = 0; i < 10; i++) {
			answered += conn_got_status(conn_ask(&g_world, LAST), 200);
			conn_pass(&g_world, 300);
		}
		pauses += hw_metrics_read(&g_world.metrics, HW_METRIC_accept_pauses);
		hw_sim_options()->accept_error_percent = 0;
		conn_pass(&g_world, 1000);
		assert_true(conn_got_status(conn_ask(&g_world, LAST), 200));
		assert_int_equal(hw_metrics_read(&g_world.metrics, HW_METRIC_connections_open), 0);
		assert_true(g_world.ended_count >= answered + 1);
		conn_stop(&g_world);
		hw_sim_end();
	}
	assert_true(pauses > 10);
}

static void room_is_used_again(void **state)
{
	(void)state;
	g_running.part = "room_is_used_again";
	struct conn_options options = conn_plenty();
	options.limits.connections_max = 3;
	options.limits.idle_timeout_ms = 1000;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		g_running.seed = seed;
		struct hw_sim_options sim = hw_sim_calm(seed);
		hw_sim_begin(&sim);
		conn_start(&g_world, &options);
		for (uint32_t i = 0; i < 20; i++) {
			(void)conn_ask(&g_world, i % 3 == 0 ? "" : LAST);
		}
		assert_true(hw_pool_used_count(&g_world.server.conns) <= 3);
		conn_pass(&g_world, 3000); /* the silent ones time out */
		assert_int_equal(hw_pool_used_count(&g_world.server.conns), 0);
		assert_true(conn_got_status(conn_ask(&g_world, LAST), 200));
		conn_stop(&g_world);
		hw_sim_end();
	}
}

/* -- more than there are places: they wait in the backlog, and nobody is lost */

#define CROWD 60U

static struct hw_sim_peer *g_crowd[CROWD];

static void crowd_check(void)
{
	for (uint32_t i = 0; i < CROWD; i++) {
		assert_true(conn_got_status(g_crowd[i], 200));
		assert_false(hw_sim_peer_is_reset(g_crowd[i]));
	}
	assert_int_equal(hw_metrics_read(&g_world.metrics, HW_METRIC_accept_drops), 0);
	assert_int_equal(hw_metrics_read(&g_world.metrics, HW_METRIC_connections_accepted), CROWD);
}

/* Fewer places than could come in one go: so they come one by one, from each listener. */
static void a_small_table_loses_nobody(void **state)
{
	(void)state;
	g_running.part = "a_small_table_loses_nobody";
	for (uint64_t seed = 1; seed <= 60; seed++) {
		g_running.seed = seed;
		struct conn_options options = conn_plenty();
		struct hw_sim_options sim = hw_sim_calm(seed);
		options.limits.connections_max = (uint32_t)(1 + seed % 8);
		options.limits.accept_burst_max = CROWD;
		options.more_listeners = (uint32_t)(seed % 3);
		options.spare_slots = options.more_listeners;
		sim.delay_percent = 20;
		sim.delay_us_max = 2000;
		hw_sim_begin(&sim);
		conn_start(&g_world, &options);
		for (uint32_t i = 0; i < CROWD; i++) {
			g_crowd[i] = conn_connect_by(&g_world, i % (options.more_listeners + 1));
			conn_say(g_crowd[i], LAST);
			conn_pass(&g_world, seed % 2 * (i % 3));
		}
		conn_pass(&g_world, 5000);
		crowd_check();
		conn_stop(&g_world);
		hw_sim_end();
	}
}

/* How many have not been accepted yet: at most a burst of them, as the backlog has it. */
static uint32_t waiting_count(uint32_t count)
{
	uint32_t waiting = 0;
	for (uint32_t i = 0; i < count; i++) {
		waiting += !hw_sim_peer_is_accepted(g_crowd[i]);
	}
	return waiting;
}

/* It fills up, so that accepts of many give way to those of one, and empties again. */
static void a_table_that_fills_loses_nobody(void **state)
{
	(void)state;
	g_running.part = "a_table_that_fills_loses_nobody";
	struct conn_options options = conn_plenty();
	options.limits.connections_max = 20;
	options.limits.accept_burst_max = 5;
	options.more_listeners = 1;
	options.spare_slots = 1;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		g_running.seed = seed;
		struct hw_sim_options sim = hw_sim_calm(seed);
		bool has_been_many = false;
		bool has_been_one = false;
		uint32_t left = 0;
		hw_sim_begin(&sim);
		conn_start(&g_world, &options);
		for (uint32_t i = 0; i < CROWD; i++) {
			const struct hw_listener *listener = &g_world.server.listeners[i % 2];
			has_been_many |= listener->op.in_flight && listener->places == 5;
			has_been_one |= listener->op.in_flight && listener->places == 1;
			g_crowd[i] = conn_connect_by(&g_world, i % 2);
			conn_say(g_crowd[i], "GET /count HTTP/1.1\r\nHost: a\r\n\r\n");
			while (waiting_count(i + 1) >= 5) {
				if (hw_pool_used_count(&g_world.server.conns) == 20) {
					hw_sim_peer_shutdown(g_crowd[left++]);
				}
				conn_pass(&g_world, 1);
			}
		}
		while (left < CROWD) {
			conn_pass(&g_world, 10);
			hw_sim_peer_shutdown(g_crowd[left++]);
		}
		conn_pass(&g_world, 500);
		assert_true(has_been_many && has_been_one);
		crowd_check();
		assert_true(conn_got_status(conn_ask(&g_world, LAST), 200));
		assert_int_equal(g_world.server.listeners[0].places, 5); /* again */
		conn_stop(&g_world);
		hw_sim_end();
	}
}

/* As when handovers took the last places, and nothing but the pool says so. */
static void without_a_place_it_is_closed(void **state)
{
	(void)state;
	g_running.part = "without_a_place_it_is_closed";
	static void *taken[1024];
	uint32_t count = 0;
	struct conn_options options = conn_plenty();
	struct hw_sim_options sim = hw_sim_calm(1);
	hw_sim_begin(&sim);
	conn_start(&g_world, &options);
	conn_pass(&g_world, 100); /* the accept is in flight */
	while ((taken[count] = hw_pool_take(&g_world.server.conns)) != NULL) {
		count++;
		assert_true(count < hw_count_of(taken));
	}
	struct hw_sim_peer *peer = conn_connect(&g_world);
	conn_pass(&g_world, 100);
	assert_true(hw_sim_peer_is_closed(peer));
	assert_int_equal(hw_metrics_read(&g_world.metrics, HW_METRIC_accept_drops), 1);
	for (uint32_t i = 0; i < count; i++) {
		hw_pool_give(&g_world.server.conns, taken[i]);
	}
	hw_http_server_resume(&g_world.server);
	assert_true(conn_got_status(conn_ask(&g_world, LAST), 200));
	conn_stop(&g_world);
	hw_sim_end();
}

static void drain_ends_a_pause(void **state)
{
	(void)state;
	g_running.part = "drain_ends_a_pause";
	struct conn_options options = conn_plenty();
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct hw_sim_options sim = hw_sim_calm(seed);
		sim.accept_error_percent = 100;
		hw_sim_begin(&sim);
		conn_start(&g_world, &options);
		(void)conn_connect(&g_world);
		conn_pass(&g_world, seed * 10);
		conn_stop(&g_world); /* asserts that no timer is left */
		hw_sim_end();
	}
}

/* Two listeners; each connection knows by which it came. */
static void listeners_are_told_apart(void **state)
{
	(void)state;
	g_running.part = "listeners_are_told_apart";
	struct hw_sim_options sim = hw_sim_calm(1);
	hw_sim_begin(&sim);
	struct conn_options options = conn_plenty();
	conn_start(&g_world, &options);
	g_world.server.listeners[0].is_loopback = false;
	struct hw_sim_peer *peer = conn_ask(&g_world, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_false(conn_held(&g_world)->conn->is_loopback);
	conn_release(conn_held(&g_world));
	conn_pass(&g_world, 100);
	assert_true(conn_got_status(peer, 200));
	g_world.server.listeners[0].is_loopback = true;
	peer = conn_ask(&g_world, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(conn_held(&g_world)->conn->is_loopback);
	conn_release(conn_held(&g_world));
	conn_pass(&g_world, 100);
	assert_true(conn_got_status(peer, 200));
	conn_stop(&g_world);
	hw_sim_end();
}

static void bytes_are_counted(void **state)
{
	(void)state;
	struct hw_http_limits few = {.connections_max = 10};
	struct hw_http_limits many = {.connections_max = 1010};
	uint64_t each = (hw_http_server_bytes(&many) - hw_http_server_bytes(&few)) / 1000;
	assert_in_range(each, sizeof(struct hw_http_conn), sizeof(struct hw_http_conn) + 128);
	assert_true(hw_http_server_bytes(&few) > HW_HEAD_BUFFER_COUNT * HW_HEAD_BUFFER_SIZE +
							 HW_HEAD_SPILL_COUNT * HW_HEAD_SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_do_not_stop_it),
		cmocka_unit_test(room_is_used_again),
		cmocka_unit_test(a_small_table_loses_nobody),
		cmocka_unit_test(a_table_that_fills_loses_nobody),
		cmocka_unit_test(without_a_place_it_is_closed),
		cmocka_unit_test(drain_ends_a_pause),
		cmocka_unit_test(bytes_are_counted),
		cmocka_unit_test(listeners_are_told_apart),
	};
	seeds_watch();
	seeds_log();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
