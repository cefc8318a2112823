/* SPDX-License-Identifier: Apache-2.0
 *
 * store_world.h - one reactor, one worker and one store over the simulated ring and disk
 *
 * Room: tests/unit/store    Thread: one    Blocks: never    Allocates: yes, it is a test
 */
#ifndef HW_TESTS_UNIT_STORE_STORE_WORLD_H
#define HW_TESTS_UNIT_STORE_STORE_WORLD_H

#include "core/store/store.h"
#include "tests/sim/files_sim.h"
#include "tests/sim/pump_sim.h"
#include "tests/sim/ring_sim.h"

#define STORE_WORLD_SHARD       3U
#define STORE_WORLD_SEALED_MAX  256U
#define STORE_WORLD_MIB         (UINT64_C(1) << 20)
#define STORE_WORLD_SEGMENT_MIN (UINT64_C(16) << 20) /* as segment_log.c has it */

struct store_world {
	struct hw_metrics metrics;
	struct hw_reactor reactor;
	struct hw_worker worker;
	struct hw_files files;
	struct hw_fills fills;
	struct hw_store store;
	uint32_t sealed[STORE_WORLD_SEALED_MAX]; /* numbers, in the order of the port's calls */
	uint32_t sealed_count;
};

struct store_world_options {
	uint64_t segment_size;
	uint32_t slab_count;
	uint32_t next_segment;
	bool is_direct;
};

/* After hw_sim_begin(). */
void store_world_start(struct store_world *world, const struct store_world_options *options);
/* Everything has come to rest: asserts that nothing is held. */
void store_world_stop(struct store_world *world);
/* Power loss at this moment; the world is then as after stop, and may be started anew. */
void store_world_crash(struct store_world *world, uint64_t seed);

/* Turn both threads until @is_finished. Returns as hw_sim_pump. */
int store_world_run(struct store_world *world, bool (*is_finished)(void *user),
		    void *user) HW_MUST_CHECK;
/* Until @ms of virtual time have passed. */
void store_world_pass(struct store_world *world, uint64_t ms);
/* Until the store is idle. */
void store_world_settle(struct store_world *world);
uint32_t store_world_unsettled_count(const struct store_world *world);

#endif
