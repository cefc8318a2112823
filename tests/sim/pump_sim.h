/* SPDX-License-Identifier: Apache-2.0
 *
 * pump_sim.h - many simulated threads in one: turns reactors and workers in seeded order
 *
 * Room: tests/sim    Thread: one    Blocks: never    Allocates: never    Owns: nothing
 *
 * Time goes on only when all of them wait and none has mail, and then to the first moment at which
 * one of them has something to do or wanted to wake: no timer is late because another thread slept.
 */
#ifndef HW_TESTS_SIM_PUMP_SIM_H
#define HW_TESTS_SIM_PUMP_SIM_H

#include "core/loop/reactor.h"
#include "core/loop/worker.h"
#include "tests/sim/ring_sim.h"

#define HW_SIM_ACTORS_MAX    8U
#define HW_SIM_PUMP_WAIT_MS  1000U /* what each turn is told that it may wait */
#define HW_SIM_PUMP_LIMIT_MS UINT64_C(600000)

struct hw_sim_actor {
	int (*turn)(void *user, uint32_t wait_ms);
	const struct hw_mailbox *mailbox; /* mail in it keeps time from going on; may be NULL */
	void *user;
};

struct hw_sim_pump {
	struct hw_sim_actor actors[HW_SIM_ACTORS_MAX];
	uint32_t count;
	bool (*is_finished)(void *user); /* asked after each turn; NULL: run for limit_ms */
	void *user;
	uint64_t limit_ms; /* of virtual time; 0: HW_SIM_PUMP_LIMIT_MS */
};

/* Returns 0 finished, -ETIMEDOUT the limit came first (with is_finished), or what a turn returned.
 */
int hw_sim_pump(const struct hw_sim_pump *pump) HW_MUST_CHECK;

static inline int hw_sim_turn_reactor(void *user, uint32_t wait_ms)
{
	return hw_reactor_turn(user, wait_ms);
}

static inline int hw_sim_turn_worker(void *user, uint32_t wait_ms)
{
	return hw_worker_turn(user, wait_ms);
}

static inline int hw_sim_turn_ring(void *user, uint32_t wait_ms)
{
	int r = hw_ring_turn(user, wait_ms, 64);
	return r < 0 ? r : 0;
}

static inline struct hw_sim_actor hw_sim_actor_reactor(struct hw_reactor *reactor)
{
	return (struct hw_sim_actor){hw_sim_turn_reactor, &reactor->mailbox, reactor};
}

static inline struct hw_sim_actor hw_sim_actor_worker(struct hw_worker *worker)
{
	return (struct hw_sim_actor){hw_sim_turn_worker, &worker->mailbox, worker};
}

static inline struct hw_sim_actor hw_sim_actor_ring(struct hw_ring *ring)
{
	return (struct hw_sim_actor){hw_sim_turn_ring, NULL, ring};
}

#endif
