/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/crc32.h"

#include "simd/kernels.h"

uint32_t hw_crc32(uint32_t crc, const void *bytes, uint64_t size)
{
	return hw_simd_kernels()->crc32(crc, bytes, size);
}
