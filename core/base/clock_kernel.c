/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/clock.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static uint64_t clock_us(clockid_t id)
{
	struct timespec now = {0};
	int r = clock_gettime(id, &now);
	hw_assert(r == 0);
	return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

uint64_t hw_clock_monotonic_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

uint64_t hw_clock_wall_ms(void)
{
	return clock_us(CLOCK_REALTIME) / 1000U;
}

uint64_t hw_clock_process_cpu_us(void)
{
	return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

void hw_random_bytes(void *bytes, uint32_t size)
{
	/* Up to 256 bytes getrandom(2) is never short and never interrupted. */
	hw_assert(size <= 256);
	ssize_t r = getrandom(bytes, size, 0);
	hw_assert(r == (ssize_t)size);
}
