/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a file of several chunks is given back whichever operation fails; one of more than the
 * catalog takes at once (HW_EXTENT_BATCH_MAX) is appended, sealed, read in windows, and forgotten
 * when any of it fails.
 *
 * Method: 66 MiB up, ranges from both ends, down and away; undisturbed, with each request to the
 * catalog failing in turn, and with the client gone at chosen places. The catalog is late, so that
 * the writers are ahead of it.
 *
 *	unit_talk_large [SEED]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "simd/kernels.h"
#include "tests/sim/seeds.h"
#include "tests/unit/talk/talk_client.h"

#define MIB            (UINT64_C(1) << 20)
#define EXCHANGE_COUNT 6U

static struct talk_world g_world;
static struct talk_model g_model;
static struct talk_client g_client;
static uint64_t g_only_seed;
static uint64_t g_attempt_count; /* of the last run */

struct run {
	uint64_t seed;
	uint64_t size;         /* 0: more than a batch of chunks */
	uint64_t fail_request; /* 0: none */
	uint64_t fail_attempt; /* 0: none */
	uint32_t delay_us_max; /* 0: as in a calm world */
	uint64_t reset_us;     /* from the start; 0: never */
	bool is_chunked;
	bool is_upload_only;
};

static bool client_step(void *user)
{
	(void)user;
	talk_client_step(&g_client);
	return g_client.is_over;
}

static void client_make(const struct run *run)
{
	static const enum talk_verb verbs[EXCHANGE_COUNT] = {TALK_PUT,   TALK_RANGE, TALK_RANGES,
							     TALK_RANGE, TALK_GET,   TALK_DELETE};
	memset(&g_client, 0, sizeof(g_client));
	g_client.exchange_count = run->is_upload_only ? 1 : EXCHANGE_COUNT;
	for (uint32_t i = 0; i < EXCHANGE_COUNT; i++) {
		g_client.exchanges[i] = (struct talk_exchange){
			.verb = verbs[i],
			.size = run->size > 0 ? run->size
					      : 66 * MIB + run->seed % 3 * 3 * MIB + run->seed,
			.is_chunked = run->is_chunked,
			.sent_limit = UINT64_MAX,
		};
	}
	if (run->reset_us > 0) {
		g_client.doom = TALK_DOOM_RESET;
		g_client.doom_us = hw_clock_monotonic_us() + run->reset_us;
	}
	talk_client_begin(&g_client, &g_world, &g_model, run->seed);
}

/* Returns the number of requests that the catalog had. */
static uint64_t large_run(const struct run *run)
{
	struct hw_sim_options sim = hw_sim_calm(run->seed);
	sim.piece_size_max = 4U << 20;
	sim.window_size = 4U << 20;
	sim.fail_attempt = run->fail_attempt;
	sim.delay_us_max = hw_max(sim.delay_us_max, run->delay_us_max);
	g_running.seed = run->seed;
	g_running.place = run->fail_request + run->fail_attempt;
	struct talk_world_options options = talk_world_plenty();
	hw_sim_begin(&sim);
	talk_world_start(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	g_model.is_strict = run->fail_request == 0 && run->fail_attempt == 0 && run->reset_us == 0;
	g_world.catalog.fail_request = run->fail_request;
	g_world.catalog.late_percent = 100;
	g_world.catalog.late_us_max = 100000;
	client_make(run);
	int r = talk_world_run(&g_world, client_step, NULL);
	assert_int_equal(r, 0);
	talk_client_end(&g_client);
	uint64_t request_count = g_world.catalog.request_count;
	g_attempt_count = hw_sim_attempt_count();
	talk_world_quiesce(&g_world);
	talk_model_check(&g_model, &g_world);
	talk_world_crash(&g_world, run->seed);
	talk_model_check(&g_model, &g_world);
	talk_world_stop(&g_world);
	hw_sim_end();
	return request_count;
}

static void requests_fail(void **state)
{
	(void)state;
	g_running.part = "requests_fail";
	uint64_t seed = g_only_seed != 0 ? g_only_seed : 1;
	for (uint32_t i = 0; i < 2; i++) {
		struct run run = {.seed = seed + i, .is_chunked = i == 1};
		uint64_t count = large_run(&run);
		assert_int_equal(g_model.answer_counts[201], 1);
		assert_int_equal(g_model.answer_counts[204], 1);
		assert_true(count >= 8); /* APPEND, COMMIT, four LOOKUPs, EXTENTS, DELETE */
		for (run.fail_request = seeds_place_first(run.seed); run.fail_request <= count;
		     run.fail_request += seeds_stride()) {
			(void)large_run(&run);
		}
	}
}

/* Two writers take turns: whichever fails, the other may be through before, or far behind. The
 * second size has a last chunk that overtakes the first one. */
static void operations_fail(void **state)
{
	static const uint64_t sizes[] = {9 * MIB + 5, 4 * MIB + 5, 4 * MIB + 5, 4 * MIB + 5,
					 4 * MIB + 5};
	(void)state;
	g_running.part = "operations_fail";
	uint64_t seed = g_only_seed != 0 ? g_only_seed : 30;
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		struct run run = {.seed = seed + i, .size = sizes[i], .is_upload_only = true};
		run.delay_us_max = i * 10000;
		(void)large_run(&run);
		assert_int_equal(g_model.answer_counts[201], 1);
		uint64_t count = g_attempt_count;
		assert_true(count > 20);
		for (run.fail_attempt = seeds_place_first(run.seed); run.fail_attempt <= count;
		     run.fail_attempt += seeds_stride()) {
			(void)large_run(&run);
		}
	}
}

/* The catalog has a batch, or half a file: the client leaves. */
static void client_leaves(void **state)
{
	(void)state;
	g_running.part = "client_leaves";
	uint64_t seed = g_only_seed != 0 ? g_only_seed : 10;
	for (uint32_t i = 0; i < 10; i++) {
		struct run run = {.seed = seed + i, .reset_us = 30000 + i * 15000};
		(void)large_run(&run);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_fail),
		cmocka_unit_test(operations_fail),
		cmocka_unit_test(client_leaves),
	};
	g_only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	seeds_watch();
	seeds_log();
	talk_content_init();
	if (hw_simd_init(HW_SIMD_AUTO) < 0) {
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
