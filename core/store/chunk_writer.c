/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a slab, and of the chunk:
 *
 *   append -> digest_submit ------------------------> digest_done -+
 *      +----> reserve_try -> part_write -> write_done -------------+-> part_join -> progress
 *                 ^  (no segment yet: waits, space_done)  (short)  |
 *                 +----------------------------------------------- +
 *   keeping: append -> digest -> (held) -> store: reserve_try, as above | pass: given back
 *   finish -> advance: all parts free -> leaves_write -> leaves_done -> sync_done -> done(0)
 *   any error, abort -> fail -> advance: all parts free -> drop -> drop_done -> done(error)
 *
 * advance() is the one place where the chunk as a whole goes on; it is called after everything that
 * may have been the last thing it waited for.
 */
#include "core/store/chunk_writer.h"

#include <errno.h>
#include <string.h>

#include "core/base/failpoint.h"
#include "simd/merkle.h"

#define STUCK_COUNT_MAX 256U /* writes in a row that brought no whole page to the disk */

static void reserve_try(struct hw_chunk_writer *writer);
static void space_done(struct hw_segment_waiter *waiter, int res);
static void part_write(struct hw_writer_part *part);
static void writes_submit(struct hw_chunk_writer *writer);
static void write_done(struct hw_op *op);
static void digest_done(struct hw_digest_job *job);
static void part_join(struct hw_writer_part *part);
static void advance(struct hw_chunk_writer *writer);
static void leaves_write(struct hw_chunk_writer *writer);
static void leaves_done(struct hw_op *op);
static void sync_done(struct hw_segment_waiter *waiter, int res);
static void surplus_done(struct hw_extent_drop *drop);
static void part_give_up(struct hw_writer_part *part);
static void fail(struct hw_chunk_writer *writer, int error);
static void drop_done(struct hw_extent_drop *drop);
static void nothing_done(struct hw_mail *mail);
static void volatile_done(struct hw_mail *mail);

static void set_state(struct hw_chunk_writer *writer, enum hw_chunk_writer_state state)
{
	static const uint8_t g_next[HW_WRITER_STATE_COUNT] = {
		[HW_WRITER_IDLE] = 1U << HW_WRITER_OPEN,
		[HW_WRITER_OPEN] = 1U << HW_WRITER_FINISHING | 1U << HW_WRITER_FAILING,
		[HW_WRITER_FINISHING] =
			1U << HW_WRITER_LEAVES | 1U << HW_WRITER_SYNCING | 1U << HW_WRITER_FAILING,
		[HW_WRITER_LEAVES] = 1U << HW_WRITER_SYNCING | 1U << HW_WRITER_FAILING,
		[HW_WRITER_SYNCING] = 1U << HW_WRITER_IDLE | 1U << HW_WRITER_FAILING,
		[HW_WRITER_FAILING] = 1U << HW_WRITER_DROPPING,
		[HW_WRITER_DROPPING] = 1U << HW_WRITER_IDLE,
	};
	hw_assert((g_next[writer->state] & (1U << state)) != 0);
	writer->state = state;
}

void hw_chunk_writer_begin(struct hw_chunk_writer *writer, struct hw_store *store,
			   uint32_t size_max, bool is_exact)
{
	hw_assert(size_max > 0 && size_max <= HW_CHUNK_SIZE);
	hw_assert(writer->done != NULL && writer->progress != NULL);
	hw_assert(hw_chunk_writer_is_idle(writer));
	writer->store = store;
	writer->size_max = size_max;
	writer->is_exact = is_exact;
	writer->is_waiting_for_space = false;
	writer->reserved_size = 0;
	writer->leaves_written_size = 0;
	writer->leaves_stuck_count = 0;
	writer->error = 0;
	writer->segment = NULL;
	writer->extent = (struct hw_extent){.shard = store->log.options.shard};
	set_state(writer, HW_WRITER_OPEN);
}

bool hw_chunk_writer_is_idle(const struct hw_chunk_writer *writer)
{
	return writer->state == HW_WRITER_IDLE;
}

static struct hw_writer_part *free_part(struct hw_chunk_writer *writer)
{
	for (uint32_t i = 0; i < HW_WRITER_PARTS_MAX; i++) {
		if (writer->parts[i].slab == NULL) {
			return &writer->parts[i];
		}
	}
	return NULL;
}

static bool has_parts(const struct hw_chunk_writer *writer)
{
	for (uint32_t i = 0; i < HW_WRITER_PARTS_MAX; i++) {
		if (writer->parts[i].slab != NULL) {
			return true;
		}
	}
	return false;
}

bool hw_chunk_writer_has_room(const struct hw_chunk_writer *writer)
{
	uint32_t slabs_max = writer->is_keeping ? HW_WRITER_PARTS_MAX : HW_WRITER_SLABS_MAX;
	uint32_t slab_count = 0;
	for (uint32_t i = 0; i < HW_WRITER_PARTS_MAX; i++) {
		slab_count += writer->parts[i].slab != NULL ? 1 : 0;
	}
	return slab_count < slabs_max;
}

void hw_chunk_writer_append(struct hw_chunk_writer *writer, struct hw_slab *slab)
{
	struct hw_writer_part *part = free_part(writer);
	hw_assert(part != NULL);
	hw_assert(slab->size > 0 && writer->extent.size % HW_BLOCK_SIZE == 0);
	hw_assert(writer->extent.size + slab->size <= writer->size_max);
	if (writer->state != HW_WRITER_OPEN) { /* it failed; the caller will hear */
		hw_assert(writer->state == HW_WRITER_FAILING ||
			  writer->state == HW_WRITER_DROPPING);
		hw_slab_unref(slab);
		return;
	}
	/* The disk takes whole pages: what follows the last byte must be zeros (FORMAT.md). */
	uint32_t padded_size = hw_page_round(slab->size);
	memset(slab->bytes + slab->size, 0, padded_size - slab->size);
	hw_slab_seal(slab);
	part->writer = writer;
	part->slab = slab;
	part->offset = writer->extent.size;
	part->written_size = 0;
	part->stuck_count = 0;
	part->is_hashed = false;
	part->is_written = writer->is_volatile;
	part->digest.bytes = slab->bytes;
	part->digest.size = slab->size;
	part->digest.ret_hashes = &writer->leaves[part->offset / HW_BLOCK_SIZE];
	writer->extent.size += slab->size;
	hw_digest_submit(&writer->store->digest, &part->digest, digest_done);
	if (writer->is_volatile || writer->is_keeping) {
		return;
	}
	if (writer->segment != NULL) {
		part_write(part);
	} else if (writer->is_exact || slab->size == HW_SLAB_SIZE || part->offset > 0) {
		reserve_try(writer);
	} /* else finish may come at once, and then the size is exact; or hw_chunk_writer_reserve */
}

void hw_chunk_writer_reserve(struct hw_chunk_writer *writer)
{
	if (writer->state == HW_WRITER_OPEN && writer->segment == NULL && !writer->is_volatile &&
	    !writer->is_keeping) {
		reserve_try(writer);
	}
}

/* -- what was kept -- */

void hw_chunk_writer_store(struct hw_chunk_writer *writer)
{
	hw_assert(writer->is_keeping && writer->segment == NULL && writer->extent.size > 0);
	writer->is_keeping = false;
	if (writer->state == HW_WRITER_OPEN || writer->state == HW_WRITER_FINISHING) {
		reserve_try(writer);
	}
}

void hw_chunk_writer_pass(struct hw_chunk_writer *writer)
{
	hw_assert(writer->is_keeping && writer->segment == NULL);
	writer->is_keeping = false;
	writer->is_volatile = true;
	for (uint32_t i = 0; i < HW_WRITER_PARTS_MAX; i++) {
		part_give_up(&writer->parts[i]);
	}
	advance(writer);
}

/* -- space -- */

static void reserve_try(struct hw_chunk_writer *writer)
{
	if (writer->is_waiting_for_space) {
		return;
	}
	bool is_known = writer->state != HW_WRITER_OPEN;
	uint32_t size = is_known ? writer->extent.size : writer->size_max;
	uint32_t disk_size = hw_extent_disk_size(size);
	int r = hw_segment_reserve(&writer->store->log, disk_size, &writer->segment,
				   &writer->extent.offset);
	if (r == -EAGAIN) {
		writer->is_waiting_for_space = true;
		writer->waiter.done = space_done;
		hw_segment_wait(&writer->store->log, &writer->waiter);
		return;
	}
	if (r < 0) {
		fail(writer, r);
		return;
	}
	writer->reserved_size = disk_size;
	writer->extent.segment = writer->segment->number;
	writes_submit(writer);
}

static void space_done(struct hw_segment_waiter *waiter, int res)
{
	struct hw_chunk_writer *writer = hw_container_of(waiter, struct hw_chunk_writer, waiter);
	writer->is_waiting_for_space = false;
	if (res < 0) {
		fail(writer, res);
		return;
	}
	reserve_try(writer);
}

/* -- parts -- */

static void part_write(struct hw_writer_part *part)
{
	struct hw_chunk_writer *writer = part->writer;
	uint32_t size = hw_page_round(part->slab->size) - part->written_size;
	hw_ring_write(writer->store->reactor->ring, &part->op, writer->segment->slot,
		      part->slab->bytes + part->written_size, size,
		      writer->extent.offset + part->offset + part->written_size, write_done);
}

/* Those that were kept, or came before there was a segment; a few at a time. */
static void writes_submit(struct hw_chunk_writer *writer)
{
	uint32_t in_flight_count = 0;
	for (uint32_t i = 0; i < HW_WRITER_PARTS_MAX; i++) {
		in_flight_count += writer->parts[i].op.in_flight ? 1 : 0;
	}
	for (uint32_t i = 0; i < HW_WRITER_PARTS_MAX; i++) {
		struct hw_writer_part *part = &writer->parts[i];
		bool is_due = part->slab != NULL && !part->is_written && !part->op.in_flight;
		if (is_due && in_flight_count < HW_WRITER_SLABS_MAX) {
			in_flight_count++;
			part_write(part);
		}
	}
}

/* What a write's result means: bytes now on their way (whole pages), or an error. 0 to try again,
 * but not for ever: @stuck_count counts. */
static int write_result(int32_t res, uint32_t *stuck_count)
{
	if (res == 0) {
		return -EIO; /* the disk takes nothing and says nothing */
	}
	if (res < 0 && res != -EINTR && res != -EAGAIN) {
		return res;
	}
	uint32_t size = res < 0 ? 0 : (uint32_t)res & ~(HW_PAGE_SIZE - 1);
	*stuck_count = size > 0 ? 0 : *stuck_count + 1;
	return *stuck_count > STUCK_COUNT_MAX ? -EIO : (int)size;
}

static void write_done(struct hw_op *op)
{
	struct hw_writer_part *part = hw_container_of(op, struct hw_writer_part, op);
	struct hw_chunk_writer *writer = part->writer;
	struct hw_metrics *metrics = writer->store->reactor->metrics;
	int size = write_result(op->res, &part->stuck_count);
	hw_metrics_add(metrics, HW_METRIC_segment_writes, 1);
	if (size < 0) {
		hw_segment_fail(writer->segment, size);
		part->is_written = true;
		fail(writer, size);
		part_join(part);
		return;
	}
	hw_metrics_add(metrics, HW_METRIC_segment_write_bytes, (uint64_t)size);
	part->written_size += (uint32_t)size;
	hw_assert(part->written_size <= hw_page_round(part->slab->size));
	if (part->written_size < hw_page_round(part->slab->size) && writer->error == 0) {
		part_write(part);
		return;
	}
	HW_FAILPOINT(slab_written);
	part->is_written = true;
	if (writer->error == 0) {
		writes_submit(writer);
	}
	part_join(part);
}

static void digest_done(struct hw_digest_job *job)
{
	struct hw_writer_part *part = hw_container_of(job, struct hw_writer_part, digest);
	part->is_hashed = true;
	hw_metrics_add(part->writer->store->reactor->metrics, HW_METRIC_blocks_hashed,
		       hw_extent_block_count(job->size));
	if (part->writer->state >= HW_WRITER_FAILING && !part->op.in_flight) {
		part->is_written = true; /* it never will be */
	}
	part_join(part);
}

/* Hashed and written: the slab goes, the part is free. */
static void part_join(struct hw_writer_part *part)
{
	struct hw_chunk_writer *writer = part->writer;
	if (!part->is_hashed || !part->is_written) {
		return;
	}
	hw_slab_unref(hw_move(&part->slab));
	if (writer->state == HW_WRITER_OPEN) {
		writer->progress(writer);
		return;
	}
	advance(writer);
}

/* -- the chunk -- */

void hw_chunk_writer_finish(struct hw_chunk_writer *writer)
{
	if (writer->state != HW_WRITER_OPEN) {
		return; /* it failed; done comes anyway */
	}
	hw_assert(writer->extent.size > 0);
	hw_assert(!writer->is_exact || writer->extent.size == writer->size_max);
	set_state(writer, HW_WRITER_FINISHING);
	if (writer->segment == NULL && !writer->is_volatile && !writer->is_keeping) {
		reserve_try(writer);
	}
	advance(writer);
}

/* done must not run inside finish() or abort(): a mail to ourselves. The last word counts. */
static void mail_post(struct hw_chunk_writer *writer, hw_mail_fn *deliver)
{
	writer->mail.deliver = deliver;
	if (!writer->is_mail_posted) {
		writer->is_mail_posted = true;
		hw_mailbox_post(&writer->store->reactor->mailbox, writer->store->reactor->ring,
				&writer->mail);
	}
}

static void drop_submit(struct hw_chunk_writer *writer)
{
	set_state(writer, HW_WRITER_DROPPING);
	if (writer->segment == NULL) {
		mail_post(writer, nothing_done); /* nothing was taken */
		return;
	}
	writer->drop.offset = writer->extent.offset;
	writer->drop.size = writer->reserved_size;
	writer->drop.done = drop_done;
	hw_segment_drop(hw_move(&writer->segment), &writer->drop, true);
}

static void advance(struct hw_chunk_writer *writer)
{
	if (has_parts(writer) || writer->leaves_op.in_flight) {
		return;
	}
	if (writer->state == HW_WRITER_FAILING) {
		drop_submit(writer);
	} else if (writer->state == HW_WRITER_FINISHING) {
		leaves_write(writer);
	}
}

static void sync_submit(struct hw_chunk_writer *writer)
{
	HW_FAILPOINT(leaves_written);
	set_state(writer, HW_WRITER_SYNCING);
	writer->waiter.done = sync_done;
	hw_segment_sync(writer->segment, &writer->waiter);
}

static void leaves_submit(struct hw_chunk_writer *writer)
{
	uint32_t size = hw_extent_leaves_size(writer->extent.size);
	uint64_t offset = writer->extent.offset + hw_page_round(writer->extent.size);
	hw_ring_write(writer->store->reactor->ring, &writer->leaves_op, writer->segment->slot,
		      (uint8_t *)writer->leaves + writer->leaves_written_size,
		      size - writer->leaves_written_size, offset + writer->leaves_written_size,
		      leaves_done);
}

static void leaves_write(struct hw_chunk_writer *writer)
{
	uint32_t block_count = hw_extent_block_count(writer->extent.size);
	uint32_t leaves_size = hw_extent_leaves_size(writer->extent.size);
	struct hw_hash root;
	hw_merkle_chunk_id(writer->leaves, block_count, &root);
	memcpy(writer->extent.root, root.bytes, HW_HASH_SIZE);
	if (writer->is_volatile) {
		set_state(writer, HW_WRITER_SYNCING);
		mail_post(writer, volatile_done);
		return;
	}
	if (leaves_size == 0) {
		sync_submit(writer);
		return;
	}
	memset(&writer->leaves[block_count], 0, leaves_size - block_count * HW_HASH_SIZE);
	set_state(writer, HW_WRITER_LEAVES);
	leaves_submit(writer);
}

static void leaves_done(struct hw_op *op)
{
	struct hw_chunk_writer *writer = hw_container_of(op, struct hw_chunk_writer, leaves_op);
	int size = write_result(op->res, &writer->leaves_stuck_count);
	if (size < 0) {
		hw_segment_fail(writer->segment, size);
	}
	if (writer->state == HW_WRITER_FAILING) { /* aborted: this was the last in flight */
		advance(writer);
		return;
	}
	if (size < 0) {
		fail(writer, size);
		return;
	}
	writer->leaves_written_size += (uint32_t)size;
	if (writer->leaves_written_size < hw_extent_leaves_size(writer->extent.size)) {
		leaves_submit(writer);
		return;
	}
	sync_submit(writer);
}

static void sync_done(struct hw_segment_waiter *waiter, int res)
{
	struct hw_chunk_writer *writer = hw_container_of(waiter, struct hw_chunk_writer, waiter);
	if (res < 0) {
		fail(writer, res);
		return;
	}
	uint32_t disk_size = hw_extent_disk_size(writer->extent.size);
	if (writer->reserved_size > disk_size) {
		writer->surplus_drop.offset = writer->extent.offset + disk_size;
		writer->surplus_drop.size = writer->reserved_size - disk_size;
		writer->surplus_drop.done = surplus_done;
		hw_segment_drop(writer->segment, &writer->surplus_drop, false);
		return;
	}
	set_state(writer, HW_WRITER_IDLE);
	writer->done(writer, 0);
}

/* The root is known, and that is all there is to know. */
static void volatile_done(struct hw_mail *mail)
{
	struct hw_chunk_writer *writer = hw_container_of(mail, struct hw_chunk_writer, mail);
	writer->is_mail_posted = false;
	set_state(writer, HW_WRITER_IDLE);
	writer->done(writer, 0);
}

/* What was reserved because nobody knew the chunk's size, and not needed, is given back. */
static void surplus_done(struct hw_extent_drop *drop)
{
	struct hw_chunk_writer *writer =
		hw_container_of(drop, struct hw_chunk_writer, surplus_drop);
	if (writer->state != HW_WRITER_SYNCING) {
		return; /* aborted meanwhile: the whole extent goes, its drop ends the writer */
	}
	set_state(writer, HW_WRITER_IDLE);
	writer->done(writer, 0);
}

/* -- errors -- */

/* What was not submitted never will be; what is in flight ends by itself. */
static void part_give_up(struct hw_writer_part *part)
{
	if (part->slab == NULL || part->op.in_flight || part->is_written) {
		return;
	}
	part->is_written = true;
	if (part->is_hashed) {
		hw_slab_unref(hw_move(&part->slab));
	}
}

static void fail(struct hw_chunk_writer *writer, int error)
{
	hw_assert(error < 0);
	if (writer->error == 0) {
		writer->error = error;
	}
	if (writer->state >= HW_WRITER_FAILING) {
		return;
	}
	hw_segment_wait_end(&writer->waiter); /* for space or a sync: no longer */
	writer->is_waiting_for_space = false;
	set_state(writer, HW_WRITER_FAILING);
	for (uint32_t i = 0; i < HW_WRITER_PARTS_MAX; i++) {
		part_give_up(&writer->parts[i]);
	}
	advance(writer);
}

void hw_chunk_writer_abort(struct hw_chunk_writer *writer)
{
	hw_assert(writer->state != HW_WRITER_IDLE);
	fail(writer, -ECANCELED);
}

static void ended(struct hw_chunk_writer *writer)
{
	set_state(writer, HW_WRITER_IDLE);
	writer->done(writer, writer->error);
}

static void drop_done(struct hw_extent_drop *drop)
{
	ended(hw_container_of(drop, struct hw_chunk_writer, drop));
}

static void nothing_done(struct hw_mail *mail)
{
	struct hw_chunk_writer *writer = hw_container_of(mail, struct hw_chunk_writer, mail);
	writer->is_mail_posted = false;
	ended(writer);
}
