/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 of eight messages at once, one in each 32-bit lane of AVX2's registers.
 *
 * AVX2 has no rotation: two shifts and an exclusive or take its place. Sixteen registers do not
 * hold the schedule, so the compiler keeps it on the stack, which costs loads but no arithmetic.
 */
#include <immintrin.h>
#include <stdint.h>

#define LANES 8

typedef __m256i vec;

#define LOAD(from)   _mm256_loadu_si256((const __m256i *)(const void *)(from))
#define STORE(to, x) _mm256_storeu_si256((__m256i *)(void *)(to), x)
#define ADD(x, y)    _mm256_add_epi32(x, y)
#define SUB(x, y)    _mm256_sub_epi32(x, y)
#define XOR(x, y)    _mm256_xor_si256(x, y)
#define AND(x, y)    _mm256_and_si256(x, y)
#define SPLAT(word)  _mm256_set1_epi32((int)(word))
#define SHR(x, n)    _mm256_srli_epi32(x, n)
#define ROR(x, n)    XOR(SHR(x, n), _mm256_slli_epi32(x, 32 - (n)))
/* A tree three deep, not a chain: what is rotated last is waited for. */
#define XOR_ROR3(x, p, q, r) XOR(XOR(ROR(x, p), ROR(x, q)), ROR(x, r))
#define XOR_ROR2(x, p, q, n) XOR(XOR(SHR(x, n), ROR(x, p)), ROR(x, q))
#define CH(x, y, z)          XOR(z, AND(x, XOR(y, z)))
/* y ^ z is the x ^ y of the round before, so the compiler computes it once: three instructions. */
#define MAJ(x, y, z) XOR(y, AND(XOR(x, y), XOR(y, z)))

#include "simd/sha256_lanes.h"
#include "simd/sha256_x8_load.h"

void hw_sha256_avx2_x8(uint32_t *state, const uint8_t *const *blocks, uint64_t block_count)
{
	x8_run(state, blocks, block_count);
}
