/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: pages of a file arrive whole and in order, at the pace of the client; a slow one makes the
 * talk give way, with what is not sent counted right; a dead one is cut; what memory forgot is
 * read.
 *
 * Method: seeds of windows, pieces, short and interrupted steps, over a file of the simulated
 * disk; a client that holds back; pages that are gone when they are to be sent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/prng.h"
#include "tests/sim/seeds.h"
#include "tests/unit/conn/file_talk.h"

static struct conn_world g_world;
static struct file_talk g_talk;

static void begin(struct hw_sim_options *sim, struct conn_options *options)
{
	hw_sim_begin(sim);
	conn_start(&g_world, options);
	file_talk_begin(&g_talk, &g_world);
}

static void end(void)
{
	file_talk_end(&g_talk);
	conn_stop(&g_world);
	hw_sim_end();
}

static bool is_file(struct hw_sim_peer *peer, uint32_t size)
{
	struct hw_span got = hw_sim_peer_got(peer);
	return got.size > size && memcmp(got.bytes + got.size - size, g_talk.bytes, size) == 0;
}

static void files_arrive_whole(void **state)
{
	(void)state;
	g_running.part = "files_arrive_whole";
	struct conn_options options = conn_plenty();
	uint32_t way_count = 0;
	for (uint64_t seed = 1; seed <= seeds_setting("HW_TEST_SEED_COUNT", 100); seed++) {
		struct hw_sim_options sim = hw_sim_calm(seed);
		struct hw_prng prng;
		g_running.seed = seed;
		hw_prng_init(&prng, seed);
		begin(&sim, &options);
		hw_sim_options()->window_size = 1U << hw_prng_between(&prng, 10, 21);
		hw_sim_options()->short_percent = (uint32_t)hw_prng_below(&prng, 60);
		hw_sim_options()->interrupt_percent = (uint32_t)hw_prng_below(&prng, 30);
		hw_sim_options()->delay_percent = (uint32_t)hw_prng_below(&prng, 50);
		hw_sim_options()->delay_us_max = 1000;
		g_talk.size = (uint32_t)hw_prng_between(&prng, 1, FILE_TALK_SIZE);
		struct hw_sim_peer *peer = conn_connect(&g_world);
		uint32_t hold_ms = (uint32_t)hw_prng_below(&prng, 6000);
		hw_sim_peer_hold(peer, true);
		conn_say(peer, FILE_TALK_GET);
		conn_pass(&g_world, hold_ms);
		hw_sim_peer_hold(peer, false);
		conn_pass(&g_world, 60000);
		assert_true(g_talk.is_over);
		assert_int_equal(g_talk.result, 0);
		assert_true(is_file(peer, g_talk.size));
		way_count += g_talk.way_count;
		end();
	}
	assert_true(way_count > 0);
}

static void dead_client_is_cut(void **state)
{
	(void)state;
	g_running.part = "dead_client_is_cut";
	struct conn_options options = conn_plenty();
	struct hw_sim_options sim = hw_sim_calm(1);
	begin(&sim, &options);
	struct hw_sim_peer *peer = conn_connect(&g_world);
	hw_sim_peer_hold(peer, true);
	hw_sim_peer_window_set(peer, 10000);
	conn_say(peer, FILE_TALK_GET);
	conn_pass(&g_world, 14000);
	assert_false(g_talk.is_over);
	conn_pass(&g_world, 3000);
	assert_true(g_talk.is_over);
	assert_int_equal(g_talk.result, -ETIMEDOUT);
	assert_true(conn_is_over(peer));
	end();
}

/* Who takes a little again and again keeps what is lent for a second in all, not for a second each
 * time; and is not offered the whole again for each little. */
static void trickle_gives_way(void **state)
{
	(void)state;
	g_running.part = "trickle_gives_way";
	struct conn_options options = conn_plenty();
	struct hw_sim_options sim = hw_sim_calm(1);
	static uint8_t taken[100000];
	begin(&sim, &options);
	struct hw_sim_peer *peer = conn_connect(&g_world);
	hw_sim_peer_hold(peer, true);
	hw_sim_peer_window_set(peer, sizeof(taken));
	conn_say(peer, FILE_TALK_GET);
	uint64_t looked = hw_sim_looked_size();
	uint32_t took = 0;
	for (uint32_t i = 0; i < 40; i++) {
		conn_pass(&g_world, 100);
		took += hw_sim_peer_read(peer, taken, sizeof(taken));
		bool is_early = i < 8;
		assert_true(is_early ? g_talk.way_count == 0 : i < 12 || g_talk.way_count > 0);
	}
	assert_in_range(g_talk.way_count, 2, 4);
	assert_true(took > 30 * sizeof(taken));
	looked = hw_sim_looked_size() - looked;
	assert_true(looked < 4 * (uint64_t)took + (1U << 20));
	hw_sim_peer_hold(peer, false);
	conn_pass(&g_world, 5000);
	assert_true(g_talk.is_over);
	assert_int_equal(g_talk.result, 0);
	end();
}

/* Some go as pages, and what is not in memory any more as bytes. */
static void what_memory_forgot_is_read(void **state)
{
	(void)state;
	g_running.part = "what_memory_forgot_is_read";
	struct conn_options options = conn_plenty();
	uint32_t page_count = 0;
	uint32_t forgotten_count = 0;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct hw_sim_options sim = hw_sim_calm(seed);
		g_running.seed = seed;
		begin(&sim, &options);
		g_talk.piece_size_max = 1U << 18;
		hw_sim_options()->window_size = 1U << 17;
		hw_sim_options()->evict_percent = 10;
		struct hw_sim_peer *peer = conn_ask(&g_world, FILE_TALK_GET);
		conn_pass(&g_world, 10000);
		assert_true(g_talk.is_over);
		assert_int_equal(g_talk.result, 0);
		assert_true(is_file(peer, g_talk.size));
		page_count += g_talk.page_count;
		forgotten_count += g_talk.forgotten_count;
		end();
	}
	assert_true(page_count > 0 && forgotten_count > 0);
}

static void stop_cuts(void **state)
{
	(void)state;
	g_running.part = "stop_cuts";
	struct conn_options options = conn_plenty();
	struct hw_sim_options sim = hw_sim_calm(1);
	begin(&sim, &options);
	struct hw_sim_peer *peer = conn_connect(&g_world);
	hw_sim_peer_hold(peer, true);
	conn_say(peer, FILE_TALK_GET);
	conn_pass(&g_world, 500);
	hw_http_server_drain(&g_world.server);
	hw_http_server_cut(&g_world.server);
	conn_pass(&g_world, 500);
	assert_true(g_talk.is_over);
	assert_int_equal(g_talk.result, -ESHUTDOWN);
	end();
}

int main(void)
{
	seeds_watch();
	seeds_log();
	g_talk.bytes = file_talk_bytes();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_arrive_whole), cmocka_unit_test(dead_client_is_cut),
		cmocka_unit_test(trickle_gives_way),  cmocka_unit_test(what_memory_forgot_is_read),
		cmocka_unit_test(stop_cuts),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	free(g_talk.bytes);
	return r;
}
