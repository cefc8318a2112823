/* SPDX-License-Identifier: Apache-2.0
 *
 * crc_fold_avx512.h - a CRC of 32 bits, folded with the carry-less multiply of AVX-512 (VPCLMULQDQ)
 *
 * Room: simd, private to it    Thread: any, pure    Blocks: never    Allocates: never
 *
 * A stretch of bytes may be replaced by a shorter one with the same remainder: 128 bits times x^D
 * are added (xor) to the 128 bits that stand D bits later, two multiplications for 16 bytes, four
 * times side by side in a register. Four registers are folded over 256 bytes at a time, then into
 * one, then into 16 bytes. After V. Gopal et al., "Fast CRC Computation for Generic Polynomials
 * Using PCLMULQDQ Instruction", Intel, 2009.
 */
#ifndef HW_SIMD_CRC_FOLD_AVX512_H
#define HW_SIMD_CRC_FOLD_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#define HW_CRC_FOLD_STEP 256U /* bytes of a turn: four registers */
#define HW_CRC_FOLD_MIN  512U /* bytes; below, other kernels are as fast */

/* Of a polynomial P, for distances D in bits: x^(D+32) and x^(D-32) mod P, reflected and moved up
 * one bit, for the lower and the upper half of 128 bits. */
struct hw_crc_keys {
	int64_t by_2048[2];
	int64_t by_512[2];
	int64_t by_384[2];
	int64_t by_256[2];
	int64_t by_128[2];
};

/* @onto plus @x moved on by the distance of @key. */
static inline __m512i hw_crc_fold_512(__m512i x, const int64_t key[2], __m512i onto)
{
	__m512i k = _mm512_set4_epi64(key[1], key[0], key[1], key[0]);
	__m512i low = _mm512_clmulepi64_epi128(x, k, 0x00);
	__m512i high = _mm512_clmulepi64_epi128(x, k, 0x11);
	return _mm512_ternarylogic_epi64(low, high, onto, 0x96);
}

static inline __m128i hw_crc_fold_128(__m128i x, const int64_t key[2], __m128i onto)
{
	__m128i k = _mm_set_epi64x(key[1], key[0]);
	__m128i low = _mm_clmulepi64_si128(x, k, 0x00);
	__m128i high = _mm_clmulepi64_si128(x, k, 0x11);
	return _mm_ternarylogic_epi64(low, high, onto, 0x96);
}

/* 16 bytes with the remainder of all but the last *@size, fewer than 64, which are left at *@bytes.
 * @size: at least HW_CRC_FOLD_MIN. @begun: what the first four bytes are begun with (xor). */
static inline __m128i hw_crc_fold(const struct hw_crc_keys *keys, uint32_t begun,
				  const uint8_t **bytes, uint64_t *size)
{
	const uint8_t *at = *bytes;
	uint64_t left = *size;
	__m512i x0 = _mm512_loadu_si512(at);
	__m512i x1 = _mm512_loadu_si512(at + 64);
	__m512i x2 = _mm512_loadu_si512(at + 128);
	__m512i x3 = _mm512_loadu_si512(at + 192);
	x0 = _mm512_xor_si512(x0, _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)begun)));
	at += HW_CRC_FOLD_STEP;
	left -= HW_CRC_FOLD_STEP;
	for (; left >= HW_CRC_FOLD_STEP; left -= HW_CRC_FOLD_STEP) {
		x0 = hw_crc_fold_512(x0, keys->by_2048, _mm512_loadu_si512(at));
		x1 = hw_crc_fold_512(x1, keys->by_2048, _mm512_loadu_si512(at + 64));
		x2 = hw_crc_fold_512(x2, keys->by_2048, _mm512_loadu_si512(at + 128));
		x3 = hw_crc_fold_512(x3, keys->by_2048, _mm512_loadu_si512(at + 192));
		at += HW_CRC_FOLD_STEP;
	}
	x1 = hw_crc_fold_512(x0, keys->by_512, x1);
	x2 = hw_crc_fold_512(x1, keys->by_512, x2);
	x3 = hw_crc_fold_512(x2, keys->by_512, x3);
	for (; left >= 64; left -= 64) {
		x3 = hw_crc_fold_512(x3, keys->by_512, _mm512_loadu_si512(at));
		at += 64;
	}
	*bytes = at;
	*size = left;
	__m128i sum = _mm512_extracti32x4_epi32(x3, 3);
	sum = hw_crc_fold_128(_mm512_extracti32x4_epi32(x3, 2), keys->by_128, sum);
	sum = hw_crc_fold_128(_mm512_extracti32x4_epi32(x3, 1), keys->by_256, sum);
	return hw_crc_fold_128(_mm512_castsi512_si128(x3), keys->by_384, sum);
}

#endif
