/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every job is hashed as hw_sha256 would, block by block, in order, once; a turn hashes a
 * bounded number of bytes and says when more is left; nothing is done inside a submit.
 * Method: the hook is run by hand and by a simulated reactor.
 */
#include "core/store/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/prng.h"
#include "tests/unit/store/store_world.h"

#define JOB_COUNT      40U
#define TURN_JOBS_FULL 16U /* 4 MiB, as digest.c has it */

struct job {
	struct hw_digest_job job;
	struct hw_hash hashes[HW_SLAB_BLOCKS + 1];
	uint32_t order; /* from 1; 0: not done */
	struct job *chained;
};

static uint8_t g_bytes[2 * HW_SLAB_SIZE];
static struct job g_jobs[JOB_COUNT];
static uint32_t g_done_count;
static struct store_world g_world;
static struct hw_digest *const g_digest = &g_world.store.digest;

static int setup(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(1);
	hw_sim_begin(&options);
	struct store_world_options world = {.segment_size = STORE_WORLD_SEGMENT_MIN,
					    .slab_count = 1};
	store_world_start(&g_world, &world);
	memset(g_jobs, 0, sizeof(g_jobs));
	g_done_count = 0;
	struct hw_prng prng;
	hw_prng_init(&prng, 7);
	hw_prng_fill(&prng, g_bytes, sizeof(g_bytes));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_world_stop(&g_world);
	hw_sim_end();
	return 0;
}

static void done(struct hw_digest_job *digest)
{
	struct job *job = hw_container_of(digest, struct job, job);
	assert_int_equal(job->order, 0);
	job->order = ++g_done_count;
	if (job->chained != NULL) {
		hw_digest_submit(g_digest, &job->chained->job, done);
		assert_int_equal(job->chained->order, 0); /* never inside a submit */
	}
}

static void prepare(struct job *job, uint32_t offset, uint32_t size)
{
	memset(job->hashes, 0xEE, sizeof(job->hashes));
	job->job.bytes = g_bytes + offset;
	job->job.size = size;
	job->job.ret_hashes = job->hashes;
}

static void submit(struct job *job, uint32_t offset, uint32_t size)
{
	prepare(job, offset, size);
	hw_digest_submit(g_digest, &job->job, done);
	assert_int_equal(job->order, 0);
}

static void check(const struct job *job)
{
	static const struct hw_hash untouched = {{0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE,
						  0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE,
						  0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE,
						  0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE}};
	uint32_t index = 0;
	for (uint32_t offset = 0; offset < job->job.size; offset += HW_BLOCK_SIZE) {
		struct hw_hash expected;
		hw_sha256(job->job.bytes + offset, hw_min(HW_BLOCK_SIZE, job->job.size - offset),
			  &expected);
		assert_memory_equal(&job->hashes[index++], &expected, sizeof(expected));
	}
	assert_memory_equal(&job->hashes[index], &untouched, sizeof(untouched));
}

static bool turn(void)
{
	return g_digest->hook.run(&g_digest->hook);
}

static void test_sizes(void **state)
{
	(void)state;
	static const uint32_t sizes[] = {1,
					 63,
					 64,
					 4096,
					 HW_BLOCK_SIZE - 1,
					 HW_BLOCK_SIZE,
					 HW_BLOCK_SIZE + 1,
					 7 * HW_BLOCK_SIZE,
					 7 * HW_BLOCK_SIZE + 5,
					 HW_SLAB_SIZE - 1,
					 HW_SLAB_SIZE};
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		submit(&g_jobs[i], i * 17, sizes[i]);
	}
	assert_false(turn());
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		assert_int_equal(g_jobs[i].order, i + 1);
		check(&g_jobs[i]);
	}
	assert_false(turn()); /* nothing left */
	assert_int_equal(g_done_count, hw_count_of(sizes));
}

/* Jobs of every small size behind each other share batches; each still gets its own hashes, in its
 * own place, in the order it came. */
static void test_gathered(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < JOB_COUNT; i++) {
		uint32_t blocks = (i * 7) % (HW_SLAB_BLOCKS / 2);
		uint32_t rest_size = i % 3 == 0 ? 0 : 1 + i * 100;
		submit(&g_jobs[i], i * 333, hw_max(blocks * HW_BLOCK_SIZE + rest_size, 1U));
	}
	while (turn()) {
	}
	assert_int_equal(g_done_count, JOB_COUNT);
	for (uint32_t i = 0; i < JOB_COUNT; i++) {
		assert_int_equal(g_jobs[i].order, i + 1);
		check(&g_jobs[i]);
	}
}

static void test_bounded(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < JOB_COUNT; i++) {
		submit(&g_jobs[i], i * 4096, HW_SLAB_SIZE);
	}
	assert_true(turn());
	assert_int_equal(g_done_count, TURN_JOBS_FULL);
	assert_true(turn());
	assert_int_equal(g_done_count, 2 * TURN_JOBS_FULL);
	assert_false(turn());
	assert_int_equal(g_done_count, JOB_COUNT);
	for (uint32_t i = 0; i < JOB_COUNT; i++) {
		assert_int_equal(g_jobs[i].order, i + 1); /* first come, first served */
		check(&g_jobs[i]);
	}
}

/* A job submitted from a done is of the same turn while that has room, else of the next. */
static void test_chain(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < JOB_COUNT; i++) {
		prepare(&g_jobs[i], i * 100, HW_SLAB_SIZE);
		g_jobs[i].chained = i + 1 < JOB_COUNT ? &g_jobs[i + 1] : NULL;
	}
	hw_digest_submit(g_digest, &g_jobs[0].job, done);
	assert_true(turn());
	assert_int_equal(g_done_count, TURN_JOBS_FULL);
	/* The reactor does not sleep while work is left. */
	uint64_t before_us = hw_clock_monotonic_us();
	assert_int_equal(hw_reactor_turn(&g_world.reactor, 1000), 0);
	assert_true(hw_clock_monotonic_us() - before_us < 1000);
	assert_int_equal(hw_reactor_turn(&g_world.reactor, 0), 0);
	assert_int_equal(g_done_count, JOB_COUNT);
	for (uint32_t i = 0; i < JOB_COUNT; i++) {
		check(&g_jobs[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gathered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
