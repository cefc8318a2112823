/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32 by folding, with the carry-less multiply of AVX-512 (VPCLMULQDQ): crc32c_avx512.c with
 * the other polynomial, and without an instruction for the last 16 bytes.
 */
#include "simd/crc32_kernels.h"

#include <immintrin.h>

#define STEP_SIZE 256U /* bytes of a turn: four registers */
#define FOLD_MIN  512U /* bytes; below, 128 bits are as fast */
#define ALL_ONES  0xffffffffU

/* Distances in bits; the pair is x^(D+32) and x^(D-32) mod P, reflected and moved up one bit, for
 * the lower and the upper half of 128 bits. */
#define FOLD_2048 0x11542778a, 0x1322d1430
#define FOLD_512  0x154442bd4, 0x1c6e41596
#define FOLD_384  0x03db1ecdc, 0x174359406
#define FOLD_256  0x0f1da05aa, 0x15a546366
#define FOLD_128  0x1751997d0, 0x0ccaa009e

static inline __m512i constants(int64_t low, int64_t high)
{
	return _mm512_set4_epi64(high, low, high, low);
}

/* @onto plus @x moved on by the distance that @k stands for. */
static inline __m512i fold(__m512i x, __m512i k, __m512i onto)
{
	__m512i low = _mm512_clmulepi64_epi128(x, k, 0x00);
	__m512i high = _mm512_clmulepi64_epi128(x, k, 0x11);
	return _mm512_ternarylogic_epi64(low, high, onto, 0x96);
}

static inline __m128i constants_128(int64_t low, int64_t high)
{
	return _mm_set_epi64x(high, low);
}

static inline __m128i fold_128(__m128i x, __m128i k, __m128i onto)
{
	__m128i low = _mm_clmulepi64_si128(x, k, 0x00);
	__m128i high = _mm_clmulepi64_si128(x, k, 0x11);
	return _mm_ternarylogic_epi64(low, high, onto, 0x96);
}

/* The checksum of 64 bytes in a register that has taken in what they were begun with. */
static inline uint32_t register_finish(__m512i x)
{
	uint8_t bytes[16];
	__m128i sum = _mm512_extracti32x4_epi32(x, 3);
	sum = fold_128(_mm512_extracti32x4_epi32(x, 2), constants_128(FOLD_128), sum);
	sum = fold_128(_mm512_extracti32x4_epi32(x, 1), constants_128(FOLD_256), sum);
	sum = fold_128(_mm512_castsi512_si128(x), constants_128(FOLD_384), sum);
	_mm_storeu_si128((__m128i_u *)bytes, sum);
	return hw_crc32_portable(ALL_ONES, bytes, sizeof(bytes));
}

uint32_t hw_crc32_avx512(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	if (size < FOLD_MIN) {
		return hw_crc32_pclmul(crc, bytes, size);
	}
	__m512i k = constants(FOLD_2048);
	__m512i x0 = _mm512_loadu_si512(bytes);
	__m512i x1 = _mm512_loadu_si512(bytes + 64);
	__m512i x2 = _mm512_loadu_si512(bytes + 128);
	__m512i x3 = _mm512_loadu_si512(bytes + 192);
	x0 = _mm512_xor_si512(x0, _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)~crc)));
	bytes += STEP_SIZE;
	size -= STEP_SIZE;
	for (; size >= STEP_SIZE; size -= STEP_SIZE) {
		x0 = fold(x0, k, _mm512_loadu_si512(bytes));
		x1 = fold(x1, k, _mm512_loadu_si512(bytes + 64));
		x2 = fold(x2, k, _mm512_loadu_si512(bytes + 128));
		x3 = fold(x3, k, _mm512_loadu_si512(bytes + 192));
		bytes += STEP_SIZE;
	}
	k = constants(FOLD_512);
	x1 = fold(x0, k, x1);
	x2 = fold(x1, k, x2);
	x3 = fold(x2, k, x3);
	for (; size >= 64; size -= 64) {
		x3 = fold(x3, k, _mm512_loadu_si512(bytes));
		bytes += 64;
	}
	return hw_crc32_pclmul(register_finish(x3), bytes, size);
}
