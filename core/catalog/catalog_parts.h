/* SPDX-License-Identifier: Apache-2.0
 *
 * catalog_parts.h - what the files that make up struct hw_catalog_db call of each other
 *
 * Room: core/catalog, private to it    Thread: one at a time    Blocks: yes
 * Allocates: as catalog_sqlite.h says
 *
 *   catalog_sqlite.c   open, close, groups and transactions
 *   catalog_file.c     files: append, commit, abort, delete
 *   catalog_chunk.c    chunks: add, let go of, replace, find damaged
 *   catalog_lookup.c   what is asked of a share's files: look-up, extents, list
 *   catalog_share.c    shares: create, get, change, end, count, list
 *   catalog_upload.c   uploads: create, get, open, leave, end
 *   catalog_sweep.c    what has expired, what is remembered of it
 *   catalog_watch.c    those who wait for a file to change
 *   catalog_reclaim.c  release, punch, unlink
 *   catalog_recover.c  start-up
 */
#ifndef HW_CORE_CATALOG_CATALOG_PARTS_H
#define HW_CORE_CATALOG_CATALOG_PARTS_H

#include "core/catalog/catalog_db.h"

/* All verbs: those that write run inside a savepoint. Return >= 0 or -errno. */

/* -- catalog_file.c -- */
int hw_catalog_append(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_commit(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_abort(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_delete(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
/* -ENOENT: there is none. */
int hw_catalog_file_get(struct hw_catalog_db *db, uint64_t file_id,
			struct hw_catalog_file *ret_file) HW_MUST_CHECK;
/* A new unfinished file of this id; fields but those of its place are taken from @file. */
int hw_catalog_file_add(struct hw_catalog_db *db, const struct hw_catalog_file *file,
			const struct hw_catalog_request *request) HW_MUST_CHECK;
/* Write down how long the file is, and what that means for the sums; @was: before. */
int hw_catalog_file_grow(struct hw_catalog_db *db, const struct hw_catalog_file *was,
			 struct hw_catalog_file *file) HW_MUST_CHECK;
/* Out of its share, and released when nobody reads it. */
int hw_catalog_file_forget(struct hw_catalog_db *db, const struct hw_catalog_file *file,
			   uint64_t now_ms) HW_MUST_CHECK;
/* As catalog.h has it. */
enum hw_file_state hw_catalog_file_state_seen(const struct hw_catalog_file *file);

/* -- catalog_chunk.c -- */
/* Add the request's extents to the file, in place of its short last chunk if that is asked. */
int hw_catalog_chunks_add(struct hw_catalog_db *db, const struct hw_catalog_request *request,
			  struct hw_catalog_file *file) HW_MUST_CHECK;
/* Take over where the file begins, if the request's first chunks say that it is not at 0. */
int hw_catalog_first_apply(const struct hw_catalog_request *request, bool may_spill,
			   struct hw_catalog_file *file) HW_MUST_CHECK;
int hw_catalog_chunk_unref(struct hw_catalog_db *db, const uint8_t *root,
			   uint64_t size) HW_MUST_CHECK;
/* The extents of @file from chunk_index on, as many as fit; none from before its first chunk. */
int hw_catalog_extents_read(struct hw_catalog_db *db, struct hw_catalog_request *request,
			    const struct hw_catalog_file *file) HW_MUST_CHECK;
/* Put on the list. */
int hw_catalog_dropped_add(struct hw_catalog_db *db, const struct hw_extent *extent) HW_MUST_CHECK;
/* Does @extent share bytes with a chunk, or with what is on the list? 1, 0, or -errno. */
int hw_catalog_place_is_taken(struct hw_catalog_db *db,
			      const struct hw_extent *extent) HW_MUST_CHECK;
int hw_catalog_scrub_next(struct hw_catalog_db *db,
			  struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_damaged(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;

/* -- catalog_lookup.c -- */
int hw_catalog_lookup(struct hw_catalog_db *db, struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_extents(struct hw_catalog_db *db, struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_unpin(struct hw_catalog_db *db, struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_file_list(struct hw_catalog_db *db,
			 struct hw_catalog_request *request) HW_MUST_CHECK;
/* The file of a share by the request's name, or its only one; the same work whether or not the
 * share is there. -EINVAL several, -ENODATA none. */
int hw_catalog_file_find(struct hw_catalog_db *db, const uint8_t *share_id,
			 const struct hw_catalog_request *request,
			 uint64_t *ret_file_id) HW_MUST_CHECK;
/* Its name, when it was made, and if @is_sealed its root. */
int hw_catalog_file_about(struct hw_catalog_db *db, uint64_t file_id, bool is_sealed,
			  struct hw_catalog_request *request) HW_MUST_CHECK;

/* -- catalog_share.c -- */
int hw_catalog_share_create(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_share_get(struct hw_catalog_db *db,
			 struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_share_change(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_share_end(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_count(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_share_list(struct hw_catalog_db *db,
			  struct hw_catalog_request *request) HW_MUST_CHECK;
/* The share that a request names, by id or by link: -ENOENT, -EIDRM. All three cost the same. */
int hw_catalog_share_find(struct hw_catalog_db *db, const struct hw_catalog_request *request,
			  struct hw_catalog_share *ret_share) HW_MUST_CHECK;
/* The same by id. */
int hw_catalog_share_of(struct hw_catalog_db *db, const uint8_t *share_id, uint64_t now_ms,
			struct hw_catalog_share *ret_share) HW_MUST_CHECK;
/* Does the request come from the owner, or the operator? */
bool hw_catalog_share_allows(const struct hw_catalog_share *share,
			     const struct hw_catalog_request *request);
int hw_catalog_share_add(struct hw_catalog_db *db, const struct hw_share *share,
			 bool is_made_by_commit) HW_MUST_CHECK;
bool hw_share_policy_is_valid(const struct hw_share_policy *policy);
/* It is gone from now on; its files are let go of by reclaiming. */
int hw_catalog_share_end_now(struct hw_catalog_db *db, const uint8_t *share_id,
			     uint64_t now_ms) HW_MUST_CHECK;
/* Let go of at most HW_CATALOG_PIECE_FILES files of shares that have ended; inside a transaction.
 * Returns 1 there may be more, 0 none is left, -errno. */
int hw_catalog_ended_release(struct hw_catalog_db *db) HW_MUST_CHECK;

/* -- catalog_upload.c -- */
int hw_catalog_upload_create(struct hw_catalog_db *db,
			     struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_upload_get(struct hw_catalog_db *db,
			  struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_upload_open(struct hw_catalog_db *db,
			   struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_upload_leave(struct hw_catalog_db *db,
			    struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_upload_end(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
/* What APPEND brings of an upload: it becomes durable. -EINVAL: it does not fit @file. */
int hw_catalog_upload_save(struct hw_catalog_db *db, const struct hw_upload *upload,
			   const struct hw_catalog_file *file) HW_MUST_CHECK;
int hw_catalog_upload_seal(struct hw_catalog_db *db, uint64_t file_id,
			   uint32_t crc32) HW_MUST_CHECK;
/* The file goes: so does its row here, if it has one. */
int hw_catalog_upload_forget(struct hw_catalog_db *db, uint64_t file_id,
			     uint64_t now_ms) HW_MUST_CHECK;
/* Can the file be gone on with? 1, 0 or -errno. */
int hw_catalog_upload_has(struct hw_catalog_db *db, uint64_t file_id) HW_MUST_CHECK;
/* The file of an upload id; -ENOENT, -EIDRM. */
int hw_catalog_upload_find(struct hw_catalog_db *db, const uint8_t *upload_id,
			   uint64_t *ret_file_id) HW_MUST_CHECK;
/* With what the open transaction has added: does a share of @share_size bytes, and does the store,
 * stay within the request's quotas? And does the disk hold what is reserved? */
int hw_catalog_quota_check(const struct hw_catalog_db *db, const struct hw_catalog_request *request,
			   uint64_t share_size) HW_MUST_CHECK;
int hw_catalog_free_check(const struct hw_catalog_db *db,
			  const struct hw_catalog_request *request) HW_MUST_CHECK;

/* -- catalog_sweep.c -- */
int hw_catalog_sweep(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_gone_add(struct hw_catalog_db *db, enum hw_catalog_gone kind, const void *id,
			uint32_t size, uint64_t now_ms) HW_MUST_CHECK;
/* 1 it was there, 0, or -errno. */
int hw_catalog_gone_has(struct hw_catalog_db *db, enum hw_catalog_gone kind, const void *id,
			uint32_t size) HW_MUST_CHECK;

/* -- catalog_watch.c -- */
int hw_catalog_watches_init(struct hw_catalog_watches *watches, uint32_t capacity) HW_MUST_CHECK;
void hw_catalog_watches_deinit(struct hw_catalog_watches *watches);
/* Answers at once (0, -errno), or -EINPROGRESS: it is kept. */
int hw_catalog_watch(struct hw_catalog_db *db, struct hw_catalog_request *request) HW_MUST_CHECK;
/* The file changed: those who wait for that are ready. */
void hw_catalog_watch_touch(struct hw_catalog_db *db, uint64_t file_id);
/* So are those who have waited long enough. */
void hw_catalog_watch_expire(struct hw_catalog_db *db, uint64_t now_ms);
/* What EXTENTS and WATCH tell of a file. */
void hw_catalog_file_tell(const struct hw_catalog_db *db, const struct hw_catalog_file *file,
			  struct hw_catalog_request *request);

/* -- catalog_reclaim.c -- */
int hw_catalog_extents_drop(struct hw_catalog_db *db,
			    struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_segment_seal(struct hw_catalog_db *db, uint32_t shard,
			    uint32_t segment) HW_MUST_CHECK;
/* Release at most @chunk_max chunks of files that nobody needs; inside a transaction.
 * Returns 1 there may be more, 0 none is left, -errno. */
int hw_catalog_release(struct hw_catalog_db *db, uint32_t chunk_max) HW_MUST_CHECK;
/* What rides along with any transaction: delete the rows of what was punched, and let go of deleted
 * files whose last reader is gone. begin: inside it; end: after its commit. */
int hw_catalog_ride_begin(struct hw_catalog_db *db) HW_MUST_CHECK;
void hw_catalog_ride_end(struct hw_catalog_db *db);

/* -- catalog_sqlite.c: end commits and takes over what was pending; after an error nothing is left,
 * nor after undo -- */
int hw_catalog_transaction_begin(struct hw_catalog_db *db) HW_MUST_CHECK;
int hw_catalog_transaction_end(struct hw_catalog_db *db) HW_MUST_CHECK;
void hw_catalog_transaction_undo(struct hw_catalog_db *db);

#endif
