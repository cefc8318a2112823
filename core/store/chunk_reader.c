/* SPDX-License-Identifier: Apache-2.0
 *
 *   open -> segment_ready -> leaves_submit -> leaves_done -> (belong to the root?) -> opened
 *                         | (one block: a mail)    ^ (short)
 *                         +-> leaf_known -> opened
 *   read -> read_submit -> blocks_done -> digest -> hashed -> (match the leaves?) -> read_done
 *               ^ (short)
 */
#include "core/store/chunk_reader.h"

#include <errno.h>
#include <string.h>

#include "core/base/log.h"
#include "simd/merkle.h"

#define OFFSET_MAX      ((uint64_t)INT64_MAX) /* of the kernel: bytes */
#define STUCK_COUNT_MAX 256U                  /* reads in a row that brought nothing */

static_assert(HW_FILL_GRANULE <= HW_VERIFIED_SIZE_MIN, "fills.h: what is remembered ends apart");

static void refused(struct hw_mail *mail);
static void segment_ready(struct hw_segment_reader *segment, int res);
static void fills_note(struct hw_chunk_reader *reader);
static void leaves_submit(struct hw_chunk_reader *reader);
static void leaf_known(struct hw_mail *mail);
static void leaves_done(struct hw_op *op);
static void read_submit(struct hw_chunk_reader *reader);
static void blocks_done(struct hw_op *op);
static void hashed(struct hw_digest_job *job);

/* The row of a damaged catalog must not lead us beyond our arrays, nor the kernel beyond a file. */
static bool is_well_formed(const struct hw_extent *extent)
{
	return extent->size > 0 && extent->size <= HW_CHUNK_SIZE &&
	       extent->shard < HW_SHARD_COUNT_MAX && extent->offset % HW_PAGE_SIZE == 0 &&
	       extent->offset <= OFFSET_MAX - hw_extent_disk_size(extent->size);
}

void hw_chunk_reader_open(struct hw_chunk_reader *reader, struct hw_store *store,
			  const struct hw_extent *extent)
{
	hw_assert(reader->state == HW_READER_CLOSED);
	hw_assert(reader->opened != NULL && reader->read_done != NULL);
	reader->store = store;
	reader->extent = *extent;
	reader->state = HW_READER_OPENING;
	reader->read_size = 0;
	reader->stuck_count = 0;
	reader->reader.shard = extent->shard;
	reader->reader.segment = extent->segment;
	reader->reader.view = NULL;
	reader->reader.is_direct = reader->is_direct;
	reader->reader.ready = segment_ready;
	hw_assert(!reader->is_direct || (uintptr_t)reader->leaves % HW_PAGE_SIZE == 0);
	if (!is_well_formed(extent)) {
		reader->mail.deliver = refused;
		hw_mailbox_post(&store->reactor->mailbox, store->reactor->ring, &reader->mail);
		return;
	}
	if (hw_segment_reader_open(&store->cache, &reader->reader)) {
		fills_note(reader);
		leaves_submit(reader);
	}
}

static void fills_own(struct hw_chunk_reader *reader)
{
	hw_fills_note(reader->store->fills, &reader->extent);
	reader->fills = hw_fills_of(reader->store->fills, &reader->extent);
}

/* Before the first read: what it may bring into memory (fills.h). */
static void fills_note(struct hw_chunk_reader *reader)
{
	struct hw_fills *fills = reader->store->fills;
	const struct hw_extent *extent = &reader->extent;
	if (reader->is_direct) {
		return;
	}
	int fd = reader->reader.view->fd;
	if (!hw_files_is_cached(fd, extent->offset, hw_extent_disk_size(extent->size))) {
		fills_own(reader);
		return;
	}
	reader->fills = hw_fills_of(fills, extent);
	if (extent->size >=
		    HW_VERIFIED_SIZE_MIN && /* else not worth 20 to 180 us: ARCHITECTURE.md */
	    !hw_verified_is_whole(&reader->store->verified, extent, reader->fills) &&
	    !hw_files_is_cached(fd, extent->offset, hw_fills_reach(fills, extent))) {
		hw_fills_note_behind(fills, extent);
	}
}

static void close_with(struct hw_chunk_reader *reader, int res)
{
	hw_segment_reader_close(&reader->store->cache, &reader->reader);
	reader->state = HW_READER_CLOSED;
	reader->opened(reader, res);
}

static void refused(struct hw_mail *mail)
{
	close_with(hw_container_of(mail, struct hw_chunk_reader, mail), -EBADMSG);
}

static void segment_ready(struct hw_segment_reader *segment, int res)
{
	struct hw_chunk_reader *reader = hw_container_of(segment, struct hw_chunk_reader, reader);
	if (res < 0) {
		close_with(reader, res);
		return;
	}
	fills_note(reader);
	leaves_submit(reader);
}

/* A chunk of one block has none: its root is its leaf. opened must not run inside open: a mail to
 * ourselves. */
static void leaves_submit(struct hw_chunk_reader *reader)
{
	uint32_t leaves_size = hw_extent_leaves_size(reader->extent.size);
	uint64_t offset = reader->extent.offset + hw_page_round(reader->extent.size);
	reader->state = HW_READER_LEAVES;
	if (leaves_size == 0) {
		reader->mail.deliver = leaf_known;
		hw_mailbox_post(&reader->store->reactor->mailbox, reader->store->reactor->ring,
				&reader->mail);
		return;
	}
	hw_ring_read(reader->store->reactor->ring, &reader->op, reader->reader.view->slot,
		     (uint8_t *)reader->leaves + reader->read_size, leaves_size - reader->read_size,
		     offset + reader->read_size, leaves_done);
}

static void leaf_known(struct hw_mail *mail)
{
	struct hw_chunk_reader *reader = hw_container_of(mail, struct hw_chunk_reader, mail);
	memcpy(reader->leaves[0].bytes, reader->extent.root, HW_HASH_SIZE);
	reader->state = HW_READER_OPEN;
	reader->opened(reader, 0);
}

/* What a read brought. Returns 0 (read_size says how far it is), or -errno. */
static int read_result(struct hw_chunk_reader *reader, int32_t res, uint32_t wanted_size)
{
	hw_metrics_add(reader->store->reactor->metrics, HW_METRIC_segment_reads, 1);
	if (res == -EINTR || res == -EAGAIN) {
		return ++reader->stuck_count > STUCK_COUNT_MAX ? -EIO : 0;
	}
	if (res <= 0) {
		return res < 0 ? res : -EBADMSG; /* the file ends before the extent does */
	}
	uint32_t size = reader->read_size + (uint32_t)res;
	if (reader->is_direct && size < wanted_size) {
		size -= size % HW_PAGE_SIZE; /* the next read must begin there */
	}
	if (size == reader->read_size) { /* the file ends within this page */
		return ++reader->stuck_count > STUCK_COUNT_MAX ? -EBADMSG : 0;
	}
	reader->stuck_count = 0;
	reader->read_size = size;
	return 0;
}

/* Whoever takes it for good by what was compared earlier looks again. */
static void corrupt(struct hw_chunk_reader *reader, uint32_t block)
{
	if (!reader->is_direct) {
		fills_own(reader);
	}
	if (reader->is_quiet) {
		return;
	}
	hw_metrics_add(reader->store->reactor->metrics, HW_METRIC_blocks_corrupt, 1);
	HW_LOG(HW_LOG_ERROR, "extent.corrupt", HW_F_HEX("chunk", reader->extent.root, HW_HASH_SIZE),
	       HW_F_U64("shard", reader->extent.shard), HW_F_U64("segment", reader->extent.segment),
	       HW_F_U64("offset", reader->extent.offset), HW_F_U64("block", block));
}

static void leaves_done(struct hw_op *op)
{
	struct hw_chunk_reader *reader = hw_container_of(op, struct hw_chunk_reader, op);
	uint32_t leaves_size = hw_extent_leaves_size(reader->extent.size);
	int r = read_result(reader, op->res, leaves_size);
	if (r < 0) {
		close_with(reader, r);
		return;
	}
	if (reader->read_size < leaves_size) {
		leaves_submit(reader);
		return;
	}
	struct hw_hash root;
	memcpy(root.bytes, reader->extent.root, HW_HASH_SIZE);
	if (!hw_merkle_chunk_verify(reader->leaves, hw_extent_block_count(reader->extent.size),
				    &root)) {
		corrupt(reader, 0);
		close_with(reader, -EBADMSG);
		return;
	}
	reader->state = HW_READER_OPEN;
	reader->opened(reader, 0);
}

static void forget(struct hw_chunk_reader *reader)
{
	hw_verified_forget(&reader->store->verified, &reader->extent);
	fills_own(reader);
}

uint32_t hw_chunk_reader_trusted(struct hw_chunk_reader *reader, uint32_t first_block,
				 uint32_t size)
{
	struct hw_store *store = reader->store;
	const struct hw_extent *extent = &reader->extent;
	if (reader->is_direct || reader->is_quiet || extent->size < HW_VERIFIED_SIZE_MIN) {
		return 0; /* what may be let go of while it is read must be looked at */
	}
	if (!hw_verified_is_whole(&store->verified, extent, hw_fills_of(store->fills, extent))) {
		return 0;
	}
	uint64_t now_us = store->reactor->now_us;
	uint64_t drop_count = hw_store_drop_count(store);
	if (!hw_verified_seen(&store->verified, extent, now_us, drop_count)) {
		if (!hw_files_is_cached(reader->reader.view->fd, extent->offset, extent->size)) {
			forget(reader);
			return 0;
		}
		hw_verified_see(&store->verified, extent, now_us, drop_count);
	}
	return hw_min(size, extent->size - first_block * HW_BLOCK_SIZE);
}

void hw_chunk_reader_distrust(struct hw_chunk_reader *reader)
{
	hw_assert(reader->state == HW_READER_OPEN);
	forget(reader);
}

void hw_chunk_reader_read(struct hw_chunk_reader *reader, struct hw_slab *slab,
			  uint32_t first_block)
{
	hw_assert(reader->state == HW_READER_OPEN);
	hw_assert(first_block < hw_extent_block_count(reader->extent.size));
	uint32_t offset = first_block * HW_BLOCK_SIZE;
	reader->slab = slab;
	reader->first_block = first_block;
	reader->size = hw_min(HW_SLAB_SIZE, reader->extent.size - offset);
	reader->read_size = 0;
	reader->stuck_count = 0;
	reader->state = HW_READER_READING;
	reader->is_trusted =
		hw_chunk_reader_trusted(reader, first_block, reader->size) == reader->size;
	read_submit(reader);
}

/* Past the page cache the chunk's padding is read with it: the slab has room for whole pages. */
static void read_submit(struct hw_chunk_reader *reader)
{
	uint64_t offset = reader->extent.offset + (uint64_t)reader->first_block * HW_BLOCK_SIZE;
	uint32_t size = reader->is_direct ? hw_page_round(reader->size) : reader->size;
	hw_ring_read(reader->store->reactor->ring, &reader->op, reader->reader.view->slot,
		     reader->slab->bytes + reader->read_size, size - reader->read_size,
		     offset + reader->read_size, blocks_done);
}

static void read_end(struct hw_chunk_reader *reader, int res)
{
	struct hw_slab *slab = hw_move(&reader->slab);
	slab->size = res > 0 ? (uint32_t)res : 0;
	reader->state = HW_READER_OPEN;
	reader->read_done(reader, res);
}

static void blocks_done(struct hw_op *op)
{
	struct hw_chunk_reader *reader = hw_container_of(op, struct hw_chunk_reader, op);
	int r = read_result(reader, op->res, reader->size);
	if (r < 0) {
		hw_metrics_add(reader->store->reactor->metrics, HW_METRIC_store_errors, 1);
		read_end(reader, r);
		return;
	}
	if (reader->read_size < reader->size) {
		read_submit(reader);
		return;
	}
	if (reader->is_trusted) {
		read_end(reader, (int)reader->size);
		return;
	}
	reader->state = HW_READER_HASHING;
	reader->digest.bytes = reader->slab->bytes;
	reader->digest.size = reader->size;
	reader->digest.ret_hashes = reader->found;
	hw_digest_submit(&reader->store->digest, &reader->digest, hashed);
}

static void hashed(struct hw_digest_job *job)
{
	struct hw_chunk_reader *reader = hw_container_of(job, struct hw_chunk_reader, digest);
	uint32_t count = hw_extent_block_count(reader->size);
	for (uint32_t i = 0; i < count; i++) {
		if (!hw_hash_equal(&reader->found[i], &reader->leaves[reader->first_block + i])) {
			corrupt(reader, reader->first_block + i);
			read_end(reader, -EBADMSG);
			return;
		}
	}
	hw_metrics_add(reader->store->reactor->metrics, HW_METRIC_blocks_verified, count);
	if (!reader->is_direct && reader->extent.size >= HW_VERIFIED_SIZE_MIN) {
		hw_verified_add(&reader->store->verified, &reader->extent, reader->first_block,
				count, reader->fills);
	}
	read_end(reader, (int)reader->size);
}

void hw_chunk_reader_close(struct hw_chunk_reader *reader)
{
	hw_assert(reader->state == HW_READER_OPEN || reader->state == HW_READER_CLOSED);
	if (reader->state == HW_READER_OPEN) {
		hw_segment_reader_close(&reader->store->cache, &reader->reader);
		reader->state = HW_READER_CLOSED;
	}
}
