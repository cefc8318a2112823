/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: where the kernel seals, a TLS client gets what it would get without: the file whole and in
 * order, at its own pace, then other answers on the same connection, then close_notify. Nothing is
 * sealed twice under one number, whoever seals; a kernel that refuses changes nothing; a key that
 * is worn ends the connection instead of going on.
 *
 * Method: OpenSSL as the client, which takes no record whose number or key is not the next; as the
 * kernel OpenSSL's ciphers over what TLS_TX was given (tls_kernel.c), so nothing of ours checks
 * itself. Seeds of windows, pieces, short steps and refusals; a reset and a stop before every step.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/prng.h"
#include "net/conn/http_steps.h"
#include "net/conn/http_tls.h"
#include "simd/kernels.h"
#include "tests/sim/seeds.h"
#include "tests/unit/conn/file_talk.h"
#include "tests/unit/conn/tls_kernel.h"

#define GET_COUNT "GET /count HTTP/1.1\r\nHost: a\r\n\r\n"
#define PUT_ECHO                                                                                   \
	"PUT /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"

static uint32_t g_ciphers = TLS_KERNEL_CIPHERS;
static struct conn_world g_world;
static struct hw_tls_contexts g_contexts;
static struct far g_far;
static struct file_talk g_talk;

/* -- the world -- */

static void begin(const struct hw_sim_options *sim)
{
	tls_kernel_start(sim, &g_world, &g_talk, &g_contexts, g_ciphers);
}

static void end(void)
{
	tls_kernel_end(&g_far, &g_talk);
}

static void agree(const struct tls_client_options *options)
{
	far_open_as(&g_far, &g_world, options);
	assert_true(far_agree(&g_far));
	far_pass(&g_far, 20); /* its last message is there, too */
}

static void ask(const char *text)
{
	far_say(&g_far, text, (uint32_t)strlen(text));
}

static uint64_t taken_count(void)
{
	return g_world.metrics.values[HW_METRIC_tls_kernel_taken];
}

static uint64_t refused_count(void)
{
	return g_world.metrics.values[HW_METRIC_tls_kernel_refused];
}

static struct hw_tls *tls_of(void)
{
	return g_talk.conn->tls;
}

/* -- what it does without -- */

static void files_arrive_whole(void **state)
{
	static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
					     "TLS_CHACHA20_POLY1305_SHA256"};
	(void)state;
	g_running.part = "files_arrive_whole";
	for (uint64_t seed = 1; seed <= seeds_setting("HW_TEST_SEED_COUNT", 45); seed++) {
		struct hw_sim_options sim = tls_kernel_calm(seed);
		struct tls_client_options options = {.version = TLS1_3_VERSION,
						     .suites = suites[seed % 3]};
		g_running.seed = seed;
		begin(&sim);
		hw_sim_options()->short_percent = (uint32_t)(seed * 7 % 60);
		hw_sim_options()->interrupt_percent = (uint32_t)(seed * 5 % 30);
		hw_sim_options()->window_size = 1U << (14 + seed % 8);
		agree(&options);
		ask(GET_COUNT);
		far_pass(&g_far, 200);
		assert_int_equal(far_answer_count(&g_far), 1);
		assert_int_equal(taken_count(), 0); /* it is worth it for pages only */
		ask(FILE_TALK_GET);
		tls_kernel_pass(&g_far, &g_talk);
		assert_true(g_talk.is_over && g_talk.result == 0);
		assert_true(tls_kernel_has_file(&g_far, &g_talk));
		assert_int_equal(taken_count(), 1);
		assert_true(g_talk.page_count > 0);
		/* The same connection: what is sent is the kernel's now, what comes ours. */
		g_far.got_size = 0;
		ask(PUT_ECHO);
		far_pass(&g_far, 200);
		assert_non_null(memmem(g_far.got, g_far.got_size, "HTTP/1.1 100 ", 13));
		ask("xyz" GET_COUNT);
		far_pass(&g_far, 400);
		assert_int_equal(far_answer_count(&g_far), 2);
		assert_non_null(memmem(g_far.got, g_far.got_size, "xyz", 3));
		ask(FILE_TALK_GET);
		tls_kernel_pass(&g_far, &g_talk);
		assert_true(tls_kernel_has_file(&g_far, &g_talk));
		assert_int_equal(taken_count(), 1);
		g_far.got_size = 0;
		ask("GET /count HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
		far_pass(&g_far, 400);
		assert_int_equal(far_answer_count(&g_far), 1);
		assert_true(g_far.is_closed); /* close_notify: an alert of the kernel's */
		assert_false(g_far.is_broken);
		end();
	}
}

static void slow_clients_get_all(void **state)
{
	(void)state;
	g_running.part = "slow_clients_get_all";
	uint32_t way_count = 0;
	for (uint64_t seed = 1; seed <= 24; seed++) {
		struct hw_sim_options sim = tls_kernel_calm(seed);
		struct tls_client_options options = {.version = TLS1_3_VERSION};
		struct hw_prng prng;
		g_running.seed = seed;
		hw_prng_init(&prng, seed);
		begin(&sim);
		agree(&options);
		hw_sim_options()->window_size = 1U << hw_prng_between(&prng, 12, 20);
		g_world.goes_on = seed % 2 == 0;
		/* Held before the head is out, so what is sealed may lie there when pages come. */
		hw_sim_peer_hold(g_far.peer, true);
		hw_sim_peer_window_set(g_far.peer,
				       seed % 3 == 0 ? 10 : hw_sim_options()->window_size);
		ask(FILE_TALK_GET);
		far_write(&g_far);
		conn_pass(&g_world, hw_prng_below(&prng, 5000));
		hw_sim_peer_window_set(g_far.peer, hw_sim_options()->window_size);
		hw_sim_peer_hold(g_far.peer, false);
		tls_kernel_pass(&g_far, &g_talk);
		assert_true(g_talk.is_over && g_talk.result == 0);
		assert_true(tls_kernel_has_file(&g_far, &g_talk));
		way_count += g_talk.way_count;
		end();
	}
	assert_true(way_count > 0);
}

/* -- it stays with us -- */

static void kernel_may_refuse(void **state)
{
	(void)state;
	g_running.part = "kernel_may_refuse";
	uint64_t taken = 0;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct hw_sim_options sim = tls_kernel_calm(seed);
		struct tls_client_options options = {.version = TLS1_3_VERSION};
		g_running.seed = seed;
		sim.seal = seed % 4 == 0 ? NULL : sim.seal;
		begin(&sim);
		agree(&options);
		hw_sim_options()->set_error_percent = 25;
		ask(FILE_TALK_GET);
		tls_kernel_pass(&g_far, &g_talk);
		assert_true(g_talk.is_over && g_talk.result == 0);
		assert_true(tls_kernel_has_file(&g_far, &g_talk));
		assert_true(taken_count() + refused_count() <= 1);
		assert_true(taken_count() == 1 || g_talk.slab_count > 0);
		assert_true(seed % 4 != 0 || taken_count() == 0);
		taken += taken_count();
		end();
	}
	assert_true(taken > 0);
}

static void some_are_never_given(void **state)
{
	static const struct tls_client_options options[] = {
		{.version = TLS1_2_VERSION},
		{.version = TLS1_3_VERSION, .fragment_mode = TLSEXT_max_fragment_length_2048},
		{.version = TLS1_3_VERSION},
		{.version = TLS1_3_VERSION, .suites = "TLS_CHACHA20_POLY1305_SHA256"},
	};
	uint32_t all = g_ciphers;
	(void)state;
	g_running.part = "some_are_never_given";
	for (uint32_t i = 0; i < hw_count_of(options); i++) {
		struct hw_sim_options sim = tls_kernel_calm(i);
		g_running.seed = i;
		g_ciphers = i == 3 ? all & ~(1U << HW_TLS_CHACHA20_POLY1305) : all;
		begin(&sim);
		/* Too little to be worth it. */
		g_talk.size = i == 2 ? TLS_KERNEL_PIECE_SIZE - 1 : FILE_TALK_SIZE;
		agree(&options[i]);
		ask(FILE_TALK_GET);
		tls_kernel_pass(&g_far, &g_talk);
		assert_true(tls_kernel_has_file(&g_far, &g_talk));
		assert_int_equal(taken_count() + refused_count(), 0);
		assert_int_equal(g_talk.page_count, 0);
		end();
	}
	g_ciphers = all;
}

/* As many as it has sealed are counted on, and what is worn by half is not given away. */
static void keys_are_given_once(void **state)
{
	static const uint8_t nothing[HW_TLS_SECRET_SIZE_MAX];
	(void)state;
	g_running.part = "keys_are_given_once";
	struct hw_sim_options sim = tls_kernel_calm(1);
	struct tls_client_options options = {.version = TLS1_3_VERSION};
	begin(&sim);
	agree(&options);
	for (uint32_t i = 0; i < 50; i++) {
		ask(GET_COUNT);
		far_pass(&g_far, 20);
	}
	g_talk.size = TLS_KERNEL_PIECE_SIZE;
	ask(FILE_TALK_GET);
	tls_kernel_pass(&g_far, &g_talk);
	struct hw_tls *tls = tls_of();
	assert_true(tls->is_offloaded);
	assert_true(tls->out.sequence >= 50 + TLS_KERNEL_PIECE_SIZE / HW_TLS_PLAIN_SIZE_MAX);
	assert_memory_equal(tls->out.secret, nothing, sizeof(tls->out.secret));
	assert_memory_equal(tls->out.iv, nothing, sizeof(tls->out.iv));
	uint64_t before = tls->out.sequence;
	ask(PUT_ECHO);
	far_pass(&g_far, 200);
	assert_true(tls->out.sequence > before); /* 100 Continue is one, too */
	ask("xyz");
	far_pass(&g_far, 200);
	tls->is_offloaded = false; /* asked again, with a key as worn as this */
	tls->out.sequence = HW_TLS_KEY_RECORDS_MAX / 2 - 1;
	assert_false(hw_http_tls_kernel_may(g_talk.conn, FILE_TALK_SIZE));
	tls->out.sequence = HW_TLS_KEY_RECORDS_MAX / 2 - FILE_TALK_SIZE / HW_TLS_PLAIN_SIZE_MAX - 1;
	assert_true(hw_http_tls_kernel_may(g_talk.conn, FILE_TALK_SIZE));
	tls->is_offloaded = true;
	end();
}

/* -- one key -- */

/* It has the file already. */
static void begin_offloaded(uint64_t seed)
{
	struct hw_sim_options sim = tls_kernel_calm(seed);
	struct tls_client_options options = {.version = TLS1_3_VERSION};
	begin(&sim);
	agree(&options);
	ask(FILE_TALK_GET);
	tls_kernel_pass(&g_far, &g_talk);
	assert_true(tls_of()->is_offloaded);
}

static void worn_keys_end_it(void **state)
{
	(void)state;
	g_running.part = "worn_keys_end_it";
	for (uint32_t i = 0; i < 3; i++) {
		begin_offloaded(i);
		uint64_t count = tls_of()->out.sequence; /* as many records, and not many more */
		assert_true(count >= FILE_TALK_SIZE / HW_TLS_PLAIN_SIZE_MAX && count < 2000);
		uint64_t half = HW_TLS_KEY_RECORDS_MAX / 2;
		tls_of()->out.sequence = i == 0 ? half - 1000 : i == 1 ? half : 2 * half - 20;
		g_far.got_size = 0;
		ask(FILE_TALK_GET);
		tls_kernel_pass(&g_far, &g_talk);
		const char *close = memmem(g_far.got, g_far.got_size, "Connection: close", 17);
		assert_true((i == 0) == (close == NULL));
		assert_int_equal(g_talk.result, i == 2 ? -EKEYEXPIRED : 0);
		assert_true(tls_kernel_has_file(&g_far, &g_talk) == (i < 2));
		assert_true(g_far.is_closed == (i == 1)); /* what is cut is never the whole */
		end();
	}
}

static void asked_for_a_new_key(void **state)
{
	(void)state;
	g_running.part = "asked_for_a_new_key";
	for (uint32_t i = 0; i < 2; i++) {
		begin_offloaded(i);
		g_far.got_size = 0;
		bool wants_ours = i == 1;
		assert_int_equal(
			SSL_key_update(g_far.client.ssl, wants_ours ? SSL_KEY_UPDATE_REQUESTED
								    : SSL_KEY_UPDATE_NOT_REQUESTED),
			1);
		ask(GET_COUNT);
		far_pass(&g_far, 400);
		assert_int_equal(far_answer_count(&g_far), wants_ours ? 0 : 1);
		assert_true(g_far.is_broken == wants_ours); /* OpenSSL was told: internal_error */
		end();
	}
}

/* -- ends everywhere -- */

static uint64_t g_place;

static void before_step(void *user, uint64_t step)
{
	if (step != g_place || g_far.peer == NULL) { /* nobody has connected yet */
		return;
	}
	if (*(const uint32_t *)user == 0) {
		g_far.is_gone = true;
		hw_sim_peer_reset(g_far.peer);
	} else {
		tls_kernel_cut(&g_world);
	}
}

static void every_step_may_be_the_last(void **state)
{
	(void)state;
	g_running.part = "every_step_may_be_the_last";
	for (uint32_t kind = 0; kind < 2; kind++) {
		bool is_through = false;
		g_place = seeds_place_first(kind);
		for (; !is_through; g_place += seeds_stride()) {
			struct hw_sim_options sim = tls_kernel_calm(kind);
			struct tls_client_options options = {.version = TLS1_3_VERSION};
			g_running.place = g_place;
			sim.before_step = before_step;
			sim.before_step_user = &kind;
			begin(&sim);
			g_talk.size = TLS_KERNEL_PIECE_SIZE + 1000; /* two pieces */
			far_open_as(&g_far, &g_world, &options);
			if (far_agree(&g_far)) {
				ask(FILE_TALK_GET);
				ask("GET /count HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
				far_pass(&g_far, 400);
			}
			is_through = hw_sim_step_count() < g_place;
			assert_true(!is_through || g_far.is_closed);
			end();
		}
	}
}

int main(void)
{
	static const char *const host = "one.example";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_arrive_whole),  cmocka_unit_test(slow_clients_get_all),
		cmocka_unit_test(kernel_may_refuse),   cmocka_unit_test(some_are_never_given),
		cmocka_unit_test(keys_are_given_once), cmocka_unit_test(worn_keys_end_it),
		cmocka_unit_test(asked_for_a_new_key), cmocka_unit_test(every_step_may_be_the_last),
	};
	seeds_watch();
	seeds_log();
	if (hw_simd_init(HW_SIMD_AUTO) < 0) {
		return 1;
	}
	tls_client_contexts(&g_contexts, &host, 1);
	g_talk.bytes = file_talk_bytes();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(g_talk.bytes);
	hw_tls_contexts_deinit(&g_contexts);
	return failed;
}
