/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a WebSocket connection whose client has had a file before, and so has its records from the
 * kernel, is as any other: each message once, whole and in order, pings answered, a close from
 * either side, then close_notify; what is silent, slow, worn or cut ends, and gives all back.
 *
 * Method: OpenSSL as the client, a kernel of OpenSSL's ciphers (tls_kernel.h), the file's talk and
 * the one that echoes in one world. Windows smaller than a message, so that it goes in parts; seeds
 * of short and interrupted steps; a disturbance before every step behind the file.
 */
#include "net/conn/ws_conn.h"

#include <stdlib.h>

#include "net/conn/http_tls.h"
#include "simd/kernels.h"
#include "tests/sim/seeds.h"
#include "tests/sim/ws_peer.h"
#include "tests/unit/conn/tls_kernel.h"
#include "tests/unit/conn/ws_talk.h"

#define UPGRADE       "GET /ws HTTP/1.1\r\nHost: a\r\n\r\n"
#define BIG_SIZE      51200U /* of a message, which comes back twice as long */
#define EXPECTED_SIZE (4 * BIG_SIZE)

static struct conn_world g_world;
static struct hw_tls_contexts g_contexts;
static struct far g_far;
static struct file_talk g_files;
static struct ws_talk g_talk;
static bool (*g_files_take)(struct conn_world *world, struct hw_http_conn *conn);
static char g_expected[EXPECTED_SIZE]; /* frames */
static uint32_t g_expected_size;

/* -- the world */

static bool takes(struct conn_world *world, struct hw_http_conn *conn)
{
	return g_files_take(world, conn) || ws_talk_takes(world, conn);
}

static void begin(const struct hw_sim_options *sim, const char *suites)
{
	struct tls_client_options options = {.version = TLS1_3_VERSION, .suites = suites};
	tls_kernel_start(sim, &g_world, &g_files, &g_contexts, TLS_KERNEL_CIPHERS);
	g_files_take = g_world.takes;
	g_world.takes = takes;
	g_files.size = TLS_KERNEL_PIECE_SIZE;
	ws_talk_begin(&g_talk, &g_world);
	g_talk.times = 2;
	g_expected_size = 0;
	far_open_as(&g_far, &g_world, &options);
	assert_true(far_agree(&g_far));
	far_pass(&g_far, 20); /* its last message is there, too */
}

static void end(void)
{
	tls_kernel_end(&g_far, &g_files);
	ws_talk_end(&g_talk);
}

static void ask(const char *text)
{
	far_say(&g_far, text, (uint32_t)strlen(text));
}

/* It is the kernel that seals from here on. */
static void file_get(void)
{
	ask(FILE_TALK_GET);
	tls_kernel_pass(&g_far, &g_files);
	assert_true(tls_kernel_has_file(&g_far, &g_files));
	assert_true(g_files.page_count > 0);
	assert_true(g_files.conn->tls->is_offloaded);
	g_far.got_size = 0;
}

static void begin_upgraded(uint64_t seed)
{
	struct hw_sim_options sim = tls_kernel_calm(seed);
	begin(&sim, NULL);
	file_get();
	ask(UPGRADE);
	far_pass(&g_far, 100);
}

/* -- frames */

static void say(uint32_t first, const void *payload, uint32_t size)
{
	static char bytes[HW_WS_MESSAGE_SIZE_MAX + WS_HEAD_MAX];
	far_say(&g_far, bytes, ws_client_frame(first, payload, size, true, bytes));
}

static void say_text(uint32_t first, const char *text)
{
	say(first, text, (uint32_t)strlen(text));
}

static void expect(uint32_t first, const void *payload, uint32_t size)
{
	hw_assert(g_expected_size + size + WS_HEAD_MAX <= EXPECTED_SIZE);
	g_expected_size +=
		ws_client_frame(first, payload, size, false, g_expected + g_expected_size);
}

static void expect_text(uint32_t first, const char *text)
{
	expect(first, text, (uint32_t)strlen(text));
}

/* The frames behind the answer; no bytes: it is not there yet. */
static struct hw_span frames_of(void)
{
	const char *head = memmem(g_far.got, g_far.got_size, "HTTP/1.1 101 ", 13);
	uint32_t left_size = head == NULL ? 0 : g_far.got_size - (uint32_t)(head - g_far.got);
	const char *head_end = head == NULL ? NULL : memmem(head, left_size, "\r\n\r\n", 4);
	return head_end == NULL ? (struct hw_span){NULL, 0}
				: hw_span_skip((struct hw_span){head, left_size},
					       (uint32_t)(head_end - head) + 4);
}

static bool has_expected(void)
{
	return hw_span_equal(frames_of(), (struct hw_span){g_expected, g_expected_size});
}

static void script_say(void)
{
	static char twice[2 * BIG_SIZE];
	say_text(0x81, "Hello");
	say_text(0x01, "a");
	say_text(0x89, "1");
	say_text(0x00, "b");
	say_text(0x89, "2");
	say_text(0x80, "c");
	say(0x82, g_files.bytes, BIG_SIZE);
	say_text(0x89, "3");
	say_text(0x82, "");
	expect_text(0x81, "HelloHello");
	expect_text(0x8a, "1");
	expect_text(0x8a, "2");
	expect_text(0x81, "abcabc");
	memcpy(twice, g_files.bytes, BIG_SIZE);
	memcpy(twice + BIG_SIZE, g_files.bytes, BIG_SIZE);
	expect(0x82, twice, sizeof(twice));
	expect_text(0x8a, "3");
	expect_text(0x82, "");
}

/* -- as any other */

static void closes(bool is_talks)
{
	if (is_talks) {
		hw_ws_conn_close(&g_talk.echoes[0].ws, HW_WS_CODE_AGAIN);
		expect_text(0x88, "\x03\xf5");
		far_pass(&g_far, 200);
		assert_true(has_expected());
		assert_false(g_far.is_closed); /* it waits for the client's */
		say_text(0x88, "\x03\xf5");
	} else {
		say_text(0x88, "\x03\xe8 bye");
		expect_text(0x88, "\x03\xe8");
	}
	far_pass(&g_far, 400);
	assert_true(has_expected());
	assert_true(g_far.is_closed); /* close_notify: an alert of the kernel's */
	assert_false(g_far.is_broken);
	hw_sim_peer_shutdown(g_far.peer);
	far_pass(&g_far, 100);
	assert_int_equal(g_talk.closed_count, 1);
}

static void messages_go_both_ways(void **state)
{
	static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
					     "TLS_CHACHA20_POLY1305_SHA256"};
	(void)state;
	g_running.part = "messages_go_both_ways";
	for (uint64_t seed = 1; seed <= seeds_setting("HW_TEST_SEED_COUNT", 60); seed++) {
		struct hw_sim_options sim = tls_kernel_calm(seed);
		g_running.seed = seed;
		begin(&sim, suites[seed % 3]);
		hw_sim_options()->short_percent = (uint32_t)(seed * 7 % 60);
		hw_sim_options()->interrupt_percent = (uint32_t)(seed * 5 % 30);
		hw_sim_options()->window_size = 1U << (13 + seed % 4);
		if (seed % 5 == 0) { /* all of it ahead of the answers */
			ask(FILE_TALK_GET UPGRADE);
		} else {
			file_get();
			ask(UPGRADE);
			far_pass(&g_far, seed % 7 * 10);
		}
		script_say();
		far_pass(&g_far, 3000);
		assert_true(has_expected());
		assert_int_equal(g_talk.message_count, 4);
		assert_int_equal(g_world.metrics.values[HW_METRIC_tls_kernel_taken], 1);
		closes(seed % 2 == 0);
		end();
	}
}

/* -- who is not as any other */

static void silence_and_slowness_end(void **state)
{
	(void)state;
	g_running.part = "silence_and_slowness_end";
	begin_upgraded(1);
	far_pass(&g_far, HW_WS_PING_INTERVAL_MS);
	expect_text(0x89, "");
	assert_true(has_expected());
	say_text(0x8a, "");
	far_pass(&g_far, 100);
	/* All parts of a message together have the time of one. */
	hw_sim_peer_hold(g_far.peer, true);
	hw_sim_peer_window_set(g_far.peer, 20000);
	say(0x82, g_files.bytes, BIG_SIZE);
	far_write(&g_far);
	for (uint32_t i = 1; i < HW_WS_PATIENCE_MS / 1000; i++) {
		uint8_t bytes[2000];
		uint32_t size = hw_sim_peer_read(g_far.peer, bytes, sizeof(bytes));
		tls_client_give(&g_far.client, bytes, size);
		conn_pass(&g_world, 1000);
		assert_int_equal(g_talk.closed_count, 0);
	}
	conn_pass(&g_world, 2000);
	assert_int_equal(g_talk.closed_count, 1);
	far_read(&g_far);
	assert_false(g_far.is_broken);
	assert_false(g_far.is_closed); /* what is cut is never the whole */
	end();
}

/* Half is enough for what is there; all of it is the end. */
static void worn_keys_end_it(void **state)
{
	(void)state;
	g_running.part = "worn_keys_end_it";
	begin_upgraded(1);
	uint64_t *sequence = &g_files.conn->tls->out.sequence;
	*sequence = HW_TLS_KEY_RECORDS_MAX / 2;
	script_say();
	far_pass(&g_far, 1000);
	assert_true(has_expected());
	/* At least as many as there were, and not many more. */
	uint64_t count = *sequence - HW_TLS_KEY_RECORDS_MAX / 2;
	assert_true(count >= 2 * BIG_SIZE / HW_TLS_PLAIN_SIZE_MAX + 6 && count < 100);
	*sequence = HW_TLS_KEY_RECORDS_MAX - 1;
	say_text(0x89, "");
	say_text(0x81, "is not heard");
	far_pass(&g_far, 1000);
	assert_int_equal(g_talk.closed_count, 1);
	assert_int_equal(g_talk.message_count, 4);
	assert_false(g_far.is_broken);
	assert_false(g_far.is_closed);
	end();
}

static void asked_for_a_new_key(void **state)
{
	(void)state;
	g_running.part = "asked_for_a_new_key";
	for (uint32_t i = 0; i < 2; i++) {
		bool wants_ours = i == 1; /* of which the kernel would never hear */
		begin_upgraded(i);
		assert_int_equal(
			SSL_key_update(g_far.client.ssl, wants_ours ? SSL_KEY_UPDATE_REQUESTED
								    : SSL_KEY_UPDATE_NOT_REQUESTED),
			1);
		script_say();
		far_pass(&g_far, 1000);
		assert_true(has_expected() == !wants_ours);
		assert_int_equal(g_talk.closed_count, wants_ours ? 1 : 0);
		assert_int_equal(g_talk.message_count, wants_ours ? 0 : 4);
		end();
	}
}

/* -- a disturbance at every step */

enum disturbance {
	PEER_RESETS = 0,
	CUT,
	DRAIN,
	TALK_CLOSES,
	DISTURBANCE_COUNT,
};

static uint64_t g_place; /* 0: nowhere */
static bool g_is_disturbed;
static bool g_says_close; /* the server, as soon as it has upgraded */

static void before_step(void *user, uint64_t step)
{
	if (g_place == 0 || step != g_place) {
		return;
	}
	g_is_disturbed = true;
	switch (*(const enum disturbance *)user) {
	case PEER_RESETS:
		g_far.is_gone = true;
		hw_sim_peer_reset(g_far.peer);
		break;
	case CUT:
		tls_kernel_cut(&g_world);
		break;
	case DRAIN:
		hw_http_server_drain(&g_world.server);
		g_says_close = true;
		break;
	default:
		if (g_talk.echoes[0].conn != NULL && hw_ws_conn_is_open(&g_talk.echoes[0].ws)) {
			hw_ws_conn_close(&g_talk.echoes[0].ws, HW_WS_CODE_AGAIN);
			g_says_close = true;
		}
		break;
	}
}

/* Whole frames came, and the last one says goodbye; or there were none, as it is not upgraded. */
static bool is_told_the_end(void)
{
	struct hw_span frames = frames_of();
	struct ws_server_frame frame = {0};
	if (frames.bytes == NULL) {
		return true;
	}
	while (ws_server_frame_next(&frames, &frame)) {
	}
	return frames.size == 0 && frame.first == 0x88;
}

/* Returns false when there is no step at @place behind the file. */
static bool disturbed_run(enum disturbance disturbance, uint64_t place, uint64_t seed)
{
	struct hw_sim_options sim = tls_kernel_calm(seed);
	g_running.seed = seed;
	g_running.place = place;
	g_place = 0;
	g_is_disturbed = false;
	g_says_close = false;
	sim.before_step = before_step;
	sim.before_step_user = &disturbance;
	begin(&sim, NULL);
	file_get();
	hw_sim_options()->window_size = 16384;
	hw_sim_options()->piece_size_max = seed % 2 == 0 ? 4000 : 100000;
	g_place = hw_sim_step_count() + place;
	ask(UPGRADE);
	script_say();
	far_pass(&g_far, 300);
	assert_true(!g_says_close || is_told_the_end()); /* before the client says so */
	say_text(0x88, "\x03\xe8");
	expect_text(0x88, "\x03\xe8");
	far_pass(&g_far, 300);
	assert_false(g_far.is_broken);
	assert_true(g_is_disturbed || (has_expected() && g_far.is_closed));
	if (disturbance == DRAIN || disturbance == TALK_CLOSES) {
		assert_true(is_told_the_end());
		assert_true(g_far.is_closed || frames_of().bytes == NULL);
	}
	g_place = 0;
	end();
	return g_is_disturbed;
}

static void anything_may_happen_at_every_step(void **state)
{
	(void)state;
	g_running.part = "anything_may_happen_at_every_step";
	for (uint64_t seed = 1; seed <= 4; seed++) {
		for (uint32_t i = 0; i < DISTURBANCE_COUNT; i++) {
			uint64_t place = seeds_place_first(seed);
			while (disturbed_run((enum disturbance)i, place, seed)) {
				place += seeds_stride();
			}
			assert_true(place > 30);
		}
	}
}

int main(void)
{
	static const char *const host = "one.example";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_go_both_ways),
		cmocka_unit_test(silence_and_slowness_end),
		cmocka_unit_test(worn_keys_end_it),
		cmocka_unit_test(asked_for_a_new_key),
		cmocka_unit_test(anything_may_happen_at_every_step),
	};
	seeds_watch();
	seeds_log();
	if (hw_simd_init(HW_SIMD_AUTO) < 0) {
		return 1;
	}
	tls_client_contexts(&g_contexts, &host, 1);
	g_files.bytes = file_talk_bytes();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(g_files.bytes);
	hw_tls_contexts_deinit(&g_contexts);
	return failed;
}
