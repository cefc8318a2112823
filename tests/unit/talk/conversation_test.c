/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: whatever clients, network, disk and catalog do, an answer is right to the last byte or is
 * seen to be none, what a 201 promised is on the disk even after a power loss, and in the end
 * everything has come back: operations, slabs, buffers, objects, timers, promises, pins, extents.
 *
 * Method: a whole reactor over the simulated ring, clock, disk and catalog; several clients with
 * scripts of their own; thousands of seeds, each with its own mixture of faults, pools and limits.
 * A fifth of them are strict: nothing fails there, so every request must get what it asks for.
 *
 *	unit_talk_conversation [SEED]       one seed only
 *	HW_TEST_MS=25000                    how long to go on with new seeds
 *	HW_TEST_SEED_FIRST=1 HW_TEST_SEED_COUNT=5000
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "simd/kernels.h"
#include "tests/sim/seeds.h"
#include "tests/unit/talk/talk_client.h"

#define CLIENTS_MAX 6U
#define MIB         (UINT64_C(1) << 20)

static struct talk_world g_world;
static struct talk_model g_model;
static struct talk_client g_clients[CLIENTS_MAX];
static uint64_t g_only_seed;
static uint64_t g_statuses[600];

struct run {
	struct hw_prng prng;
	uint32_t client_count;
	uint64_t drain_us; /* 0: never */
	uint64_t cut_us;   /* 0: never */
	bool is_strict;
	bool is_big; /* one file of more than a batch of chunks */
};

static uint32_t pick(struct hw_prng *prng, uint32_t low, uint32_t high)
{
	return (uint32_t)hw_prng_between(prng, low, high);
}

/* Off in half of the seeds. */
static uint32_t level(struct hw_prng *prng, uint32_t percent_max)
{
	return hw_prng_chance(prng, 50) ? 0 : pick(prng, 1, percent_max);
}

static struct hw_sim_options sim_options(struct run *run, uint64_t seed)
{
	if (run->is_strict) {
		struct hw_sim_options calm = hw_sim_calm(seed);
		calm.short_percent = pick(&run->prng, 0, 50);
		return calm;
	}
	struct hw_sim_options options = hw_sim_chaos(seed);
	options.read_error_percent = level(&run->prng, 3);
	options.write_error_percent = level(&run->prng, 3);
	options.sync_error_percent = level(&run->prng, 5);
	options.disk_error_percent = level(&run->prng, 5);
	options.set_error_percent = level(&run->prng, 5);
	options.interrupt_percent = level(&run->prng, 10);
	options.evict_percent = level(&run->prng, 10);
	return options;
}

static struct talk_world_options world_options(struct run *run)
{
	struct hw_prng *prng = &run->prng;
	struct talk_world_options options = talk_world_plenty();
	options.has_access_log = false;
	options.is_direct = hw_prng_chance(prng, 80);
	options.segment_size = pick(prng, 16, 64) * MIB;
	if (run->is_strict) {
		options.head_buffer_count = hw_prng_chance(prng, 50) ? 64 : HW_HEAD_BUFFER_COUNT;
		return options;
	}
	options.slab_count = hw_prng_chance(prng, 50) ? pick(prng, 1, 6) : 64;
	options.head_buffer_count = 1U << pick(prng, 0, 5);
	options.head_count = pick(prng, 1, 8);
	options.spill_count = pick(prng, 1, 4);
	options.connections_max = pick(prng, 1, 8);
	options.uploads_max = pick(prng, 1, 6);
	options.downloads_max = pick(prng, 1, 6);
	options.removals_max = pick(prng, 1, 3);
	options.head_timeout_ms = pick(prng, 20, 3000);
	options.idle_timeout_ms = pick(prng, 20, 3000);
	options.stall_timeout_ms = pick(prng, 50, 5000);
	options.disk_size = hw_prng_chance(prng, 20) ? pick(prng, 20, 100) * MIB : 0;
	options.file_size_max = hw_prng_chance(prng, 10) ? pick(prng, 1, 500000) : 0;
	options.has_access_log = hw_prng_chance(prng, 10);
	return options;
}

static uint64_t file_size(struct hw_prng *prng)
{
	static const uint64_t edges[] = {0,      1,      4095,   4096,   16383,  16384,  16385,
					 262143, 262144, 262145, 524288, 600000, 786433, 1048576};
	uint32_t chance = pick(prng, 0, 99);
	if (chance < 30) {
		return edges[hw_prng_below(prng, hw_count_of(edges))];
	}
	if (chance < 92) {
		return hw_prng_below(prng, UINT64_C(1) << pick(prng, 1, 16));
	}
	if (chance < 98) {
		return hw_prng_below(prng, 2 * MIB);
	}
	static const uint64_t chunks[] = {4 * MIB, 4 * MIB + 1, 8 * MIB, 9 * MIB};
	return chunks[hw_prng_below(prng, hw_count_of(chunks))];
}

static struct talk_exchange exchange(struct run *run)
{
	static const enum talk_verb verbs[] = {
		TALK_PUT,   TALK_PUT,   TALK_PUT,    TALK_PUT,   TALK_GET,    TALK_GET,
		TALK_GET,   TALK_HEAD,  TALK_RANGE,  TALK_RANGE, TALK_RANGES, TALK_MATCH,
		TALK_MATCH, TALK_RANGE, TALK_DELETE, TALK_PAGE,  TALK_NOTHING};
	struct hw_prng *prng = &run->prng;
	struct talk_exchange exchange = {
		.verb = verbs[hw_prng_below(prng, hw_count_of(verbs))],
		.size = file_size(prng),
		.shift = hw_prng_chance(prng, 50) ? 7 : hw_prng_below(prng, TALK_CONTENT_SIZE),
		.is_chunked = hw_prng_chance(prng, 50),
		.is_expecting = hw_prng_chance(prng, 15),
		.is_padded = hw_prng_chance(prng, 10),
		.sent_limit = UINT64_MAX,
	};
	if (run->is_strict) {
		return exchange;
	}
	exchange.is_broken = exchange.is_chunked && hw_prng_chance(prng, 5);
	if (hw_prng_chance(prng, 5)) {
		exchange.verb = TALK_GARBAGE;
	}
	if (hw_prng_chance(prng, 7)) {
		exchange.sent_limit = hw_prng_below(prng, exchange.size + 500);
	}
	return exchange;
}

static void client_make(struct run *run, struct talk_client *client, uint64_t seed)
{
	struct hw_prng *prng = &run->prng;
	uint64_t now_us = hw_clock_monotonic_us();
	memset(client, 0, sizeof(*client));
	client->exchange_count = pick(prng, 1, run->is_strict ? 8 : 6);
	for (uint32_t i = 0; i < client->exchange_count; i++) {
		client->exchanges[i] = exchange(run);
	}
	client->ahead_max = hw_prng_chance(prng, 70) ? 1 : pick(prng, 2, 6);
	client->next_us = now_us + hw_prng_below(prng, 50000);
	if (!run->is_strict) {
		client->doom = hw_prng_chance(prng, 60)
				       ? TALK_DOOM_NONE
				       : (enum talk_doom)pick(prng, 0, TALK_DOOM_COUNT - 1);
		client->doom_us = now_us + hw_prng_below(prng, 1U << pick(prng, 8, 21));
		client->unhold_us =
			hw_prng_chance(prng, 80) ? 0 : now_us + hw_prng_below(prng, 20000000);
	}
	talk_client_begin(client, &g_world, &g_model, seed);
}

static bool clients_step(void *user)
{
	struct run *run = user;
	uint64_t now_us = hw_clock_monotonic_us();
	bool is_over = true;
	for (uint32_t i = 0; i < run->client_count; i++) {
		talk_client_step(&g_clients[i]);
		is_over &= g_clients[i].is_over;
	}
	if (run->drain_us != 0 && now_us >= run->drain_us) {
		run->drain_us = 0;
		hw_http_server_drain(&g_world.server);
	}
	if (run->cut_us != 0 && now_us >= run->cut_us && g_world.server.is_draining) {
		run->cut_us = 0;
		hw_http_server_cut(&g_world.server);
	}
	return is_over;
}

static void run_init(struct run *run, uint64_t seed)
{
	memset(run, 0, sizeof(*run));
	hw_prng_init(&run->prng, seed);
	run->is_strict = hw_prng_chance(&run->prng, 20);
	run->is_big = seed % 400 == 7;
	run->client_count = pick(&run->prng, 1, CLIENTS_MAX);
	if (!run->is_strict && hw_prng_chance(&run->prng, 30)) {
		run->drain_us = HW_SIM_CLOCK_START_US +
				hw_prng_below(&run->prng, 1U << pick(&run->prng, 10, 22));
	}
	if (run->drain_us != 0 && hw_prng_chance(&run->prng, 50)) {
		run->cut_us =
			run->drain_us + hw_prng_below(&run->prng, 1U << pick(&run->prng, 6, 20));
	}
}

static void clients_make(struct run *run, uint64_t seed)
{
	for (uint32_t i = 0; i < run->client_count; i++) {
		client_make(run, &g_clients[i], seed * CLIENTS_MAX + i);
	}
	if (run->is_big) { /* more chunks than one batch: the catalog hears APPEND */
		g_clients[0].exchanges[0] = (struct talk_exchange){
			.verb = TALK_PUT,
			.size = 66 * MIB + pick(&run->prng, 0, 9 * MIB),
			.is_chunked = hw_prng_chance(&run->prng, 50),
			.sent_limit = UINT64_MAX,
		};
	}
}

static void seed_run(uint64_t seed)
{
	struct run run;
	g_running.seed = seed;
	run_init(&run, seed);
	struct hw_sim_options sim = sim_options(&run, seed);
	struct talk_world_options options = world_options(&run);
	hw_sim_begin(&sim);
	talk_world_start(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	g_model.is_strict = run.is_strict;
	if (!run.is_strict) {
		g_world.catalog.error_percent = level(&run.prng, 10);
		g_world.catalog.late_percent = level(&run.prng, 30);
		g_world.catalog.late_us_max = 1U << pick(&run.prng, 4, 20);
	}
	clients_make(&run, seed);
	int r = talk_world_run(&g_world, clients_step, &run);
	if (r != 0) {
		(void)fprintf(stderr, "seed %llu: clients never end\n", (unsigned long long)seed);
	}
	for (uint32_t i = 0; i < run.client_count; i++) {
		assert_true(g_clients[i].is_over);
		talk_client_end(&g_clients[i]);
	}
	talk_world_quiesce(&g_world);
	talk_model_check(&g_model, &g_world);
	talk_world_crash(&g_world, seed);
	talk_model_check(&g_model, &g_world);
	talk_world_stop(&g_world);
	hw_sim_end();
	for (uint32_t i = 0; i < hw_count_of(g_statuses); i++) {
		g_statuses[i] += g_model.answer_counts[i];
	}
}

static void seeds_hold(void **state)
{
	(void)state;
	g_running.part = "conversations";
	struct seeds seeds = seeds_run(g_only_seed, 25000, seed_run);
	print_message("answers:");
	for (uint32_t i = 0; i < hw_count_of(g_statuses); i++) {
		if (g_statuses[i] > 0) {
			print_message(" %u: %llu", i, (unsigned long long)g_statuses[i]);
		}
	}
	print_message("\n");
	/* The seeds must reach what they are there for. */
	static const uint32_t needed[] = {200, 201, 204, 206, 304, 400, 404, 408, 416, 500, 503};
	for (uint32_t i = 0; i < hw_count_of(needed) && seeds.next - seeds.first > 500; i++) {
		assert_true(g_statuses[needed[i]] > 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(seeds_hold)};
	g_only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	seeds_watch();
	seeds_log();
	talk_content_init();
	if (hw_simd_init(HW_SIMD_AUTO) < 0) {
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
