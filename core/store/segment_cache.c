/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a view:
 *
 *   FREE --[open_submit]--> OPENING --[open_done]--> BINDING --[bind_done]--> READY
 *    ^                        | (no such file)                                  |
 *    +------------------------+      READY, not used --[open_submit]--> OPENING +
 *
 * A view that is reused opens the new file over the old one: an update of a slot replaces what was
 * there.
 */
#include "core/store/segment_cache.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void open_submit(struct hw_segment_view *view, uint32_t shard, uint32_t segment);
static void open_run(struct hw_job *job);
static void open_done(struct hw_job *job);
static void bind_done(struct hw_op *op);
static void waiting_serve(struct hw_segment_cache *cache);

void hw_segment_cache_init(struct hw_segment_cache *cache, struct hw_reactor *reactor,
			   struct hw_worker *worker, const struct hw_files *files,
			   uint32_t file_index_base)
{
	memset(cache, 0, sizeof(*cache));
	cache->reactor = reactor;
	cache->worker = worker;
	cache->files = files;
	hw_list_init(&cache->order);
	hw_list_init(&cache->waiting);
	for (uint32_t i = 0; i < HW_SEGMENT_CACHE_MAX; i++) {
		struct hw_segment_view *view = &cache->views[i];
		view->cache = cache;
		view->slot = hw_ring_file_slot(reactor->ring, file_index_base + i);
		hw_list_init(&view->users_waiting);
		hw_list_append(&cache->order, &view->link);
	}
}

bool hw_segment_cache_is_idle(const struct hw_segment_cache *cache)
{
	for (uint32_t i = 0; i < HW_SEGMENT_CACHE_MAX; i++) {
		if (cache->views[i].job.in_flight || cache->views[i].op.in_flight) {
			return false;
		}
	}
	return hw_list_is_empty(&cache->waiting);
}

void hw_segment_cache_deinit(struct hw_segment_cache *cache)
{
	hw_assert(hw_segment_cache_is_idle(cache));
}

static void touch(struct hw_segment_cache *cache, struct hw_segment_view *view)
{
	hw_list_remove(&view->link);
	hw_list_append(&cache->order, &view->link);
}

static struct hw_segment_view *find(struct hw_segment_cache *cache, uint32_t shard,
				    uint32_t segment)
{
	for (uint32_t i = 0; i < HW_SEGMENT_CACHE_MAX; i++) {
		struct hw_segment_view *view = &cache->views[i];
		if (view->state != HW_SEGMENT_VIEW_FREE && view->shard == shard &&
		    view->segment == segment) {
			return view;
		}
	}
	return NULL;
}

/* The least recently used that nobody uses, or NULL. */
static struct hw_segment_view *unused_find(struct hw_segment_cache *cache)
{
	for (struct hw_list *link = cache->order.next; link != &cache->order; link = link->next) {
		struct hw_segment_view *view = hw_container_of(link, struct hw_segment_view, link);
		if (view->user_count == 0 && !view->job.in_flight && !view->op.in_flight) {
			return view;
		}
	}
	return NULL;
}

bool hw_segment_reader_open(struct hw_segment_cache *cache, struct hw_segment_reader *reader)
{
	hw_assert(reader->ready != NULL);
	reader->view = NULL;
	struct hw_segment_view *view = find(cache, reader->shard, reader->segment);
	if (view == NULL) {
		view = unused_find(cache);
		if (view == NULL) {
			hw_list_append(&cache->waiting, &reader->link);
			return false;
		}
		open_submit(view, reader->shard, reader->segment);
	}
	touch(cache, view);
	view->user_count++;
	reader->view = view;
	if (view->state == HW_SEGMENT_VIEW_READY) {
		return true;
	}
	hw_list_append(&view->users_waiting, &reader->link);
	return false;
}

static void open_submit(struct hw_segment_view *view, uint32_t shard, uint32_t segment)
{
	view->shard = shard;
	view->segment = segment;
	view->state = HW_SEGMENT_VIEW_OPENING;
	hw_job_submit(&view->job, view->cache->reactor, view->cache->worker, open_run, open_done);
}

/* On the worker. */
static void open_run(struct hw_job *job)
{
	struct hw_segment_view *view = hw_container_of(job, struct hw_segment_view, job);
	job->res = hw_files_segment_open(view->cache->files, view->shard, view->segment);
}

static void users_wake(struct hw_segment_view *view, int res)
{
	while (!hw_list_is_empty(&view->users_waiting)) {
		struct hw_list *link = hw_list_take_first(&view->users_waiting);
		struct hw_segment_reader *reader =
			hw_container_of(link, struct hw_segment_reader, link);
		if (res < 0) {
			hw_assert(view->user_count > 0);
			view->user_count--;
			reader->view = NULL;
		}
		reader->ready(reader, res);
	}
}

static void open_done(struct hw_job *job)
{
	struct hw_segment_view *view = hw_container_of(job, struct hw_segment_view, job);
	if (job->res < 0) {
		view->state = HW_SEGMENT_VIEW_FREE;
		users_wake(view, job->res);
		waiting_serve(view->cache);
		return;
	}
	view->fd = job->res;
	view->state = HW_SEGMENT_VIEW_BINDING;
	hw_ring_file_set(view->cache->reactor->ring, &view->op, view->slot, view->fd, bind_done);
}

static void bind_done(struct hw_op *op)
{
	struct hw_segment_view *view = hw_container_of(op, struct hw_segment_view, op);
	(void)close(view->fd); /* read only; the ring holds the file */
	view->fd = -1;
	if (op->res < 0) {
		view->state = HW_SEGMENT_VIEW_FREE;
		users_wake(view, op->res);
		waiting_serve(view->cache);
		return;
	}
	view->state = HW_SEGMENT_VIEW_READY;
	users_wake(view, 0);
}

void hw_segment_reader_close(struct hw_segment_cache *cache, struct hw_segment_reader *reader)
{
	struct hw_segment_view *view = hw_move(&reader->view);
	if (view == NULL) {
		return;
	}
	hw_assert(view->user_count > 0);
	view->user_count--;
	waiting_serve(cache);
}

/* A view may have become free: the first in line asks again. */
static void waiting_serve(struct hw_segment_cache *cache)
{
	while (!hw_list_is_empty(&cache->waiting) && unused_find(cache) != NULL) {
		struct hw_list *link = hw_list_take_first(&cache->waiting);
		struct hw_segment_reader *reader =
			hw_container_of(link, struct hw_segment_reader, link);
		if (hw_segment_reader_open(cache, reader)) {
			reader->ready(reader, 0);
		}
	}
}
