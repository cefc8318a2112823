/* SPDX-License-Identifier: Apache-2.0
 *
 * clock_sim.h - virtual time and seeded chance behind core/base/clock.h
 *
 * Room: tests/sim    Thread: one    Blocks: never    Allocates: never    Owns: the virtual clock
 */
#ifndef HW_TESTS_SIM_CLOCK_SIM_H
#define HW_TESTS_SIM_CLOCK_SIM_H

#include "core/base/clock.h"

/* Where the monotonic clock begins, and the wall clock at that moment. */
#define HW_SIM_CLOCK_START_US UINT64_C(5000000)
#define HW_SIM_WALL_START_MS  UINT64_C(1760000000000)

/* Set the monotonic clock; never backwards, except to HW_SIM_CLOCK_START_US (a new world). */
void hw_sim_clock_set(uint64_t monotonic_us);
void hw_sim_clock_advance(uint64_t us);
/* The wall clock may jump to and fro, as NTP and operators make it do; it then goes on from there.
 */
void hw_sim_wall_set(uint64_t wall_ms);
/* From now on hw_random_bytes() gives this seed's bytes. */
void hw_sim_random_seed(uint64_t seed);

#endif
