/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a WebSocket connection brings each message once and in order, answers pings and closes as
 * RFC 6455 asks, ends who is silent, slow or wrong, and gives everything back however it ends.
 *
 * Method: a talk that echoes, over the simulated ring: scripts of frames in pieces of any size; a
 * disturbance before every step; the patience of each kind; hundreds of seeds of chaos.
 */
#include "net/conn/ws_conn.h"

#include "core/base/prng.h"

#include "tests/sim/seeds.h"
#include "tests/sim/ws_peer.h"
#include "tests/unit/conn/ws_talk.h"

#define UPGRADE    "GET /ws HTTP/1.1\r\nHost: a\r\n\r\n"
#define ANSWER_END "\r\n\r\n"

static struct conn_world g_world;
static struct ws_talk g_talk;

/* -- the world */

static void world_begin(const struct hw_sim_options *sim)
{
	struct conn_options options = conn_plenty();
	hw_sim_begin(sim);
	conn_start(&g_world, &options);
	g_world.takes = ws_talk_takes;
	ws_talk_begin(&g_talk, &g_world);
}

static void world_end(void)
{
	conn_stop(&g_world);
	ws_talk_end(&g_talk);
	hw_sim_end();
}

static void say(struct hw_sim_peer *peer, uint32_t first, const void *payload, uint32_t size)
{
	static char bytes[HW_WS_MESSAGE_SIZE_MAX + WS_HEAD_MAX + 1];
	uint32_t frame_size = ws_client_frame(first, payload, size, true, bytes);
	hw_sim_peer_write(peer, bytes, frame_size);
}

static void say_text(struct hw_sim_peer *peer, uint32_t first, const char *text)
{
	say(peer, first, text, (uint32_t)strlen(text));
}

/* The frames behind the answer; size 0 when it is not there yet. */
static struct hw_span frames_of(struct hw_sim_peer *peer)
{
	struct hw_span got = hw_sim_peer_got(peer);
	const char *end = got.size > 0 ? memmem(got.bytes, got.size, ANSWER_END, 4) : NULL;
	return end == NULL ? (struct hw_span){NULL, 0}
			   : hw_span_skip(got, (uint32_t)(end - got.bytes) + 4);
}

static bool frames_are(struct hw_sim_peer *peer, const char *bytes, uint32_t size)
{
	struct hw_span frames = frames_of(peer);
	return hw_span_equal(frames, (struct hw_span){bytes, size});
}

static struct hw_sim_peer *upgraded(void)
{
	struct hw_sim_peer *peer = conn_ask(&g_world, UPGRADE);
	assert_true(conn_got_status(peer, 101));
	return peer;
}

/* -- the tests */

static void echo_script_say(struct hw_sim_peer *peer)
{
	say_text(peer, 0x81, "Hello");
	say_text(peer, 0x01, "a");
	say_text(peer, 0x89, "1");
	say_text(peer, 0x00, "b");
	say_text(peer, 0x89, "2");
	say_text(peer, 0x8a, "unasked");
	say_text(peer, 0x80, "c");
	say_text(peer, 0x89, "3");
	say_text(peer, 0x82, "");
	say(peer, 0x88, "\x03\xe8 bye", 6);
}

static const char g_echo_script[] = "\x81\x05Hello\x8a\x01"
				    "1\x8a\x01"
				    "2\x81\x03"
				    "abc\x8a\x01"
				    "3\x82\x00\x88\x02\x03\xe8";

static void messages_come_in_any_pieces(void **state)
{
	(void)state;
	g_running.part = "pieces";
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct hw_sim_options sim = hw_sim_calm(seed);
		sim.piece_size_max = (uint32_t)(1 + seed % 70);
		g_running.seed = seed;
		world_begin(&sim);
		struct hw_sim_peer *peer = conn_connect(&g_world);
		conn_say(peer, UPGRADE);
		echo_script_say(peer); /* some of it ahead of the answer */
		conn_pass(&g_world, 1000);
		assert_true(frames_are(peer, g_echo_script, sizeof(g_echo_script) - 1));
		hw_sim_peer_shutdown(peer);
		conn_pass(&g_world, 1000);
		assert_true(conn_is_over(peer));
		assert_int_equal(g_talk.closed_count, 1);
		assert_int_equal(g_talk.message_count, 3);
		world_end();
	}
}

static void long_messages_are_echoed(void **state)
{
	(void)state;
	static char text[HW_WS_MESSAGE_SIZE_MAX];
	static const uint32_t sizes[] = {125, 126, 4096, 8192, 65535, 65536};
	memset(text, 'x', sizeof(text));
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		struct hw_sim_options sim = hw_sim_calm(i + 1);
		world_begin(&sim);
		hw_sim_options()->piece_size_max = 3000;
		struct hw_sim_peer *peer = upgraded();
		say(peer, 0x81, text, sizes[i]);
		say(peer, 0x81, text, sizes[i]);
		conn_pass(&g_world, 5000);
		struct hw_span frames = frames_of(peer);
		for (uint32_t j = 0; j < 2; j++) {
			struct ws_server_frame frame = {0};
			assert_true(ws_server_frame_next(&frames, &frame));
			assert_int_equal(frame.payload.size, sizes[i]);
			assert_memory_equal(frame.payload.bytes, text, sizes[i]);
		}
		assert_int_equal(hw_pool_used_count(&g_talk.server.inboxes), 0);
		world_end();
	}
}

/* Who is wrong is told so, and can read it before the connection ends. */
static void faults_are_answered(void **state)
{
	static const struct {
		uint32_t first;
		const char *payload;
		const char *answer;
	} rows[] = {
		{0x83, "x", "\x88\x02\x03\xea"},
		{0x81, "\xff", "\x88\x02\x03\xef"},
		{0x88, "\x03\xed", "\x88\x02\x03\xea"},
		{0x88, "\x0f\xa0", "\x88\x02\x0f\xa0"},
	};
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		for (uint64_t seed = 1; seed <= 20; seed++) {
			struct hw_sim_options sim = hw_sim_calm(seed);
			g_running.seed = seed;
			g_running.place = i;
			sim.close_loss_percent = 100;
			world_begin(&sim);
			struct hw_sim_peer *peer = upgraded();
			say_text(peer, rows[i].first, rows[i].payload);
			say_text(peer, 0x81, "what comes behind it is not heard");
			conn_pass(&g_world, 100);
			assert_true(frames_are(peer, rows[i].answer, 4));
			hw_sim_peer_shutdown(peer);
			conn_pass(&g_world, 100);
			assert_true(conn_is_over(peer));
			assert_int_equal(g_talk.message_count, 0);
			world_end();
		}
	}
}

/* -- patience */

static void who_is_silent_is_pinged(void **state)
{
	(void)state;
	struct hw_sim_options sim = hw_sim_calm(1);
	world_begin(&sim);
	struct hw_sim_peer *peer = upgraded();
	conn_pass(&g_world, HW_WS_PING_INTERVAL_MS - 1000);
	assert_true(frames_are(peer, "", 0));
	conn_pass(&g_world, 1000);
	assert_true(frames_are(peer, "\x89\x00", 2));
	say(peer, 0x8a, "", 0);
	conn_pass(&g_world, HW_WS_PING_INTERVAL_MS - 1000);
	assert_true(frames_are(peer, "\x89\x00", 2));
	conn_pass(&g_world, 1100);
	assert_true(frames_are(peer, "\x89\x00\x89\x00", 4));
	conn_pass(&g_world, HW_WS_PONG_TIMEOUT_MS - 1000);
	assert_int_equal(g_talk.closed_count, 0);
	conn_pass(&g_world, 1100);
	assert_true(conn_is_over(peer));
	assert_int_equal(g_talk.closed_count, 1);
	world_end();
}

static void who_is_slow_is_closed(void **state)
{
	(void)state;
	struct hw_sim_options sim = hw_sim_calm(1);
	world_begin(&sim);
	struct hw_sim_peer *peer = upgraded();
	say_text(peer, 0x01, "the beginning");
	for (uint32_t i = 0; i < 29; i++) { /* it does say something */
		conn_pass(&g_world, 1000);
		say_text(peer, 0x00, ".");
	}
	assert_true(frames_are(peer, "", 0));
	conn_pass(&g_world, 1500);
	assert_true(frames_are(peer, "\x88\x02\x03\xf0", 4));
	conn_pass(&g_world, HW_WS_CLOSE_TIMEOUT_MS + 100); /* it does not answer */
	assert_true(conn_is_over(peer));
	world_end();
}

static void who_does_not_read_is_closed(void **state)
{
	(void)state;
	static char text[HW_WS_MESSAGE_SIZE_MAX];
	struct hw_sim_options sim = hw_sim_calm(1);
	memset(text, 'x', sizeof(text));
	world_begin(&sim);
	struct hw_sim_peer *peer = upgraded();
	hw_sim_peer_hold(peer, true);
	hw_sim_peer_window_set(peer, 1000);
	say(peer, 0x81, text, sizeof(text));
	conn_pass(&g_world, HW_WS_PATIENCE_MS - 1000);
	assert_int_equal(g_talk.closed_count, 0);
	conn_pass(&g_world, 2000);
	assert_int_equal(g_talk.closed_count, 1);
	world_end();
}

/* A talk that keeps a message stops the client, not the pings. */
static void a_talk_may_keep_a_message(void **state)
{
	(void)state;
	struct hw_sim_options sim = hw_sim_calm(1);
	world_begin(&sim);
	g_talk.is_mute = true;
	struct hw_sim_peer *peer = upgraded();
	say_text(peer, 0x81, "first");
	say_text(peer, 0x81, "second");
	conn_pass(&g_world, 1000);
	assert_int_equal(g_talk.message_count, 1);
	g_talk.is_mute = false;
	g_talk.echoes[0].has_message = false;
	hw_ws_conn_message_done(&g_talk.echoes[0].ws);
	conn_pass(&g_world, 1000);
	assert_int_equal(g_talk.message_count, 2);
	assert_true(frames_are(peer, "\x81\x06second", 8));
	world_end();
}

/* What is on its way to a connection by mail finds it, though it was cut meanwhile. */
static void a_cut_waits_for_mail(void **state)
{
	(void)state;
	struct hw_sim_options sim = hw_sim_calm(1);
	world_begin(&sim);
	g_talk.is_mute = true;
	struct hw_sim_peer *peer = upgraded();
	say_text(peer, 0x81, "first");
	conn_pass(&g_world, 1000);
	g_talk.echoes[0].has_message = false;
	hw_ws_conn_message_done(&g_talk.echoes[0].ws);
	struct hw_http_conn *conn = g_talk.echoes[0].conn;
	assert_true(conn->is_mailed);
	hw_http_server_drain(&g_world.server);
	hw_http_server_cut(&g_world.server);
	conn_pass(&g_world, 1000);
	assert_int_equal(g_talk.closed_count, 1);
	world_end();
}

/* When no inbox is left, who has had one for the longest time loses it. */
static void the_slowest_gives_its_inbox(void **state)
{
	(void)state;
	struct hw_sim_options sim = hw_sim_calm(1);
	void *taken[HW_WS_INBOX_COUNT];
	world_begin(&sim);
	for (uint32_t i = 0; i < HW_WS_INBOX_COUNT - 2; i++) {
		taken[i] = hw_pool_take(&g_talk.server.inboxes);
	}
	struct hw_sim_peer *peers[3];
	for (uint32_t i = 0; i < 3; i++) {
		peers[i] = upgraded();
	}
	say_text(peers[0], 0x01, "slow");
	conn_pass(&g_world, 1000);
	say_text(peers[1], 0x01, "less ");
	conn_pass(&g_world, 1000);
	say_text(peers[2], 0x81, "whole");
	conn_pass(&g_world, 100);
	assert_true(frames_are(peers[2], "\x81\x05whole", 7));
	assert_true(frames_are(peers[0], "\x88\x02\x03\xf0", 4));
	say_text(peers[1], 0x80, "slow");
	conn_pass(&g_world, 100);
	assert_true(frames_are(peers[1], "\x81\x09less slow", 11));
	say_text(peers[0], 0x80, "the rest");
	conn_pass(&g_world, 5000);
	assert_true(conn_is_over(peers[0]));
	for (uint32_t i = 0; i < HW_WS_INBOX_COUNT - 2; i++) {
		hw_pool_give(&g_talk.server.inboxes, taken[i]);
	}
	world_end();
}

/* -- a disturbance at every step */

enum disturbance {
	NOTHING = 0,
	PEER_RESETS,
	PEER_FINISHES,
	DRAIN,
	CUT,
	TALK_CLOSES,
	DISTURBANCE_COUNT,
};

static struct {
	enum disturbance disturbance;
	uint64_t place;
	struct hw_sim_peer *peer;
} g_run;

static void before_step(void *user, uint64_t step)
{
	(void)user;
	if (step + 1 != g_run.place || g_run.peer == NULL) {
		return;
	}
	switch (g_run.disturbance) {
	case PEER_RESETS:
		hw_sim_peer_unsay(g_run.peer);
		hw_sim_peer_reset(g_run.peer);
		break;
	case PEER_FINISHES:
		hw_sim_peer_unsay(g_run.peer);
		hw_sim_peer_shutdown(g_run.peer);
		break;
	case DRAIN:
		hw_http_server_drain(&g_world.server);
		break;
	case CUT:
		hw_http_server_drain(&g_world.server);
		hw_http_server_cut(&g_world.server);
		break;
	case TALK_CLOSES:
		if (g_talk.echoes[0].conn != NULL && hw_ws_conn_is_open(&g_talk.echoes[0].ws)) {
			hw_ws_conn_close(&g_talk.echoes[0].ws, HW_WS_CODE_AGAIN);
		}
		break;
	default:
		break;
	}
}

static uint64_t disturbed_run(enum disturbance disturbance, uint64_t place, uint64_t seed)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	g_running.seed = seed;
	g_running.place = place;
	g_run.disturbance = disturbance;
	g_run.place = place;
	g_run.peer = NULL;
	sim.before_step = before_step;
	sim.piece_size_max = seed % 2 == 0 ? 4 : 1000;
	world_begin(&sim);
	g_run.peer = conn_connect(&g_world);
	conn_say(g_run.peer, UPGRADE);
	echo_script_say(g_run.peer);
	conn_pass(&g_world, 5000);
	if (disturbance == NOTHING) {
		assert_true(frames_are(g_run.peer, g_echo_script, sizeof(g_echo_script) - 1));
	} else if (disturbance != TALK_CLOSES) {
		struct hw_span frames = frames_of(g_run.peer);
		uint32_t size = hw_min(frames.size, (uint32_t)sizeof(g_echo_script) - 1);
		struct ws_server_frame frame = {0};
		while (ws_server_frame_next(&frames, &frame)) {
		}
		assert_int_equal(frames.size > 0 && disturbance == DRAIN, 0);
		assert_true(size <= sizeof(g_echo_script));
	}
	uint64_t count = hw_sim_step_count();
	world_end();
	return count;
}

static void anything_may_happen_at_every_step(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		uint64_t step_count = disturbed_run(NOTHING, 0, seed);
		assert_true(step_count > 5);
		for (uint32_t i = 1; i < DISTURBANCE_COUNT; i++) {
			g_running.part = "disturbance";
			for (uint64_t place = 1; place <= step_count; place++) {
				(void)disturbed_run((enum disturbance)i, place, seed);
			}
		}
	}
}

/* -- chaos */

static void chaos_leaves_nothing_behind(void **state)
{
	(void)state;
	static char text[5000];
	memset(text, 'y', sizeof(text));
	g_running.part = "chaos";
	for (uint64_t seed = 1; seed <= 1000; seed++) {
		struct hw_sim_options sim = hw_sim_chaos(seed);
		g_running.seed = seed;
		world_begin(&sim);
		struct hw_prng prng;
		hw_prng_init(&prng, seed);
		for (uint32_t i = 0; i < 4; i++) {
			struct hw_sim_peer *peer = conn_connect(&g_world);
			conn_say(peer, UPGRADE);
			uint64_t count = hw_prng_below(&prng, 8);
			for (uint64_t j = 0; j < count; j++) {
				static const uint8_t firsts[] = {0x81, 0x82, 0x89,
								 0x01, 0x8a, 0x83};
				uint8_t first = firsts[hw_prng_below(&prng, sizeof(firsts))];
				uint64_t most = (first & 0x08) != 0 ? 126 : sizeof(text);
				say(peer, first, text, (uint32_t)hw_prng_below(&prng, most));
			}
			if (hw_prng_chance(&prng, 30)) {
				hw_sim_peer_hold(peer, true);
				hw_sim_peer_window_set(peer, 100);
			}
			if (hw_prng_chance(&prng, 30)) {
				hw_sim_peer_reset(peer);
			}
		}
		conn_pass(&g_world, hw_prng_below(&prng, 100000));
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_in_any_pieces),
		cmocka_unit_test(long_messages_are_echoed),
		cmocka_unit_test(faults_are_answered),
		cmocka_unit_test(who_is_silent_is_pinged),
		cmocka_unit_test(who_is_slow_is_closed),
		cmocka_unit_test(who_does_not_read_is_closed),
		cmocka_unit_test(a_talk_may_keep_a_message),
		cmocka_unit_test(a_cut_waits_for_mail),
		cmocka_unit_test(the_slowest_gives_its_inbox),
		cmocka_unit_test(anything_may_happen_at_every_step),
		cmocka_unit_test(chaos_leaves_nothing_behind),
	};
	seeds_watch();
	seeds_log();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
