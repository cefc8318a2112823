/* SPDX-License-Identifier: Apache-2.0
 *
 * fills.h - where the kernel may have filled the page cache with what nobody has compared
 *
 * Room: core/store    Thread: any    Blocks: never    Allocates: never
 * Limits: HW_FILL_COUNT counters; granules that share one are taken for each other, which costs
 *         a comparison and no more
 *
 * Who reads from the disk gets more into the page cache than asked for: the kernel reads ahead, up
 * to megabytes, whatever lies behind. So that an extent is all in memory does not say that it has
 * been there since it was compared (verified.h): it may have left, and been brought back by a read
 * of its neighbour. Each read that may go to the disk is noted here first, before it begins; what
 * was compared before the last note on its granules is compared again. One table for all reactors:
 * each may read every segment.
 */
#ifndef HW_CORE_STORE_FILLS_H
#define HW_CORE_STORE_FILLS_H

#include <stdatomic.h>

#include "core/base/extent.h"

#define HW_FILL_COUNT   65536U        /* a power of two */
#define HW_FILL_GRANULE HW_CHUNK_SIZE /* bytes of a segment that have one counter */
#define HW_FILL_SLACK   (4U << 20)    /* bytes: the largest folio, twice */

/* All zero but ahead_size is empty. */
struct hw_fills {
	_Atomic uint32_t counts[HW_FILL_COUNT];
	uint64_t ahead_size; /* bytes that the kernel reads ahead at most (hw_files_ahead_size) */
};

/* A read of the extent begins that is not known to be answered out of memory. */
void hw_fills_note(struct hw_fills *fills, const struct hw_extent *extent);
/* What has been noted of the extent so far: another number when something was since. */
uint32_t hw_fills_of(const struct hw_fills *fills, const struct hw_extent *extent);

#endif
