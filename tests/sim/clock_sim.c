/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/clock_sim.h"

#include "core/base/prng.h"

static uint64_t g_now_us = HW_SIM_CLOCK_START_US;
static uint64_t g_wall_ms = HW_SIM_WALL_START_MS; /* at g_wall_set_us */
static uint64_t g_wall_set_us = HW_SIM_CLOCK_START_US;
static struct hw_prng g_random = {.state = {1, 2, 3, 4}};

uint64_t hw_clock_monotonic_us(void)
{
	return g_now_us;
}

uint64_t hw_clock_wall_ms(void)
{
	return g_wall_ms + (g_now_us - g_wall_set_us) / 1000U;
}

/* A quarter of one core, always. */
uint64_t hw_clock_process_cpu_us(void)
{
	return (g_now_us - HW_SIM_CLOCK_START_US) / 4;
}

void hw_random_bytes(void *bytes, uint32_t size)
{
	hw_assert(size <= 256); /* as clock_kernel.c has it */
	hw_prng_fill(&g_random, bytes, size);
}

void hw_sim_clock_set(uint64_t monotonic_us)
{
	hw_assert(monotonic_us >= g_now_us || monotonic_us == HW_SIM_CLOCK_START_US);
	if (monotonic_us < g_now_us) {
		g_wall_ms = HW_SIM_WALL_START_MS;
		g_wall_set_us = HW_SIM_CLOCK_START_US;
	}
	g_now_us = monotonic_us;
}

void hw_sim_clock_advance(uint64_t us)
{
	g_now_us += us;
}

void hw_sim_wall_set(uint64_t wall_ms)
{
	g_wall_ms = wall_ms;
	g_wall_set_us = g_now_us;
}

void hw_sim_random_seed(uint64_t seed)
{
	hw_prng_init(&g_random, seed);
}
