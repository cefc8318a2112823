/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32 by folding: the portable kernel makes the checksum of the last 16 bytes, for this
 * polynomial has no instruction.
 */
#include "simd/crc32_kernels.h"
#include "simd/crc_fold_avx512.h"

#define ALL_ONES 0xffffffffU

static const struct hw_crc_keys g_keys = {
	.by_2048 = {0x11542778a, 0x1322d1430},
	.by_512 = {0x154442bd4, 0x1c6e41596},
	.by_384 = {0x03db1ecdc, 0x174359406},
	.by_256 = {0x0f1da05aa, 0x15a546366},
	.by_128 = {0x1751997d0, 0x0ccaa009e},
};

uint32_t hw_crc32_avx512(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	if (size < HW_CRC_FOLD_MIN) {
		return hw_crc32_pclmul(crc, bytes, size);
	}
	uint8_t sum[16];
	_mm_storeu_si128((__m128i_u *)sum, hw_crc_fold(&g_keys, ~crc, &bytes, &size));
	return hw_crc32_pclmul(hw_crc32_portable(ALL_ONES, sum, sizeof(sum)), bytes, size);
}
