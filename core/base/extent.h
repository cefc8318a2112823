/* SPDX-License-Identifier: Apache-2.0
 *
 * extent.h - where the bytes of one chunk are
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 *
 * In the segment lie, from offset on: the chunk's bytes, padded to HW_PAGE_SIZE, and behind them
 * the leaf hashes of its blocks, padded likewise; a chunk of one block has no leaves, for its root
 * is its only leaf (core/store/FORMAT.md).
 */
#ifndef HW_CORE_BASE_EXTENT_H
#define HW_CORE_BASE_EXTENT_H

#include "core/base/check.h"
#include "core/base/limits.h"

struct hw_extent {
	uint8_t root[HW_HASH_SIZE]; /* of the tree over the chunk's own blocks: its content address
				     */
	uint64_t offset;            /* bytes, in the segment; a multiple of HW_PAGE_SIZE */
	uint32_t segment;           /* number, within the shard */
	uint32_t shard;
	uint32_t size; /* bytes of the chunk, 1 .. HW_CHUNK_SIZE */
};

static inline uint32_t hw_page_round(uint32_t size)
{
	return (size + HW_PAGE_SIZE - 1) & ~(HW_PAGE_SIZE - 1);
}

static inline uint32_t hw_extent_block_count(uint32_t size)
{
	return (size + HW_BLOCK_SIZE - 1) / HW_BLOCK_SIZE;
}

/* Bytes of leaf hashes behind a chunk of @size bytes, padded. */
static inline uint32_t hw_extent_leaves_size(uint32_t size)
{
	uint32_t blocks = hw_extent_block_count(size);
	return blocks <= 1 ? 0 : hw_page_round(blocks * HW_HASH_SIZE);
}

/* Bytes that a chunk of @size bytes takes in its segment. */
static inline uint32_t hw_extent_disk_size(uint32_t size)
{
	return hw_page_round(size) + hw_extent_leaves_size(size);
}

#endif
