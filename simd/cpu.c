/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/cpu.h"

#include <cpuid.h>
#include <stdbool.h>

/* Bits of XCR0: what the system saves at a switch of threads. */
#define XCR0_AVX    0x06U /* xmm and the upper halves of ymm */
#define XCR0_AVX512 0xe6U /* and mask registers, upper halves of zmm, zmm16 to zmm31 */

static uint32_t xcr0_read(void)
{
	uint32_t low = 0;
	uint32_t high = 0;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

static bool has_all(uint32_t word, uint32_t bits)
{
	return (word & bits) == bits;
}

uint32_t hw_cpu_features(void)
{
	uint32_t eax = 0;
	uint32_t ebx = 0;
	uint32_t ecx = 0;
	uint32_t edx = 0;
	if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) {
		return HW_CPU_NONE;
	}
	uint32_t features = HW_CPU_NONE;
	bool has_sse42 = has_all(ecx, bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2);
	bool has_aes = has_all(ecx, bit_AES);
	uint32_t xcr0 = has_all(ecx, bit_OSXSAVE) ? xcr0_read() : 0;
	features |= has_sse42 ? HW_CPU_SSE42 : 0U;
	features |= has_sse42 && has_all(ecx, bit_PCLMUL) ? HW_CPU_PCLMUL : 0U;

	if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) {
		return features;
	}
	bool has_avx2 = has_all(ebx, bit_AVX2) && has_all(xcr0, XCR0_AVX);
	bool has_avx512 = has_avx2 && has_all(xcr0, XCR0_AVX512) &&
			  has_all(ebx, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL);
	features |= has_sse42 && has_all(ebx, bit_SHA) ? HW_CPU_SHANI : 0U;
	features |= has_avx2 ? HW_CPU_AVX2 : 0U;
	features |= has_avx512 ? HW_CPU_AVX512 : 0U;
	features |= has_avx512 && has_all(ecx, bit_VPCLMULQDQ) ? HW_CPU_VPCLMUL : 0U;
	features |= has_avx512 && has_aes && has_all(ecx, bit_VAES) ? HW_CPU_VAES : 0U;
	return features;
}
