/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/verified.h"

#include <string.h>

static_assert((HW_VERIFIED_COUNT & (HW_VERIFIED_COUNT - 1)) == 0, "a power of two");
static_assert(HW_CHUNK_BLOCKS % 64 == 0, "whole words of blocks");

static bool is_of(const struct hw_verified_row *row, const struct hw_extent *extent)
{
	return row->shard_used == extent->shard + 1U && row->segment == extent->segment &&
	       row->offset == extent->offset;
}

/* Index of the first of the extent's places. */
static uint32_t places_of(const struct hw_extent *extent)
{
	uint64_t mixed = (extent->offset / HW_PAGE_SIZE) ^ (uint64_t)extent->segment << 24 ^
			 (uint64_t)extent->shard << 48;
	mixed *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(mixed >> 32) % (HW_VERIFIED_COUNT / HW_VERIFIED_WAYS) * HW_VERIFIED_WAYS;
}

/* Returns HW_VERIFIED_COUNT when there is none. */
static uint32_t row_find(const struct hw_verified *verified, const struct hw_extent *extent)
{
	uint32_t first = places_of(extent);
	for (uint32_t i = first; i < first + HW_VERIFIED_WAYS; i++) {
		if (is_of(&verified->rows[i], extent)) {
			return i;
		}
	}
	return HW_VERIFIED_COUNT;
}

static struct hw_verified_row *row_make(struct hw_verified *verified,
					const struct hw_extent *extent, uint32_t fills)
{
	uint32_t first = places_of(extent);
	struct hw_verified_row *row = &verified->rows[first + verified->next_way];
	verified->next_way = (verified->next_way + 1) % HW_VERIFIED_WAYS;
	for (uint32_t i = first; i < first + HW_VERIFIED_WAYS; i++) {
		if (verified->rows[i].shard_used == 0) {
			row = &verified->rows[i];
		}
	}
	*row = (struct hw_verified_row){.offset = extent->offset,
					.segment = extent->segment,
					.shard_used = extent->shard + 1U,
					.fills = fills};
	return row;
}

void hw_verified_add(struct hw_verified *verified, const struct hw_extent *extent,
		     uint32_t first_block, uint32_t count, uint32_t fills)
{
	hw_assert(first_block + count <= HW_CHUNK_BLOCKS);
	uint32_t index = row_find(verified, extent);
	struct hw_verified_row *row = index < HW_VERIFIED_COUNT ? &verified->rows[index]
								: row_make(verified, extent, fills);
	if ((int32_t)(fills - row->fills) < 0) {
		return; /* a reader that began before the one whose blocks are here */
	}
	if (row->fills != fills) {
		memset(row->blocks, 0, sizeof(row->blocks));
		row->seen_us = 0;
		row->fills = fills;
	}
	for (uint32_t i = first_block; i < first_block + count; i++) {
		row->blocks[i / 64] |= UINT64_C(1) << i % 64;
	}
}

bool hw_verified_is_whole(const struct hw_verified *verified, const struct hw_extent *extent,
			  uint32_t fills)
{
	uint32_t index = row_find(verified, extent);
	uint32_t count = 0;
	if (index < HW_VERIFIED_COUNT && verified->rows[index].fills != fills) {
		return false;
	}
	for (uint32_t i = 0; index < HW_VERIFIED_COUNT && i < HW_CHUNK_BLOCKS / 64; i++) {
		count += (uint32_t)__builtin_popcountll(verified->rows[index].blocks[i]);
	}
	return count == hw_extent_block_count(extent->size);
}

bool hw_verified_seen(const struct hw_verified *verified, const struct hw_extent *extent,
		      uint64_t now_us, uint64_t drop_count)
{
	uint32_t index = row_find(verified, extent);
	if (index == HW_VERIFIED_COUNT || verified->rows[index].seen_us == 0) {
		return false;
	}
	const struct hw_verified_row *row = &verified->rows[index];
	return now_us - row->seen_us < HW_VERIFIED_US && row->seen_drop_count == drop_count;
}

void hw_verified_see(struct hw_verified *verified, const struct hw_extent *extent, uint64_t now_us,
		     uint64_t drop_count)
{
	uint32_t index = row_find(verified, extent);
	if (index < HW_VERIFIED_COUNT) {
		verified->rows[index].seen_us = now_us;
		verified->rows[index].seen_drop_count = drop_count;
	}
}

void hw_verified_forget(struct hw_verified *verified, const struct hw_extent *extent)
{
	uint32_t index = row_find(verified, extent);
	if (index < HW_VERIFIED_COUNT) {
		verified->rows[index] = (struct hw_verified_row){.offset = 0};
	}
}
