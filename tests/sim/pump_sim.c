/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/pump_sim.h"

#include <errno.h>

#include "tests/sim/sim_world.h"

#define SKIP_PERCENT 20U /* a thread that does not run in this round */

static void rounds_begin(void)
{
	for (uint32_t i = 0; i < hw_sim_world.ring_count; i++) {
		hw_sim_world.rings[i]->is_waiting = false;
		hw_sim_world.rings[i]->has_turned = false;
	}
}

/* Posted to one that was not asleep: no wake is on its way, its next turn finds it. */
static bool has_mail(const struct hw_sim_pump *pump)
{
	for (uint32_t i = 0; i < pump->count; i++) {
		const struct hw_mailbox *mailbox = pump->actors[i].mailbox;
		if (mailbox != NULL &&
		    (mailbox->ready != NULL || atomic_load(&mailbox->newest) != NULL)) {
			return true;
		}
	}
	return false;
}

/* All rings that are turned by the pump wait: time may go on. */
static void time_pass(uint64_t limit_us)
{
	uint64_t next_us = hw_min(hw_sim_next_us(), limit_us);
	uint32_t count = 0;
	for (uint32_t i = 0; i < hw_sim_world.ring_count; i++) {
		const struct hw_ring *ring = hw_sim_world.rings[i];
		if (!ring->has_turned) {
			continue;
		}
		if (!ring->is_waiting) {
			return;
		}
		next_us = hw_min(next_us, ring->wait_until_us);
		count++;
	}
	if (count > 0 && next_us > hw_clock_monotonic_us()) {
		hw_sim_clock_set(next_us);
	}
}

static int turn(const struct hw_sim_pump *pump, uint32_t index, bool *ret_is_finished)
{
	const struct hw_sim_actor *actor = &pump->actors[index];
	int r = actor->turn(actor->user, HW_SIM_PUMP_WAIT_MS);
	*ret_is_finished = pump->is_finished != NULL && pump->is_finished(pump->user);
	return r;
}

/* Each actor once, in any order; some are left out. Returns as turn; *ret_is_whole: all ran. */
static int round_run(const struct hw_sim_pump *pump, struct hw_prng *prng, bool *ret_is_finished,
		     bool *ret_is_whole)
{
	uint32_t order[HW_SIM_ACTORS_MAX];
	for (uint32_t i = 0; i < pump->count; i++) {
		uint32_t other = (uint32_t)hw_prng_below(prng, i + 1);
		order[i] = order[other];
		order[other] = i;
	}
	*ret_is_whole = true;
	for (uint32_t i = 0; i < pump->count; i++) {
		if (pump->count > 1 && hw_prng_chance(prng, SKIP_PERCENT)) {
			*ret_is_whole = false;
			continue;
		}
		int r = turn(pump, order[i], ret_is_finished);
		if (r < 0 || *ret_is_finished) {
			return r;
		}
	}
	return 0;
}

int hw_sim_pump(const struct hw_sim_pump *pump)
{
	hw_assert(pump->count > 0 && pump->count <= HW_SIM_ACTORS_MAX);
	hw_assert(!hw_sim_world.is_pumped);
	struct hw_prng prng;
	hw_prng_init(&prng, hw_sim_world.options.seed ^ hw_sim_world.step_count);
	uint64_t limit_ms = pump->limit_ms > 0 ? pump->limit_ms : HW_SIM_PUMP_LIMIT_MS;
	uint64_t limit_us = hw_clock_monotonic_us() + limit_ms * 1000U;
	bool is_finished = pump->is_finished != NULL && pump->is_finished(pump->user);
	int r = 0;
	hw_sim_world.is_pumped = true;
	while (r >= 0 && !is_finished && hw_clock_monotonic_us() < limit_us) {
		bool is_whole = false;
		rounds_begin();
		r = round_run(pump, &prng, &is_finished, &is_whole);
		if (r >= 0 && !is_finished && is_whole && !has_mail(pump)) {
			time_pass(limit_us);
		}
	}
	hw_sim_world.is_pumped = false;
	if (r < 0) {
		return r;
	}
	return is_finished || pump->is_finished == NULL ? 0 : -ETIMEDOUT;
}
