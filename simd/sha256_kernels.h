/* SPDX-License-Identifier: Apache-2.0
 *
 * sha256_kernels.h - what the kernels of SHA-256 share: their prototypes and the constants
 *
 * Room: simd, private to it    Thread: any, pure    Blocks: never    Allocates: never
 *
 * Every function is a hw_sha256_lanes_fn (kernels.h). To call one whose instructions the processor
 * does not have is a bug; kernels.c asks cpu.h first.
 */
#ifndef HW_SIMD_SHA256_KERNELS_H
#define HW_SIMD_SHA256_KERNELS_H

#include "simd/kernels.h"
#include "simd/sha256.h"

/* K of FIPS 180-4, 4.2.2; aligned for the kernels that load four at a time. */
extern const uint32_t hw_sha256_round_constants[64];

hw_sha256_lanes_fn hw_sha256_portable;
hw_sha256_lanes_fn hw_sha256_ni_x1;
hw_sha256_lanes_fn hw_sha256_ni_x2;
hw_sha256_lanes_fn hw_sha256_ni_x4;
hw_sha256_lanes_fn hw_sha256_avx2_x8;
hw_sha256_lanes_fn hw_sha256_avx512vl_x8;
hw_sha256_lanes_fn hw_sha256_avx512_x16;

#endif
