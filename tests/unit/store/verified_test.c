/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: nothing is ever said to have been verified that was not; what was seen in memory is
 * forgotten when its second is over, and when anything was dropped.
 *
 * Method: against a table of all blocks, by seeds, with more extents than places; the rules one by
 * one.
 */
#include "core/store/verified.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/prng.h"

#define EXTENT_COUNT 40000U
#define STEP_COUNT   300000U
#define SEED_COUNT   3U

static struct hw_verified g_verified;
static uint8_t g_known[EXTENT_COUNT][HW_CHUNK_BLOCKS / 8];

static struct hw_extent extent_of(uint32_t index)
{
	return (struct hw_extent){.shard = index % 3,
				  .segment = index % 70,
				  .offset = (uint64_t)(index / 70) * (HW_CHUNK_SIZE + 8192),
				  .size = index % 5 == 0 ? 3 * HW_BLOCK_SIZE - 7 : HW_CHUNK_SIZE};
}

static bool is_known_whole(uint32_t index, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if ((g_known[index][i / 8] >> i % 8 & 1) == 0) {
			return false;
		}
	}
	return true;
}

static void add(struct hw_prng *prng, uint32_t index)
{
	struct hw_extent extent = extent_of(index);
	uint32_t last = hw_extent_block_count(extent.size);
	uint32_t first = (uint32_t)hw_prng_below(prng, last);
	uint32_t count = (uint32_t)hw_prng_between(prng, 1, hw_min(last - first, 16U));
	hw_verified_add(&g_verified, &extent, first, count, 0);
	for (uint32_t i = first; i < first + count; i++) {
		g_known[index][i / 8] |= (uint8_t)(1U << i % 8);
	}
}

/* Returns whether it knew all of one. */
static bool step_once(struct hw_prng *prng)
{
	uint32_t among = hw_prng_chance(prng, 50) ? 100 : EXTENT_COUNT;
	uint32_t index = (uint32_t)hw_prng_below(prng, among);
	struct hw_extent extent = extent_of(index);
	bool is_whole = hw_verified_is_whole(&g_verified, &extent, 0);
	assert_true(!is_whole || is_known_whole(index, hw_extent_block_count(extent.size)));
	if (hw_prng_chance(prng, 60)) {
		add(prng, index);
	} else if (hw_prng_chance(prng, 5)) {
		hw_verified_forget(&g_verified, &extent);
		memset(g_known[index], 0, sizeof(g_known[index]));
		assert_false(hw_verified_is_whole(&g_verified, &extent, 0));
	}
	return is_whole;
}

static void never_too_much(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
		struct hw_prng prng;
		uint64_t found = 0;
		hw_prng_init(&prng, seed);
		memset(&g_verified, 0, sizeof(g_verified));
		memset(g_known, 0, sizeof(g_known));
		for (uint32_t step = 0; step < STEP_COUNT; step++) {
			found += step_once(&prng);
		}
		assert_true(found > STEP_COUNT / 100); /* it remembers something, too */
	}
}

static void seen_does_not_last(void **state)
{
	(void)state;
	memset(&g_verified, 0, sizeof(g_verified));
	struct hw_extent extent = extent_of(1);
	hw_verified_see(&g_verified, &extent, 5000, 0); /* unknown: nothing */
	assert_false(hw_verified_seen(&g_verified, &extent, 5000, 0));
	hw_verified_add(&g_verified, &extent, 0, 16, 0);
	assert_false(hw_verified_seen(&g_verified, &extent, 5000, 0));
	hw_verified_see(&g_verified, &extent, 5000, 7);
	assert_true(hw_verified_seen(&g_verified, &extent, 5000 + HW_VERIFIED_US - 1, 7));
	assert_false(hw_verified_seen(&g_verified, &extent, 5000 + HW_VERIFIED_US, 7));
	assert_false(hw_verified_seen(&g_verified, &extent, 5001, 8));
	hw_verified_forget(&g_verified, &extent);
	hw_verified_add(&g_verified, &extent, 0, 16, 0);
	assert_false(hw_verified_seen(&g_verified, &extent, 5001, 7));
}

/* Two readers of one extent, and what came into memory between them. */
static void fills_make_it_new(void **state)
{
	(void)state;
	memset(&g_verified, 0, sizeof(g_verified));
	struct hw_extent extent = extent_of(1);
	uint32_t half = HW_CHUNK_BLOCKS / 2;
	uint32_t fills = UINT32_MAX; /* the next number is 0 */
	hw_verified_add(&g_verified, &extent, 0, half, fills);
	hw_verified_add(&g_verified, &extent, half, half, fills);
	assert_true(hw_verified_is_whole(&g_verified, &extent, fills));
	hw_verified_see(&g_verified, &extent, 5000, 0);
	assert_false(hw_verified_is_whole(&g_verified, &extent, fills + 1));
	hw_verified_add(&g_verified, &extent, 0, half, fills + 1);
	assert_false(hw_verified_is_whole(&g_verified, &extent, fills + 1));
	assert_false(hw_verified_seen(&g_verified, &extent, 5000, 0));
	hw_verified_add(&g_verified, &extent, half, half, fills); /* an older reader */
	assert_false(hw_verified_is_whole(&g_verified, &extent, fills + 1));
	assert_false(hw_verified_is_whole(&g_verified, &extent, fills));
	hw_verified_add(&g_verified, &extent, half, half, fills + 1);
	assert_true(hw_verified_is_whole(&g_verified, &extent, fills + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_too_much),
		cmocka_unit_test(seen_does_not_last),
		cmocka_unit_test(fills_make_it_new),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
