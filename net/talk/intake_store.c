/* SPDX-License-Identifier: Apache-2.0
 *
 * From the writers to the catalog:
 *
 *   writer_done -> collect (in the order of the file) -> 16 chunks: append_done -> collect
 *   body over, all collected -> STORED -> commit | save -> name_done -> named
 *   any error -> fail -> join (source, reader, writers, catalog) -> drop -> leave -> failed
 */
#include <errno.h>
#include <string.h>

#include "net/talk/intake_steps.h"

static void append_done(struct hw_catalog_request *request);
static void name_done(struct hw_catalog_request *request);
static void drop_done(struct hw_catalog_request *request);
static void dropped(struct hw_intake *intake);
static void leave_done(struct hw_catalog_request *request);
static void fail_end(struct hw_intake *intake);

static bool is_resumed(const struct hw_intake *intake)
{
	return intake->options.upload != NULL;
}

/* -- collect -- */

void hw_intake_writer_progress(struct hw_chunk_writer *writer)
{
	struct hw_intake *intake = writer->owner;
	if (intake->state == HW_INTAKE_LOADING) {
		hw_intake_load_next(intake);
	} else {
		hw_intake_receive(intake);
	}
}

void hw_intake_writer_done(struct hw_chunk_writer *writer, int res)
{
	struct hw_intake *intake = writer->owner;
	if (res < 0) {
		hw_intake_fail(intake, res);
		return;
	}
	intake->is_written[writer == &intake->writers[0] ? 0 : 1] = true;
	hw_intake_collect(intake);
}

/* The writer whose chunk is taken next: in the order of the file. After a failure the order does
 * not matter any more, and the chunk before may never come. Returns -1 when there is none. */
static int written_find(const struct hw_intake *intake)
{
	int index = (int)(intake->chunks_collected % HW_INTAKE_WRITERS);
	if (intake->is_written[index]) {
		return index;
	}
	static_assert(HW_INTAKE_WRITERS == 2, "there is one other");
	int other = 1 - index;
	return intake->state == HW_INTAKE_FAILING && intake->is_written[other] ? other : -1;
}

/* The tree of what is there, if that is all. */
static void root_of(const struct hw_intake *intake, struct hw_hash *ret_root)
{
	struct hw_merkle merkle = intake->merkle;
	struct hw_hash id;
	if (intake->last_short.size > 0) {
		memcpy(id.bytes, intake->last_short.root, HW_HASH_SIZE);
		hw_merkle_add(&merkle, &id, hw_extent_block_count(intake->last_short.size));
	}
	hw_merkle_root(&merkle, ret_root);
}

static void chunk_collect(struct hw_intake *intake, int index)
{
	struct hw_chunk_writer *writer = &intake->writers[index];
	const struct hw_extent *extent = &writer->extent;
	intake->last_short.size = 0;
	if (extent->size < HW_CHUNK_SIZE) {
		intake->last_short = *extent; /* in the tree only if nothing follows it */
	} else if (intake->state != HW_INTAKE_FAILING) {
		struct hw_hash id;
		memcpy(id.bytes, extent->root, HW_HASH_SIZE);
		hw_merkle_add(&intake->merkle, &id, hw_extent_block_count(extent->size));
	}
	uint64_t offset = intake->collected_size;
	intake->collected_size += extent->size;
	intake->is_written[index] = false;
	intake->chunks_collected++;
	if (writer->is_volatile) {
		return; /* it is nowhere */
	}
	intake->segments[intake->request.extent_count] = hw_move(&writer->segment);
	intake->request.extents[intake->request.extent_count++] = *extent;
	if (intake->state != HW_INTAKE_FAILING) {
		hw_live_chunk_add(intake, extent, offset);
	}
}

/* What the catalog is to know of a file that may be gone on with, when all that was collected is
 * durable and @tail_size bytes lie in kept. */
static void resume_set(struct hw_intake *intake, uint32_t crc32, uint32_t tail_size)
{
	struct hw_upload *upload = intake->options.upload;
	upload->length = intake->options.length; /* it may have become known on the way */
	upload->crc32 = crc32;
	upload->merkle = intake->merkle;
	upload->offset = intake->collected_size + tail_size;
	upload->tail_size = (uint16_t)tail_size;
	memcpy(upload->tail, intake->kept, tail_size);
	upload->expires_ms =
		intake->talks->reactor->wall_ms + intake->talks->options.upload_expiry_ms;
}

/* Of a length that nobody knew, the quotas are kept when it is there, or told. */
static void quotas_set(struct hw_intake *intake)
{
	struct hw_talks *talks = intake->talks;
	intake->request.free_size = hw_segment_log_free_size(&talks->store->log);
	intake->request.share_size_max = talks->options.share_size_max;
	intake->request.store_size_max = talks->options.quota_size;
}

static void append_submit(struct hw_intake *intake)
{
	uint64_t newest = (intake->chunks_collected - 1) % HW_INTAKE_WRITERS;
	hw_assert(!intake->options.is_held); /* its owner bounded the body */
	intake->is_asking = true;
	if (is_resumed(intake)) {
		resume_set(intake, intake->crc32_at_end[newest], 0);
	}
	quotas_set(intake);
	hw_catalog_submit(intake->talks->catalog, &intake->request, HW_CATALOG_APPEND, append_done);
}

/* Take what the writers have into the batch; then what comes next. */
void hw_intake_collect(struct hw_intake *intake)
{
	while (!intake->is_asking && intake->request.extent_count < HW_EXTENT_BATCH_MAX) {
		int index = written_find(intake);
		if (index < 0) {
			break;
		}
		chunk_collect(intake, index);
	}
	if (intake->state == HW_INTAKE_FAILING) {
		hw_intake_join(intake);
	} else if (intake->is_asking) {
		return; /* the catalog's answer comes here again */
	} else if (intake->state == HW_INTAKE_STORING &&
		   intake->chunks_collected == intake->chunks_begun) {
		if (hw_live_is_awaited(&intake->live)) {
			return; /* followers take the rest: hw_intake_taken */
		}
		hw_intake_set_state(intake, HW_INTAKE_STORED);
		intake->options.handler->stored(intake);
	} else if (intake->request.extent_count == HW_EXTENT_BATCH_MAX &&
		   intake->last_short.size == 0) { /* a short one is the last: it is committed */
		append_submit(intake);
	} else {
		hw_intake_receive(intake);
	}
}

static void batch_settle(struct hw_intake *intake)
{
	for (uint32_t i = 0; i < intake->request.extent_count; i++) {
		hw_segment_settle(intake->segments[i]);
	}
	intake->request.extent_count = 0;
}

static void append_done(struct hw_catalog_request *request)
{
	struct hw_intake *intake = hw_container_of(request, struct hw_intake, request);
	intake->is_asking = false;
	if (request->res < 0) {
		hw_intake_fail(intake, request->res);
		return;
	}
	request->is_replacing = false;
	intake->named_size = intake->collected_size; /* nothing was collected meanwhile */
	batch_settle(intake);
	hw_intake_collect(intake);
}

/* -- the owner's word -- */

static void name_submit(struct hw_intake *intake, enum hw_catalog_verb verb)
{
	hw_intake_set_state(intake, HW_INTAKE_NAMING);
	intake->is_asking = true;
	quotas_set(intake);
	hw_catalog_submit(intake->talks->catalog, &intake->request, verb, name_done);
}

void hw_intake_commit(struct hw_intake *intake)
{
	struct hw_catalog_request *request = &intake->request;
	struct hw_hash hash;
	hw_assert(hw_intake_is_complete(intake) && intake->kept_size == 0);
	root_of(intake, &hash);
	memcpy(request->file_root, hash.bytes, HW_HASH_SIZE);
	request->file_size = intake->collected_size;
	request->created_ms = intake->talks->reactor->wall_ms;
	request->crc32 = intake->crc32;
	if (is_resumed(intake)) {
		resume_set(intake, intake->crc32, 0);
	}
	request->is_leaving = true;
	name_submit(intake, HW_CATALOG_COMMIT);
}

void hw_intake_save(struct hw_intake *intake)
{
	hw_assert(is_resumed(intake));
	resume_set(intake, intake->crc32, intake->kept_size);
	intake->request.is_leaving = true;
	name_submit(intake, HW_CATALOG_APPEND);
}

void hw_intake_end_live(struct hw_intake *intake)
{
	hw_assert(intake->options.is_live || intake->options.may_spill);
	hw_assert(intake->state == HW_INTAKE_STORED && intake->request.extent_count == 0);
	struct hw_hash hash;
	root_of(intake, &hash);
	memcpy(intake->request.file_root, hash.bytes, HW_HASH_SIZE);
	intake->request.file_size = intake->collected_size;
	name_submit(intake, HW_CATALOG_ABORT);
}

void hw_intake_discard(struct hw_intake *intake, int error)
{
	hw_assert(intake->state == HW_INTAKE_STORED);
	hw_intake_fail(intake, error);
}

static void intake_free(struct hw_intake *intake)
{
	hw_assert(intake->slab == NULL && !intake->is_receiving && !intake->is_asking);
	hw_assert(!intake->is_reading && intake->reader.state == HW_READER_CLOSED);
	hw_live_end(intake);
	hw_timer_stop(&intake->talks->reactor->timers, &intake->patience);
	hw_segment_promise_end(&intake->talks->store->log, intake->promised_size);
	intake->promised_size = 0;
	hw_metrics_sub(intake->talks->reactor->metrics, HW_METRIC_uploads_open, 1);
	hw_intake_set_state(intake, HW_INTAKE_FREE);
	hw_list_remove(&intake->link);
}

static void name_done(struct hw_catalog_request *request)
{
	struct hw_intake *intake = hw_container_of(request, struct hw_intake, request);
	intake->is_asking = false;
	if (request->res < 0) {
		hw_intake_fail(intake, request->res);
		return;
	}
	batch_settle(intake);
	intake_free(intake);
	intake->options.handler->named(intake);
}

/* -- errors -- */

/* Nothing new starts; what is in flight comes back to join. */
static void stop_all(struct hw_intake *intake)
{
	hw_intake_set_state(intake, HW_INTAKE_FAILING);
	hw_live_end(intake);
	hw_slab_wait_end(&intake->slab_waiter);
	if (intake->is_receiving) {
		intake->options.source->stop(intake);
	} else if (!intake->is_reading) {
		hw_slab_unref(hw_move(&intake->slab));
	}
	if (!intake->is_reading && intake->reader.state == HW_READER_OPEN) {
		hw_chunk_reader_close(&intake->reader);
	}
	for (uint32_t i = 0; i < HW_INTAKE_WRITERS; i++) {
		if (intake->writers[i].state != HW_WRITER_IDLE) {
			hw_chunk_writer_abort(&intake->writers[i]);
		}
	}
}

void hw_intake_fail(struct hw_intake *intake, int error)
{
	if (intake->error == 0) {
		intake->error = error;
	}
	intake->talks->is_read_only |= error == -EROFS;
	if (intake->state < HW_INTAKE_FAILING) {
		stop_all(intake);
	}
	hw_intake_collect(intake); /* what is written already is given back with the rest */
}

void hw_intake_join(struct hw_intake *intake)
{
	hw_assert(intake->state >= HW_INTAKE_FAILING);
	bool is_busy = intake->is_receiving || intake->is_asking || intake->is_reading ||
		       !hw_chunk_writer_is_idle(&intake->writers[0]) ||
		       !hw_chunk_writer_is_idle(&intake->writers[1]);
	if (is_busy || intake->state != HW_INTAKE_FAILING) {
		return;
	}
	hw_intake_set_state(intake, HW_INTAKE_DROPPING);
	if (intake->request.extent_count > 0) {
		hw_catalog_submit(intake->talks->catalog, &intake->request, HW_CATALOG_EXTENT_DROP,
				  drop_done);
		return;
	}
	dropped(intake);
}

static void drop_done(struct hw_catalog_request *request)
{
	struct hw_intake *intake = hw_container_of(request, struct hw_intake, request);
	batch_settle(intake); /* punched, or left to the next start: no longer ours */
	if (intake->is_written[0] || intake->is_written[1]) { /* found no room in the batch */
		hw_intake_set_state(intake, HW_INTAKE_FAILING);
		hw_intake_collect(intake);
		return;
	}
	dropped(intake);
}

/* Nothing of ours is unnamed any more; what the catalog knows of an unfinished file comes next. */
static void dropped(struct hw_intake *intake)
{
	enum hw_catalog_verb verb = is_resumed(intake) ? HW_CATALOG_UPLOAD_LEAVE : HW_CATALOG_ABORT;
	bool has_left = is_resumed(intake) && intake->request.is_leaving; /* though it failed */
	hw_intake_set_state(intake, HW_INTAKE_LEAVING);
	if (intake->request.file_id != 0 && !has_left) {
		hw_catalog_submit(intake->talks->catalog, &intake->request, verb, leave_done);
		return;
	}
	fail_end(intake);
}

static void leave_done(struct hw_catalog_request *request)
{
	/* If the catalog could not, the next start forgets the file. */
	fail_end(hw_container_of(request, struct hw_intake, request));
}

static void fail_end(struct hw_intake *intake)
{
	int error = intake->error;
	hw_metrics_add(intake->talks->reactor->metrics, HW_METRIC_uploads_failed, 1);
	intake_free(intake);
	intake->options.handler->failed(intake, error);
}
