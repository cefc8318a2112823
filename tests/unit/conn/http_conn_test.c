/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a connection goes from request to request as long as it may, and ends in a way that the
 * client can read; a drain and a stop find it in any state.
 *
 * Method: pipelines; endings with unread bytes; drain and stop in each state, and before each step
 * of a scenario; the access log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "tests/sim/seeds.h"
#include "tests/unit/conn/conn_world.h"

static struct conn_world g_world;

#define GET  "GET /count HTTP/1.1\r\nHost: a\r\n\r\n"
#define LAST "GET /count HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define PUT3 "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
#define PUTC                                                                                       \
	"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n"

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

static void requests_follow_each_other(void **state)
{
	static const struct {
		const char *text;
		uint32_t answer_count;
		bool is_over;
	} rows[] = {
		{GET GET GET, 3, false},
		{PUT3 PUTC GET PUTC PUT3, 5, false},
		{"\r\n" GET "\r\n" GET, 2, false},
		{GET LAST GET GET, 2, true},
		{GET "rubbish\r\n\r\n" GET, 2, true},
		{PUTC "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx", 2,
		 true},
		{GET "GET /cou", 1, false},
	};
	(void)state;
	struct conn_options options = conn_plenty();
	options.head_buffer_count = 2;
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		for (uint64_t seed = 1; seed <= 20; seed++) {
			g_running.seed = seed;
			g_running.place = i;
			begin(seed, &options);
			hw_sim_options()->piece_size_max = seed % 2 == 0 ? 3 : 65536;
			struct hw_sim_peer *peer = conn_ask(&g_world, rows[i].text);
			assert_int_equal(conn_answer_count(peer), rows[i].answer_count);
			assert_int_equal(conn_is_over(peer), rows[i].is_over);
			end();
		}
	}
}

/* What the client still sends does not take the answer from it. */
static void answer_is_seen_before_the_end(void **state)
{
	static const char before[] =
		"PUT /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n";
	(void)state;
	struct conn_options options = conn_plenty();
	char *body = calloc(1, 500000);
	assert_non_null(body);
	for (uint64_t seed = 1; seed <= 50; seed++) {
		g_running.seed = seed;
		begin(seed, &options);
		hw_sim_options()->close_loss_percent = 100;
		hw_sim_options()->window_size = 50;
		g_world.answer_size = 2000;
		struct hw_sim_peer *peer = conn_connect(&g_world);
		conn_say(peer, before);
		hw_sim_peer_write(peer, body, 500000);
		hw_sim_peer_shutdown(peer);
		conn_pass(&g_world, 5000);
		assert_true(conn_got_status(peer, 200));
		struct hw_span got = hw_sim_peer_got(peer);
		assert_int_equal((uint8_t)got.bytes[got.size - 1], conn_byte(1999));
		assert_true(conn_is_over(peer));
		end();
	}
	free(body);
}

/* Requests that came ahead and found no place are forgotten; the answer before them is not. */
static void answer_is_seen_before_what_is_forgotten(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	for (uint64_t seed = 1; seed <= 50; seed++) {
		g_running.seed = seed;
		begin(seed, &options);
		struct hw_pool *spills = &g_world.server.spills;
		void *taken[HW_HEAD_SPILL_COUNT];
		for (uint32_t i = 0; i < HW_HEAD_SPILL_COUNT; i++) {
			taken[i] = hw_pool_take(spills);
		}
		hw_sim_options()->piece_gap_us_max = 0;
		hw_sim_options()->close_loss_percent = 100;
		hw_sim_options()->window_size = 50;
		g_world.answer_size = 2000;
		struct hw_sim_peer *peer = conn_connect(&g_world);
		conn_say(peer, "GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n");
		for (uint32_t i = 0; i < 400; i++) { /* more than a buffer */
			conn_say(peer, GET);
		}
		hw_sim_peer_shutdown(peer);
		conn_pass(&g_world, 5000);
		assert_true(conn_got_status(peer, 200));
		struct hw_span got = hw_sim_peer_got(peer);
		assert_int_equal((uint8_t)got.bytes[got.size - 1], conn_byte(1999));
		assert_true(conn_is_over(peer));
		for (uint32_t i = 0; i < HW_HEAD_SPILL_COUNT; i++) {
			hw_pool_give(spills, taken[i]);
		}
		end();
	}
}

/* But not for ever, and not for any number of bytes. */
static void linger_has_limits(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	begin(1, &options);
	struct hw_sim_peer *peer = conn_ask(&g_world, "rubbish\r\n\r\n");
	assert_true(hw_sim_peer_has_end(peer));
	assert_false(hw_sim_peer_is_closed(peer));
	conn_pass(&g_world, 2100);
	assert_true(hw_sim_peer_is_closed(peer));
	peer = conn_ask(&g_world, "rubbish\r\n\r\n");
	char *flood = calloc(1, 18U << 20);
	assert_non_null(flood);
	hw_sim_peer_write(peer, flood, 18U << 20);
	conn_pass(&g_world, 1500);
	assert_true(hw_sim_peer_is_closed(peer));
	free(flood);
	end();
}

/* -- the daemon stops */

static const char *const g_states[] = {
	"",
	"GET /cou",
	"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n",
	"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
	"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1",
	"rubbish\r\n\r\n",
	GET,
};

static void stop_finds_any_state(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	for (uint32_t i = 0; i < hw_count_of(g_states); i++) {
		begin(i, &options);
		struct hw_sim_peer *peer = conn_ask(&g_world, g_states[i]);
		hw_http_server_drain(&g_world.server);
		conn_pass(&g_world, 100);
		bool is_idle = i == 0 || i == 6;
		assert_int_equal(hw_sim_peer_is_closed(peer), is_idle);
		hw_http_server_cut(&g_world.server);
		conn_pass(&g_world, 100);
		if (i == 2) { /* what waits for nobody is not disturbed, but for its answer */
			assert_false(hw_sim_peer_is_closed(peer));
			conn_release(conn_held(&g_world));
			conn_pass(&g_world, 100);
		}
		assert_true(hw_sim_peer_is_closed(peer) || hw_sim_peer_has_end(peer));
		end();
	}
}

static void drain_lets_finish(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	begin(1, &options);
	struct hw_sim_peer *half = conn_ask(&g_world, "GET /count HTTP/1.1\r\nHo");
	struct hw_sim_peer *body = conn_ask(&g_world, "PUT /echo HTTP/1.1\r\nHost: a\r\n"
						      "Content-Length: 3\r\n\r\n");
	hw_http_server_drain(&g_world.server);
	conn_pass(&g_world, 1000);
	conn_say(half, "st: a\r\n\r\n");
	conn_say(body, "abc" GET);
	conn_pass(&g_world, 1000);
	assert_true(conn_got_status(half, 200));
	assert_true(conn_got(half, "Connection: close"));
	assert_true(conn_got_status(body, 200));
	assert_int_equal(conn_answer_count(body), 1);
	end();
}

/* Drain, or stop, or reset, before each step. */
static uint64_t g_place;
static struct hw_sim_peer *g_peer;

static void before_step(void *user, uint64_t step)
{
	const uint32_t *kind = user;
	if (step + 1 != g_place) {
		return;
	}
	if (*kind == 2) {
		hw_sim_peer_unsay(g_peer);
		hw_sim_peer_reset(g_peer);
		return;
	}
	hw_http_server_drain(&g_world.server);
	if (*kind == 1) {
		hw_http_server_cut(&g_world.server);
	}
}

static void every_step_may_be_the_last(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	options.limits.has_peers = true;
	options.limits.has_access_log = true;
	for (uint32_t kind = 0; kind < 3; kind++) {
		bool is_through = false;
		for (g_place = 1; !is_through; g_place++) {
			g_running.place = g_place;
			struct hw_sim_options sim = hw_sim_calm(kind);
			sim.before_step = before_step;
			sim.before_step_user = &kind;
			sim.piece_size_max = 9;
			sim.piece_gap_us_max = 2000;
			sim.delay_percent = 0;
			hw_sim_begin(&sim);
			conn_start(&g_world, &options);
			g_world.waits_first = g_place % 2 == 0;
			g_peer = conn_connect(&g_world);
			conn_say(g_peer, GET PUTC PUT3 "rubbish\r\n\r\n");
			conn_pass(&g_world, 200);
			is_through = hw_sim_step_count() < g_place;
			assert_true(conn_answer_count(g_peer) <= 4);
			end();
		}
		assert_true(g_place > 15);
	}
}

#define PEER "GET /peer HTTP/1.1\r\nHost: a\r\n\r\n"

/* Asked for once, when the connection comes or when somebody needs it, and again by nobody. */
static void a_peer_is_asked_for(void **state)
{
	(void)state;
	for (uint32_t kind = 0; kind < 2; kind++) {
		struct conn_options options = conn_plenty();
		options.limits.has_peers = kind > 0;
		begin(1, &options);
		struct hw_sim_peer *peer = conn_ask(&g_world, PEER PEER);
		assert_int_equal(conn_answer_count(peer), 2);
		assert_true(conn_got(peer, "\r\n\r\n127.0.0.1"));
		end();
	}
}

/* No descriptor is to be had: nobody can say, and all goes on. */
static void a_peer_may_stay_unknown(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	begin(1, &options);
	hw_sim_options()->set_error_percent = 100;
	struct hw_sim_peer *peer = conn_ask(&g_world, PEER);
	assert_true(conn_got(peer, "\r\n\r\n-"));
	end();
}

/* Whatever ends it meanwhile. */
static void asking_may_be_the_last(void **state)
{
	(void)state;
	struct conn_options options = conn_plenty();
	for (uint32_t kind = 0; kind < 3; kind++) {
		bool is_through = false;
		for (g_place = 1; !is_through; g_place++) {
			g_running.place = g_place;
			struct hw_sim_options sim = hw_sim_calm(kind);
			sim.before_step = before_step;
			sim.before_step_user = &kind;
			hw_sim_begin(&sim);
			conn_start(&g_world, &options);
			g_peer = conn_connect(&g_world);
			conn_say(g_peer, PEER PEER);
			conn_pass(&g_world, 200);
			is_through = hw_sim_step_count() < g_place;
			assert_true(conn_answer_count(g_peer) <= 2);
			end();
		}
		assert_true(g_place > 5);
	}
}

static void requests_are_logged(void **state)
{
	(void)state;
	int pipe_fds[2];
	assert_int_equal(pipe(pipe_fds), 0);
	struct hw_log_options log = {
		.fd = pipe_fds[1], .level = HW_LOG_INFO, .format = HW_LOG_FORMAT_TEXT};
	hw_log_start(&log);
	struct conn_options options = conn_plenty();
	options.limits.has_peers = true;
	options.limits.has_access_log = true;
	begin(1, &options);
	(void)conn_ask(&g_world, "GET /s/secretsecretsecret HTTP/1.1\r\nHost: a\r\n\r\n");
	end();
	hw_log_stop();
	char line[1024] = {0};
	assert_true(read(pipe_fds[0], line, sizeof(line) - 1) > 0);
	assert_non_null(strstr(line, "request"));
	assert_non_null(strstr(line, "peer=127.0.0.1"));
	assert_non_null(strstr(line, "method=GET"));
	assert_non_null(strstr(line, "status=200"));
	assert_null(strstr(line, "secretsecret")); /* a path's beginning only */
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_follow_each_other),
		cmocka_unit_test(answer_is_seen_before_the_end),
		cmocka_unit_test(answer_is_seen_before_what_is_forgotten),
		cmocka_unit_test(linger_has_limits),
		cmocka_unit_test(stop_finds_any_state),
		cmocka_unit_test(drain_lets_finish),
		cmocka_unit_test(every_step_may_be_the_last),
		cmocka_unit_test(a_peer_is_asked_for),
		cmocka_unit_test(a_peer_may_stay_unknown),
		cmocka_unit_test(asking_may_be_the_last),
		cmocka_unit_test(requests_are_logged),
	};
	seeds_watch();
	seeds_log();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
