/* SPDX-License-Identifier: Apache-2.0
 *
 * verified.h - which blocks of the page cache have been compared with their leaves
 *
 * Room: core/store    Thread: the owning reactor    Blocks: never    Allocates: never
 * Limits: HW_VERIFIED_COUNT extents are remembered; a newer one takes an older one's place
 *
 * Bytes rot on disks, not in memory that is not written to: an extent whose blocks were all
 * compared when they were read, and which has been in the page cache ever since, need not be
 * compared again. Who wants to pass it on unseen asks here whether it was compared, and
 * hw_files_is_cached() whether all of it is there still; if not, it is read and compared like any
 * other. Nobody but this daemon reads segments, and it notes each read that may bring something
 * from the disk (fills.h): what is there, and was compared since the last of them, came by here.
 * The second question costs a look at every page, so its answer holds for a second: what was used
 * so lately is not what the kernel drops.
 */
#ifndef HW_CORE_STORE_VERIFIED_H
#define HW_CORE_STORE_VERIFIED_H

#include "core/base/check.h"
#include "core/base/extent.h"

#define HW_VERIFIED_COUNT 16384U /* extents: 64 GiB of full chunks; a power of two */
#define HW_VERIFIED_WAYS  8U     /* places that an extent may have */
/* Bytes of a smaller extent are compared each time: it is not worth a row. */
#define HW_VERIFIED_SIZE_MIN 1048576U
#define HW_VERIFIED_US       1000000U /* what was in memory is taken to be there for so long */

/* An extent never has other bytes at its place: segments are appended to only. */
struct hw_verified_row {
	uint64_t offset;
	uint32_t segment;
	uint32_t shard_used; /* shard + 1; 0: the row is free */
	uint64_t blocks[HW_CHUNK_BLOCKS / 64];
	uint32_t fills;   /* hw_fills_of() it, before these were read */
	uint64_t seen_us; /* when all of them were last found in memory; 0: not yet */
	uint64_t seen_drop_count;
};

/* All zero is empty. Private to verified.c. */
struct hw_verified {
	struct hw_verified_row rows[HW_VERIFIED_COUNT];
	uint32_t next_way; /* whose place is taken next */
};

/* These blocks were read through the page cache and match. @fills: hw_fills_of() the extent, before
 * they were read. What was added under an older number is forgotten; under a newer one it stays. */
void hw_verified_add(struct hw_verified *verified, const struct hw_extent *extent,
		     uint32_t first_block, uint32_t count, uint32_t fills);
/* Were all blocks of it, and is @fills still their number? */
bool hw_verified_is_whole(const struct hw_verified *verified, const struct hw_extent *extent,
			  uint32_t fills);
/* hw_verified_seen - were these found in memory within the last second, as hw_verified_see() said?
 * @now_us: the reactor's. @drop_count: of extents that were dropped; if it has grown since, this
 * may have been one of them, and punched out. */
bool hw_verified_seen(const struct hw_verified *verified, const struct hw_extent *extent,
		      uint64_t now_us, uint64_t drop_count);
/* All blocks of the extent that were added are in memory now. */
void hw_verified_see(struct hw_verified *verified, const struct hw_extent *extent, uint64_t now_us,
		     uint64_t drop_count);
/* They may have left memory. */
void hw_verified_forget(struct hw_verified *verified, const struct hw_extent *extent);

#endif
