/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a view:
 *
 *   FREE --[open_begin]--> OPENING --[open_done]--> BINDING --[bind_done]--> READY
 *    ^                      ^  | (no such file)        | (no memory)           |
 *    +----------------------|--+-----------------------+                       |
 *                           +--[close_done]-- CLOSING <--[open_begin]-- (not used)
 *
 * A slot is empty before another file is put into it (ring.h, promise 4), and a FREE view holds
 * none: an unlinked segment is not kept by a cache that could not replace it.
 */
#include "core/store/segment_cache.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/descriptor.h"

static void open_begin(struct hw_segment_view *view, const struct hw_segment_reader *reader);
static void close_done(struct hw_op *op);
static void open_submit(struct hw_segment_view *view);
static void open_run(struct hw_job *job);
static void open_done(struct hw_job *job);
static void bind_done(struct hw_op *op);
static void waiting_join(struct hw_segment_view *view);
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
		view->fd = -1;
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

static void fd_close(struct hw_segment_view *view)
{
	if (view->fd >= 0) {
		(void)close(view->fd); /* read only */
	}
	view->fd = -1;
}

void hw_segment_cache_deinit(struct hw_segment_cache *cache)
{
	hw_assert(hw_segment_cache_is_idle(cache));
	for (uint32_t i = 0; i < HW_SEGMENT_CACHE_MAX; i++) {
		fd_close(&cache->views[i]);
	}
}

static void touch(struct hw_segment_cache *cache, struct hw_segment_view *view)
{
	hw_list_remove(&view->link);
	hw_list_append(&cache->order, &view->link);
}

static bool is_for(const struct hw_segment_view *view, const struct hw_segment_reader *reader)
{
	return view->shard == reader->shard && view->segment == reader->segment &&
	       view->is_direct == reader->is_direct;
}

static struct hw_segment_view *find(struct hw_segment_cache *cache,
				    const struct hw_segment_reader *reader)
{
	for (uint32_t i = 0; i < HW_SEGMENT_CACHE_MAX; i++) {
		struct hw_segment_view *view = &cache->views[i];
		if (view->state != HW_SEGMENT_VIEW_FREE && is_for(view, reader)) {
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
	struct hw_segment_view *view = find(cache, reader);
	if (view == NULL) {
		view = unused_find(cache);
		if (view == NULL) {
			hw_list_append(&cache->waiting, &reader->link);
			return false;
		}
		open_begin(view, reader);
		waiting_join(view);
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

static void open_begin(struct hw_segment_view *view, const struct hw_segment_reader *reader)
{
	view->shard = reader->shard;
	view->segment = reader->segment;
	view->is_direct = reader->is_direct;
	if (!view->is_bound) {
		open_submit(view);
		return;
	}
	view->state = HW_SEGMENT_VIEW_CLOSING;
	hw_ring_close(view->cache->reactor->ring, &view->op, view->slot, close_done);
}

static void close_done(struct hw_op *op)
{
	struct hw_segment_view *view = hw_container_of(op, struct hw_segment_view, op);
	view->is_bound = false; /* a close of our own slot has nothing to fail on but a bad slot */
	open_submit(view);
}

static void open_submit(struct hw_segment_view *view)
{
	view->state = HW_SEGMENT_VIEW_OPENING;
	hw_job_submit(&view->job, view->cache->reactor, view->cache->worker, open_run, open_done);
}

/* On the worker: the last one to close a file that is unlinked waits for the disk. */
static void open_run(struct hw_job *job)
{
	struct hw_segment_view *view = hw_container_of(job, struct hw_segment_view, job);
	const struct hw_files *files = view->cache->files;
	fd_close(view);
	job->res = view->is_direct ? hw_files_segment_open_direct(files, view->shard, view->segment)
				   : hw_files_segment_open(files, view->shard, view->segment);
}

/* Those who wait now, and nobody else: who hears of an error may open another segment at once, in
 * this very view. */
static void users_wake(struct hw_segment_view *view, int res)
{
	struct hw_list woken;
	hw_list_init(&woken);
	while (!hw_list_is_empty(&view->users_waiting)) {
		hw_list_append(&woken, hw_list_take_first(&view->users_waiting));
	}
	while (!hw_list_is_empty(&woken)) {
		struct hw_list *link = hw_list_take_first(&woken);
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
	if (op->res < 0) {
		fd_close(view);
		view->state = HW_SEGMENT_VIEW_FREE;
		users_wake(view, op->res);
		waiting_serve(view->cache);
		return;
	}
	if (hw_descriptor_is_scarce(view->fd)) {
		fd_close(view); /* the ring holds the file */
	}
	view->is_bound = true;
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

/* Who waits in line for just this segment need not wait for another view. */
static void waiting_join(struct hw_segment_view *view)
{
	struct hw_list *link = view->cache->waiting.next;
	while (link != &view->cache->waiting) {
		struct hw_segment_reader *reader =
			hw_container_of(link, struct hw_segment_reader, link);
		link = link->next;
		if (is_for(view, reader)) {
			hw_list_remove(&reader->link);
			hw_list_append(&view->users_waiting, &reader->link);
			view->user_count++;
			reader->view = view;
		}
	}
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
