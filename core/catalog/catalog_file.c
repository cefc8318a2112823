/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a file:
 *
 *   (nothing) -[append, create]-> UNFINISHED -[commit]-> SEALED
 *   UNFINISHED -[abort, end, delete, sweep]-> RELEASING, or TOMBSTONED while somebody reads it
 *   SEALED ------[delete, its share ends]---> RELEASING, or TOMBSTONED while somebody reads it
 *   TOMBSTONED -[last unpin]-> RELEASING -[hw_catalog_release]-> (nothing)
 *
 * What stays true:
 *  1. reserved and counted of a file, size and counts of its share, and the sums of the table total
 *     change together: only in file_add, file_grow and file_forget.
 *  2. A file in a share that has ended is not added to any more.
 */
#include <errno.h>
#include <string.h>

#include "core/catalog/catalog_parts.h"

static int unfinished_get(struct hw_catalog_db *db, struct hw_catalog_write *write,
			  struct hw_catalog_file *ret_file, struct hw_catalog_share *ret_share);
static int file_begin(struct hw_catalog_db *db, struct hw_catalog_write *write,
		      struct hw_catalog_file *ret_file);
static bool commit_is_valid(const struct hw_catalog_request *request,
			    const struct hw_catalog_file *file);
static int upload_apply(const struct hw_upload *upload, struct hw_catalog_file *file,
			bool is_resumable);
static int growth_check(struct hw_catalog_db *db, const struct hw_catalog_request *request,
			const struct hw_catalog_file *was, const struct hw_catalog_file *file,
			const struct hw_catalog_share *share);
static int commit_share_add(struct hw_catalog_db *db, const struct hw_catalog_request *request);
static int file_seal(struct hw_catalog_db *db, const struct hw_catalog_request *request,
		     const struct hw_catalog_file *file);
static bool may_spill(const struct hw_catalog_file *file, const struct hw_catalog_share *share);
static int file_row(struct hw_catalog_db *db, sqlite3_stmt *statement,
		    struct hw_catalog_file *file);
static int share_account(struct hw_catalog_db *db, const uint8_t *share_id,
			 const struct hw_catalog_file *was, const struct hw_catalog_file *file);

int hw_catalog_append(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	const struct hw_catalog_request *request = write->request;
	if (request->extent_count == 0 && request->upload == NULL) {
		return -EINVAL;
	}
	struct hw_catalog_file was = {0};
	struct hw_catalog_share share = {0};
	int r = unfinished_get(db, write, &was, &share);
	if (r < 0) {
		return r;
	}
	if (was.has_share && share.access.mode == HW_SHARE_LIVE) {
		return -EINVAL; /* its bytes do not come to the disk */
	}
	int resumable = was.has_share ? hw_catalog_upload_has(db, was.file_id) : 0;
	if (resumable < 0) {
		return resumable;
	}
	struct hw_catalog_file file = was;
	r = hw_catalog_first_apply(request, may_spill(&was, &share), &file);
	if (r == 0) {
		r = hw_catalog_chunks_add(db, request, &file);
	}
	if (r == 0) {
		r = upload_apply(request->upload, &file, resumable == 1);
	}
	if (r == 0 && resumable == 1) {
		r = hw_catalog_upload_save(db, request->upload, &file);
	}
	if (r == 0) {
		r = hw_catalog_file_grow(db, &was, &file);
	}
	return r < 0 ? r : growth_check(db, request, &was, &file, &share);
}

int hw_catalog_commit(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	const struct hw_catalog_request *request = write->request;
	struct hw_catalog_file was = {0};
	struct hw_catalog_share share = {0};
	int r = unfinished_get(db, write, &was, &share);
	if (r < 0) {
		return r;
	}
	if (!commit_is_valid(request, &was) ||
	    (was.has_share && share.access.mode == HW_SHARE_LIVE)) {
		return -EINVAL;
	}
	struct hw_catalog_file file = was;
	r = hw_catalog_first_apply(request, may_spill(&was, &share), &file);
	if (r == 0) {
		r = hw_catalog_chunks_add(db, request, &file);
	}
	if (r < 0) {
		return r;
	}
	if (file.file_size != request->file_size ||
	    (was.length != HW_LENGTH_UNKNOWN && was.length != file.file_size)) {
		return -EINVAL;
	}
	if (!was.has_share) {
		r = commit_share_add(db, request);
		file.has_share = true;
		file.has_name = true;
		memcpy(file.share_id, request->share_id, HW_SHARE_ID_SIZE);
	}
	file.state = HW_CATALOG_FILE_SEALED;
	file.length = file.file_size;
	file.tail_size = 0;
	if (r == 0) {
		r = file_seal(db, request, &file);
	}
	if (r == 0) {
		r = hw_catalog_file_grow(db, &was, &file);
	}
	return r < 0 ? r : growth_check(db, request, &was, &file, &share);
}

/* A file that may lack its beginning: not one that is gone on with, for nobody would bring it. */
static bool may_spill(const struct hw_catalog_file *file, const struct hw_catalog_share *share)
{
	return file->has_share && file->has_name && share->access.mode == HW_SHARE_SPILL;
}

/* What COMMIT must say of a file; of one that has a share already it knows the name. */
static bool commit_is_valid(const struct hw_catalog_request *request,
			    const struct hw_catalog_file *file)
{
	if (!file->has_share && (request->name_size < 1 || request->name_size > HW_NAME_SIZE_MAX)) {
		return false;
	}
	return request->file_size <= HW_FILE_SIZE_MAX && request->created_ms <= INT64_MAX;
}

/* The share of a request that made no other: it goes with its file. */
static int commit_share_add(struct hw_catalog_db *db, const struct hw_catalog_request *request)
{
	struct hw_share share = {.created_ms = request->created_ms};
	memcpy(share.share_id, request->share_id, HW_SHARE_ID_SIZE);
	memcpy(share.owner_hash, request->owner_hash, HW_HASH_SIZE);
	if (request->share != NULL) {
		share.policy = request->share->policy;
	}
	return hw_catalog_share_add(db, &share, true);
}

static int file_seal(struct hw_catalog_db *db, const struct hw_catalog_request *request,
		     const struct hw_catalog_file *file)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_SEAL);
	hw_sql_bind(statement, 1, file->file_id);
	hw_sql_bind_bytes(statement, 2, file->share_id, HW_SHARE_ID_SIZE);
	hw_sql_bind_bytes(statement, 3, request->name, request->name_size);
	hw_sql_bind_bytes(statement, 4, request->file_root, HW_HASH_SIZE);
	hw_sql_bind(statement, 5, request->created_ms);
	uint32_t crc32 = request->upload != NULL ? request->upload->crc32 : request->crc32;
	hw_sql_bind(statement, 6, crc32);
	hw_sql_bind(statement, 7, file->file_size);
	hw_sql_bind(statement, 8, file->chunk_count);
	int r = hw_sql_run(&db->sql, statement);
	if (r < 0) {
		return r;
	}
	hw_assert(hw_sql_changes(&db->sql) == 1);
	return hw_catalog_upload_seal(db, file->file_id, crc32);
}

int hw_catalog_abort(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	struct hw_catalog_file file = {0};
	write->file_id = write->request->file_id;
	int r = hw_catalog_file_get(db, write->file_id, &file);
	if (r == 0 && file.state != HW_CATALOG_FILE_UNFINISHED) {
		r = -ENOENT;
	}
	return r < 0 ? r : hw_catalog_file_forget(db, &file, write->request->now_ms);
}

int hw_catalog_delete(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	const struct hw_catalog_request *request = write->request;
	struct hw_catalog_share share = {0};
	struct hw_catalog_file file = {0};
	uint64_t file_id = 0;
	int r = hw_catalog_share_find(db, request, &share);
	int found = hw_catalog_file_find(db, share.share_id, request, &file_id);
	if (r == 0 && !hw_catalog_share_allows(&share, request)) {
		r = -EACCES;
	}
	if (r == 0) {
		r = found;
	}
	if (r == 0) {
		r = hw_catalog_file_get(db, file_id, &file);
	}
	if (r == 0) {
		write->file_id = file_id;
		r = hw_catalog_file_forget(db, &file, request->now_ms);
	}
	if (r < 0 || !share.is_made_by_commit) {
		return r;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_FORGET);
	hw_sql_bind_bytes(statement, 1, share.share_id, HW_SHARE_ID_SIZE);
	return hw_sql_run(&db->sql, statement);
}

/* The file that the request adds to, made when the request begins one, and its share if any. */
static int unfinished_get(struct hw_catalog_db *db, struct hw_catalog_write *write,
			  struct hw_catalog_file *ret_file, struct hw_catalog_share *ret_share)
{
	write->file_id = write->request->file_id;
	if (write->file_id == 0) {
		return file_begin(db, write, ret_file);
	}
	int r = hw_catalog_file_get(db, write->file_id, ret_file);
	if (r == 0 && ret_file->state != HW_CATALOG_FILE_UNFINISHED) {
		r = -ENOENT;
	}
	if (r == 0 && ret_file->has_share) {
		r = hw_catalog_share_of(db, ret_file->share_id, write->request->now_ms, ret_share);
	}
	if (r == -ENOENT && hw_homes_of(&db->homes, write->file_id) != HW_HOME_NONE) {
		return -EIDRM; /* it was taken away from whoever receives it */
	}
	return r;
}

static int file_begin(struct hw_catalog_db *db, struct hw_catalog_write *write,
		      struct hw_catalog_file *ret_file)
{
	const struct hw_catalog_file file = {.file_id = db->file_id_next++,
					     .length = HW_LENGTH_UNKNOWN};
	write->file_id = file.file_id;
	*ret_file = file;
	return hw_catalog_file_add(db, &file, write->request);
}

/* Take over what @upload says of the file, after judging that it fits what is in chunks. */
static int upload_apply(const struct hw_upload *upload, struct hw_catalog_file *file,
			bool is_resumable)
{
	if (upload == NULL) {
		return is_resumable ? -EINVAL : 0; /* a tail would be left in the middle */
	}
	uint32_t tail_size = is_resumable ? upload->tail_size : 0;
	bool is_known = upload->length != HW_LENGTH_UNKNOWN;
	bool can_go_on =
		!is_resumable ||
		(tail_size < HW_BLOCK_SIZE && file->file_size % HW_BLOCK_SIZE == 0 &&
		 upload->offset == file->file_size + tail_size && upload->expires_ms <= INT64_MAX);
	if (!can_go_on || (is_known && upload->length > HW_FILE_SIZE_MAX) ||
	    (file->length != HW_LENGTH_UNKNOWN && is_known && upload->length != file->length)) {
		return -EINVAL;
	}
	file->tail_size = tail_size;
	if (is_known && file->has_share) {
		file->length = upload->length;
	}
	return 0;
}

/* A length that was announced was judged then. */
static int growth_check(struct hw_catalog_db *db, const struct hw_catalog_request *request,
			const struct hw_catalog_file *was, const struct hw_catalog_file *file,
			const struct hw_catalog_share *share)
{
	if (was->length != HW_LENGTH_UNKNOWN) {
		return 0;
	}
	uint64_t size =
		was->has_share ? share->size + file->counted - was->counted : file->file_size;
	int r = hw_catalog_quota_check(db, request, size);
	bool is_reserving = request->upload != NULL && file->length != HW_LENGTH_UNKNOWN;
	if (r == 0 && is_reserving && file->reserved > 0) {
		r = hw_catalog_free_check(db, request);
	}
	return r;
}

int hw_catalog_file_add(struct hw_catalog_db *db, const struct hw_catalog_file *file,
			const struct hw_catalog_request *request)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_BEGIN);
	hw_sql_bind(statement, 1, file->file_id);
	if (file->length != HW_LENGTH_UNKNOWN) {
		hw_sql_bind(statement, 2, file->length);
	}
	hw_sql_bind(statement, 3, file->reserved);
	hw_sql_bind(statement, 4, file->counted);
	if (file->has_share) {
		hw_sql_bind_bytes(statement, 5, file->share_id, HW_SHARE_ID_SIZE);
		hw_sql_bind(statement, 7, request->now_ms);
	}
	if (file->has_name) {
		hw_sql_bind_bytes(statement, 6, request->name, request->name_size);
	}
	int r = hw_sql_run(&db->sql, statement);
	if (r < 0) {
		return r;
	}
	if (hw_sql_changes(&db->sql) == 0) {
		return -EEXIST;
	}
	db->pending.reserved_change += (int64_t)file->reserved;
	const struct hw_catalog_file nothing = {0};
	return file->has_share ? share_account(db, file->share_id, &nothing, file) : 0;
}

int hw_catalog_file_grow(struct hw_catalog_db *db, const struct hw_catalog_file *was,
			 struct hw_catalog_file *file)
{
	uint64_t offset = file->file_size + file->tail_size;
	bool is_known = file->length != HW_LENGTH_UNKNOWN;
	if (is_known && offset > file->length) {
		return -EINVAL;
	}
	if (file->has_share) {
		file->counted = is_known ? file->length : offset;
		file->reserved = is_known ? file->length - offset : 0;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_GROW);
	hw_sql_bind(statement, 1, file->file_id);
	hw_sql_bind(statement, 2, file->file_size);
	hw_sql_bind(statement, 3, file->chunk_count);
	if (is_known) {
		hw_sql_bind(statement, 4, file->length);
	}
	hw_sql_bind(statement, 5, file->tail_size);
	hw_sql_bind(statement, 6, file->reserved);
	hw_sql_bind(statement, 7, file->counted);
	hw_sql_bind(statement, 8, file->first_offset);
	int r = hw_sql_run(&db->sql, statement);
	if (r < 0 || !file->has_share) {
		return r;
	}
	db->pending.reserved_change += (int64_t)file->reserved - (int64_t)was->reserved;
	return share_account(db, file->share_id, was, file);
}

int hw_catalog_file_forget(struct hw_catalog_db *db, const struct hw_catalog_file *file,
			   uint64_t now_ms)
{
	struct hw_catalog_pending *pending = &db->pending;
	bool is_pinned = hw_pins_has(&db->pins, file->file_id);
	if (is_pinned && pending->tombstone_count == hw_count_of(db->tombstones)) {
		return -ENOBUFS;
	}
	int r = file->has_share ? hw_catalog_upload_forget(db, file->file_id, now_ms) : 0;
	if (r < 0) {
		return r;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_TOMBSTONE);
	hw_sql_bind(statement, 1, file->file_id);
	hw_sql_bind(statement, 2,
		    is_pinned ? HW_CATALOG_FILE_TOMBSTONED : HW_CATALOG_FILE_RELEASING);
	r = hw_sql_run(&db->sql, statement);
	if (r < 0) {
		return r;
	}
	hw_assert(hw_sql_changes(&db->sql) == 1);
	if (is_pinned) {
		db->tombstones[pending->tombstone_count++] = file->file_id;
	}
	pending->has_releasing |= !is_pinned;
	pending->reserved_change -= (int64_t)file->reserved;
	const struct hw_catalog_file nothing = {0};
	return file->has_share ? share_account(db, file->share_id, file, &nothing) : 0;
}

/* The share counts @file in place of @was; the one that is not in it is zeroed. */
static int share_account(struct hw_catalog_db *db, const uint8_t *share_id,
			 const struct hw_catalog_file *was, const struct hw_catalog_file *file)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_ACCOUNT);
	hw_sql_bind_bytes(statement, 1, share_id, HW_SHARE_ID_SIZE);
	hw_sql_bind(statement, 2, file->counted);
	hw_sql_bind(statement, 3, was->counted);
	hw_sql_bind(statement, 4, file->has_share && file->has_name ? 1 : 0);
	hw_sql_bind(statement, 5, was->has_share && was->has_name ? 1 : 0);
	hw_sql_bind(statement, 6, file->has_share && !file->has_name ? 1 : 0);
	hw_sql_bind(statement, 7, was->has_share && !was->has_name ? 1 : 0);
	int r = hw_sql_run(&db->sql, statement);
	if (r == 0 && hw_sql_changes(&db->sql) != 1) {
		db->sql.is_broken = true;
		r = -EBADMSG;
	}
	return r;
}

int hw_catalog_file_get(struct hw_catalog_db *db, uint64_t file_id,
			struct hw_catalog_file *ret_file)
{
	if (file_id > INT64_MAX) {
		return -ENOENT;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_GET);
	hw_sql_bind(statement, 1, file_id);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : -ENOENT;
	}
	struct hw_catalog_file file = {.file_id = file_id};
	r = file_row(db, statement, &file);
	hw_sql_end(statement);
	if (r == 0) {
		*ret_file = file;
	}
	return r;
}

static int file_row(struct hw_catalog_db *db, sqlite3_stmt *statement, struct hw_catalog_file *file)
{
	bool has_length = sqlite3_column_type(statement, 3) != SQLITE_NULL;
	file->state = (enum hw_catalog_file_state)sqlite3_column_int(statement, 0);
	file->file_size = (uint64_t)sqlite3_column_int64(statement, 1);
	file->chunk_count = (uint64_t)sqlite3_column_int64(statement, 2);
	file->length =
		has_length ? (uint64_t)sqlite3_column_int64(statement, 3) : HW_LENGTH_UNKNOWN;
	file->tail_size = (uint32_t)sqlite3_column_int(statement, 4);
	file->reserved = (uint64_t)sqlite3_column_int64(statement, 5);
	file->counted = (uint64_t)sqlite3_column_int64(statement, 6);
	file->has_name = sqlite3_column_int(statement, 7) != 0;
	file->has_share = sqlite3_column_type(statement, 8) != SQLITE_NULL;
	file->first_offset = (uint64_t)sqlite3_column_int64(statement, 9);
	file->has_ended = sqlite3_column_int(statement, 10) != 0;
	file->crc32 = (uint32_t)sqlite3_column_int64(statement, 11);
	int r = file->has_share
			? hw_sql_bytes(&db->sql, statement, 8, HW_SHARE_ID_SIZE, file->share_id)
			: 0;
	bool is_valid =
		file->state < HW_CATALOG_FILE_STATE_COUNT && file->file_size <= HW_FILE_SIZE_MAX &&
		file->chunk_count == (file->file_size + HW_CHUNK_SIZE - 1) / HW_CHUNK_SIZE &&
		(!has_length || file->length <= HW_FILE_SIZE_MAX) &&
		file->first_offset <= file->file_size && file->first_offset % HW_CHUNK_SIZE == 0 &&
		file->tail_size < HW_BLOCK_SIZE && file->reserved <= HW_FILE_SIZE_MAX &&
		file->counted <= HW_FILE_SIZE_MAX;
	if (r == 0 && !is_valid) {
		db->sql.is_broken = true;
		r = -EBADMSG;
	}
	return r;
}

enum hw_file_state hw_catalog_file_state_seen(const struct hw_catalog_file *file)
{
	if (file->has_ended || file->state >= HW_CATALOG_FILE_TOMBSTONED) {
		return HW_FILE_TOMBSTONED;
	}
	return file->state == HW_CATALOG_FILE_SEALED ? HW_FILE_SEALED : HW_FILE_UNFINISHED;
}
