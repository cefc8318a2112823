/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store/store_world.h"

#include <string.h>

static void sealed(void *user, uint32_t shard, uint32_t segment)
{
	struct store_world *world = user;
	hw_assert(shard == STORE_WORLD_SHARD);
	hw_assert(world->sealed_count < STORE_WORLD_SEALED_MAX);
	for (uint32_t i = 0; i < world->sealed_count; i++) {
		hw_assert(world->sealed[i] != segment); /* once for each */
	}
	world->sealed[world->sealed_count++] = segment;
}

void store_world_start(struct store_world *world, const struct store_world_options *options)
{
	memset(world, 0, sizeof(*world));
	int r = hw_files_open(&world->files, "", 0, options->is_direct);
	hw_assert(r == 0);
	struct hw_reactor_options reactor = {
		.slab_count = options->slab_count,
		.ring = {.in_flight_max = 4096, .file_slots = HW_STORE_FILE_COUNT + 1},
		.metrics = &world->metrics,
	};
	r = hw_reactor_init(&world->reactor, &reactor);
	hw_assert(r == 0);
	r = hw_worker_init(&world->worker);
	hw_assert(r == 0);
	r = hw_ring_enable(world->reactor.ring);
	hw_assert(r == 0);
	r = hw_ring_enable(world->worker.ring);
	hw_assert(r == 0);
	struct hw_segment_log_options log = {
		.reactor = &world->reactor,
		.worker = &world->worker,
		.files = &world->files,
		.port = {.user = world, .sealed = sealed},
		.segment_size = options->segment_size,
		.shard = STORE_WORLD_SHARD,
		.next_segment = hw_max(options->next_segment, 1U),
		.file_index_base = 1,
	};
	hw_store_init(&world->store, &log, &world->fills);
}

void store_world_stop(struct store_world *world)
{
	/* The store asks once a second how much room there is: the answer may be on its way. */
	for (uint32_t i = 0; i < 100 && world->store.log.free_job.in_flight; i++) {
		store_world_pass(world, 1);
	}
	hw_assert(hw_store_is_idle(&world->store));
	hw_store_deinit(&world->store);
	hw_worker_deinit(&world->worker);
	hw_reactor_deinit(&world->reactor); /* asserts that all slabs came back */
	hw_files_close(&world->files);
}

void store_world_crash(struct store_world *world, uint64_t seed)
{
	hw_sim_ring_abandon(world->reactor.ring);
	hw_sim_ring_abandon(world->worker.ring);
	/* The slabs' holders are gone with the process. */
	world->reactor.slabs.free_count = world->reactor.slabs.count;
	hw_list_init(&world->reactor.slabs.waiters);
	hw_worker_deinit(&world->worker);
	hw_reactor_deinit(&world->reactor);
	hw_files_close(&world->files);
	hw_sim_disk_crash(seed);
}

static struct hw_sim_pump pump_of(struct store_world *world)
{
	return (struct hw_sim_pump){.actors = {hw_sim_actor_reactor(&world->reactor),
					       hw_sim_actor_worker(&world->worker)},
				    .count = 2};
}

int store_world_run(struct store_world *world, bool (*is_finished)(void *user), void *user)
{
	struct hw_sim_pump pump = pump_of(world);
	pump.is_finished = is_finished;
	pump.user = user;
	return hw_sim_pump(&pump);
}

void store_world_pass(struct store_world *world, uint64_t ms)
{
	struct hw_sim_pump pump = pump_of(world);
	pump.limit_ms = ms;
	int r = hw_sim_pump(&pump);
	hw_assert(r == 0);
	r = hw_reactor_turn(&world->reactor, 0); /* so that its clock shows it */
	hw_assert(r == 0);
}

static bool is_idle(void *user)
{
	const struct store_world *world = user;
	return hw_store_is_idle(&world->store);
}

void store_world_settle(struct store_world *world)
{
	int r = store_world_run(world, is_idle, world);
	hw_assert(r == 0);
}

uint32_t store_world_unsettled_count(const struct store_world *world)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < HW_SEGMENT_OPEN_MAX; i++) {
		count += world->store.log.segments[i].unsettled_count;
	}
	return count;
}
