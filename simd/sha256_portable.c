/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 in plain C, as FIPS 180-4 writes it: the reference every other kernel is tested against.
 * It is meant to be read beside the standard; the names are the standard's.
 */
#include "simd/sha256_kernels.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

_Alignas(64) const uint32_t hw_sha256_round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

INLINE uint32_t rotr(uint32_t x, uint32_t count)
{
	return x >> count | x << (32U - count);
}

INLINE uint32_t big_sigma0(uint32_t x)
{
	return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22);
}

INLINE uint32_t big_sigma1(uint32_t x)
{
	return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25);
}

INLINE uint32_t small_sigma0(uint32_t x)
{
	return rotr(x, 7) ^ rotr(x, 18) ^ x >> 3;
}

INLINE uint32_t small_sigma1(uint32_t x)
{
	return rotr(x, 17) ^ rotr(x, 19) ^ x >> 10;
}

/* The standard's Ch and Maj with one operation less each; the truth tables are the same. */
INLINE uint32_t ch(uint32_t x, uint32_t y, uint32_t z)
{
	return z ^ (x & (y ^ z));
}

INLINE uint32_t maj(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) | (z & (x | y));
}

/* Word t + 16 of the schedule. The newest sixteen are kept in a ring: it takes the place of word t.
 */
INLINE uint32_t schedule_next(const uint32_t *w, uint32_t t)
{
	return small_sigma1(w[(t + 14) & 15U]) + w[(t + 9) & 15U] + small_sigma0(w[(t + 1) & 15U]) +
	       w[t & 15U];
}

/* One round. v[] stands still and the names a to h move through it backwards, one place a round, so
 * nothing is copied: a is v[-t mod 8], b the next, and so on. */
INLINE void round_run(uint32_t *v, uint32_t *w, const uint32_t *k, uint32_t t)
{
	uint32_t a = v[(0U - t) & 7U];
	uint32_t e = v[(4U - t) & 7U];
	uint32_t *d = &v[(3U - t) & 7U];
	uint32_t *h = &v[(7U - t) & 7U];
	uint32_t t1 = *h + big_sigma1(e) + ch(e, v[(5U - t) & 7U], v[(6U - t) & 7U]) + k[t] + w[t];
	uint32_t t2 = big_sigma0(a) + maj(a, v[(1U - t) & 7U], v[(2U - t) & 7U]);
	*d += t1;
	*h = t1 + t2;
	w[t] = schedule_next(w, t);
}

/* Sixteen rounds, written out so that every index is a constant and v[] is registers. The last
 * sixteen rounds of a block compute sixteen words that nobody reads; that costs less than a second
 * copy. */
static void rounds_run(uint32_t *v_kept, uint32_t *w, const uint32_t *k)
{
	uint32_t v[8];
	memcpy(v, v_kept, sizeof(v));
	round_run(v, w, k, 0);
	round_run(v, w, k, 1);
	round_run(v, w, k, 2);
	round_run(v, w, k, 3);
	round_run(v, w, k, 4);
	round_run(v, w, k, 5);
	round_run(v, w, k, 6);
	round_run(v, w, k, 7);
	round_run(v, w, k, 8);
	round_run(v, w, k, 9);
	round_run(v, w, k, 10);
	round_run(v, w, k, 11);
	round_run(v, w, k, 12);
	round_run(v, w, k, 13);
	round_run(v, w, k, 14);
	round_run(v, w, k, 15);
	memcpy(v_kept, v, sizeof(v));
}

static void block_run(uint32_t *state, const uint8_t *block)
{
	uint32_t w[16];
	uint32_t v[8];
	memcpy(w, block, sizeof(w));
	memcpy(v, state, sizeof(v));
	for (uint32_t t = 0; t < 16; t++) {
		w[t] = __builtin_bswap32(w[t]);
	}
	for (uint32_t t = 0; t < 64; t += 16) {
		rounds_run(v, w, hw_sha256_round_constants + t);
	}
	for (uint32_t i = 0; i < 8; i++) {
		state[i] += v[i];
	}
}

void hw_sha256_portable(uint32_t *state, const uint8_t *const *blocks, uint64_t block_count)
{
	for (uint64_t i = 0; i < block_count; i++) {
		block_run(state, blocks[0] + i * HW_SHA256_BLOCK_SIZE);
	}
}
