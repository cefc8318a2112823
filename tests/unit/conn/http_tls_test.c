/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: over TLS a connection does what it does without: requests follow each other, bodies and
 * answers are whole, slow clients hold nothing but one record, and whatever ends a connection
 * leaves nothing behind. Records may be cut anywhere; what was tampered with, and an end that
 * nobody announced, is never taken for the whole.
 *
 * Method: OpenSSL as the client over the simulated ring; many seeds; a cut at every byte; pools
 * that are empty; a drain, a stop and a reset before every step.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/conn/http_steps.h"
#include "net/conn/http_tls.h"
#include "simd/kernels.h"
#include "tests/sim/seeds.h"
#include "tests/unit/conn/conn_world.h"
#include "tests/unit/conn/tls_far.h"

#define GET   "GET /count HTTP/1.1\r\nHost: a\r\n\r\n"
#define BYTES "GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n"
#define PUTC                                                                                       \
	"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n"

static struct conn_world g_world;
static struct hw_tls_contexts g_contexts;

static struct far g_far;

static void begin_as(uint64_t seed, bool is_chaos, const struct conn_options *options)
{
	struct hw_sim_options sim = is_chaos ? hw_sim_chaos(seed) : hw_sim_calm(seed);
	struct conn_options probed = *options;
	hw_sim_begin(&sim);
	conn_start(&g_world, &probed);
}

static struct conn_options sealed_plenty(void)
{
	struct conn_options options = conn_plenty();
	options.contexts = &g_contexts;
	return options;
}

static void begin(uint64_t seed)
{
	struct conn_options options = sealed_plenty();
	begin_as(seed, false, &options);
}

static void end(void)
{
	far_close(&g_far);
	conn_stop(&g_world);
	hw_sim_end();
}

static void far_open_agreed(int version)
{
	far_open(&g_far, &g_world, version);
	assert_true(far_agree(&g_far));
	far_pass(&g_far, 20); /* its last message is there, too */
}

/* -- what it does without */

static void requests_follow_each_other(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		g_running.seed = seed;
		begin(seed);
		hw_sim_options()->piece_size_max = seed % 2 == 0 ? 300 : 65536;
		far_open_agreed(seed % 3 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
		for (uint32_t i = 0; i < 3; i++) {
			far_say(&g_far, GET, sizeof(GET) - 1);
			far_say(&g_far, PUTC PUTC, sizeof(PUTC PUTC) - 1);
			far_pass(&g_far, 400);
			assert_int_equal(far_answer_count(&g_far), 3 * (i + 1));
		}
		assert_non_null(memmem(g_far.got, g_far.got_size,
				       "Strict-Transport-Security: max-age=60\r\n", 39));
		assert_int_equal(hw_pool_used_count(&g_world.server.tls.records), 0);
		end();
	}
}

static void body_echo(uint64_t seed, uint32_t size, uint32_t step)
{
	char head[128];
	char *body = malloc(size);
	assert_non_null(body);
	for (uint32_t i = 0; i < size; i++) {
		body[i] = (char)conn_byte(i + seed);
	}
	int head_size =
		snprintf(head, sizeof(head),
			 "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %u\r\n\r\n", size);
	far_say(&g_far, head, (uint32_t)head_size);
	for (uint32_t at = 0; at < size; at += step) {
		far_say(&g_far, body + at, hw_min(step, size - at));
	}
	g_far.got_size = 0;
	far_pass(&g_far, 1000);
	assert_int_equal(far_answer_count(&g_far), 1);
	assert_true(g_far.got_size > size);
	assert_memory_equal(g_far.got + g_far.got_size - size, body, size);
	free(body);
}

static void bodies_are_whole(void **state)
{
	static const uint32_t sizes[] = {1, 100, 16384, 16385, 100000, 700000};
	void *taken[HW_TLS_BATCH_COUNT];
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		g_running.seed = seed;
		begin(seed);
		hw_sim_options()->piece_gap_us_max = 20;
		g_world.recv_size = seed % 4 == 0 ? 10000 : 262144;
		g_world.waits_first = seed % 2 == 0;
		/* Without batches it takes a record at a time. */
		uint32_t taken_count = seed % 6 == 0 ? HW_TLS_BATCH_COUNT : 0;
		struct hw_pool *batches = &g_world.server.tls.batches;
		for (uint32_t i = 0; i < taken_count; i++) {
			taken[i] = hw_pool_take(batches);
		}
		far_open_agreed(seed % 3 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
		for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
			body_echo(seed, sizes[i], seed % 5 == 0 ? 5000 : 65536);
		}
		for (uint32_t i = 0; i < taken_count; i++) {
			hw_pool_give(batches, taken[i]);
		}
		end();
	}
}

/* -- cuts */

/* All that the client has to say comes in two pieces; @cut: where. Returns false when it is
 * shorter.
 */
static bool cut_write(struct far *far, uint32_t cut)
{
	uint32_t size = 0;
	uint8_t *bytes = tls_client_take(&far->client, &size);
	bool is_inside = cut < size;
	uint32_t first = hw_min(cut, size);
	hw_sim_peer_write(far->peer, bytes, first);
	conn_pass(&g_world, 3);
	hw_sim_peer_write(far->peer, bytes + first, size - first);
	free(bytes);
	conn_pass(&g_world, 3);
	return is_inside;
}

static void records_are_cut_anywhere(void **state)
{
	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		bool is_inside = true;
		for (uint32_t cut = 0; is_inside; cut++) {
			g_running.place = cut;
			begin(cut);
			hw_sim_options()->piece_size_max = 65536;
			far_open(&g_far, &g_world, version);
			is_inside = false;
			for (uint32_t i = 0; i < 4 && SSL_is_init_finished(g_far.client.ssl) == 0;
			     i++) {
				far_read(&g_far);
				is_inside = cut_write(&g_far, cut) || is_inside;
			}
			assert_true(far_agree(&g_far));
			far_say(&g_far, GET, 20);
			far_say(&g_far, &GET[20], sizeof(GET) - 1 - 20);
			far_say(&g_far, PUTC, sizeof(PUTC) - 1);
			is_inside = cut_write(&g_far, cut) || is_inside;
			far_pass(&g_far, 50);
			assert_int_equal(far_answer_count(&g_far), 2);
			end();
		}
	}
}

/* -- slow clients */

static void slow_readers_get_all(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 24; seed++) {
		g_running.seed = seed;
		begin(seed);
		g_world.answer_size = 900000;
		g_world.goes_on = seed % 2 == 0;
		hw_sim_options()->window_size = 20000;
		far_open_agreed(seed % 3 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
		hw_sim_peer_hold(g_far.peer, true);
		far_say(&g_far, BYTES, sizeof(BYTES) - 1);
		far_write(&g_far);
		for (uint32_t i = 0; i < 4; i++) { /* it reads a little, then nothing for long */
			conn_pass(&g_world, 2500);
			far_read(&g_far);
		}
		hw_sim_peer_hold(g_far.peer, false);
		far_pass(&g_far, 3000);
		assert_int_equal(far_answer_count(&g_far), 1);
		assert_true(g_far.got_size > g_world.answer_size);
		const char *body = g_far.got + g_far.got_size - g_world.answer_size;
		for (uint32_t i = 0; i < g_world.answer_size; i++) {
			assert_int_equal((uint8_t)body[i], conn_byte(i));
		}
		far_say(&g_far, GET, sizeof(GET) - 1); /* and it goes on */
		far_pass(&g_far, 100);
		assert_int_equal(far_answer_count(&g_far), 2);
		end();
	}
}

/* Above 1 KiB/s an upload may take its time, though a record takes longer than any patience. */
static void slow_writers_are_judged(void **state)
{
	static const char head[] =
		"PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n";
	static char body[60000];
	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		bool is_fast = i % 2 == 0;
		uint32_t size = 0;
		begin(i);
		g_world.waits_first = i % 4 > 1;
		far_open_agreed(i < 4 ? TLS1_2_VERSION : TLS1_3_VERSION);
		far_say(&g_far, head, sizeof(head) - 1);
		far_say(&g_far, body, sizeof(body));
		uint8_t *bytes = tls_client_take(&g_far.client, &size);
		uint32_t step = is_fast ? 200 : 20; /* in a tenth of a second */
		for (uint32_t at = 0; at < size && !conn_is_over(g_far.peer); at += step) {
			hw_sim_peer_write(g_far.peer, bytes + at, hw_min(step, size - at));
			conn_pass(&g_world, 100);
		}
		far_pass(&g_far, 100);
		assert_int_equal(far_answer_count(&g_far), is_fast ? 1 : 0);
		assert_int_equal(conn_is_over(g_far.peer), !is_fast);
		free(bytes);
		end();
	}
}

/* The talk has its buffer back within seconds, though nothing was read; the connection keeps what
 * is sealed, and goes on with it. */
static void what_is_sealed_outlives_its_talk(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		begin(i);
		g_world.answer_size = 100000;
		hw_sim_options()->window_size = 20000;
		far_open_agreed(TLS1_3_VERSION);
		hw_sim_peer_hold(g_far.peer, true);
		far_say(&g_far, BYTES GET, sizeof(BYTES GET) - 1);
		far_write(&g_far);
		conn_pass(&g_world, 2000);
		assert_int_equal(g_world.ended_count, 1);
		assert_int_equal(g_world.begun_count, 1); /* the next waits for the rest of it */
		if (i == 1) { /* it never reads: it is cut, as without TLS */
			conn_pass(&g_world, 60000);
			assert_true(conn_is_over(g_far.peer));
		} else {
			hw_sim_peer_hold(g_far.peer, false);
			far_pass(&g_far, 500);
			assert_int_equal(far_answer_count(&g_far), 2);
		}
		end();
	}
}

/* -- what is wrong */

static void plain_http_is_told(void **state)
{
	(void)state;
	begin(1);
	far_open(&g_far, &g_world, TLS1_3_VERSION);
	struct hw_sim_peer *peer = conn_ask(&g_world, GET);
	assert_true(conn_got_status(peer, 400));
	assert_true(conn_got(peer, "https://"));
	assert_false(conn_got(peer, "Strict-Transport-Security"));
	assert_true(conn_is_over(peer));
	end();
}

static void tampered_records_end_it(void **state)
{
	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		for (uint32_t at = 5; at < 60; at++) {
			uint32_t size = 0;
			begin(at);
			far_open_agreed(version);
			far_say(&g_far, GET, sizeof(GET) - 1);
			uint8_t *bytes = tls_client_take(&g_far.client, &size);
			bytes[5 + at % (size - 5)] ^= 1;
			hw_sim_peer_write(g_far.peer, bytes, size);
			free(bytes);
			far_pass(&g_far, 100);
			assert_int_equal(g_world.begun_count, 0);
			assert_true(g_far.is_broken); /* it got our alert, not an end */
			assert_false(g_far.is_closed);
			assert_int_equal(
				hw_metrics_read(&g_world.metrics, HW_METRIC_tls_records_refused),
				1);
			end();
		}
	}
}

/* An end in the middle of a body, announced or not, is not the body's end. */
static void ends_inside_a_body_are_errors(void **state)
{
	static const char head[] = "PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n";
	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		begin(i);
		far_open_agreed(i < 3 ? TLS1_2_VERSION : TLS1_3_VERSION);
		far_say(&g_far, head, sizeof(head) - 1);
		far_say(&g_far, head, 30);
		if (i % 3 == 0) {
			(void)SSL_shutdown(g_far.client.ssl);
		}
		far_write(&g_far);
		if (i % 3 != 1) {
			hw_sim_peer_shutdown(g_far.peer);
		} else {
			hw_sim_peer_reset(g_far.peer);
		}
		conn_pass(&g_world, 100);
		assert_int_equal(g_world.aborted_count, 1);
		assert_int_equal(g_world.error, -ECONNRESET);
		end();
	}
}

static void keys_change_in_a_body(void **state)
{
	static const char head[] = "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n";
	static char body[60000];
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		begin(seed);
		far_open_agreed(TLS1_3_VERSION);
		memset(body, 'k', sizeof(body));
		far_say(&g_far, head, sizeof(head) - 1);
		far_say(&g_far, body, 20000);
		assert_int_equal(SSL_key_update(g_far.client.ssl,
						seed % 2 == 0 ? SSL_KEY_UPDATE_REQUESTED
							      : SSL_KEY_UPDATE_NOT_REQUESTED),
				 1);
		far_say(&g_far, body, 40000);
		far_pass(&g_far, 300);
		far_say(&g_far, GET, sizeof(GET) - 1);
		far_pass(&g_far, 100);
		assert_int_equal(far_answer_count(&g_far), 2);
		assert_false(g_far.is_broken);
		end();
	}
}

/* Who begins a handshake, or a record, and does not go on, is closed in time. */
static void half_words_are_not_waited_for(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t size = 0;
		begin(i);
		far_open(&g_far, &g_world, TLS1_3_VERSION);
		if (i > 1) {
			assert_true(far_agree(&g_far));
			far_say(&g_far, GET, sizeof(GET) - 1);
		} else {
			(void)SSL_do_handshake(g_far.client.ssl);
		}
		uint8_t *bytes = tls_client_take(&g_far.client, &size);
		hw_sim_peer_write(g_far.peer, bytes, i % 2 == 0 ? 1 : size - 1);
		free(bytes);
		conn_pass(&g_world, 9000);
		assert_false(conn_is_over(g_far.peer));
		conn_pass(&g_world, 2000);
		assert_true(conn_is_over(g_far.peer));
		assert_int_equal(hw_pool_used_count(&g_world.server.tls.records), 0);
		end();
	}
}

/* -- full and empty pools */

/* Whoever fills the table does not keep an honest client out; those who came first go. */
static void handshakes_make_place(void **state)
{
	static struct hw_sim_peer *peers[HW_TLS_HANDSHAKE_COUNT];
	uint32_t size = 0;
	uint32_t closed_count = 0;
	(void)state;
	struct conn_options options = sealed_plenty();
	options.limits.connections_max = HW_TLS_HANDSHAKE_COUNT + 8;
	begin_as(1, false, &options);
	far_open(&g_far, &g_world, TLS1_3_VERSION);
	(void)SSL_do_handshake(g_far.client.ssl);
	uint8_t *hello = tls_client_take(&g_far.client, &size);
	for (uint32_t i = 0; i < HW_TLS_HANDSHAKE_COUNT; i++) {
		peers[i] = conn_connect(&g_world);
		hw_sim_peer_write(peers[i], hello, size);
	}
	conn_pass(&g_world, 500);
	struct hw_tls_server *server = &g_world.server.tls;
	assert_int_equal(hw_pool_used_count(&server->handshakes), HW_TLS_HANDSHAKE_COUNT);
	hw_sim_peer_write(g_far.peer, hello, size);
	free(hello);
	assert_true(far_agree(&g_far));
	far_say(&g_far, GET, sizeof(GET) - 1);
	far_pass(&g_far, 100);
	assert_int_equal(far_answer_count(&g_far), 1);
	for (uint32_t i = 0; i < HW_TLS_HANDSHAKE_COUNT; i++) {
		closed_count += conn_is_over(peers[i]);
	}
	assert_int_equal(closed_count, 1);
	assert_int_equal(hw_metrics_read(&g_world.metrics, HW_METRIC_tls_handshakes_failed), 1);
	conn_pass(&g_world, 11000); /* and the others are not waited for */
	assert_int_equal(hw_pool_used_count(&server->handshakes), 0);
	end();
}

static void rooms_are_waited_for(void **state)
{
	static void *taken[HW_TLS_RECORD_COUNT];
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		begin(seed);
		struct hw_pool *records = &g_world.server.tls.records;
		far_open(&g_far, &g_world, TLS1_3_VERSION);
		if (seed % 2 == 0) {
			assert_true(far_agree(&g_far));
			far_say(&g_far, GET, sizeof(GET) - 1);
		} else {
			(void)SSL_do_handshake(g_far.client.ssl);
		}
		for (uint32_t i = 0; i < HW_TLS_RECORD_COUNT; i++) {
			taken[i] = hw_pool_take(records);
			assert_non_null(taken[i]);
		}
		far_pass(&g_far, 500);
		assert_int_equal(g_world.begun_count, 0);
		assert_true(hw_metrics_read(&g_world.metrics, HW_METRIC_tls_room_waits) > 0);
		if (seed > 5) { /* too late: it is closed while it waits */
			conn_pass(&g_world, 11000);
			assert_true(conn_is_over(g_far.peer));
		}
		for (uint32_t i = 0; i < HW_TLS_RECORD_COUNT; i++) {
			hw_pool_give(records, taken[i]);
		}
		if (seed <= 5) {
			assert_true(far_agree(&g_far));
			if (seed % 2 != 0) {
				far_say(&g_far, GET, sizeof(GET) - 1);
			}
			far_pass(&g_far, 100);
			assert_int_equal(far_answer_count(&g_far), 1);
		}
		end();
	}
}

/* -- any end at any step */

static uint64_t g_place;

static void before_step(void *user, uint64_t step)
{
	const uint32_t *kind = user;
	if (step + 1 != g_place || g_far.peer == NULL) { /* not there yet, or any more */
		return;
	}
	if (*kind == 2) {
		hw_sim_peer_unsay(g_far.peer);
		hw_sim_peer_reset(g_far.peer);
		g_far.is_gone = true;
		return;
	}
	hw_http_server_drain(&g_world.server);
	if (*kind == 1) {
		hw_http_server_cut(&g_world.server);
	}
}

static void scenario(void)
{
	far_open(&g_far, &g_world, TLS1_3_VERSION);
	for (uint32_t i = 0; i < 60; i++) {
		far_pass(&g_far, FAR_ROUND_MS);
	}
	if (SSL_is_init_finished(g_far.client.ssl) == 1 && !g_far.is_broken) {
		(void)SSL_write(g_far.client.ssl, PUTC BYTES, sizeof(PUTC BYTES) - 1);
	}
	far_pass(&g_far, 100);
}

static void every_step_may_be_the_last(void **state)
{
	(void)state;
	struct conn_options options = sealed_plenty();
	for (uint32_t kind = 0; kind < 3; kind++) {
		bool is_through = false;
		for (g_place = 1; !is_through; g_place++) {
			g_running.place = g_place;
			struct hw_sim_options sim = hw_sim_calm(kind);
			sim.before_step = before_step;
			sim.before_step_user = &kind;
			sim.piece_size_max = 400;
			hw_sim_begin(&sim);
			conn_start(&g_world, &options);
			g_world.answer_size = 50000;
			scenario();
			is_through = hw_sim_step_count() < g_place;
			end();
		}
	}
}

static void chaos_leaves_nothing(void **state)
{
	(void)state;
	struct conn_options options = sealed_plenty();
	for (uint64_t seed = 1; seed <= 300; seed++) {
		g_running.seed = seed;
		begin_as(seed, true, &options);
		g_world.answer_size = 200000;
		scenario();
		end();
	}
}

int main(void)
{
	static const char *const host = "one.example";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_follow_each_other),
		cmocka_unit_test(bodies_are_whole),
		cmocka_unit_test(records_are_cut_anywhere),
		cmocka_unit_test(slow_readers_get_all),
		cmocka_unit_test(slow_writers_are_judged),
		cmocka_unit_test(what_is_sealed_outlives_its_talk),
		cmocka_unit_test(plain_http_is_told),
		cmocka_unit_test(tampered_records_end_it),
		cmocka_unit_test(ends_inside_a_body_are_errors),
		cmocka_unit_test(keys_change_in_a_body),
		cmocka_unit_test(half_words_are_not_waited_for),
		cmocka_unit_test(handshakes_make_place),
		cmocka_unit_test(rooms_are_waited_for),
		cmocka_unit_test(every_step_may_be_the_last),
		cmocka_unit_test(chaos_leaves_nothing),
	};
	seeds_watch();
	if (hw_simd_init(HW_SIMD_AUTO) < 0) {
		return 1;
	}
	tls_client_contexts(&g_contexts, &host, 1);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	hw_tls_contexts_deinit(&g_contexts);
	return failed;
}
