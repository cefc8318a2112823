/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a body arrives as it was sent, whatever lies between its bytes and however it is cut; a
 * body call is answered exactly once, whatever ends it: its bytes, the client, the clock, its talk,
 * the daemon, or the lack of a buffer.
 *
 * Method: echoes by seeds of chaos; then one ending at a time, with and without a buffer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/prng.h"
#include "tests/sim/seeds.h"
#include "tests/unit/conn/conn_world.h"

static struct conn_world g_world;

static void begin(uint64_t seed, const struct conn_options *options)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	sim.piece_gap_us_max = 0;
	hw_sim_begin(&sim);
	conn_start(&g_world, options);
}

static void end(void)
{
	conn_stop(&g_world);
	hw_sim_end();
}

/* -- echoes */

static char g_text[CONN_BODY_MAX * 3];
static uint8_t g_body[CONN_BODY_MAX];

static uint32_t chunked_write(struct hw_prng *prng, uint32_t size, uint32_t chunk_size_max)
{
	static const char head[] =
		"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
	uint32_t at = sizeof(head) - 1;
	memcpy(g_text, head, at);
	for (uint32_t offset = 0; offset < size;) {
		uint32_t most = hw_min(chunk_size_max, size - offset);
		uint32_t chunk = (uint32_t)hw_prng_between(prng, 1, most);
		at += (uint32_t)snprintf(g_text + at, 64, "%X%s\r\n", chunk,
					 hw_prng_chance(prng, 10) ? ";a=b" : "");
		memcpy(g_text + at, g_body + offset, chunk);
		memcpy(g_text + at + chunk, "\r\n", 2);
		at += chunk + 2;
		offset += chunk;
	}
	memcpy(g_text + at, "0\r\n\r\n", 5);
	return at + 5;
}

static uint32_t plain_write(uint32_t size)
{
	uint32_t at = (uint32_t)snprintf(
		g_text, 200, "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %u\r\n\r\n", size);
	memcpy(g_text + at, g_body, size);
	return at + size;
}

static void echo_check(struct hw_sim_peer *peer, uint32_t size, bool must_be_whole)
{
	struct hw_span got = hw_sim_peer_got(peer);
	const char *body = got.size > 0 ? memmem(got.bytes, got.size, "\r\n\r\n", 4) : NULL;
	if (body == NULL) {
		assert_false(must_be_whole);
		return;
	}
	uint32_t body_size = got.size - (uint32_t)(body + 4 - got.bytes);
	assert_true(!must_be_whole || body_size == size);
	if (conn_got_status(peer, 200)) {
		assert_true(body_size <= size);
		assert_memory_equal(body + 4, g_body, body_size);
	}
}

static void echo(uint64_t seed, bool is_calm)
{
	static const uint32_t chunks[] = {1, 5, 100, 8192, 70000, CONN_BODY_MAX};
	struct hw_prng prng;
	hw_prng_init(&prng, seed);
	struct hw_sim_options sim = is_calm ? hw_sim_calm(seed) : hw_sim_chaos(seed);
	struct conn_options options = conn_plenty();
	options.head_buffer_count = 1U << hw_prng_between(&prng, 0, 4);
	options.limits.stall_timeout_ms = is_calm ? 15000 : 1500;
	hw_sim_begin(&sim);
	conn_start(&g_world, &options);
	uint32_t size =
		(uint32_t)hw_prng_below(&prng, UINT64_C(1) << hw_prng_between(&prng, 1, 18));
	g_world.recv_size = (uint32_t)hw_prng_between(&prng, 1 + size / 50, 100000);
	g_world.waits_first = hw_prng_chance(&prng, 50);
	uint32_t chunk_size_max = chunks[hw_prng_below(&prng, hw_count_of(chunks))];
	chunk_size_max = hw_max(chunk_size_max, 1 + size / 1000);
	hw_prng_fill(&prng, g_body, size);
	bool is_chunked = hw_prng_chance(&prng, 60);
	uint32_t text_size =
		is_chunked ? chunked_write(&prng, size, chunk_size_max) : plain_write(size);
	struct hw_sim_peer *peer = conn_connect(&g_world);
	hw_sim_peer_write(peer, g_text, text_size);
	if (!is_calm && hw_prng_chance(&prng, 30)) {
		conn_pass(&g_world, hw_prng_below(&prng, 50));
		hw_sim_peer_unsay(peer);
		hw_sim_peer_shutdown(peer);
	}
	conn_pass(&g_world, is_calm ? 14000 : 5000);
	echo_check(peer, size, is_calm);
	conn_stop(&g_world);
	hw_sim_end();
}

static void bodies_come_back(void **state)
{
	(void)state;
	g_running.part = "bodies_come_back";
	for (uint64_t seed = 1; seed <= 300; seed++) {
		g_running.seed = seed;
		echo(seed, seed % 3 == 0);
	}
}

/* -- endings */

enum ending { CLIENT_SPEAKS, STALLS, LEAVES, STOPPED, CUT };

static const struct {
	enum ending ending;
	int error; /* of the body call; 0: it is answered well */
} g_endings[] = {
	{CLIENT_SPEAKS, 0},    {STALLS, -ETIMEDOUT}, {LEAVES, -ECONNRESET},
	{STOPPED, -ECANCELED}, {CUT, -ESHUTDOWN},
};

static void ending_apply(enum ending ending, struct hw_sim_peer *peer, struct hw_http_conn *conn,
			 const char *rest)
{
	switch (ending) {
	case CLIENT_SPEAKS:
		conn_say(peer, rest);
		break;
	case LEAVES:
		hw_sim_peer_shutdown(peer);
		break;
	case STOPPED:
		hw_http_conn_body_stop(conn);
		hw_http_conn_body_stop(conn); /* twice is once */
		break;
	case CUT:
		hw_http_server_drain(&g_world.server);
		hw_http_server_cut(&g_world.server);
		break;
	default:
		break;
	}
	conn_pass(&g_world, ending == STALLS ? 16000 : 500);
}

/* Where a body may be waited for: its first bytes, and what completes it. */
static const struct {
	const char *first;
	const char *rest;
	bool waits_first;
} g_places[] = {
	{"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "abcde", false},
	{"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "abcde", true},
	{"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", "cde", false},
	{"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
	 "5\r\nabcde\r\n0\r\n\r\n", false},
	{"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
	 "5\r\nabcde\r\n0\r\n\r\n", true},
	{"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
	 "de\r\n0\r\n\r\n", false},
	{"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n",
	 "\r\n", true},
};

static void ending_check(uint32_t place, uint32_t ending, uint64_t seed)
{
	struct conn_options options = conn_plenty();
	begin(seed, &options);
	g_world.waits_first = g_places[place].waits_first;
	struct hw_sim_peer *peer = conn_ask(&g_world, g_places[place].first);
	assert_int_equal(g_world.begun_count, 1);
	ending_apply(g_endings[ending].ending, peer, g_world.talks[0].conn, g_places[place].rest);
	assert_int_equal(g_world.error, g_endings[ending].error);
	assert_null(g_world.talks[0].conn);
	if (g_endings[ending].error == 0) {
		assert_true(conn_got(peer, "\r\n\r\nabcde"));
	}
	end();
}

static void every_ending_answers(void **state)
{
	(void)state;
	for (uint32_t place = 0; place < hw_count_of(g_places); place++) {
		for (uint32_t ending = 0; ending < hw_count_of(g_endings); ending++) {
			for (uint64_t seed = 1; seed <= 5; seed++) {
				ending_check(place, ending, seed);
			}
		}
	}
}

/* The same while the connection waits for a head buffer that somebody else keeps. */
static void endings_without_a_buffer(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	options.head_buffer_count = 1;
	for (uint32_t ending = 0; ending < hw_count_of(g_endings); ending++) {
		begin(ending + 1, &options);
		struct hw_sim_peer *peer = conn_ask(&g_world, g_places[3].first);
		(void)conn_ask(&g_world, "PUT /hold HTTP/1.1\r\nHost: a\r\n"
					 "Content-Length: 4\r\n\r\nab");
		conn_say(peer, "5\r\nab");
		conn_pass(&g_world, 200);
		struct hw_http_conn *conn = g_world.talks[0].conn;
		assert_true(hw_list_is_linked(&conn->buffer_link));
		if (g_endings[ending].ending == CLIENT_SPEAKS ||
		    g_endings[ending].ending == LEAVES) {
			conn_release(conn_held(&g_world)); /* only then can it be heard */
		}
		ending_apply(g_endings[ending].ending, peer, conn, "cde\r\n0\r\n\r\n");
		assert_int_equal(g_world.error, g_endings[ending].error);
		assert_null(g_world.talks[0].conn);
		if (g_world.talks[1].conn != NULL) {
			conn_release(conn_held(&g_world));
		}
		end();
	}
}

/* A stop is a stop, also when the cancel brings bytes. */
static void stop_takes_no_more(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	for (uint64_t seed = 1; seed <= 100; seed++) {
		begin(seed, &options);
		hw_sim_options()->cancel_late_percent = seed % 2 == 0 ? 0 : 100;
		struct hw_sim_peer *peer = conn_ask(&g_world, g_places[0].first);
		conn_say(peer, "ab");
		conn_pass(&g_world, seed % 3);
		hw_http_conn_body_stop(g_world.talks[0].conn);
		conn_pass(&g_world, 50);
		assert_null(g_world.talks[0].conn);
		assert_int_equal(g_world.error, -ECANCELED);
		end();
	}
}

/* Nor does it wait for a buffer, when the receive had found none just before. */
static void stop_needs_no_buffer(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	options.head_buffer_count = 1;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		begin(seed, &options);
		struct hw_sim_peer *peer = conn_ask(&g_world, g_places[3].first);
		(void)conn_ask(&g_world, "PUT /hold HTTP/1.1\r\nHost: a\r\n"
					 "Content-Length: 4\r\n\r\nab");
		hw_sim_options()->delay_percent = 100;
		hw_sim_options()->delay_us_max = 3000;
		conn_say(peer, "5\r\nab");
		conn_pass(&g_world, seed % 4);
		hw_http_conn_body_stop(g_world.talks[0].conn);
		conn_pass(&g_world, 50);
		assert_null(g_world.talks[0].conn);
		assert_int_equal(g_world.error, -ECANCELED);
		conn_release(conn_held(&g_world));
		end();
	}
}

/* -- without room */

enum leaving { SAYS_ALL = 0, SAYS_LESS, RESETS, IS_STOPPED, IS_CUT, SILENT, LEAVING_COUNT };

/* A talk that has no room for more hears who leaves, and is not fooled by who has said it all. */
static void watch_sees_who_leaves(void **state)
{
	static const int g_errors[LEAVING_COUNT] = {0,          -ECONNRESET, -ECONNRESET,
						    -ECANCELED, -ESHUTDOWN,  -ECANCELED};
	(void)state;
	struct conn_options options = conn_plenty();
	for (uint64_t seed = 1; seed <= 20 * LEAVING_COUNT; seed++) {
		enum leaving way = (enum leaving)(seed % LEAVING_COUNT);
		begin(seed, &options);
		struct hw_sim_peer *peer = conn_ask(&g_world, "PUT /hold HTTP/1.1\r\nHost: a\r\n"
							      "Content-Length: 10\r\n\r\nab");
		struct conn_talk *talk = conn_held(&g_world);
		talk->is_held = false;
		talk->is_waiting = true;
		hw_http_conn_head_release(talk->conn);
		hw_http_conn_body_watch(talk->conn);
		conn_say(peer, way == SAYS_ALL ? "cdefghij" : "cdefghi");
		conn_pass(&g_world, 100);
		assert_non_null(talk->conn);
		if (way == SAYS_ALL || way == SAYS_LESS) {
			hw_sim_peer_shutdown(peer);
		} else if (way == RESETS) {
			hw_sim_peer_reset(peer);
		} else if (way == IS_STOPPED) {
			hw_http_conn_body_stop(talk->conn);
		} else if (way == IS_CUT) {
			hw_http_server_drain(&g_world.server);
			hw_http_server_cut(&g_world.server);
		}
		conn_pass(&g_world,
			  way == SILENT ? UINT64_C(2) * options.limits.stall_timeout_ms : 100);
		assert_null(talk->conn);
		assert_int_equal(g_world.error, g_errors[way]);
		assert_int_equal(conn_got(peer, "10"), way == SAYS_ALL);
		end();
	}
}

/* -- 100 Continue */

#define EXPECT "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"

static void continue_is_said_once(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	begin(1, &options);
	g_world.waits_first = true;
	g_world.recv_size = 2;
	struct hw_sim_peer *peer = conn_ask(&g_world, EXPECT);
	assert_true(conn_got_status(peer, 100));
	conn_say(peer, "abcde");
	conn_pass(&g_world, 100);
	assert_int_equal(conn_answer_count(peer), 2);
	assert_true(conn_got(peer, "HTTP/1.1 200"));
	peer = conn_ask(&g_world, EXPECT "abcde"); /* it did not wait */
	assert_true(conn_got_status(peer, 200));
	assert_int_equal(conn_answer_count(peer), 1);
	end();
}

/* A client that takes only a part of it: nothing can be said to it any more. */
static void continue_is_cut_in_the_middle(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	for (uint32_t window = 1; window <= 26; window += 5) {
		begin(window, &options);
		struct hw_sim_peer *peer = conn_connect(&g_world);
		hw_sim_peer_hold(peer, true);
		hw_sim_peer_window_set(peer, window);
		conn_say(peer, EXPECT);
		conn_pass(&g_world, 30000);
		bool is_whole = window > 25;
		assert_int_equal(conn_is_over(peer),
				 !is_whole); /* the latter has one chance more */
		assert_int_equal(hw_sim_peer_got(peer).size, window);
		hw_sim_peer_reset(peer);
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_come_back),
		cmocka_unit_test(every_ending_answers),
		cmocka_unit_test(endings_without_a_buffer),
		cmocka_unit_test(stop_takes_no_more),
		cmocka_unit_test(watch_sees_who_leaves),
		cmocka_unit_test(stop_needs_no_buffer),
		cmocka_unit_test(continue_is_said_once),
		cmocka_unit_test(continue_is_cut_in_the_middle),
	};
	seeds_watch();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
