/* SPDX-License-Identifier: Apache-2.0
 *
 * prng.h - repeatable chance: xoshiro256**, the same sequence for the same seed on every machine
 *
 * Room: core/base    Thread: any, one at a time for each generator    Blocks: never
 * Allocates: never   Owns: nothing
 *
 * For tests and simulators, which print the seed and can then be replayed. Ids and tokens come from
 * hw_random_bytes(): what stands here can be predicted from a few of its own values.
 */
#ifndef HW_CORE_BASE_PRNG_H
#define HW_CORE_BASE_PRNG_H

#include "core/base/check.h"

struct hw_prng {
	uint64_t state[4];
};

/* Every seed is good, 0 too: splitmix64 spreads it, so that close seeds give unlike sequences. */
static inline void hw_prng_init(struct hw_prng *prng, uint64_t seed)
{
	for (uint32_t i = 0; i < 4; i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		uint64_t mixed = (seed ^ (seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
		prng->state[i] = mixed ^ (mixed >> 31);
	}
}

static inline uint64_t hw_prng_rotate(uint64_t value, uint32_t bits)
{
	return (value << bits) | (value >> (64 - bits));
}

static inline uint64_t hw_prng_next(struct hw_prng *prng)
{
	uint64_t *s = prng->state;
	uint64_t result = hw_prng_rotate(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = hw_prng_rotate(s[3], 45);
	return result;
}

/* 0 .. bound-1; bound must not be 0. The bias (less than bound / 2^64) matters to no test. */
static inline uint64_t hw_prng_below(struct hw_prng *prng, uint64_t bound)
{
	hw_assert(bound > 0);
	return (uint64_t)(((unsigned __int128)hw_prng_next(prng) * bound) >> 64);
}

/* low .. high, both included. */
static inline uint64_t hw_prng_between(struct hw_prng *prng, uint64_t low, uint64_t high)
{
	hw_assert(low <= high);
	hw_assert(high - low < UINT64_MAX);
	return low + hw_prng_below(prng, high - low + 1);
}

/* True in @percent of a hundred cases. */
static inline bool hw_prng_chance(struct hw_prng *prng, uint32_t percent)
{
	return hw_prng_below(prng, 100) < percent;
}

static inline void hw_prng_fill(struct hw_prng *prng, void *bytes, uint64_t size)
{
	uint8_t *out = bytes;
	uint64_t word = 0;
	for (uint64_t i = 0; i < size; i++) {
		word = i % 8 == 0 ? hw_prng_next(prng) : word >> 8;
		out[i] = (uint8_t)word;
	}
}

#endif
