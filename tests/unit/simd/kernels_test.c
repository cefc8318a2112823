/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the table is safe before init, never holds a kernel the machine (or the mask) lacks, always
 * ends in one lane, and a choice that is refused changes nothing.
 * Method: every choice under every mask of features; the table is looked at, one hash is made.
 */
#include "tests/unit/simd/simd_test.h"

#include "simd/cpu.h"

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

static void shani_needs_shani(void **state)
{
	(void)state;
	int expected = (hw_cpu_features() & HW_CPU_SHANI) != 0 ? 0 : -ENOTSUP;
	assert_int_equal(hw_simd_init(HW_SIMD_SHANI), expected);
	assert_int_equal(hw_simd_init_masked(HW_SIMD_SHANI, HW_CPU_ALL & ~(uint32_t)HW_CPU_SHANI),
			 -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(safe_before_init),
		cmocka_unit_test(every_choice_and_mask),
		cmocka_unit_test(nothing_without_features),
		cmocka_unit_test(shani_needs_shani),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
