/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a head is the same request however it is cut into pieces, as long as it is not too long,
 * too slow or one too many; and a connection that waits for a buffer loses nothing.
 *
 * Method: a table of requests, each whole and in pieces of a byte; pools that are empty; time.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/conn/conn_world.h"

static struct conn_world g_world;

#define GET "GET /count HTTP/1.1\r\nHost: a\r\n\r\n"

static const struct {
	const char *text;
	uint32_t status;
	bool is_over;
} g_rows[] = {
	{GET, 200, false},
	{"\r\n" GET, 200, false},
	{"GET http://a/count HTTP/1.1\r\nHost: a\r\n\r\n", 200, false},
	{"GET /count HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, true},
	{"GET /count HTTP/1.0\r\n\r\n", 200, true},
	{"GET /count HTTP/1.1\r\n\r\n", 400, true},
	{"GET  /count HTTP/1.1\r\nHost: a\r\n\r\n", 400, true},
	{"GET /count HTTP/1.1\r\nHost : a\r\n\r\n", 400, true},
	{"GET /count HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400, true},
	{"PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
	 "chunked\r\n\r\n",
	 400, true},
	{"BREW /count HTTP/1.1\r\nHost: a\r\n\r\n", 501, true},
	{"GET /count HTTP/1.2\r\nHost: a\r\n\r\n", 505, true},
	{"GET /count HTTP/3.0\r\nHost: a\r\n\r\n", 505, true},
	{"\x16\x03\x01\x01\r\n\r\n", 400, true},
};

static void rows_check(uint32_t piece_size_max)
{
	for (uint32_t i = 0; i < hw_count_of(g_rows); i++) {
		struct hw_sim_options sim = hw_sim_calm(i);
		sim.piece_size_max = piece_size_max;
		hw_sim_begin(&sim);
		struct conn_options options = conn_plenty();
		conn_start(&g_world, &options);
		struct hw_sim_peer *peer = conn_ask(&g_world, g_rows[i].text);
		if (!conn_got_status(peer, g_rows[i].status)) {
			print_message("row %u: %.*s\n", i, (int)hw_sim_peer_got(peer).size,
				      hw_sim_peer_got(peer).bytes);
		}
		assert_true(conn_got_status(peer, g_rows[i].status));
		assert_int_equal(conn_is_over(peer), g_rows[i].is_over);
		conn_stop(&g_world);
		hw_sim_end();
	}
}

static void pieces_do_not_matter(void **state)
{
	(void)state;
	rows_check(65536);
	rows_check(1);
}

static struct hw_sim_peer *long_ask(uint32_t pad_size, const char *before, const char *after)
{
	struct hw_sim_peer *peer = conn_connect(&g_world);
	char *pad = malloc(pad_size + 1);
	assert_non_null(pad);
	memset(pad, 'p', pad_size);
	pad[pad_size] = '\0';
	conn_say(peer, before);
	conn_say(peer, pad);
	conn_say(peer, after);
	free(pad);
	conn_pass(&g_world, 200);
	return peer;
}

static void begin(uint64_t seed, const struct conn_options *options)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	sim.piece_gap_us_max = 0; /* what is said at once comes at once */
	hw_sim_begin(&sim);
	conn_start(&g_world, options);
}

static void end(void)
{
	conn_stop(&g_world);
	hw_sim_end();
}

/* Around the head buffer's size and the longest head. */
static void length_decides(void **state)
{
	static const struct {
		uint32_t pad_size;
		uint32_t status;
	} rows[] = {{8100, 200},  {8191, 200},  {8192, 200},  {16384, 200}, {32000, 200},
		    {32700, 200}, {32768, 431}, {40000, 431}, {100000, 431}};
	static const char before[] = "GET /count HTTP/1.1\r\nHost: a\r\nX: ";
	(void)state;
	struct conn_options options = conn_plenty();
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		begin(i, &options);
		struct hw_sim_peer *peer = long_ask(rows[i].pad_size, before, "\r\n\r\n" GET);
		assert_true(conn_got_status(peer, rows[i].status));
		assert_int_equal(conn_answer_count(peer), rows[i].status == 200 ? 2 : 1);
		peer = long_ask(rows[i].pad_size, "GET /", " HTTP/1.1\r\nHost: a\r\n\r\n");
		assert_true(conn_got_status(peer, rows[i].pad_size < 8192 ? 200 : 414));
		end();
	}
}

static void empty_pools_are_said(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	begin(1, &options);
	struct hw_pool *spills = &g_world.server.spills;
	void *taken[HW_HEAD_SPILL_COUNT];
	for (uint32_t i = 0; i < HW_HEAD_SPILL_COUNT; i++) {
		taken[i] = hw_pool_take(spills);
	}
	assert_true(conn_got_status(conn_ask(&g_world, "GET /count HT"), 503));
	assert_true(conn_got_status(conn_ask(&g_world, GET), 200)); /* needs none */
	for (uint32_t i = 0; i < HW_HEAD_SPILL_COUNT; i++) {
		hw_pool_give(spills, taken[i]);
	}
	struct hw_pool *heads = &g_world.server.heads;
	static void *all[HW_HEAD_BUFFER_COUNT + HW_HEAD_SPILL_COUNT];
	for (uint32_t i = 0; i < hw_count_of(all); i++) {
		all[i] = hw_pool_take(heads);
		assert_non_null(all[i]);
	}
	assert_true(conn_got_status(conn_ask(&g_world, GET), 503));
	for (uint32_t i = 0; i < hw_count_of(all); i++) {
		hw_pool_give(heads, all[i]);
	}
	assert_true(conn_got_status(conn_ask(&g_world, GET), 200));
	end();
}

static void slow_heads_are_told(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	begin(1, &options);
	struct hw_sim_peer *half = conn_ask(&g_world, "GET /count HTTP/1.1\r\nHo");
	struct hw_sim_peer *silent = conn_ask(&g_world, "");
	struct hw_sim_peer *kept = conn_ask(&g_world, GET);
	/* A byte now and then is not progress: the head as a whole has its time. */
	for (uint32_t i = 0; i < 95; i++) {
		conn_pass(&g_world, 100);
		conn_say(half, "x");
	}
	assert_int_equal(conn_answer_count(half), 0);
	conn_pass(&g_world, 800);
	assert_true(conn_got_status(half, 408));
	assert_false(conn_is_over(silent));
	assert_false(conn_is_over(kept));
	conn_pass(&g_world, 11000);
	assert_true(conn_is_over(silent));
	assert_int_equal(conn_answer_count(silent), 0);
	assert_true(conn_is_over(kept));
	assert_int_equal(conn_answer_count(kept), 1);
	end();
}

/* One buffer for all: who holds it holds up the others, and they go on after him. */
static void buffer_is_waited_for(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	options.head_buffer_count = 1;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		begin(seed, &options);
		(void)conn_ask(&g_world, "PUT /hold HTTP/1.1\r\nHost: a\r\n"
					 "Content-Length: 4\r\n\r\nab");
		assert_int_equal(g_world.server.buffers_free, 0);
		struct hw_sim_peer *peer = conn_ask(&g_world, GET);
		struct hw_sim_peer *other = conn_ask(&g_world, GET);
		struct hw_sim_peer *gone = conn_ask(&g_world, GET);
		hw_sim_peer_reset(gone);
		assert_int_equal(g_world.begun_count, 1);
		conn_release(conn_held(&g_world));
		conn_pass(&g_world, 3000);
		assert_true(conn_got_status(peer, 200));
		assert_true(conn_got_status(other, 200));
		assert_int_equal(g_world.server.buffers_free, 1);
		end();
	}
}

/* Who waits for a buffer too long is told so where he was promised an answer. */
static void buffer_never_comes(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	options.head_buffer_count = 1;
	begin(1, &options);
	struct hw_sim_peer *half = conn_ask(&g_world, "GET /count HTTP/1.1\r\nHo");
	(void)conn_ask(&g_world, "PUT /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
	struct hw_sim_peer *idle = conn_ask(&g_world, GET);
	conn_say(half, "st: a\r\n\r\n");
	conn_pass(&g_world, 11000);
	assert_true(conn_got_status(half, 408));
	conn_pass(&g_world, 11000);
	assert_true(conn_is_over(idle));
	conn_release(conn_held(&g_world));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_do_not_matter), cmocka_unit_test(length_decides),
		cmocka_unit_test(empty_pools_are_said), cmocka_unit_test(slow_heads_are_told),
		cmocka_unit_test(buffer_is_waited_for), cmocka_unit_test(buffer_never_comes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
