/* SPDX-License-Identifier: Apache-2.0
 *
 * simd_test.h - what the tests of this room share: cmocka, seeded bytes, every kernel in turn
 *
 * Room: tests    Thread: any    Blocks: never    Allocates: never
 */
#ifndef HW_TESTS_UNIT_SIMD_SIMD_TEST_H
#define HW_TESTS_UNIT_SIMD_SIMD_TEST_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "simd/cpu.h"
#include "simd/kernels.h"
#include "simd/sha256.h"

#define hw_count_of(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

/* splitmix64: one seed, the same bytes on every machine. */
static inline uint64_t random_next(uint64_t *seed)
{
	*seed += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t x = *seed;
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static inline void random_fill(uint64_t *seed, uint8_t *bytes, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++) {
		bytes[i] = (uint8_t)random_next(seed);
	}
}

#define GUARDED_SIZE 65536U

/* GUARDED_SIZE bytes with a page behind them that nobody may touch: reading one byte too many is a
 * fault, with or without a sanitizer. Never freed; a test program is short. */
static inline uint8_t *guarded_bytes(void)
{
	uint64_t guard_size = 4096;
	uint8_t *bytes = mmap(NULL, GUARDED_SIZE + guard_size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(bytes, MAP_FAILED);
	assert_int_equal(mprotect(bytes + GUARDED_SIZE, guard_size, PROT_NONE), 0);
	return bytes;
}

/* Run @test once for each kernel family this machine has, with and without the SHA extensions to
 * take what is left over, and say which. */
static inline void for_each_kernel(void (*test)(void))
{
	static const uint32_t masks[] = {HW_CPU_ALL, HW_CPU_ALL & ~(uint32_t)HW_CPU_SHANI};
	uint32_t run_count = 0;
	for (int i = 0; i < HW_SIMD_COUNT * 2; i++) {
		int r = hw_simd_init_masked((enum hw_simd_choice)(i / 2), masks[i % 2]);
		if (r == -ENOTSUP) {
			continue;
		}
		assert_int_equal(r, 0);
		print_message("  kernel %s, one lane %s\n", hw_simd_kernel_name(),
			      hw_simd_kernels()->sha256[hw_simd_kernels()->sha256_count - 1].name);
		test();
		run_count++;
	}
	/* "auto" and "scalar" exist everywhere. */
	assert_true(run_count >= 4);
}

/* The bytes of "ab01..." compared with @size bytes. */
static inline void assert_hex(const uint8_t *bytes, uint32_t size, const char *hex)
{
	char text[2 * 64 + 1] = "";
	assert_true(size <= 64);
	for (uint32_t i = 0; i < size; i++) {
		(void)snprintf(text + (size_t)i * 2, 3, "%02x", bytes[i]);
	}
	assert_string_equal(text, hex);
}

#endif
