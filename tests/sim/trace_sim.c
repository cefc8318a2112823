/* SPDX-License-Identifier: Apache-2.0
 *
 * A sum over all that happened, and on request each line of it.
 */
#include <stdio.h>

#include "tests/sim/sim_world.h"

void hw_sim_note(struct hw_ring *ring, const char *what, uint64_t a, uint64_t b, int64_t res)
{
	uint64_t words[] = {hw_clock_monotonic_us(), (uint64_t)ring->fd, a, b, (uint64_t)res};
	for (uint32_t i = 0; i < hw_count_of(words); i++) {
		hw_sim_world.trace = (hw_sim_world.trace ^ words[i]) * UINT64_C(0x9fb21c651e98df25);
		hw_sim_world.trace ^= hw_sim_world.trace >> 32;
	}
	if (hw_sim_world.is_loud) {
		(void)fprintf(stderr, "%10llu us ring %d %-10s %llu %llu -> %lld\n",
			      (unsigned long long)words[0], ring->fd - HW_SIM_RING_FD_FIRST, what,
			      (unsigned long long)a, (unsigned long long)b, (long long)res);
	}
}
