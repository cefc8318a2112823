/* SPDX-License-Identifier: Apache-2.0
 *
 * sim_fixture.h - what the tests of the simulator share: a small ring, one operation at a time
 *
 * Room: tests/unit/loop    Thread: one    Blocks: never    Allocates: the ring
 */
#ifndef HW_TESTS_UNIT_LOOP_SIM_FIXTURE_H
#define HW_TESTS_UNIT_LOOP_SIM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/pump_sim.h"

static struct hw_op g_op;
static uint32_t g_done_count;

static inline struct hw_ring *ring_new(uint32_t sockets, uint32_t files)
{
	struct hw_ring_options options = {
		.in_flight_max = 64,
		.socket_slots = sockets,
		.file_slots = files,
		.head_buffer_count = 4,
	};
	struct hw_ring *ring = NULL;
	assert_int_equal(hw_ring_init(&ring, &options), 0);
	return ring;
}

static inline void pump(struct hw_ring *ring, bool (*is_finished)(void *), void *user)
{
	struct hw_sim_pump all = {.actors = {hw_sim_actor_ring(ring)},
				  .count = 1,
				  .is_finished = is_finished,
				  .user = user};
	int r = hw_sim_pump(&all);
	if (r != 0) {
		fail_msg("seed %llu: %d", (unsigned long long)hw_sim_seed(), r);
	}
}

static inline void any_done(struct hw_op *op)
{
	(void)op;
	g_done_count++;
}

static inline bool is_landed(void *user)
{
	const struct hw_op *op = user;
	return !op->in_flight;
}

static inline void finish(struct hw_ring *ring, struct hw_op *op)
{
	pump(ring, is_landed, op);
}

#endif
