/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a read is noted on every extent that the kernel may bring into memory with it, and a file
 * that is read from its beginning to its end does not make its own chunks new.
 *
 * Method: extents of all sizes, one behind the other in a segment; each is read in turn, and the
 * numbers of all are compared with those before.
 */
#include "core/store/fills.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/prng.h"

#define EXTENT_COUNT 60U

static struct hw_fills g_fills;
static struct hw_extent g_extents[EXTENT_COUNT];

/* @size_max: of a chunk; they are as large where it is 0. */
static void segment_make(struct hw_prng *prng, uint32_t size_max)
{
	uint64_t offset = HW_PAGE_SIZE;
	memset(&g_fills, 0, sizeof(g_fills));
	for (uint32_t i = 0; i < EXTENT_COUNT; i++) {
		uint32_t size = size_max == 0 ? HW_CHUNK_SIZE
					      : (uint32_t)hw_prng_between(prng, 1, size_max);
		g_extents[i] = (struct hw_extent){
			.shard = 2, .segment = 7, .offset = offset, .size = size};
		offset += hw_extent_disk_size(size);
	}
}

static uint64_t end_of(const struct hw_extent *extent)
{
	return extent->offset + hw_extent_disk_size(extent->size);
}

typedef void note_fn(struct hw_fills *fills, const struct hw_extent *extent);

/* One is read: whatever lies behind it within reach, and is worth remembering, is new. */
static void read_one(uint32_t index, note_fn *note, uint64_t reach, uint32_t size_min)
{
	uint32_t before[EXTENT_COUNT];
	for (uint32_t i = 0; i < EXTENT_COUNT; i++) {
		before[i] = hw_fills_of(&g_fills, &g_extents[i]);
	}
	note(&g_fills, &g_extents[index]);
	for (uint32_t i = index + 1; i < EXTENT_COUNT; i++) {
		bool is_new = hw_fills_of(&g_fills, &g_extents[i]) != before[i];
		bool is_near = g_extents[i].offset < g_extents[index].offset + reach;
		assert_true(is_new || !is_near || g_extents[i].size < size_min);
	}
	bool is_own_new = hw_fills_of(&g_fills, &g_extents[index]) != before[index];
	assert_int_equal(is_own_new, note == hw_fills_note);
}

static void what_may_be_brought_is_noted(void **state)
{
	(void)state;
	static const uint64_t aheads[] = {0, 131072, 2U << 20, 16U << 20};
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct hw_prng prng;
		hw_prng_init(&prng, seed);
		segment_make(&prng, seed % 2 == 0 ? 0 : HW_CHUNK_SIZE);
		g_fills.ahead_size = aheads[seed / 2 % 4];
		for (uint32_t i = 0; i < EXTENT_COUNT; i++) {
			uint64_t own_size = end_of(&g_extents[i]) - g_extents[i].offset;
			read_one(i, hw_fills_note, own_size + g_fills.ahead_size, 0);
		}
	}
}

/* Who reads what is all there brings in only what lies behind it, and spoils nobody's work. */
static void what_is_there_stays(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct hw_prng prng;
		hw_prng_init(&prng, seed);
		segment_make(&prng, seed % 2 == 0 ? 0 : HW_CHUNK_SIZE);
		g_fills.ahead_size = 16U << 20;
		for (uint32_t i = 0; i < EXTENT_COUNT; i++) {
			read_one(i, hw_fills_note_behind, hw_fills_reach(&g_fills, &g_extents[i]),
				 HW_FILL_GRANULE);
		}
	}
}

static void one_after_the_other_stay(void **state)
{
	(void)state;
	struct hw_prng prng;
	uint32_t seen[EXTENT_COUNT];
	hw_prng_init(&prng, 1);
	segment_make(&prng, 0);
	g_fills.ahead_size = 16U << 20;
	for (uint32_t i = 0; i < EXTENT_COUNT; i++) {
		hw_fills_note(&g_fills, &g_extents[i]);
		seen[i] = hw_fills_of(&g_fills, &g_extents[i]);
	}
	for (uint32_t i = 0; i < EXTENT_COUNT; i++) {
		assert_int_equal(hw_fills_of(&g_fills, &g_extents[i]), seen[i]);
	}
	struct hw_extent other = g_extents[30];
	other.segment++;
	hw_fills_note(&g_fills, &other); /* of another segment */
	for (uint32_t i = 0; i < EXTENT_COUNT; i++) {
		assert_int_equal(hw_fills_of(&g_fills, &g_extents[i]), seen[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_be_brought_is_noted),
		cmocka_unit_test(what_is_there_stays),
		cmocka_unit_test(one_after_the_other_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
