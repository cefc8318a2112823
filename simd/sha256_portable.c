/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 in plain C, as FIPS 180-4 writes it: the reference every other kernel is tested against.
 * It is meant to be read beside the standard; the names are the standard's.
 */
#include "simd/sha256_kernels.h"

#include <string.h>

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

static inline uint32_t rotr(uint32_t x, uint32_t count)
{
	return x >> count | x << (32U - count);
}

static inline uint32_t big_sigma0(uint32_t x)
{
	return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22);
}

static inline uint32_t big_sigma1(uint32_t x)
{
	return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25);
}

static inline uint32_t small_sigma0(uint32_t x)
{
	return rotr(x, 7) ^ rotr(x, 18) ^ x >> 3;
}

static inline uint32_t small_sigma1(uint32_t x)
{
	return rotr(x, 17) ^ rotr(x, 19) ^ x >> 10;
}

/* The standard's Ch and Maj with one operation less each; the truth tables are the same. */
static inline uint32_t ch(uint32_t x, uint32_t y, uint32_t z)
{
	return z ^ (x & (y ^ z));
}

static inline uint32_t maj(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) | (z & (x | y));
}

/* One round. v[] stands still and the names a to h move through it backwards, one place a round, so
 * nothing is copied: a is v[-t mod 8], b the next, and so on. */
static inline void round_run(uint32_t v[8], uint32_t t, uint32_t wk)
{
	uint32_t at = (0U - t) & 7U;
	uint32_t e = v[(at + 4) & 7U];
	uint32_t *d = &v[(at + 3) & 7U];
	uint32_t *h = &v[(at + 7) & 7U];
	uint32_t t1 = *h + big_sigma1(e) + ch(e, v[(at + 5) & 7U], v[(at + 6) & 7U]) + wk;
	*d += t1;
	*h = t1 + big_sigma0(v[at]) + maj(v[at], v[(at + 1) & 7U], v[(at + 2) & 7U]);
}

/* The schedule keeps the newest sixteen words in a ring: w[t mod 16] is replaced by word t + 16. */
static inline uint32_t schedule_next(const uint32_t w[16], uint32_t t)
{
	return small_sigma1(w[(t + 14) & 15U]) + w[(t + 9) & 15U] + small_sigma0(w[(t + 1) & 15U]) +
	       w[t & 15U];
}

static void block_run(uint32_t *state, const uint8_t *block)
{
	const uint32_t *k = hw_sha256_round_constants;
	uint32_t w[16];
	uint32_t v[8];
	memcpy(w, block, sizeof(w));
	memcpy(v, state, sizeof(v));
	for (uint32_t t = 0; t < 16; t++) {
		w[t] = __builtin_bswap32(w[t]);
	}
	for (uint32_t t = 0; t < 64; t += 8) {
		/* Eight at a time, so that every index is known to the compiler. */
		for (uint32_t i = 0; i < 8; i++) {
			round_run(v, i, k[t + i] + w[(t + i) & 15U]);
			w[(t + i) & 15U] = schedule_next(w, t + i);
		}
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
