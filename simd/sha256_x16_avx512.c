/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 of sixteen messages at once, one in each 32-bit lane of AVX-512's registers.
 *
 * Rotation is one instruction here and any function of three words is one (vpternlogd), so a block
 * of sixteen messages is about 1,800 instructions: 64 rounds of 18, 48 words of schedule of 11, 80
 * to turn the messages' bytes into lanes. The 32 registers just hold state, schedule and what is
 * between.
 */
#include <immintrin.h>
#include <stdint.h>

#define LANES 16
#define PREFETCH_SIZE                                                                              \
	512 /* bytes ahead; sixteen messages are more streams than a prefetcher follows */

typedef __m512i vec;

#define LOAD(from)   _mm512_loadu_si512(from)
#define STORE(to, x) _mm512_storeu_si512(to, x)
#define ADD(x, y)    _mm512_add_epi32(x, y)
#define SUB(x, y)    _mm512_sub_epi32(x, y)
#define SPLAT(word)  _mm512_set1_epi32((int)(word))
#define ROR(x, n)    _mm512_ror_epi32(x, n)
#define SHR(x, n)    _mm512_srli_epi32(x, n)
/* The last argument is the function's truth table, read from bit (x y z). */
#define XOR3(x, y, z)        _mm512_ternarylogic_epi32(x, y, z, 0x96)
#define CH(x, y, z)          _mm512_ternarylogic_epi32(x, y, z, 0xca)
#define MAJ(x, y, z)         _mm512_ternarylogic_epi32(x, y, z, 0xe8)
#define XOR_ROR3(x, p, q, r) XOR3(ROR(x, p), ROR(x, q), ROR(x, r))
#define XOR_ROR2(x, p, q, n) XOR3(ROR(x, p), ROR(x, q), SHR(x, n))

#include "simd/sha256_lanes.h"

/* Rows 4i to 4i+3 (four messages) to columns within each 128 bits: the words of one place side by
 * side. */
INLINE void transpose_quads(vec *r)
{
	vec t0 = _mm512_unpacklo_epi32(r[0], r[1]);
	vec t1 = _mm512_unpackhi_epi32(r[0], r[1]);
	vec t2 = _mm512_unpacklo_epi32(r[2], r[3]);
	vec t3 = _mm512_unpackhi_epi32(r[2], r[3]);
	r[0] = _mm512_unpacklo_epi64(t0, t2);
	r[1] = _mm512_unpackhi_epi64(t0, t2);
	r[2] = _mm512_unpacklo_epi64(t1, t3);
	r[3] = _mm512_unpackhi_epi64(t1, t3);
}

/* The same one level up: r0, r4, r8, r12 hold word j of four messages in each 128 bits; afterwards
 * they hold words j, j+4, j+8, j+12 of all sixteen. */
INLINE void transpose_blocks(vec *w, const vec *r, uint32_t j)
{
	vec t0 = _mm512_shuffle_i32x4(r[j], r[j + 4], 0x44);
	vec t1 = _mm512_shuffle_i32x4(r[j], r[j + 4], 0xee);
	vec t2 = _mm512_shuffle_i32x4(r[j + 8], r[j + 12], 0x44);
	vec t3 = _mm512_shuffle_i32x4(r[j + 8], r[j + 12], 0xee);
	w[j] = _mm512_shuffle_i32x4(t0, t2, 0x88);
	w[j + 4] = _mm512_shuffle_i32x4(t0, t2, 0xdd);
	w[j + 8] = _mm512_shuffle_i32x4(t1, t3, 0x88);
	w[j + 12] = _mm512_shuffle_i32x4(t1, t3, 0xdd);
}

INLINE vec row_load(const uint8_t *block)
{
	const vec swap = _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
	_mm_prefetch((const char *)block + PREFETCH_SIZE, _MM_HINT_T0);
	return _mm512_shuffle_epi8(_mm512_loadu_si512(block), swap);
}

INLINE void words_load(vec *w, const uint8_t *const *blocks, uint64_t offset)
{
	vec r[16];
	for (uint32_t i = 0; i < 16; i++) {
		r[i] = row_load(blocks[i] + offset);
	}
	for (uint32_t i = 0; i < 16; i += 4) {
		transpose_quads(r + i);
	}
	for (uint32_t j = 0; j < 4; j++) {
		transpose_blocks(w, r, j);
	}
}

void hw_sha256_avx512_x16(uint32_t *state, const uint8_t *const *blocks, uint64_t block_count)
{
	for (uint64_t i = 0; i < block_count; i++) {
		vec w[16];
		words_load(w, blocks, i * HW_SHA256_BLOCK_SIZE);
		lanes_block(state, w);
	}
}
