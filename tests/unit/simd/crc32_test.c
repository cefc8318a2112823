/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every kernel gives ZIP's CRC-32 for every size, alignment and cut.
 * Method: vectors as zlib gives them, then a reference written here bit by bit against each kernel:
 * every size to 1100 at every alignment of 64 bytes, random sizes around the steps of the wide
 * kernels, random cuts; every entry of the tables (one byte with zeros behind it). That zlib
 * agrees about whole archives is seen in unit/wire/zip.
 */
#include "tests/unit/simd/simd_test.h"

#include "simd/crc32.h"

#define SEED       UINT64_C(3309)
#define BYTES_SIZE 60000U

static uint8_t g_bytes[BYTES_SIZE + 64];

static uint32_t reference(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	crc = ~crc;
	for (uint64_t i = 0; i < size * 8; i++) {
		uint32_t bit = (crc ^ (uint32_t)bytes[i / 8] >> i % 8) & 1U;
		crc = crc >> 1 ^ (bit != 0 ? 0xedb88320U : 0U);
	}
	return ~crc;
}

/* What Python's zlib.crc32() says of them. */
static void vectors_one(void)
{
	uint8_t bytes[256] = {0};
	assert_int_equal(hw_crc32(0, NULL, 0), 0);
	assert_int_equal(hw_crc32(0x12345678, NULL, 0), 0x12345678);
	assert_int_equal(hw_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(hw_crc32(0, "a", 1), 0xe8b7be43);
	assert_int_equal(hw_crc32(0, "The quick brown fox jumps over the lazy dog", 43),
			 0x414fa339);
	assert_int_equal(hw_crc32(0, bytes, 256), 0x0d968558);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(hw_crc32(0, bytes, 256), 0xfea8a821);
	for (uint32_t i = 0; i < 256; i++) {
		bytes[i] = (uint8_t)i;
	}
	assert_int_equal(hw_crc32(0, bytes, 256), 0x29058c73);
}

static void vectors(void **state)
{
	(void)state;
	for_each_kernel(vectors_one);
}

/* One byte and up to seven zeros, begun so that nothing is added: each entry of each table. */
static void tables(void **state)
{
	(void)state;
	assert_int_equal(hw_simd_init(HW_SIMD_SCALAR), 0);
	for (uint32_t place = 0; place < 8; place++) {
		for (uint32_t value = 0; value < 256; value++) {
			uint8_t bytes[8] = {0};
			bytes[place] = (uint8_t)value;
			assert_int_equal(hw_crc32(UINT32_MAX, bytes, 8),
					 reference(UINT32_MAX, bytes, 8));
		}
	}
}

static void every_size_one(void)
{
	uint64_t seed = SEED;
	for (uint32_t size = 0; size <= 1100; size++) {
		uint32_t begin = (uint32_t)random_next(&seed);
		const uint8_t *bytes = g_bytes + size % 64;
		assert_int_equal(hw_crc32(begin, bytes, size), reference(begin, bytes, size));
	}
	for (uint32_t place = 0; place < 64; place++) {
		uint32_t size = 500 + place;
		assert_int_equal(hw_crc32(place, g_bytes + place, size),
				 reference(place, g_bytes + place, size));
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
		assert_int_equal(hw_crc32(0, bytes, size), expected);
		uint32_t head = hw_crc32(0, bytes, cut);
		assert_int_equal(hw_crc32(head, bytes + cut, size - cut), expected);
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
		assert_int_equal(hw_crc32(size, begin, size), reference(size, begin, size));
	}
}

/* No kernel reads past the last byte. */
static void at_the_end(void **state)
{
	(void)state;
	for_each_kernel(at_the_end_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),    cmocka_unit_test(tables),
		cmocka_unit_test(every_size), cmocka_unit_test(large_and_cut),
		cmocka_unit_test(at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
