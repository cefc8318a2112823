/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/kernels.h"

#include <errno.h>
#include <stdbool.h>

#include "simd/cpu.h"
#include "simd/sha256_kernels.h"

/* Written once by hw_simd_init() before threads start, const afterwards. */
static struct hw_kernels g_kernels = {
	.name = "scalar",
	.sha256 = {{"portable", 1, hw_sha256_portable}},
	.sha256_count = 1,
};

static const char *const g_choice_names[HW_SIMD_COUNT] = {
	[HW_SIMD_AUTO] = "auto", [HW_SIMD_SCALAR] = "scalar",     [HW_SIMD_SHANI] = "shani",
	[HW_SIMD_AVX2] = "avx2", [HW_SIMD_AVX512VL] = "avx512vl", [HW_SIMD_AVX512] = "avx512",
};

/* What a choice cannot do without. */
static const uint32_t g_choice_features[HW_SIMD_COUNT] = {
	[HW_SIMD_SHANI] = HW_CPU_SHANI,
};

/* Choices that are written; the widest last. */
static const enum hw_simd_choice g_choices[] = {HW_SIMD_SCALAR, HW_SIMD_SHANI};

static bool is_possible(enum hw_simd_choice choice, uint32_t features)
{
	for (uint32_t i = 0; i < sizeof(g_choices) / sizeof(g_choices[0]); i++) {
		if (g_choices[i] == choice) {
			return (g_choice_features[choice] & ~features) == 0;
		}
	}
	return false;
}

static enum hw_simd_choice widest(uint32_t features)
{
	enum hw_simd_choice best = HW_SIMD_SCALAR;
	for (uint32_t i = 0; i < sizeof(g_choices) / sizeof(g_choices[0]); i++) {
		best = is_possible(g_choices[i], features) ? g_choices[i] : best;
	}
	return best;
}

static void sha256_add(struct hw_kernels *kernels, const char *name, uint32_t lanes,
		       hw_sha256_lanes_fn *run)
{
	kernels->sha256[kernels->sha256_count] = (struct hw_sha256_kernel){name, lanes, run};
	kernels->sha256_count++;
}

int hw_simd_init_masked(enum hw_simd_choice choice, uint32_t features)
{
	features &= hw_cpu_features();
	if (choice == HW_SIMD_AUTO) {
		choice = widest(features);
	}
	if (!is_possible(choice, features)) {
		return -ENOTSUP;
	}
	struct hw_kernels kernels = {.name = g_choice_names[choice]};
	if (choice != HW_SIMD_SCALAR && (features & HW_CPU_SHANI) != 0) {
		sha256_add(&kernels, "shani_x2", 2, hw_sha256_ni_x2);
		sha256_add(&kernels, "shani_x1", 1, hw_sha256_ni_x1);
	} else {
		sha256_add(&kernels, "portable", 1, hw_sha256_portable);
	}
	g_kernels = kernels;
	return 0;
}

int hw_simd_init(enum hw_simd_choice choice)
{
	return hw_simd_init_masked(choice, HW_CPU_ALL);
}

const struct hw_kernels *hw_simd_kernels(void)
{
	return &g_kernels;
}

const char *hw_simd_kernel_name(void)
{
	return g_kernels.name;
}
