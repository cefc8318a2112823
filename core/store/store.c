/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/store.h"

void hw_store_init(struct hw_store *store, const struct hw_segment_log_options *options,
		   struct hw_fills *fills)
{
	store->reactor = options->reactor;
	store->drops = NULL;
	store->fills = fills;
	store->verified = (struct hw_verified){.next_way = 0};
	/* The hooks run in this order: what is hashed this turn may be synced this turn. */
	hw_digest_init(&store->digest, options->reactor);
	hw_segment_log_init(&store->log, options);
	hw_segment_cache_init(&store->cache, options->reactor, options->worker, options->files,
			      options->file_index_base + HW_SEGMENT_OPEN_MAX);
}

bool hw_store_is_idle(const struct hw_store *store)
{
	return hw_segment_log_is_idle(&store->log) && hw_segment_cache_is_idle(&store->cache);
}

void hw_store_deinit(struct hw_store *store)
{
	hw_segment_log_deinit(&store->log);
	hw_segment_cache_deinit(&store->cache);
}
