/* SPDX-License-Identifier: Apache-2.0
 *
 * reactor_fixture.h - a reactor over the simulated ring
 *
 * Room: tests/unit/loop    Thread: one    Blocks: never    Allocates: the ring
 */
#ifndef HW_TESTS_UNIT_LOOP_REACTOR_FIXTURE_H
#define HW_TESTS_UNIT_LOOP_REACTOR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/pump_sim.h"

static inline void reactor_start(struct hw_reactor *reactor, uint32_t index)
{
	static struct hw_metrics metrics; /* nobody reads it */
	struct hw_reactor_options options = {
		.index = index,
		.slab_count = 2,
		.ring = {.in_flight_max = 64, .socket_slots = 2, .file_slots = 2},
		.metrics = &metrics,
	};
	assert_int_equal(hw_reactor_init(reactor, &options), 0);
	assert_int_equal(hw_ring_enable(reactor->ring), 0);
}

static inline void world_begin(uint64_t seed)
{
	struct hw_sim_options options = hw_sim_chaos(seed);
	hw_sim_begin(&options);
}

#endif
