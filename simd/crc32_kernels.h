/* SPDX-License-Identifier: Apache-2.0
 *
 * crc32_kernels.h - the kernels of CRC-32; every one a hw_crc32_fn (kernels.h)
 *
 * Room: simd, private to it    Thread: any, pure    Blocks: never    Allocates: never
 *
 * To call one whose instructions the processor does not have is a bug; kernels.c asks cpu.h first.
 */
#ifndef HW_SIMD_CRC32_KERNELS_H
#define HW_SIMD_CRC32_KERNELS_H

#include "simd/kernels.h"

hw_crc32_fn hw_crc32_portable;
hw_crc32_fn hw_crc32_pclmul;
hw_crc32_fn hw_crc32_avx512;

#endif
