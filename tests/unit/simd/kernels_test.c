/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the table is safe before init, never holds a kernel the machine (or the mask) lacks, always
 * ends in one lane, plans every count, and a choice that is refused changes nothing. Each kernel of
 * each table, run by itself, does exactly what the portable one does to any state and any blocks.
 * Method: every choice under every mask of features, the table looked at and one hash made; then
 * each kernel against the portable with random states, random numbers of blocks, and lanes
 * anywhere.
 */
#include "tests/unit/simd/simd_test.h"

#include "simd/sha256_kernels.h"

#define SEED UINT64_C(64)

static void table_check(const char *hex_of_abc)
{
	const struct hw_kernels *kernels = hw_simd_kernels();
	assert_in_range(kernels->sha256_count, 1, HW_SIMD_SHA256_COUNT_MAX);
	for (uint32_t i = 0; i < kernels->sha256_count; i++) {
		assert_non_null(kernels->sha256[i].run);
		assert_non_null(kernels->sha256[i].name);
		if (i > 0) {
			assert_true(kernels->sha256[i].lanes < kernels->sha256[i - 1].lanes);
		}
	}
	assert_int_equal(kernels->sha256[kernels->sha256_count - 1].lanes, 1);
	for (uint32_t count = 1; count <= HW_SIMD_LANES_MAX; count++) {
		assert_true(kernels->sha256_plan[count] < kernels->sha256_count);
	}
	assert_non_null(kernels->crc32c);
	assert_non_null(kernels->crc32);
	struct hw_hash hash;
	hw_sha256("abc", 3, &hash);
	assert_hex(hash.bytes, HW_SHA256_SIZE, hex_of_abc);
}

static const char g_abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/* Must stay the first test: nothing has called init yet. */
static void safe_before_init(void **state)
{
	(void)state;
	assert_string_equal(hw_simd_kernel_name(), "scalar");
	table_check(g_abc);
}

static void choice_check(enum hw_simd_choice choice, uint32_t mask)
{
	assert_int_equal(hw_simd_init(HW_SIMD_SCALAR), 0);
	int r = hw_simd_init_masked(choice, mask);
	assert_true(r == 0 || r == -ENOTSUP);
	if (r == -ENOTSUP) {
		assert_string_equal(hw_simd_kernel_name(), "scalar");
	}
	table_check(g_abc);
}

static void every_choice_and_mask(void **state)
{
	(void)state;
	for (uint32_t mask = 0; mask <= HW_CPU_ALL; mask++) {
		for (int choice = HW_SIMD_AUTO; choice < HW_SIMD_COUNT; choice++) {
			choice_check((enum hw_simd_choice)choice, mask);
		}
	}
}

static void nothing_without_features(void **state)
{
	(void)state;
	assert_int_equal(hw_simd_init_masked(HW_SIMD_AUTO, HW_CPU_NONE), 0);
	assert_string_equal(hw_simd_kernel_name(), "scalar");
	assert_int_equal(hw_simd_init_masked(HW_SIMD_SCALAR, HW_CPU_NONE), 0);
	for (int choice = HW_SIMD_SHANI; choice < HW_SIMD_COUNT; choice++) {
		assert_int_equal(hw_simd_init_masked((enum hw_simd_choice)choice, HW_CPU_NONE),
				 -ENOTSUP);
	}
	assert_int_equal(hw_simd_init(HW_SIMD_COUNT), -ENOTSUP);
}

static void needs(enum hw_simd_choice choice, uint32_t feature)
{
	int expected = (hw_cpu_features() & feature) != 0 ? 0 : -ENOTSUP;
	assert_int_equal(hw_simd_init(choice), expected);
	assert_int_equal(hw_simd_init_masked(choice, HW_CPU_ALL & ~feature), -ENOTSUP);
}

static void each_needs_its_feature(void **state)
{
	(void)state;
	needs(HW_SIMD_SHANI, HW_CPU_SHANI);
	needs(HW_SIMD_AVX2, HW_CPU_AVX2);
	needs(HW_SIMD_AVX512VL, HW_CPU_AVX512);
	needs(HW_SIMD_AVX512, HW_CPU_AVX512);
}

/* A named choice gets its kernel for full groups, whatever the measurement said. */
static void named_choice_is_used(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *kernel;
		enum hw_simd_choice choice;
		uint32_t lanes;
	} named[] = {
		{"scalar", "portable", HW_SIMD_SCALAR, 1},
		{"shani", "shani_x4", HW_SIMD_SHANI, 4},
		{"avx2", "avx2_x8", HW_SIMD_AVX2, 8},
		{"avx512vl", "avx512vl_x8", HW_SIMD_AVX512VL, 8},
		{"avx512", "avx512_x16", HW_SIMD_AVX512, 16},
	};
	for (uint32_t i = 0; i < hw_count_of(named); i++) {
		if (hw_simd_init(named[i].choice) == -ENOTSUP) {
			continue;
		}
		const struct hw_kernels *kernels = hw_simd_kernels();
		assert_string_equal(hw_simd_kernel_name(), named[i].name);
		assert_string_equal(kernels->sha256[0].name, named[i].kernel);
		for (uint32_t count = named[i].lanes; count <= HW_SIMD_LANES_MAX; count++) {
			assert_int_equal(kernels->sha256_plan[count], 0);
		}
	}
}

static void names_parse(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "AVX2", "avx", "avx5122", "shani ", "count"};
	enum hw_simd_choice choice = HW_SIMD_COUNT;
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		assert_int_equal(hw_simd_choice_parse(bad[i], &choice), -EINVAL);
		assert_int_equal(choice, HW_SIMD_COUNT);
	}
	assert_int_equal(hw_simd_choice_parse("auto", &choice), 0);
	assert_int_equal(choice, HW_SIMD_AUTO);
	for (int i = HW_SIMD_SCALAR; i < HW_SIMD_COUNT; i++) {
		if (hw_simd_init((enum hw_simd_choice)i) == 0) {
			assert_int_equal(hw_simd_choice_parse(hw_simd_kernel_name(), &choice), 0);
			assert_int_equal(choice, i);
		}
	}
}

static uint8_t g_blocks[16 * 1024];

/* One kernel by itself: lanes at random places of one buffer, some of them the same. */
static void kernel_check(const struct hw_sha256_kernel *kernel, uint64_t *seed)
{
	uint64_t lane_count = kernel->lanes;
	uint32_t found[8 * HW_SIMD_LANES_MAX + 1];
	const uint8_t *lanes[HW_SIMD_LANES_MAX] = {NULL};
	uint64_t block_count = random_next(seed) % 9;
	random_fill(seed, (uint8_t *)found, sizeof(found));
	uint32_t canary = found[8 * lane_count];
	uint32_t expected[HW_SIMD_LANES_MAX][8];
	for (uint64_t lane = 0; lane < lane_count; lane++) {
		lanes[lane] = g_blocks + random_next(seed) % (sizeof(g_blocks) - 512);
		lanes[lane] = random_next(seed) % 4 == 0 ? lanes[0] : lanes[lane];
		for (uint32_t word = 0; word < 8; word++) {
			expected[lane][word] = found[word * lane_count + lane];
		}
		hw_sha256_portable(expected[lane], &lanes[lane], block_count);
	}
	kernel->run(found, lanes, block_count);
	for (uint64_t i = 0; i < 8 * lane_count; i++) {
		assert_int_equal(found[i], expected[i % lane_count][i / lane_count]);
	}
	assert_int_equal(found[8 * lane_count], canary);
}

static void table_kernels_check(void)
{
	uint64_t seed = SEED;
	const struct hw_kernels *kernels = hw_simd_kernels();
	for (uint32_t i = 0; i < kernels->sha256_count; i++) {
		for (uint32_t round = 0; round < 300; round++) {
			kernel_check(&kernels->sha256[i], &seed);
		}
	}
}

static void each_kernel_is_the_portable(void **state)
{
	(void)state;
	uint64_t seed = SEED;
	print_message("seed %llu\n", (unsigned long long)SEED);
	random_fill(&seed, g_blocks, sizeof(g_blocks));
	for_each_kernel(table_kernels_check);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(safe_before_init),
		cmocka_unit_test(every_choice_and_mask),
		cmocka_unit_test(nothing_without_features),
		cmocka_unit_test(each_needs_its_feature),
		cmocka_unit_test(named_choice_is_used),
		cmocka_unit_test(names_parse),
		cmocka_unit_test(each_kernel_is_the_portable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
