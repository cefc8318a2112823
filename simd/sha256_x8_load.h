/* SPDX-License-Identifier: Apache-2.0
 *
 * sha256_x8_load.h - eight messages of 64 bytes into eight lanes, with AVX2
 *
 * Room: simd, private to it    Thread: any, pure    Blocks: never    Allocates: never
 *
 * The part that sha256_x8_avx2.c and sha256_x8_avx512vl.c share besides the rounds; included after
 * sha256_lanes.h.
 */
#ifndef HW_SIMD_SHA256_X8_LOAD_H
#define HW_SIMD_SHA256_X8_LOAD_H

#define PREFETCH_SIZE 512 /* bytes ahead */

/* Bytes @offset to @offset + 15 of message i, and of message i + 4 in the upper half. */
INLINE vec row_load(const uint8_t *const *blocks, uint32_t i, uint64_t offset)
{
	const vec swap = _mm256_setr_epi32(0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f,
					   0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f);
	__m128i low = _mm_loadu_si128((const __m128i *)(const void *)(blocks[i] + offset));
	__m128i high = _mm_loadu_si128((const __m128i *)(const void *)(blocks[i + 4] + offset));
	return _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1),
				   swap);
}

/* Words 0 to 3 at @offset, of all eight messages. Because the halves were loaded together, a 4 x 4
 * transposition within each half is all there is to do, and no shuffle has to cross the halves. */
INLINE void quad_load(vec *w, const uint8_t *const *blocks, uint64_t offset)
{
	vec r0 = row_load(blocks, 0, offset);
	vec r1 = row_load(blocks, 1, offset);
	vec r2 = row_load(blocks, 2, offset);
	vec r3 = row_load(blocks, 3, offset);
	vec t0 = _mm256_unpacklo_epi32(r0, r1);
	vec t1 = _mm256_unpackhi_epi32(r0, r1);
	vec t2 = _mm256_unpacklo_epi32(r2, r3);
	vec t3 = _mm256_unpackhi_epi32(r2, r3);
	w[0] = _mm256_unpacklo_epi64(t0, t2);
	w[1] = _mm256_unpackhi_epi64(t0, t2);
	w[2] = _mm256_unpacklo_epi64(t1, t3);
	w[3] = _mm256_unpackhi_epi64(t1, t3);
}

INLINE void words_load(vec *w, const uint8_t *const *blocks, uint64_t offset)
{
	for (uint32_t i = 0; i < 8; i++) {
		_mm_prefetch((const char *)blocks[i] + offset + PREFETCH_SIZE, _MM_HINT_T0);
	}
	quad_load(w, blocks, offset);
	quad_load(w + 4, blocks, offset + 16);
	quad_load(w + 8, blocks, offset + 32);
	quad_load(w + 12, blocks, offset + 48);
}

INLINE void x8_run(uint32_t *state, const uint8_t *const *blocks, uint64_t block_count)
{
	for (uint64_t i = 0; i < block_count; i++) {
		vec w[16];
		words_load(w, blocks, i * HW_SHA256_BLOCK_SIZE);
		lanes_block(state, w);
	}
}

#endif
