/* SPDX-License-Identifier: Apache-2.0
 *
 * sha256_lanes.h - the rounds of SHA-256 over a vector of lanes, one message in each
 *
 * Room: simd, private to it    Thread: any, pure    Blocks: never    Allocates: never
 *
 * A template: sha256_x8_avx2.c, sha256_x8_avx512vl.c and sha256_x16_avx512.c include it once each,
 * after they have defined what a vector of 32-bit words is on their machine:
 *
 *   LANES            words in a vector
 *   vec              its type; LOAD(from), STORE(to, x) take it from and to memory of any alignment
 *   ADD(x, y)        32-bit sums
 *   SPLAT(word)      the same word in every lane
 *   ROR(x, n)        rotate right by a constant; SHR(x, n) shift
 *   XOR3(x, y, z)    and CH, MAJ as FIPS 180-4 has them
 *
 * and it gives them lanes_block(), which takes the state and the sixteen words of a block through
 * the 64 rounds. Everything is inlined and every index is a constant, so v[] and w[] are registers.
 */
#ifndef HW_SIMD_SHA256_LANES_H
#define HW_SIMD_SHA256_LANES_H

#include "simd/sha256_kernels.h"

#define INLINE static inline __attribute__((always_inline))

INLINE vec big_sigma0(vec x)
{
	return XOR3(ROR(x, 2), ROR(x, 13), ROR(x, 22));
}

INLINE vec big_sigma1(vec x)
{
	return XOR3(ROR(x, 6), ROR(x, 11), ROR(x, 25));
}

INLINE vec small_sigma0(vec x)
{
	return XOR3(ROR(x, 7), ROR(x, 18), SHR(x, 3));
}

INLINE vec small_sigma1(vec x)
{
	return XOR3(ROR(x, 17), ROR(x, 19), SHR(x, 10));
}

/* Word t + 16 of the schedule, in place of word t. */
INLINE vec schedule_next(const vec *w, uint32_t t)
{
	vec old = ADD(w[t & 15U], w[(t + 9) & 15U]);
	vec sigma = ADD(small_sigma0(w[(t + 1) & 15U]), small_sigma1(w[(t + 14) & 15U]));
	return ADD(old, sigma);
}

/* Round t of 16; v[] stands still and the names a to h move through it, as in sha256_portable.c.
 * The newest value is e: it is waited for, so what does not need it (h + w + k, and the half of the
 * new a that comes from the old a) is summed before, and the sum of what does need it is the last.
 */
INLINE void lanes_round(vec *v, const vec *w, const uint32_t *k, uint32_t t)
{
	vec a = v[(0U - t) & 7U];
	vec b = v[(1U - t) & 7U];
	vec c = v[(2U - t) & 7U];
	vec e = v[(4U - t) & 7U];
	vec f = v[(5U - t) & 7U];
	vec g = v[(6U - t) & 7U];
	vec early = ADD(v[(7U - t) & 7U], ADD(w[t & 15U], SPLAT(k[t])));
	vec t2 = ADD(big_sigma0(a), MAJ(a, b, c));
	vec t1 = ADD(ADD(early, CH(e, f, g)), big_sigma1(e));
	v[(3U - t) & 7U] = ADD(v[(3U - t) & 7U], t1);
	v[(7U - t) & 7U] = ADD(t1, t2);
}

INLINE void lanes_round_schedule(vec *v, vec *w, const uint32_t *k, uint32_t t)
{
	lanes_round(v, w, k, t);
	w[t] = schedule_next(w, t);
}

INLINE void lanes_rounds_schedule(vec *v, vec *w, const uint32_t *k)
{
	lanes_round_schedule(v, w, k, 0);
	lanes_round_schedule(v, w, k, 1);
	lanes_round_schedule(v, w, k, 2);
	lanes_round_schedule(v, w, k, 3);
	lanes_round_schedule(v, w, k, 4);
	lanes_round_schedule(v, w, k, 5);
	lanes_round_schedule(v, w, k, 6);
	lanes_round_schedule(v, w, k, 7);
	lanes_round_schedule(v, w, k, 8);
	lanes_round_schedule(v, w, k, 9);
	lanes_round_schedule(v, w, k, 10);
	lanes_round_schedule(v, w, k, 11);
	lanes_round_schedule(v, w, k, 12);
	lanes_round_schedule(v, w, k, 13);
	lanes_round_schedule(v, w, k, 14);
	lanes_round_schedule(v, w, k, 15);
}

INLINE void lanes_rounds_last(vec *v, const vec *w, const uint32_t *k)
{
	lanes_round(v, w, k, 0);
	lanes_round(v, w, k, 1);
	lanes_round(v, w, k, 2);
	lanes_round(v, w, k, 3);
	lanes_round(v, w, k, 4);
	lanes_round(v, w, k, 5);
	lanes_round(v, w, k, 6);
	lanes_round(v, w, k, 7);
	lanes_round(v, w, k, 8);
	lanes_round(v, w, k, 9);
	lanes_round(v, w, k, 10);
	lanes_round(v, w, k, 11);
	lanes_round(v, w, k, 12);
	lanes_round(v, w, k, 13);
	lanes_round(v, w, k, 14);
	lanes_round(v, w, k, 15);
}

INLINE void state_add(uint32_t *state, const vec *v, uint32_t word)
{
	uint32_t *at = state + (uint64_t)word * LANES;
	STORE(at, ADD(LOAD(at), v[word]));
}

/* One block of every lane; @w is used up. The state stays in memory between blocks: with the
 * schedule in registers there is no room for two copies of it. */
INLINE void lanes_block(uint32_t *state, vec *w)
{
	const uint32_t *k = hw_sha256_round_constants;
	vec v[8];
	/* Hides from the compiler that k is the same for every block: it would keep the constants
	 * in registers, spread over all lanes, and spill the schedule for them. */
	__asm__("" : "+r"(k));
	for (uint32_t i = 0; i < 8; i++) {
		v[i] = LOAD(state + (uint64_t)i * LANES);
	}
	for (uint32_t t = 0; t < 48; t += 16) {
		lanes_rounds_schedule(v, w, k + t);
	}
	lanes_rounds_last(v, w, k + 48);
	for (uint32_t i = 0; i < 8; i++) {
		state_add(state, v, i);
	}
}

#endif
