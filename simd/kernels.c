/* SPDX-License-Identifier: Apache-2.0
 *
 * How the table is filled:
 *
 *   hw_simd_init -> hw_simd_init_masked -> candidates_add -> measure_all -> plan_make -> g_kernels
 */
#include "simd/kernels.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <x86intrin.h>

#include "simd/cpu.h"
#include "simd/crc32_kernels.h"
#include "simd/crc32c_kernels.h"
#include "simd/sha256_kernels.h"

#define LANES_MAX HW_SIMD_LANES_MAX
#define PROBE_BLOCK_COUNT                                                                          \
	32U             /* 2 KiB of each lane: 6 to 12 us a run, less than a slice of time         \
			 */
#define PROBE_COUNT 12U /* runs of each kernel; the fastest counts, the others were disturbed */

/* A kernel, the choice it stands for, and what it cannot do without. */
struct candidate {
	struct hw_sha256_kernel kernel;
	enum hw_simd_choice choice;
	uint32_t features;
};

/* Widest first. Of two of the same width only the first that is possible is taken. */
static const struct candidate g_candidates[] = {
	{{"avx512_x16", 16, hw_sha256_avx512_x16}, HW_SIMD_AVX512, HW_CPU_AVX512},
	{{"avx512vl_x8", 8, hw_sha256_avx512vl_x8}, HW_SIMD_AVX512VL, HW_CPU_AVX512},
	{{"avx2_x8", 8, hw_sha256_avx2_x8}, HW_SIMD_AVX2, HW_CPU_AVX2},
	{{"shani_x4", 4, hw_sha256_ni_x4}, HW_SIMD_SHANI, HW_CPU_SHANI},
	{{"shani_x2", 2, hw_sha256_ni_x2}, HW_SIMD_SHANI, HW_CPU_SHANI},
	{{"shani_x1", 1, hw_sha256_ni_x1}, HW_SIMD_SHANI, HW_CPU_SHANI},
	{{"portable", 1, hw_sha256_portable}, HW_SIMD_SCALAR, HW_CPU_NONE},
};

#define CANDIDATE_COUNT (sizeof(g_candidates) / sizeof(g_candidates[0]))

static const char *const g_choice_names[HW_SIMD_COUNT] = {
	[HW_SIMD_AUTO] = "auto", [HW_SIMD_SCALAR] = "scalar",     [HW_SIMD_SHANI] = "shani",
	[HW_SIMD_AVX2] = "avx2", [HW_SIMD_AVX512VL] = "avx512vl", [HW_SIMD_AVX512] = "avx512",
};

/* Written once by hw_simd_init() before threads start, const afterwards. */
static struct hw_kernels g_kernels = {
	.name = "scalar",
	.sha256 = {{"portable", 1, hw_sha256_portable}},
	.sha256_count = 1,
	.crc32c_name = "portable",
	.crc32c = hw_crc32c_portable,
	.crc32_name = "portable",
	.crc32 = hw_crc32_portable,
};

static bool is_possible(enum hw_simd_choice choice, uint32_t features);
static void candidates_add(struct hw_kernels *kernels, enum hw_simd_choice choice,
			   uint32_t features);
static void measure_all(const struct hw_kernels *kernels, uint64_t *ret_costs);
static uint64_t measure_one(const struct hw_sha256_kernel *kernel);
static void plan_make(struct hw_kernels *kernels, const uint64_t *costs, bool is_forced);
static uint32_t plan_first(const struct hw_kernels *kernels, const uint64_t *costs,
			   const uint64_t *best, uint32_t count);
static uint64_t cost_with(const struct hw_kernels *kernels, const uint64_t *costs,
			  const uint64_t *best, uint32_t count, uint32_t i);
static const char *plan_name(const struct hw_kernels *kernels);
static void crc32c_choose(struct hw_kernels *kernels, enum hw_simd_choice choice,
			  uint32_t features);
static void crc32_choose(struct hw_kernels *kernels, enum hw_simd_choice choice, uint32_t features);

int hw_simd_init(enum hw_simd_choice choice)
{
	return hw_simd_init_masked(choice, HW_CPU_ALL);
}

/* What aes_gcm_vaes.c is made of. */
#define AES_GCM ((uint32_t)HW_CPU_VAES | HW_CPU_VPCLMUL | HW_CPU_PCLMUL)

static bool may_be_wide(enum hw_simd_choice choice)
{
	return choice == HW_SIMD_AUTO || choice == HW_SIMD_AVX512 || choice == HW_SIMD_AVX512VL;
}

int hw_simd_init_masked(enum hw_simd_choice choice, uint32_t features)
{
	features &= hw_cpu_features();
	if (!is_possible(choice, features)) {
		return -ENOTSUP;
	}
	struct hw_kernels kernels = {.name = NULL};
	uint64_t costs[HW_SIMD_SHA256_COUNT_MAX] = {0};
	candidates_add(&kernels, choice, features);
	measure_all(&kernels, costs);
	plan_make(&kernels, costs, choice != HW_SIMD_AUTO);
	crc32c_choose(&kernels, choice, features);
	crc32_choose(&kernels, choice, features);
	kernels.has_aes_gcm = may_be_wide(choice) && (features & AES_GCM) == AES_GCM;
	kernels.name = choice != HW_SIMD_AUTO ? g_choice_names[choice] : plan_name(&kernels);
	g_kernels = kernels;
	return 0;
}

static bool is_possible(enum hw_simd_choice choice, uint32_t features)
{
	for (uint32_t i = 0; i < CANDIDATE_COUNT; i++) {
		if (g_candidates[i].choice == choice) {
			return (g_candidates[i].features & ~features) == 0;
		}
	}
	return choice == HW_SIMD_AUTO;
}

/* The kernel of the choice and every narrower one: choices are in the order of width. */
static void candidates_add(struct hw_kernels *kernels, enum hw_simd_choice choice,
			   uint32_t features)
{
	uint32_t narrower_than = LANES_MAX + 1;
	for (uint32_t i = 0; i < CANDIDATE_COUNT; i++) {
		const struct candidate *candidate = &g_candidates[i];
		bool is_allowed = choice == HW_SIMD_AUTO || candidate->choice <= choice;
		bool has_features = (candidate->features & ~features) == 0;
		if (is_allowed && has_features && candidate->kernel.lanes < narrower_than) {
			kernels->sha256[kernels->sha256_count] = candidate->kernel;
			kernels->sha256_count++;
			narrower_than = candidate->kernel.lanes;
		}
	}
}

/* Clocks of one run of each kernel, all lanes filled or not. The kernels take turns, so that a slow
 * moment of the machine, or a wide unit waking up, meets all of them and decides nothing. */
static void measure_all(const struct hw_kernels *kernels, uint64_t *ret_costs)
{
	for (uint32_t i = 0; i < kernels->sha256_count; i++) {
		ret_costs[i] = UINT64_MAX;
	}
	for (uint32_t probe = 0; probe < PROBE_COUNT; probe++) {
		for (uint32_t i = 0; i < kernels->sha256_count; i++) {
			uint64_t cost = measure_one(&kernels->sha256[i]);
			ret_costs[i] = cost < ret_costs[i] ? cost : ret_costs[i];
		}
	}
}

static uint64_t measure_one(const struct hw_sha256_kernel *kernel)
{
	static const uint8_t bytes[PROBE_BLOCK_COUNT * 64U];
	uint32_t state[8U * LANES_MAX] = {0};
	const uint8_t *lanes[LANES_MAX];
	for (uint32_t lane = 0; lane < kernel->lanes; lane++) {
		lanes[lane] = bytes;
	}
	uint64_t begin = __rdtsc();
	kernel->run(state, lanes, PROBE_BLOCK_COUNT);
	/* At least 1, and no sum of a plan's costs overflows whatever the counter does. */
	return ((__rdtsc() - begin) & UINT32_MAX) + 1;
}

/* The cheapest way to do n messages begins with the kernel for which its own cost and that of the
 * cheapest way to do what it leaves are least together: from 1 to 16, each built on those before.
 */
static void plan_make(struct hw_kernels *kernels, const uint64_t *costs, bool is_forced)
{
	uint64_t best[LANES_MAX + 1] = {0};
	for (uint32_t count = 1; count <= LANES_MAX; count++) {
		uint32_t first = plan_first(kernels, costs, best, count);
		best[count] = cost_with(kernels, costs, best, count, first);
		bool is_full = count >= kernels->sha256[0].lanes;
		kernels->sha256_plan[count] = is_forced && is_full ? 0 : (uint8_t)first;
	}
}

static uint32_t plan_first(const struct hw_kernels *kernels, const uint64_t *costs,
			   const uint64_t *best, uint32_t count)
{
	uint32_t first = 0;
	for (uint32_t i = 1; i < kernels->sha256_count; i++) {
		if (cost_with(kernels, costs, best, count, i) <
		    cost_with(kernels, costs, best, count, first)) {
			first = i;
		}
	}
	return first;
}

static uint64_t cost_with(const struct hw_kernels *kernels, const uint64_t *costs,
			  const uint64_t *best, uint32_t count, uint32_t i)
{
	uint32_t lanes = kernels->sha256[i].lanes;
	return costs[i] + best[count > lanes ? count - lanes : 0];
}

/* The choice that the kernel for full groups belongs to. */
static const char *plan_name(const struct hw_kernels *kernels)
{
	const struct hw_sha256_kernel *kernel = &kernels->sha256[kernels->sha256_plan[LANES_MAX]];
	for (uint32_t i = 0; i < CANDIDATE_COUNT; i++) {
		if (g_candidates[i].kernel.run == kernel->run) {
			return g_choice_names[g_candidates[i].choice];
		}
	}
	return g_choice_names[HW_SIMD_AUTO];
}

/* Nothing to measure here: each is several times the one before. */
static void crc32c_choose(struct hw_kernels *kernels, enum hw_simd_choice choice, uint32_t features)
{
	uint32_t sse42 = HW_CPU_SSE42 | HW_CPU_PCLMUL;
	bool is_wide = choice == HW_SIMD_AUTO || choice >= HW_SIMD_AVX512VL;
	kernels->crc32c_name = "portable";
	kernels->crc32c = hw_crc32c_portable;
	if (choice != HW_SIMD_SCALAR && (features & sse42) == sse42) {
		kernels->crc32c_name = "sse42";
		kernels->crc32c = hw_crc32c_sse42;
		if (is_wide && (features & HW_CPU_VPCLMUL) != 0) {
			kernels->crc32c_name = "avx512";
			kernels->crc32c = hw_crc32c_avx512;
		}
	}
}

static void crc32_choose(struct hw_kernels *kernels, enum hw_simd_choice choice, uint32_t features)
{
	bool is_wide = choice == HW_SIMD_AUTO || choice >= HW_SIMD_AVX512VL;
	kernels->crc32_name = "portable";
	kernels->crc32 = hw_crc32_portable;
	if (choice != HW_SIMD_SCALAR && (features & HW_CPU_PCLMUL) != 0) {
		kernels->crc32_name = "pclmul";
		kernels->crc32 = hw_crc32_pclmul;
		if (is_wide && (features & HW_CPU_VPCLMUL) != 0) {
			kernels->crc32_name = "avx512";
			kernels->crc32 = hw_crc32_avx512;
		}
	}
}

int hw_simd_choice_parse(const char *name, enum hw_simd_choice *ret_choice)
{
	for (int i = HW_SIMD_AUTO; i < HW_SIMD_COUNT; i++) {
		if (strcmp(g_choice_names[i], name) == 0) {
			*ret_choice = (enum hw_simd_choice)i;
			return 0;
		}
	}
	return -EINVAL;
}

const struct hw_kernels *hw_simd_kernels(void)
{
	return &g_kernels;
}

const char *hw_simd_kernel_name(void)
{
	return g_kernels.name;
}
