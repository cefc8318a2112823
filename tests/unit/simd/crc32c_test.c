/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every kernel gives the CRC-32C of RFC 3720, for every size, alignment and cut.
 * Method: the vectors of RFC 3720 (B.4), then a reference written here bit by bit against each
 * kernel: every size to 1100, random sizes around the steps of the wide kernels, random cuts.
 */
#include "tests/unit/simd/simd_test.h"

#include "simd/crc32c.h"

#define SEED       UINT64_C(32)
#define BYTES_SIZE 60000U

static uint8_t g_bytes[BYTES_SIZE + 64];

static uint32_t reference(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	crc = ~crc;
	for (uint64_t i = 0; i < size * 8; i++) {
		uint32_t bit = (crc ^ (uint32_t)bytes[i / 8] >> i % 8) & 1U;
		crc = crc >> 1 ^ (bit != 0 ? 0x82f63b78U : 0U);
	}
	return ~crc;
}

static void vectors_one(void)
{
	uint8_t bytes[32] = {0};
	assert_int_equal(hw_crc32c(0, NULL, 0), 0);
	assert_int_equal(hw_crc32c(0x12345678, NULL, 0), 0x12345678);
	assert_int_equal(hw_crc32c(0, bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(hw_crc32c(0, bytes, 32), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++) {
		bytes[i] = i;
	}
	assert_int_equal(hw_crc32c(0, bytes, 32), 0x46dd794e);
	for (uint8_t i = 0; i < 32; i++) {
		bytes[i] = (uint8_t)(31 - i);
	}
	assert_int_equal(hw_crc32c(0, bytes, 32), 0x113fdb5c);
	assert_int_equal(hw_crc32c(0, "123456789", 9), 0xe3069283);
}

static void vectors(void **state)
{
	(void)state;
	for_each_kernel(vectors_one);
}

static void every_size_one(void)
{
	uint64_t seed = SEED;
	for (uint32_t size = 0; size <= 1100; size++) {
		const uint8_t *bytes = g_bytes + size % 64;
		uint32_t begin = (uint32_t)random_next(&seed);
		assert_int_equal(hw_crc32c(begin, bytes, size), reference(begin, bytes, size));
	}
}

static void every_size(void **state)
{
	(void)state;
	uint64_t seed = SEED;
	print_message("seed %llu\n", (unsigned long long)SEED);
	random_fill(&seed, g_bytes, sizeof(g_bytes));
	for_each_kernel(every_size_one);
}

static void large_and_cut_one(void)
{
	uint64_t seed = SEED;
	for (uint32_t round = 0; round < 60; round++) {
		const uint8_t *bytes = g_bytes + random_next(&seed) % 64;
		uint64_t size = random_next(&seed) % (BYTES_SIZE + 1);
		uint64_t cut = random_next(&seed) % (size + 1);
		uint32_t expected = reference(0, bytes, size);
		assert_int_equal(hw_crc32c(0, bytes, size), expected);
		uint32_t head = hw_crc32c(0, bytes, cut);
		assert_int_equal(hw_crc32c(head, bytes + cut, size - cut), expected);
	}
}

static void large_and_cut(void **state)
{
	(void)state;
	for_each_kernel(large_and_cut_one);
}

static void at_the_end_one(void)
{
	static uint8_t *bytes = NULL;
	bytes = bytes == NULL ? guarded_bytes() : bytes;
	for (uint32_t size = 0; size <= 1100; size++) {
		const uint8_t *begin = bytes + GUARDED_SIZE - size;
		assert_int_equal(hw_crc32c(size, begin, size), reference(size, begin, size));
	}
}

/* No kernel reads past the last byte. */
static void at_the_end(void **state)
{
	(void)state;
	for_each_kernel(at_the_end_one);
}

/* A bit that flips is found. */
static void flips(void **state)
{
	(void)state;
	assert_int_equal(hw_simd_init(HW_SIMD_AUTO), 0);
	uint32_t good = hw_crc32c(0, g_bytes, 4096);
	for (uint32_t bit = 0; bit < 4096 * 8; bit += 13) {
		g_bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_not_equal(hw_crc32c(0, g_bytes, 4096), good);
		g_bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),       cmocka_unit_test(every_size),
		cmocka_unit_test(large_and_cut), cmocka_unit_test(at_the_end),
		cmocka_unit_test(flips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
