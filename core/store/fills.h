/* SPDX-License-Identifier: Apache-2.0
 *
 * fills.h - where the kernel may have filled the page cache with what nobody has compared
 *
 * Room: core/store    Thread: any    Blocks: never    Allocates: never
 * Limits: HW_FILL_COUNT counters; granules that share one are taken for each other, which costs
 *         a comparison and no more
 *
 * Who reads from the disk gets more into the page cache than asked for: the kernel reads ahead, up
 * to megabytes, whatever lies behind; and who reads what was read ahead makes it read on. So that
 * an extent is all in memory does not say that it has been there since it was compared
 * (verified.h): it may have left, and been brought back by a read of its neighbour. Each read that
 * may bring something is noted here first; what was compared before the last note on its granules
 * is compared again. What has been compared since brings nothing by being read: it is all there,
 * and its marks to read on have been met. One table for all reactors: each may read every segment.
 */
#ifndef HW_CORE_STORE_FILLS_H
#define HW_CORE_STORE_FILLS_H

#include <stdatomic.h>

#include "core/base/extent.h"

#define HW_FILL_COUNT 65536U /* a power of two */
/* Bytes of a segment that have one counter: at most HW_VERIFIED_SIZE_MIN, so that an extent that is
 * remembered ends in another granule than the one before it. */
#define HW_FILL_GRANULE 1048576U
#define HW_FILL_SLACK   4194304U /* bytes: the largest folio, twice */

/* All zero but ahead_size is empty. */
struct hw_fills {
	_Atomic uint32_t counts[HW_FILL_COUNT];
	uint64_t ahead_size; /* bytes that the kernel reads ahead at most (hw_files_ahead_size) */
};

/* Bytes from the extent's first on that a read of it may bring into memory. */
uint64_t hw_fills_reach(const struct hw_fills *fills, const struct hw_extent *extent);
/* Some of the extent, and of what lies behind it, may be brought in. */
void hw_fills_note(struct hw_fills *fills, const struct hw_extent *extent);
/* The extent is all there; but some of what lies behind it may be brought in. (Two reactors that
 * compare the same extent would otherwise undo each other's work for ever.) */
void hw_fills_note_behind(struct hw_fills *fills, const struct hw_extent *extent);
/* What has been noted of the extent so far: another number when something was since. */
uint32_t hw_fills_of(const struct hw_fills *fills, const struct hw_extent *extent);

#endif
