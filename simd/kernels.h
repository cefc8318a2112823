/* SPDX-License-Identifier: Apache-2.0
 *
 * kernels.h - the table of kernels in use, chosen once before threads start
 *
 * Room: simd    Thread: init from main before any other thread; reading from any    Blocks: never
 * Allocates: never    Owns: the one mutable global of the room (g_kernels in kernels.c)
 *
 * Callers of hashes include sha256.h, merkle.h, crc32.h or crc32c.h and never look in here; this
 * header is for the one who starts the process, for tests and for benches.
 */
#ifndef HW_SIMD_KERNELS_H
#define HW_SIMD_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#define HW_SIMD_SHA256_COUNT_MAX 5U  /* kernels of different width in one table */
#define HW_SIMD_LANES_MAX        16U /* messages side by side in the widest */

enum hw_simd_choice {
	HW_SIMD_AUTO = 0, /* the fastest this machine has */
	HW_SIMD_SCALAR,   /* portable C only: the reference */
	HW_SIMD_SHANI,    /* the SHA extensions, several blocks interleaved */
	HW_SIMD_AVX2,     /* eight lanes */
	HW_SIMD_AVX512VL, /* eight lanes in 256-bit registers with AVX-512's rotate and ternary
			     logic */
	HW_SIMD_AVX512,   /* sixteen lanes */
	HW_SIMD_COUNT,
};

/* Compress @block_count blocks of 64 bytes of each of a kernel's lanes. @blocks has one pointer for
 * each lane (any alignment; several may be the same). @state is word-major: word w of lane i is at
 * state[w * lanes + i]. */
typedef void hw_sha256_lanes_fn(uint32_t *state, const uint8_t *const *blocks,
				uint64_t block_count);

struct hw_sha256_kernel {
	const char *name;
	uint32_t lanes; /* messages side by side */
	hw_sha256_lanes_fn *run;
};

/* CRC-32C of @size bytes, continued from @crc (0 at the start). */
typedef uint32_t hw_crc32c_fn(uint32_t crc, const uint8_t *bytes, uint64_t size);

/* CRC-32 likewise. */
typedef uint32_t hw_crc32_fn(uint32_t crc, const uint8_t *bytes, uint64_t size);

struct hw_kernels {
	const char *name; /* of the choice, for the log: "avx512" */
	/* Widest first; the last in use has one lane. */
	struct hw_sha256_kernel sha256[HW_SIMD_SHA256_COUNT_MAX];
	uint32_t sha256_count;
	/* For a number of messages still to do (index; above 16: 16) the kernel to start with: an
	 * index into sha256[]. A kernel may be chosen for fewer messages than it has lanes, where
	 * that was faster than narrower ones when it was measured. */
	uint8_t sha256_plan[HW_SIMD_LANES_MAX + 1];
	const char *crc32c_name;
	hw_crc32c_fn *crc32c;
	const char *crc32_name;
	hw_crc32_fn *crc32;
	bool has_aes_gcm; /* aes_gcm.h may be used */
};

/* Fill the table. AUTO measures the kernels the machine has (in all below 5 ms) and takes what was
 * fastest; a named choice always gets its kernel for full groups, and what does not fill its lanes
 * goes to the fastest of the narrower ones, or to itself with idle lanes. Returns 0, or -ENOTSUP
 * when this machine cannot run @choice (the table is then as it was). Without a call the portable
 * kernels serve. Thread: main, before any other thread. */
int hw_simd_init(enum hw_simd_choice choice) __attribute__((warn_unused_result));

/* The same on a machine that had only the @features (HW_CPU_* bits) of the real one: for tests, and
 * for the operator who must avoid an instruction. */
int hw_simd_init_masked(enum hw_simd_choice choice, uint32_t features)
	__attribute__((warn_unused_result));

/* The choice that the configuration calls @name: "auto", "scalar", "shani", "avx2", "avx512vl",
 * "avx512". Returns 0 or -EINVAL, with *ret_choice untouched. Thread: any. */
int hw_simd_choice_parse(const char *name, enum hw_simd_choice *ret_choice)
	__attribute__((warn_unused_result));

/* The table in use; never NULL. */
const struct hw_kernels *hw_simd_kernels(void);

/* Its name for the log, one of the above but "auto"; static storage. */
const char *hw_simd_kernel_name(void);

#endif
