/* SPDX-License-Identifier: Apache-2.0
 *
 * segment_cache.h - segments open for reading, the least recently used makes room
 *
 * Room: core/store    Thread: the owning reactor    Blocks: never (files are opened by jobs)
 * Allocates: never    Owns: HW_SEGMENT_CACHE_MAX file slots of the ring
 * Limits: when all are in use, who comes waits in line
 *
 * Any reactor reads any shard: a file needs no owner to be read. That its extents stay is the
 * catalog's pin.
 */
#ifndef HW_CORE_STORE_SEGMENT_CACHE_H
#define HW_CORE_STORE_SEGMENT_CACHE_H

#include "core/loop/job.h"
#include "core/store/files.h"

#define HW_SEGMENT_CACHE_MAX 128U

enum hw_segment_view_state {
	HW_SEGMENT_VIEW_FREE = 0, /* no file in its slot */
	HW_SEGMENT_VIEW_CLOSING,  /* the ring gives back the file that was in its slot before */
	HW_SEGMENT_VIEW_OPENING,  /* the worker opens it */
	HW_SEGMENT_VIEW_BINDING,  /* the ring takes it */
	HW_SEGMENT_VIEW_READY,
	HW_SEGMENT_VIEW_STATE_COUNT,
};

struct hw_segment_cache;

/* One segment open for reading. */
struct hw_segment_view {
	struct hw_list link; /* in the cache's order of use, oldest first */
	struct hw_list users_waiting;
	struct hw_segment_cache *cache;
	struct hw_job job;
	struct hw_op op;
	uint32_t shard;
	uint32_t segment;
	uint32_t slot;
	uint32_t user_count;
	int fd; /* of the file in the slot, for hw_files_is_cached(); -1: none */
	enum hw_segment_view_state state;
	bool is_bound;  /* a file is in the slot */
	bool is_direct; /* opened past the page cache: another view than the one through it */
};

/* Somebody who wants to read; embedded. ready runs once, from a later step: res 0 and view set, or
 * -errno. */
struct hw_segment_reader {
	struct hw_list link;
	struct hw_segment_view *view;
	uint32_t shard;
	uint32_t segment;
	bool is_direct; /* past the page cache: whole pages only */
	void (*ready)(struct hw_segment_reader *reader, int res);
};

struct hw_segment_cache {
	struct hw_reactor *reactor;
	struct hw_worker *worker;
	const struct hw_files *files;
	struct hw_list order;   /* all views, least recently used first */
	struct hw_list waiting; /* readers without a view */
	struct hw_segment_view views[HW_SEGMENT_CACHE_MAX];
};

void hw_segment_cache_init(struct hw_segment_cache *cache, struct hw_reactor *reactor,
			   struct hw_worker *worker, const struct hw_files *files,
			   uint32_t file_index_base);
void hw_segment_cache_deinit(struct hw_segment_cache *cache);
bool hw_segment_cache_is_idle(const struct hw_segment_cache *cache);

/* Returns true: the view is there now (reader->view), ready does not run. False: ready runs later.
 */
bool hw_segment_reader_open(struct hw_segment_cache *cache,
			    struct hw_segment_reader *reader) HW_MUST_CHECK;
/* Give the view back. Nothing may be in flight on it by this reader. Not while ready is awaited. */
void hw_segment_reader_close(struct hw_segment_cache *cache, struct hw_segment_reader *reader);

#endif
