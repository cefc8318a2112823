/* SPDX-License-Identifier: Apache-2.0
 *
 * clock.h - time and chance: the two things a simulation must own
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 *
 * Two implementations, chosen at link time: clock_kernel.c and tests/sim/clock_sim.c (virtual time,
 * seeded chance). Time-outs use the monotonic clock only; the wall clock is for what people read.
 */
#ifndef HW_CORE_BASE_CLOCK_H
#define HW_CORE_BASE_CLOCK_H

#include "core/base/check.h"

uint64_t hw_clock_monotonic_us(void);
uint64_t hw_clock_wall_ms(void); /* since 1970-01-01, UTC */
/* What all threads of this process have used, in the kernel too. A system call that never waits.
 */
uint64_t hw_clock_process_cpu_us(void);

/* Fill with bytes that nobody can guess (ids, tokens). Aborts if the kernel has none: there is no
 * safe answer without them. */
void hw_random_bytes(void *bytes, uint32_t size);

#endif
