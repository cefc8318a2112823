/* SPDX-License-Identifier: Apache-2.0
 *
 * cpu.h - what this processor can do, as far as our kernels ask
 *
 * Room: simd    Thread: any, pure    Blocks: never    Allocates: never
 *
 * A feature counts only when the operating system saves the registers it needs (XGETBV): CPUID
 * alone says what the silicon has, not what a process may use.
 */
#ifndef HW_SIMD_CPU_H
#define HW_SIMD_CPU_H

#include <stdint.h>

enum hw_cpu_feature {
	HW_CPU_NONE = 0,
	HW_CPU_SSE42 = 1 << 0,   /* SSSE3, SSE4.1, SSE4.2 with its CRC-32C instruction */
	HW_CPU_PCLMUL = 1 << 1,  /* carry-less multiply of 128 bits */
	HW_CPU_SHANI = 1 << 2,   /* the SHA extensions, with SSE4.1 */
	HW_CPU_AVX2 = 1 << 3,    /* AVX2, registers saved by the system */
	HW_CPU_AVX512 = 1 << 4,  /* AVX-512 F, BW, DQ and VL, registers saved by the system */
	HW_CPU_VPCLMUL = 1 << 5, /* carry-less multiply of four times 128 bits, with AVX-512 */
	HW_CPU_VAES = 1 << 6,    /* AES on four blocks, with AVX-512; and on one */
	HW_CPU_ALL = (1 << 7) - 1,
};

/* Read CPUID and XGETBV. Returns HW_CPU_* bits; a few hundred clocks, more in a virtual machine
 * (each CPUID leaves it), so ask once. */
uint32_t hw_cpu_features(void);

#endif
