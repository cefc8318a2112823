/* SPDX-License-Identifier: Apache-2.0
 *
 * crc32c_kernels.h - the kernels of CRC-32C; every one a hw_crc32c_fn (kernels.h)
 *
 * Room: simd, private to it    Thread: any, pure    Blocks: never    Allocates: never
 *
 * To call one whose instructions the processor does not have is a bug; kernels.c asks cpu.h first.
 */
#ifndef HW_SIMD_CRC32C_KERNELS_H
#define HW_SIMD_CRC32C_KERNELS_H

#include "simd/kernels.h"

hw_crc32c_fn hw_crc32c_portable;
hw_crc32c_fn hw_crc32c_sse42;
hw_crc32c_fn hw_crc32c_avx512;

#endif
