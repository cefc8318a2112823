/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: pages of a file arrive whole and in order, at the pace of the client; a slow one makes the
 * talk give way, with what is not sent counted right; a dead one is cut, a broken file is told.
 *
 * Method: seeds of windows, pieces, short and interrupted steps, over a file of the simulated disk
 * and a real pipe; a client that holds back; a file that ends too soon.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/prng.h"
#include "tests/sim/seeds.h"
#include "tests/unit/conn/conn_world.h"

#define FILE_SIZE (3U << 20)
#define GET       "GET /file HTTP/1.1\r\nHost: a\r\n\r\n"

static struct conn_world g_world;
static uint8_t *g_bytes; /* of the file */
static uint32_t g_file;  /* its slot */
static int g_file_fd;
static struct hw_op g_op;

/* A talk that answers every request with the file; a second splice follows a give-way. */
static struct {
	struct hw_http_conn *conn;
	struct hw_pipe *pipe;
	uint32_t sent_size; /* of the file */
	uint32_t size;      /* to send */
	uint32_t way_count;
	int result;
	bool has_head;
	bool is_waiting;
	bool is_over;
} g_talk;

static void next(void)
{
	struct hw_http_splice splice = {.pipe = g_talk.pipe,
					.file = g_file,
					.file_fd = g_file_fd,
					.offset = g_talk.sent_size,
					.size = g_talk.size - g_talk.sent_size};
	hw_http_conn_splice(g_talk.conn, &splice);
}

static void sent(void *user, int res)
{
	(void)user;
	if (!g_talk.has_head && res == 0) {
		g_talk.has_head = true;
		next();
		return;
	}
	if (res == -EAGAIN) {
		g_talk.way_count++;
		if (g_world.goes_on) {
			hw_http_conn_send_more(g_talk.conn);
			return;
		}
		g_talk.sent_size = g_talk.size - (uint32_t)g_talk.conn->send_left_size;
		g_talk.is_waiting = true;
		hw_pipe_empty(g_talk.pipe);
		hw_http_conn_send_wait(g_talk.conn);
		return;
	}
	if (g_talk.is_waiting && res == 0) {
		g_talk.is_waiting = false;
		next();
		return;
	}
	g_talk.result = res;
	g_talk.is_over = true;
	if (res < 0) {
		hw_pipe_empty(g_talk.pipe);
		hw_http_conn_abort(g_talk.conn);
	} else {
		char byte = 0;
		assert_int_equal(read(g_talk.pipe->source_fd, &byte, 1), -1); /* nothing is left */
		hw_http_conn_end(g_talk.conn);
	}
}

static void no_body(void *user, int res)
{
	(void)user;
	(void)res;
	hw_assert_fail("it asked for no body", __FILE__, __LINE__);
}

static const struct hw_http_handler g_handler = {
	.body_done = no_body, .send_done = sent, .gives_way = true};

static bool takes(struct conn_world *world, struct hw_http_conn *conn)
{
	struct hw_http_writer head;
	(void)world;
	g_talk.conn = conn;
	g_talk.has_head = false;
	g_talk.sent_size = 0;
	hw_http_conn_handle(conn, &g_handler, &g_talk);
	hw_http_conn_reply_begin(conn, &head, 200);
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), g_talk.size);
	hw_http_writer_head_end(&head);
	hw_http_conn_head_release(conn);
	hw_http_conn_reply_send(conn, &head, NULL, 0);
	return true;
}

static void file_bound(struct hw_op *op)
{
	assert_true(op->res >= 0);
}

static void begin(struct hw_sim_options *sim, struct conn_options *options)
{
	hw_sim_begin(sim);
	conn_start(&g_world, options);
	g_world.takes = takes;
	memset(&g_talk, 0, sizeof(g_talk));
	g_talk.size = FILE_SIZE;
	g_talk.pipe = hw_pipe_take(&g_world.reactor.pipes);
	assert_non_null(g_talk.pipe);
	g_file_fd = hw_sim_file_create();
	hw_sim_file_poke(g_file_fd, g_bytes, FILE_SIZE, 0);
	g_file = hw_ring_file_slot(g_world.reactor.ring, 2);
	hw_ring_file_set(g_world.reactor.ring, &g_op, g_file, g_file_fd, file_bound);
	conn_pass(&g_world, 100);
}

static void file_closed(struct hw_op *op)
{
	(void)op;
}

static void end(void)
{
	hw_ring_close(g_world.reactor.ring, &g_op, g_file, file_closed);
	conn_pass(&g_world, 100);
	assert_int_equal(close(g_file_fd), 0);
	hw_pipe_give(&g_world.reactor.pipes, hw_move(&g_talk.pipe));
	conn_stop(&g_world);
	hw_sim_end();
}

static bool is_file(struct hw_sim_peer *peer, uint32_t size)
{
	struct hw_span got = hw_sim_peer_got(peer);
	return got.size > size && memcmp(got.bytes + got.size - size, g_bytes, size) == 0;
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
		g_world.goes_on = hw_prng_chance(&prng, 50);
		g_talk.size = (uint32_t)hw_prng_between(&prng, 1, FILE_SIZE);
		struct hw_sim_peer *peer = conn_connect(&g_world);
		uint32_t hold_ms = (uint32_t)hw_prng_below(&prng, 6000);
		hw_sim_peer_hold(peer, true);
		conn_say(peer, GET);
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
	for (uint32_t i = 0; i < 2; i++) {
		struct hw_sim_options sim = hw_sim_calm(i);
		begin(&sim, &options);
		g_world.goes_on = i == 1;
		struct hw_sim_peer *peer = conn_connect(&g_world);
		hw_sim_peer_hold(peer, true);
		hw_sim_peer_window_set(peer, 10000);
		conn_say(peer, GET);
		conn_pass(&g_world, 14000);
		assert_false(g_talk.is_over);
		conn_pass(&g_world, 3000);
		assert_true(g_talk.is_over);
		assert_int_equal(g_talk.result, -ETIMEDOUT);
		assert_true(conn_is_over(peer));
		end();
	}
}

static void file_that_ends_too_soon_is_told(void **state)
{
	(void)state;
	g_running.part = "file_that_ends_too_soon_is_told";
	struct conn_options options = conn_plenty();
	struct hw_sim_options sim = hw_sim_calm(1);
	begin(&sim, &options);
	g_talk.size = FILE_SIZE + 1;
	struct hw_sim_peer *peer = conn_ask(&g_world, GET);
	conn_pass(&g_world, 5000);
	assert_true(g_talk.is_over);
	assert_int_equal(g_talk.result, -EBADMSG);
	assert_true(conn_is_over(peer));
	end();
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
	conn_say(peer, GET);
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
	g_bytes = malloc(FILE_SIZE);
	assert_non_null(g_bytes);
	for (uint32_t i = 0; i < FILE_SIZE; i++) {
		g_bytes[i] = conn_byte(i);
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_arrive_whole),
		cmocka_unit_test(dead_client_is_cut),
		cmocka_unit_test(file_that_ends_too_soon_is_told),
		cmocka_unit_test(stop_cuts),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	free(g_bytes);
	return r;
}
