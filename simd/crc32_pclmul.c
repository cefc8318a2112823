/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32 by folding, with the carry-less multiply of 128 bits (PCLMULQDQ): crc_fold_avx512.h says
 * how. Four registers are folded over 64 bytes at a time, then into one, and the portable kernel
 * makes the checksum of its 16 bytes: for this polynomial there is no instruction.
 */
#include "simd/crc32_kernels.h"

#include <immintrin.h>

#define STEP_SIZE 64U  /* bytes of a turn: four registers */
#define FOLD_MIN  128U /* bytes; below, tables are as fast */
#define ALL_ONES  0xffffffffU

/* Distances in bits; the pair is x^(D+32) and x^(D-32) mod P, reflected and moved up one bit, for
 * the lower and the upper half of 128 bits. */
#define FOLD_512 0x154442bd4, 0x1c6e41596
#define FOLD_128 0x1751997d0, 0x0ccaa009e

static inline __m128i load(const uint8_t *bytes)
{
	return _mm_loadu_si128((const __m128i_u *)bytes);
}

static inline __m128i constants(int64_t low, int64_t high)
{
	return _mm_set_epi64x(high, low);
}

/* @onto plus @x moved on by the distance that @k stands for. */
static inline __m128i fold(__m128i x, __m128i k, __m128i onto)
{
	__m128i low = _mm_clmulepi64_si128(x, k, 0x00);
	__m128i high = _mm_clmulepi64_si128(x, k, 0x11);
	return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

uint32_t hw_crc32_pclmul(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	if (size < FOLD_MIN) {
		return hw_crc32_portable(crc, bytes, size);
	}
	__m128i k = constants(FOLD_512);
	__m128i x0 = _mm_xor_si128(load(bytes), _mm_cvtsi32_si128((int)~crc));
	__m128i x1 = load(bytes + 16);
	__m128i x2 = load(bytes + 32);
	__m128i x3 = load(bytes + 48);
	bytes += STEP_SIZE;
	size -= STEP_SIZE;
	for (; size >= STEP_SIZE; size -= STEP_SIZE) {
		x0 = fold(x0, k, load(bytes));
		x1 = fold(x1, k, load(bytes + 16));
		x2 = fold(x2, k, load(bytes + 32));
		x3 = fold(x3, k, load(bytes + 48));
		bytes += STEP_SIZE;
	}
	k = constants(FOLD_128);
	x1 = fold(x0, k, x1);
	x2 = fold(x1, k, x2);
	x3 = fold(x2, k, x3);
	for (; size >= 16; size -= 16) {
		x3 = fold(x3, k, load(bytes));
		bytes += 16;
	}
	uint8_t sum[16];
	_mm_storeu_si128((__m128i_u *)sum, x3);
	return hw_crc32_portable(hw_crc32_portable(ALL_ONES, sum, sizeof(sum)), bytes, size);
}
