/* SPDX-License-Identifier: Apache-2.0
 *
 * store.h - the front of the room: what one reactor stores with and reads with
 *
 * Room: core/store    Thread: the owning reactor    Blocks: never    Allocates: never
 * Owns: the digest queue, the shard's segments, the cache of segments open for reading
 *
 *	chunk_writer.h   slabs in, a durable extent out
 *	chunk_reader.h   an extent in, verified blocks out
 */
#ifndef HW_CORE_STORE_STORE_H
#define HW_CORE_STORE_STORE_H

#include "core/store/digest.h"
#include "core/store/fills.h"
#include "core/store/segment_cache.h"
#include "core/store/segment_log.h"
#include "core/store/verified.h"

/* File slots of the ring that the store takes. */
#define HW_STORE_FILE_COUNT (HW_SEGMENT_OPEN_MAX + HW_SEGMENT_CACHE_MAX)

struct hw_store {
	struct hw_reactor *reactor;
	struct hw_digest digest;
	struct hw_segment_log log;
	struct hw_segment_cache cache;
	struct hw_verified verified;
	struct hw_fills *fills;
	const struct hw_metrics *drops; /* of the thread that drops extents; NULL: nobody does */
};

/* @options: file_index_base is the first of HW_STORE_FILE_COUNT. @fills: of all reactors; lent
 * until deinit. */
void hw_store_init(struct hw_store *store, const struct hw_segment_log_options *options,
		   struct hw_fills *fills);
void hw_store_deinit(struct hw_store *store);
/* How many extents were dropped so far, by the count of who drops them: it has grown before any of
 * them is punched out. */
static inline uint64_t hw_store_drop_count(const struct hw_store *store)
{
	return store->drops == NULL ? 0 : hw_metrics_read(store->drops, HW_METRIC_extents_dropped);
}
bool hw_store_is_idle(const struct hw_store *store);

#endif
