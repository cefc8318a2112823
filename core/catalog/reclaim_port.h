/* SPDX-License-Identifier: Apache-2.0
 *
 * reclaim_port.h - PORT: how the catalog gives space back to the store
 *
 * Room: core/catalog    Thread: catalog    Blocks: yes (file-system calls)    Allocates: never
 *
 * The catalog decides what is free, the store knows how to free it. Neither call is ever made for
 * an extent or a segment that a chunk lives in, or that an unfinished transaction might still name.
 * Both may come again for the same place after a crash, and must then be harmless.
 */
#ifndef HW_CORE_CATALOG_RECLAIM_PORT_H
#define HW_CORE_CATALOG_RECLAIM_PORT_H

#include "core/base/extent.h"

struct hw_reclaim_port {
	void *context;
	/* Make a hole of @extent (lent for the call). Its root is zero: the catalog has forgotten
	 * it. @was_read: it was named once, and its pages may be on their way to a client still:
	 * then -EBUSY, and it is tried again later. Returns 0 or -errno; after another error the
	 * space comes back with the segment, or at the next start, when the store gives back what
	 * the catalog does not name. */
	int (*punch)(void *context, const struct hw_extent *extent, bool was_read);
	/* Remove a sealed segment in which no chunk lives. Returns 0 or -errno. */
	int (*segment_unlink)(void *context, uint32_t shard, uint32_t segment);
};

#endif
