/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: an answer is sent whole and once, at the pace of the client; a slow one makes the talk give
 * way, a dead one is cut; the head says whether the connection goes on.
 *
 * Method: seeds of windows and pieces; a client that holds back, and one that never reads; a table
 * of heads.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/prng.h"
#include "tests/sim/seeds.h"
#include "tests/unit/conn/conn_world.h"

static struct conn_world g_world;

#define BYTES "GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n"

static void begin(uint64_t seed, const struct conn_options *options)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	hw_sim_begin(&sim);
	conn_start(&g_world, options);
}

static void end(void)
{
	conn_stop(&g_world);
	hw_sim_end();
}

/* Of the last answer: is its body the first @size bytes of the pattern? */
static bool is_pattern(struct hw_sim_peer *peer, uint32_t size)
{
	struct hw_span got = hw_sim_peer_got(peer);
	if (got.size < size) {
		return false;
	}
	const uint8_t *body = (const uint8_t *)got.bytes + got.size - size;
	for (uint32_t i = 0; i < size; i++) {
		if (body[i] != conn_byte(i)) {
			return false;
		}
	}
	return size == 0 || memcmp(body - 4, "\r\n\r\n", 4) == 0;
}

static void answers_are_whole(void **state)
{
	(void)state;
	g_running.part = "answers_are_whole";
	struct conn_options options = conn_plenty();
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct hw_prng prng;
		g_running.seed = seed;
		hw_prng_init(&prng, seed);
		begin(seed, &options);
		hw_sim_options()->window_size = 1U << hw_prng_between(&prng, 8, 20);
		hw_sim_options()->piece_gap_us_max = (uint32_t)hw_prng_between(&prng, 1, 60000);
		g_world.answer_size = (uint32_t)hw_prng_below(&prng, CONN_BODY_MAX);
		g_world.goes_on = hw_prng_chance(&prng, 50);
		struct hw_sim_peer *peer = conn_connect(&g_world);
		uint32_t hold_ms = (uint32_t)hw_prng_below(&prng, 12000);
		hw_sim_peer_hold(peer, true);
		conn_say(peer, BYTES);
		conn_pass(&g_world, hold_ms);
		hw_sim_peer_hold(peer, false);
		conn_pass(&g_world, 60000 - hold_ms);
		assert_true(conn_got_status(peer, 200));
		assert_true(is_pattern(peer, g_world.answer_size));
		assert_int_equal(g_world.ended_count, 1);
		assert_int_equal(g_world.aborted_count, 0);
		end();
	}
}

static void slow_reader_makes_way(void **state)
{
	(void)state;
	g_running.part = "slow_reader_makes_way";
	struct conn_options options = conn_plenty();
	begin(1, &options);
	g_world.answer_size = CONN_BODY_MAX;
	struct hw_sim_peer *peer = conn_connect(&g_world);
	hw_sim_peer_hold(peer, true);
	conn_say(peer, BYTES);
	conn_pass(&g_world, 900);
	assert_int_equal(g_world.way_count, 0);
	conn_pass(&g_world, 300);
	assert_int_equal(g_world.way_count, 1);
	assert_int_equal(g_world.wait_count, 1);
	conn_pass(&g_world, 5000); /* it waits, and asks nobody */
	assert_int_equal(g_world.way_count, 1);
	hw_sim_peer_hold(peer, false);
	conn_pass(&g_world, 5000);
	assert_true(is_pattern(peer, CONN_BODY_MAX));
	end();
}

/* It reads a window at first and then nothing: cut, and seen to be cut. */
static void dead_reader_is_cut(void **state)
{
	(void)state;
	g_running.part = "dead_reader_is_cut";
	struct conn_options options = conn_plenty();
	for (uint32_t i = 0; i < 2; i++) {
		begin(i, &options);
		g_world.answer_size = CONN_BODY_MAX;
		g_world.goes_on = i == 1;
		struct hw_sim_peer *peer = conn_connect(&g_world);
		hw_sim_peer_hold(peer, true);
		hw_sim_peer_window_set(peer, 10000); /* below 1 KiB/s over 15 s */
		conn_say(peer, BYTES);
		conn_pass(&g_world, 14000);
		assert_int_equal(g_world.aborted_count, 0);
		conn_pass(&g_world, 2000);
		assert_int_equal(g_world.aborted_count, 1);
		assert_true(conn_is_over(peer));
		assert_int_equal(hw_sim_peer_got(peer).size, 10000);
		end();
	}
}

static void heads_say_what_follows(void **state)
{
	static const struct {
		const char *request;
		const char *says; /* NULL: neither */
		uint32_t size;    /* of the body */
	} rows[] = {
		{"GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n", NULL, 100},
		{"HEAD /bytes HTTP/1.1\r\nHost: a\r\n\r\n", NULL, 0},
		{"GET /bytes HTTP/1.0\r\n\r\n", "Connection: close\r\n", 100},
		{"GET /bytes HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		 "Connection: keep-alive\r\n", 100},
		{"GET /bytes HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		 "Connection: close\r\n", 100},
		/* A body that nobody reads: where the next request begins would have to be read. */
		{"GET /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
		 "Connection: close\r\n", 100},
	};
	(void)state;
	g_running.part = "heads_say_what_follows";
	struct conn_options options = conn_plenty();
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		begin(i, &options);
		g_world.answer_size = 100;
		struct hw_sim_peer *peer = conn_ask(&g_world, rows[i].request);
		assert_true(conn_got_status(peer, 200));
		assert_true(conn_got(peer, "Date: Thu, 09 Oct 2025 "));
		assert_true(conn_got(peer, "Content-Length: 100\r\n"));
		assert_int_equal(conn_got(peer, "Connection: "), rows[i].says != NULL);
		assert_true(rows[i].says == NULL || conn_got(peer, rows[i].says));
		assert_true(is_pattern(peer, rows[i].size));
		assert_true(rows[i].size > 0 || conn_got(peer, "\r\n\r\n"));
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_whole),
		cmocka_unit_test(slow_reader_makes_way),
		cmocka_unit_test(dead_reader_is_cut),
		cmocka_unit_test(heads_say_what_follows),
	};
	seeds_watch();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
