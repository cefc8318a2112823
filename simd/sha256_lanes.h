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
 *   ADD(x, y)        32-bit sums, and SUB(x, y) differences
 *   SPLAT(word)      the same word in every lane
 *   SHR(x, n)        shift right by a constant
 *   XOR_ROR3(x, p, q, r)  x rotated right by p, by q and by r, the three combined by exclusive or
 *   XOR_ROR2(x, p, q, n)  the same of two rotations and a shift by n
 *   CH, MAJ          as FIPS 180-4 has them
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
	return XOR_ROR3(x, 2, 13, 22);
}

INLINE vec big_sigma1(vec x)
{
	return XOR_ROR3(x, 6, 11, 25);
}

INLINE vec small_sigma0(vec x)
{
	return XOR_ROR2(x, 7, 18, 3);
}

INLINE vec small_sigma1(vec x)
{
	return XOR_ROR2(x, 17, 19, 10);
}

/* Word t + 16 of the schedule, in place of word t. */
INLINE vec schedule_next(const vec *w, uint32_t t)
{
	vec old = ADD(w[t & 15U], w[(t + 9) & 15U]);
	vec sigma = ADD(small_sigma0(w[(t + 1) & 15U]), small_sigma1(w[(t + 14) & 15U]));
	return ADD(old, sigma);
}

/* Round t in two halves; v[] stands still and the names a to h move through it, as in
 * sha256_portable.c. The rounds are one long chain through e, and on a processor whose vector
 * instructions take two clocks (Zen 5) that chain is the limit, not their number. So all that does
 * not need the newest e is summed before it, d too, and e is one addition behind Sigma1. What a
 * needs is then that e less d: one subtraction more than FIPS 180-4 writes, for two clocks less. */
INLINE vec round_e(const vec *v, const vec *w, const uint32_t *k, uint32_t t)
{
	vec d = v[(3U - t) & 7U];
	vec e = v[(4U - t) & 7U];
	vec f = v[(5U - t) & 7U];
	vec g = v[(6U - t) & 7U];
	vec h = v[(7U - t) & 7U];
	vec sigma = big_sigma1(e);
	vec early = ADD(ADD(h, d), ADD(w[t & 15U], SPLAT(k[t])));
	return ADD(ADD(early, CH(e, f, g)), sigma);
}

/* The a that round t begins with. Nobody waits for it but the fourth round from there, through d,
 * so it comes one round late: its place holds e less d until then, and the next e goes first.
 */
INLINE vec round_a(const vec *v, uint32_t t)
{
	vec late = v[(0U - t) & 7U];
	vec b = v[(1U - t) & 7U];
	vec c = v[(2U - t) & 7U];
	vec d = v[(3U - t) & 7U];
	return ADD(big_sigma0(b), ADD(MAJ(b, c, d), late));
}

INLINE void round_store(vec *v, vec e, uint32_t t)
{
	v[(7U - t) & 7U] = SUB(e, v[(3U - t) & 7U]);
	v[(3U - t) & 7U] = e;
}

/* The second half of round t - 1 within the first of round t. */
INLINE void lanes_round(vec *v, const vec *w, const uint32_t *k, uint32_t t)
{
	vec e = round_e(v, w, k, t);
	v[(0U - t) & 7U] = round_a(v, t);
	round_store(v, e, t);
}

/* Round t is over as far as it needs w[t], which makes room for the word of sixteen rounds later.
 * */
INLINE void lanes_schedule_round(vec *v, vec *w, const uint32_t *k, uint32_t t)
{
	w[t] = schedule_next(w, t);
	lanes_round(v, w, k, t + 1);
}

INLINE void lanes_schedule_rounds(vec *v, vec *w, const uint32_t *k)
{
	lanes_schedule_round(v, w, k, 0);
	lanes_schedule_round(v, w, k, 1);
	lanes_schedule_round(v, w, k, 2);
	lanes_schedule_round(v, w, k, 3);
	lanes_schedule_round(v, w, k, 4);
	lanes_schedule_round(v, w, k, 5);
	lanes_schedule_round(v, w, k, 6);
	lanes_schedule_round(v, w, k, 7);
	lanes_schedule_round(v, w, k, 8);
	lanes_schedule_round(v, w, k, 9);
	lanes_schedule_round(v, w, k, 10);
	lanes_schedule_round(v, w, k, 11);
	lanes_schedule_round(v, w, k, 12);
	lanes_schedule_round(v, w, k, 13);
	lanes_schedule_round(v, w, k, 14);
	lanes_schedule_round(v, w, k, 15);
}

INLINE void lanes_rounds_last(vec *v, const vec *w, const uint32_t *k)
{
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
	v[0] = round_a(v, 16);
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
	round_store(v, round_e(v, w, k, 0), 0);
	for (uint32_t t = 0; t < 48; t += 16) {
		lanes_schedule_rounds(v, w, k + t);
	}
	lanes_rounds_last(v, w, k + 48);
	for (uint32_t i = 0; i < 8; i++) {
		state_add(state, v, i);
	}
}

#endif
