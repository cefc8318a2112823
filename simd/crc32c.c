/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/crc32c.h"

#include "simd/kernels.h"

uint32_t hw_crc32c(uint32_t crc, const void *bytes, uint64_t size)
{
	return hw_simd_kernels()->crc32c(crc, bytes, size);
}
