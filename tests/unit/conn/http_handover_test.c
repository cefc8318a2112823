/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: connections that all come to one reactor are spread evenly over all; none is lost, refused
 * or answered twice on its way, whatever fails and whenever the end comes.
 *
 * Method: several servers in one simulated world, whose clients all connect to the first: the worst
 * that the kernel's hash can do. Passing fails by chance; the target has no connection left; drains
 * at every moment.
 */
#include <stdlib.h>

#include "tests/sim/seeds.h"
#include "tests/unit/conn/conn_world.h"

#define WORLDS_MAX 4U
#define HOLD       "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"
#define COUNT      "GET /count HTTP/1.1\r\nHost: a\r\n\r\n"
#define PEERS_MAX  200U

static struct conn_world g_worlds[WORLDS_MAX];
static struct hw_server_home g_homes[WORLDS_MAX];
static struct hw_sim_peer *g_peers[PEERS_MAX];
static uint32_t g_count;

/* -- several worlds -- */

static void start(const struct hw_sim_options *sim, uint32_t count, uint32_t connections_max)
{
	struct conn_options options = conn_plenty();
	options.limits.connections_max = connections_max;
	options.limits.accept_burst_max = 32;
	options.spare_slots = 2;
	hw_sim_begin(sim);
	g_count = count;
	for (uint32_t i = 0; i < count; i++) {
		options.index = i;
		conn_start(&g_worlds[i], &options);
		g_homes[i] = (struct hw_server_home){
			&g_worlds[i].server, &g_worlds[i].reactor.mailbox, &g_worlds[i].metrics};
		hw_http_server_spread(&g_worlds[i].server, g_homes, count);
	}
}

static int pump(bool (*is_finished)(void *), uint64_t ms)
{
	struct hw_sim_pump run = {.count = g_count, .is_finished = is_finished, .limit_ms = ms};
	for (uint32_t i = 0; i < g_count; i++) {
		run.actors[i] = hw_sim_actor_reactor(&g_worlds[i].reactor);
	}
	return hw_sim_pump(&run);
}

static void pass(uint64_t ms)
{
	assert_int_equal(pump(NULL, ms), 0);
}

static bool are_idle(void *user)
{
	(void)user;
	bool is_idle = true;
	for (uint32_t i = 0; i < g_count; i++) {
		is_idle = is_idle && hw_http_server_is_idle(&g_worlds[i].server) &&
			  hw_ring_in_flight_count(g_worlds[i].reactor.ring) == 0;
	}
	return is_idle;
}

static void stop(void)
{
	for (uint32_t i = 0; i < g_count; i++) {
		if (!g_worlds[i].server.is_draining) {
			hw_http_server_drain(&g_worlds[i].server);
		}
	}
	assert_int_equal(pump(are_idle, 0), 0);
	for (uint32_t i = 0; i < g_count; i++) {
		assert_int_equal(hw_pool_used_count(&g_worlds[i].server.handovers.pool), 0);
		assert_int_equal(hw_metrics_read(&g_worlds[i].metrics, HW_METRIC_handovers_open),
				 0);
		conn_stop(&g_worlds[i]);
	}
	hw_sim_end();
}

static struct hw_sim_peer *connect_say(const char *text)
{
	struct hw_sim_peer *peer = conn_connect(&g_worlds[0]);
	conn_say(peer, text);
	return peer;
}

static uint32_t open_sum(uint32_t *ret_least, uint32_t *ret_most)
{
	uint32_t sum = 0;
	*ret_least = UINT32_MAX;
	*ret_most = 0;
	for (uint32_t i = 0; i < g_count; i++) {
		uint32_t count = hw_pool_used_count(&g_worlds[i].server.conns);
		assert_int_equal(hw_metrics_read(&g_worlds[i].metrics, HW_METRIC_connections_open),
				 count);
		assert_int_equal(
			hw_metrics_read(&g_worlds[i].metrics, HW_METRIC_connections_fullest),
			count);
		sum += count;
		*ret_least = hw_min(*ret_least, count);
		*ret_most = hw_max(*ret_most, count);
	}
	return sum;
}

static uint64_t handed_sum(void)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < g_count; i++) {
		sum += hw_metrics_read(&g_worlds[i].metrics, HW_METRIC_connections_handed_over);
	}
	return sum;
}

/* -- one after the other: exactly even */

static void one_by_one(uint32_t count, uint64_t seed)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	uint32_t least = 0;
	uint32_t most = 0;
	start(&sim, count, 64);
	for (uint32_t i = 0; i < 24; i++) {
		g_peers[i] = connect_say(COUNT);
		pass(20);
		assert_true(conn_got_status(g_peers[i], 200));
		assert_int_equal(open_sum(&least, &most), i + 1);
		assert_true(most - least <= 1);
	}
	for (uint32_t i = 0; i < 24; i++) { /* where they are now, they stay and are answered */
		conn_say(g_peers[i], COUNT);
	}
	pass(200);
	for (uint32_t i = 0; i < 24; i++) {
		assert_int_equal(conn_answer_count(g_peers[i]), 2);
	}
	assert_int_equal(handed_sum(), 24 - 24 / count);
	stop();
}

static void all_come_to_one(void **state)
{
	(void)state;
	g_running.part = "all_come_to_one";
	for (uint64_t seed = 1; seed <= 20; seed++) {
		g_running.seed = seed;
		one_by_one(2, seed);
		one_by_one(3, seed);
		one_by_one(4, seed);
	}
}

/* -- all at once: nearly so, and none is lost */

static void they_come_at_once(void **state)
{
	(void)state;
	g_running.part = "they_come_at_once";
	for (uint64_t seed = 1; seed <= 30; seed++) {
		g_running.seed = seed;
		struct hw_sim_options sim = hw_sim_calm(seed);
		uint32_t least = 0;
		uint32_t most = 0;
		start(&sim, 2 + (uint32_t)(seed % 3), 64);
		for (uint32_t i = 0; i < 16; i++) {
			g_peers[i] = connect_say(COUNT);
		}
		pass(500);
		assert_int_equal(open_sum(&least, &most), 16);
		assert_true(least > 0);
		for (uint32_t i = 0; i < 16; i++) {
			assert_int_equal(conn_answer_count(g_peers[i]), 1);
		}
		stop();
	}
}

/* -- what is refused stays */

static void passing_fails(void **state)
{
	(void)state;
	g_running.part = "passing_fails";
	uint64_t handed = 0;
	uint32_t unknown_count = 0;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		g_running.seed = seed;
		struct hw_sim_options sim = hw_sim_calm(seed);
		uint32_t least = 0;
		uint32_t most = 0;
		sim.set_error_percent = 50;
		start(&sim, 3, 64);
		for (uint32_t i = 0; i < 12; i++) {
			g_peers[i] = connect_say(COUNT);
			pass(20);
			assert_true(conn_got_status(g_peers[i], 200));
		}
		assert_int_equal(open_sum(&least, &most), 12);
		handed += handed_sum();
		unknown_count += g_worlds[0].server.handovers.is_unknown;
		stop();
	}
	assert_true(handed > 60 && unknown_count > 10 && unknown_count < 60);
}

/* A slot, and no connection for it: the client is let go, and nothing else happens. */
static void the_target_is_full(void **state)
{
	(void)state;
	g_running.part = "the_target_is_full";
	static void *taken[256];
	for (uint64_t seed = 1; seed <= 20; seed++) {
		g_running.seed = seed;
		struct hw_sim_options sim = hw_sim_calm(seed);
		start(&sim, 2, 8);
		struct hw_pool *conns = &g_worlds[1].server.conns;
		uint32_t count = 0;
		while ((taken[count] = hw_pool_take(conns)) != NULL) {
			count++;
		}
		g_peers[0] = connect_say(COUNT);
		pass(20);
		g_peers[1] = connect_say(COUNT);
		pass(100);
		assert_true(conn_got_status(g_peers[0], 200));
		assert_true(conn_is_over(g_peers[1]));
		assert_int_equal(conn_answer_count(g_peers[1]), 0);
		assert_int_equal(handed_sum(), 1);
		while (count > 0) {
			hw_pool_give(conns, taken[--count]);
		}
		stop();
	}
}

/* Its own that are on their way have places there, too. */
static void who_is_full_gets_none(void **state)
{
	(void)state;
	g_running.part = "who_is_full_gets_none";
	struct hw_sim_options sim = hw_sim_calm(1);
	start(&sim, 2, 8);
	hw_metrics_add(&g_worlds[1].metrics, HW_METRIC_handovers_open, 8);
	for (uint32_t i = 0; i < 4; i++) {
		g_peers[i] = connect_say(COUNT);
		pass(20);
		assert_true(conn_got_status(g_peers[i], 200));
	}
	assert_int_equal(handed_sum(), 0);
	hw_metrics_sub(&g_worlds[1].metrics, HW_METRIC_handovers_open, 8);
	g_peers[4] = connect_say(COUNT);
	pass(20);
	assert_true(conn_got_status(g_peers[4], 200));
	assert_int_equal(handed_sum(), 1);
	stop();
}

static bool is_passing(void *user)
{
	(void)user;
	return hw_pool_used_count(&g_worlds[0].server.handovers.pool) > 0;
}

/* The pass fails, and our own last place is gone meanwhile: the client is let go, and who comes
 * when there is room is let in. */
static void it_cannot_stay(void **state)
{
	(void)state;
	g_running.part = "it_cannot_stay";
	static void *taken[256];
	for (uint64_t seed = 1; seed <= 20; seed++) {
		g_running.seed = seed;
		struct hw_sim_options sim = hw_sim_calm(seed);
		sim.set_error_percent = 100;
		start(&sim, 2, 8);
		struct hw_pool *conns = &g_worlds[0].server.conns;
		struct hw_pool *handovers = &g_worlds[0].server.handovers.pool;
		uint32_t count = 0;
		g_peers[0] = connect_say(COUNT);
		pass(20);
		assert_true(conn_got_status(g_peers[0], 200));
		g_peers[1] = connect_say(COUNT);
		assert_int_equal(pump(is_passing, 0), 0);
		assert_int_equal(hw_pool_used_count(handovers), 1);
		while ((taken[count] = hw_pool_take(conns)) != NULL) {
			count++;
		}
		pass(100);
		assert_true(conn_is_over(g_peers[1]));
		assert_int_equal(conn_answer_count(g_peers[1]), 0);
		assert_int_equal(hw_pool_used_count(handovers), 0);
		while (count > 0) {
			hw_pool_give(conns, taken[--count]);
		}
		hw_http_server_resume(&g_worlds[0].server);
		g_worlds[0].server.handovers.is_unknown = true;
		g_peers[2] = connect_say(COUNT);
		pass(100);
		assert_true(conn_got_status(g_peers[2], 200));
		stop();
	}
}

/* What is on its way counts against connections_max, and who waits in the backlog is let in. */
static void the_source_is_full(void **state)
{
	(void)state;
	g_running.part = "the_source_is_full";
	for (uint64_t seed = 1; seed <= 20; seed++) {
		g_running.seed = seed;
		struct hw_sim_options sim = hw_sim_calm(seed);
		uint32_t least = 0;
		uint32_t most = 0;
		start(&sim, 2, 3);
		for (uint32_t i = 0; i < 6; i++) {
			g_peers[i] = connect_say(COUNT);
			if (seed % 2 == 0) {
				pass(20);
			}
		}
		pass(500);
		uint32_t sum = open_sum(&least, &most);
		assert_true(sum >= 4 && most <= 5); /* the first pauses when it has three */
		uint32_t answer_count = 0;
		for (uint32_t i = 0; i < 6; i++) {
			answer_count += conn_answer_count(g_peers[i]);
			assert_false(conn_is_over(g_peers[i]));
		}
		assert_int_equal(answer_count, sum);
		stop();
	}
}

/* Both are full, most of the time; who comes waits, and nobody is lost. */
static void all_are_full(void **state)
{
	(void)state;
	g_running.part = "all_are_full";
	for (uint64_t seed = 1; seed <= 40; seed++) {
		g_running.seed = seed;
		struct hw_sim_options sim = hw_sim_calm(seed);
		uint64_t drop_count = 0;
		start(&sim, 2, 3);
		for (uint32_t i = 0; i < 60; i++) {
			g_peers[i] = connect_say("GET /count HTTP/1.1\r\nHost: a\r\n"
						 "Connection: close\r\n\r\n");
			pass(1 + seed % 3 * (i % 5));
		}
		pass(3000);
		for (uint32_t i = 0; i < 60; i++) {
			assert_int_equal(conn_answer_count(g_peers[i]), 1);
			assert_false(hw_sim_peer_is_reset(g_peers[i]));
		}
		for (uint32_t i = 0; i < g_count; i++) {
			drop_count += hw_metrics_read(&g_worlds[i].metrics, HW_METRIC_accept_drops);
		}
		assert_int_equal(drop_count, 0);
		stop();
	}
}

/* -- short ones by the hundred stay where they are */

static void many_short_ones(void **state)
{
	(void)state;
	g_running.part = "many_short_ones";
	struct hw_sim_options sim = hw_sim_calm(1);
	start(&sim, 2, 64);
	uint64_t begun_us = hw_clock_monotonic_us();
	g_peers[0] = connect_say(HOLD); /* so that the other one always has fewer */
	g_peers[1] = connect_say(COUNT);
	for (uint32_t i = 2; i < PEERS_MAX; i++) {
		g_peers[i] = connect_say("GET /count HTTP/1.1\r\nHost: a\r\nConnection: "
					 "close\r\n\r\n");
		pass(1);
	}
	pass(100);
	uint64_t passed_us = hw_clock_monotonic_us() - begun_us;
	assert_in_range(handed_sum(), 20, 64 + passed_us / 4000);
	for (uint32_t i = 2; i < PEERS_MAX; i++) {
		assert_int_equal(conn_answer_count(g_peers[i]), 1);
	}
	for (uint32_t i = 0; i < g_count; i++) {
		for (uint32_t k = 0; k < CONN_TALKS_MAX; k++) {
			if (g_worlds[i].talks[k].conn != NULL && g_worlds[i].talks[k].is_held) {
				conn_release(&g_worlds[i].talks[k]);
			}
		}
	}
	stop();
}

/* -- the end comes at any moment, to one after the other */

static void drain_at_every_moment(void **state)
{
	(void)state;
	g_running.part = "drain_at_every_moment";
	for (uint64_t seed = 1; seed <= 400; seed++) {
		g_running.seed = seed;
		struct hw_sim_options sim = hw_sim_calm(seed);
		sim.delay_percent = 30;
		sim.delay_us_max = 2000;
		sim.set_error_percent = seed % 4 == 0 ? 30 : 0;
		start(&sim, 3, 32);
		for (uint32_t i = 0; i < 8; i++) {
			g_peers[i] = connect_say(COUNT);
		}
		uint64_t at_us = hw_clock_monotonic_us() + seed * 13;
		for (uint32_t k = 0; hw_clock_monotonic_us() < at_us && k < 1000; k++) {
			for (uint32_t i = 0; i < g_count; i++) {
				assert_int_equal(hw_reactor_turn(&g_worlds[i].reactor, 0), 0);
			}
		}
		hw_http_server_drain(&g_worlds[seed % 3].server);
		stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_come_to_one),       cmocka_unit_test(they_come_at_once),
		cmocka_unit_test(passing_fails),         cmocka_unit_test(the_target_is_full),
		cmocka_unit_test(who_is_full_gets_none), cmocka_unit_test(it_cannot_stay),
		cmocka_unit_test(the_source_is_full),    cmocka_unit_test(all_are_full),
		cmocka_unit_test(many_short_ones),       cmocka_unit_test(drain_at_every_moment),
	};
	seeds_watch();
	seeds_log();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
