/* SPDX-License-Identifier: Apache-2.0
 *
 *   read -> step -> [extents_done -> step ->] [chunk_opened -> step ->] slab_ready -> chunk_read
 *                                                                                        |
 *   whatever ends it: end -> done                                          done <--------+
 */
#include "net/talk/file_reader.h"

#include <errno.h>

static int step(struct hw_file_reader *reader);
static void extents_done(struct hw_catalog_request *request);
static void chunk_opened(struct hw_chunk_reader *chunk, int res);
static void slab_ready(struct hw_slab_waiter *waiter, struct hw_slab *slab);
static void chunk_read(struct hw_chunk_reader *chunk, int res);

void hw_file_reader_init(struct hw_file_reader *reader, struct hw_talks *talks,
			 void (*done)(struct hw_file_reader *reader, struct hw_slab *slab, int res))
{
	hw_assert(reader->chunk_reader.state == HW_READER_CLOSED);
	reader->talks = talks;
	reader->done = done;
	reader->request = (struct hw_catalog_request){.file_id = 0}; /* nothing of another's */
	reader->filling = NULL;
	reader->lent.size = 0;
	reader->lend_size_max = 0;
	reader->is_open = false;
	reader->is_reading = false;
	reader->is_cancelled = false;
	reader->is_tentative = false;
	reader->slab_waiter.ready = slab_ready;
	reader->chunk_reader.opened = chunk_opened;
	reader->chunk_reader.read_done = chunk_read;
}

void hw_file_reader_begin(struct hw_file_reader *reader)
{
	hw_assert(!reader->is_reading && !reader->is_open);
	reader->file_id = reader->request.file_id;
	reader->window_first = reader->request.chunk_index;
}

int hw_file_reader_read(struct hw_file_reader *reader, uint64_t offset)
{
	hw_assert(!reader->is_reading);
	reader->offset = offset;
	reader->is_reading = true;
	reader->is_cancelled = false;
	reader->lent.size = 0;
	int r = step(reader);
	reader->is_reading = r >= 0;
	return r;
}

static void chunk_close(struct hw_file_reader *reader)
{
	if (reader->is_open) {
		reader->is_open = false;
		hw_chunk_reader_close(&reader->chunk_reader);
	}
}

/* The last thing that happens in a completion: done may read again. */
static void end(struct hw_file_reader *reader, struct hw_slab *slab, int res)
{
	hw_assert(reader->is_reading);
	reader->is_reading = false;
	if (reader->is_cancelled) {
		hw_slab_unref(slab);
		reader->lent.size = 0;
		chunk_close(reader);
		reader->done(reader, NULL, -ECANCELED);
		return;
	}
	reader->done(reader, slab, res);
}

/* The next one, if there is any use in it. */
static void step_on(struct hw_file_reader *reader, int res)
{
	if (res >= 0 && !reader->is_cancelled) {
		res = step(reader);
	}
	if (res < 0 || reader->is_cancelled) {
		end(reader, NULL, res);
	}
}

/* Extents of this chunk and those behind it. */
static void window_fetch(struct hw_file_reader *reader, uint64_t chunk)
{
	reader->window_first = chunk;
	reader->request.file_id = reader->file_id;
	reader->request.chunk_index = (uint32_t)chunk;
	hw_catalog_submit(reader->talks->catalog, &reader->request, HW_CATALOG_EXTENTS,
			  extents_done);
}

static void slab_take(struct hw_file_reader *reader)
{
	struct hw_reactor *reactor = reader->talks->reactor;
	struct hw_slab *slab = hw_slab_take(&reactor->slabs);
	if (slab != NULL) {
		slab_ready(&reader->slab_waiter, slab);
		return;
	}
	hw_metrics_add(reactor->metrics, HW_METRIC_slab_waits, 1);
	hw_slab_wait(&reactor->slabs, &reader->slab_waiter);
}

static void lent_deliver(struct hw_mail *mail)
{
	end(hw_container_of(mail, struct hw_file_reader, mail), NULL, 0);
}

/* What is in memory and was verified need not come by. */
static bool lend_try(struct hw_file_reader *reader)
{
	struct hw_chunk_reader *chunk = &reader->chunk_reader;
	struct hw_reactor *reactor = reader->talks->reactor;
	uint32_t offset = (uint32_t)(reader->offset % HW_CHUNK_SIZE);
	uint32_t skipped = offset % HW_BLOCK_SIZE;
	if (reader->lend_size_max < HW_LEND_SIZE_MIN) {
		return false;
	}
	uint32_t size = hw_chunk_reader_trusted(chunk, offset / HW_BLOCK_SIZE,
						skipped + reader->lend_size_max);
	if (size < skipped + HW_LEND_SIZE_MIN) {
		return false;
	}
	reader->lent = (struct hw_file_lent){.file = chunk->reader.view->slot,
					     .fd = chunk->reader.view->fd,
					     .offset = chunk->extent.offset + offset,
					     .size = size - skipped};
	reader->mail.deliver = lent_deliver;
	hw_mailbox_post(&reactor->mailbox, reactor->ring, &reader->mail);
	return true;
}

void hw_file_reader_distrust(struct hw_file_reader *reader)
{
	hw_assert(reader->is_open && !reader->is_reading && reader->lent.size > 0);
	hw_chunk_reader_distrust(&reader->chunk_reader);
}

static int step(struct hw_file_reader *reader)
{
	uint64_t chunk = reader->offset / HW_CHUNK_SIZE;
	if (reader->is_open && reader->chunk_index == chunk) {
		if (!lend_try(reader)) {
			slab_take(reader);
		}
		return 0;
	}
	chunk_close(reader);
	uint64_t index = chunk - reader->window_first;
	if (chunk < reader->window_first || index >= reader->request.extent_count) {
		window_fetch(reader, chunk);
		return 0;
	}
	const struct hw_extent *extent = &reader->request.extents[index];
	if (reader->offset % HW_CHUNK_SIZE >= extent->size) {
		return -EBADMSG; /* the catalog's rows do not add up to the file */
	}
	reader->chunk_index = chunk;
	reader->chunk_reader.is_quiet = reader->is_tentative;
	hw_chunk_reader_open(&reader->chunk_reader, reader->talks->store, extent);
	return 0;
}

static void extents_done(struct hw_catalog_request *request)
{
	struct hw_file_reader *reader = hw_container_of(request, struct hw_file_reader, request);
	int res = request->res;
	if (res < 0) {
		request->extent_count = 0; /* those in it are of another window */
	}
	step_on(reader, res >= 0 && request->extent_count == 0 ? -EBADMSG : res);
}

static void chunk_opened(struct hw_chunk_reader *chunk, int res)
{
	struct hw_file_reader *reader = hw_container_of(chunk, struct hw_file_reader, chunk_reader);
	reader->is_open = res >= 0;
	step_on(reader, res);
}

static void slab_ready(struct hw_slab_waiter *waiter, struct hw_slab *slab)
{
	struct hw_file_reader *reader = hw_container_of(waiter, struct hw_file_reader, slab_waiter);
	hw_assert(reader->is_reading && reader->is_open);
	uint32_t offset = (uint32_t)(reader->offset % HW_CHUNK_SIZE);
	reader->filling = slab;
	hw_chunk_reader_read(&reader->chunk_reader, slab, offset / HW_BLOCK_SIZE);
}

static void chunk_read(struct hw_chunk_reader *chunk, int res)
{
	struct hw_file_reader *reader = hw_container_of(chunk, struct hw_file_reader, chunk_reader);
	struct hw_slab *slab = hw_move(&reader->filling);
	uint32_t offset = (uint32_t)(reader->offset % HW_BLOCK_SIZE);
	if (res < 0) {
		hw_slab_unref(slab);
		end(reader, NULL, res);
		return;
	}
	hw_assert(offset < slab->size);
	hw_slab_seal(slab);
	end(reader, slab, (int)offset);
}

void hw_file_reader_window_drop(struct hw_file_reader *reader, uint64_t chunk_index)
{
	hw_assert(!reader->is_reading);
	chunk_close(reader);
	reader->window_first = chunk_index;
	reader->request.chunk_index = (uint32_t)chunk_index;
	reader->request.extent_count = 0;
}

const struct hw_extent *hw_file_reader_place(const struct hw_file_reader *reader, uint64_t offset)
{
	uint64_t chunk = offset / HW_CHUNK_SIZE;
	if (chunk < reader->window_first ||
	    chunk - reader->window_first >= reader->request.extent_count) {
		return NULL;
	}
	return &reader->request.extents[chunk - reader->window_first];
}

void hw_file_reader_window_set(struct hw_file_reader *reader, uint64_t chunk_index,
			       const struct hw_extent *extent)
{
	const struct hw_extent *old = &reader->request.extents[0];
	bool is_open = reader->is_open && reader->chunk_index == chunk_index;
	bool is_same = old->offset == extent->offset && old->segment == extent->segment &&
		       old->shard == extent->shard && old->size == extent->size;
	if (is_open && reader->window_first == chunk_index && reader->request.extent_count == 1 &&
	    is_same) {
		return; /* the same again; not a short one, and what took its place */
	}
	hw_file_reader_window_drop(reader, chunk_index);
	reader->request.extents[0] = *extent;
	reader->request.extent_count = 1;
}

void hw_file_reader_cancel(struct hw_file_reader *reader)
{
	if (hw_list_is_linked(&reader->slab_waiter.link)) {
		hw_slab_wait_end(&reader->slab_waiter);
		reader->is_reading = false;
	}
	if (reader->is_reading) {
		reader->is_cancelled = true;
		return;
	}
	chunk_close(reader);
}
