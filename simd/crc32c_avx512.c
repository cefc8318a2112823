/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32C by folding: crc32q makes the checksum of the last 16 bytes.
 */
#include "simd/crc32c_kernels.h"
#include "simd/crc_fold_avx512.h"

static const struct hw_crc_keys g_keys = {
	.by_2048 = {0xdcb17aa4, 0xb9e02b86},
	.by_512 = {0x740eef02, 0x9e4addf8},
	.by_384 = {0x1c291d04, 0x1d82c63da},
	.by_256 = {0x1384aa63a, 0xba4fc28e},
	.by_128 = {0xf20c0dfe, 0x14cd00bd6},
};

uint32_t hw_crc32c_avx512(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	if (size < HW_CRC_FOLD_MIN) {
		return hw_crc32c_sse42(crc, bytes, size);
	}
	__m128i sum = hw_crc_fold(&g_keys, ~crc, &bytes, &size);
	uint64_t remainder = _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(sum));
	remainder = _mm_crc32_u64(remainder, (uint64_t)_mm_extract_epi64(sum, 1));
	return hw_crc32c_sse42(~(uint32_t)remainder, bytes, size);
}
