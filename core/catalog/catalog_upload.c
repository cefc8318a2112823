/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of an upload that can be gone on with:
 *
 *   upload_create -> file_add, its row in upload, its home
 *     -> (append: upload_save)* -> leave, or append with is_leaving -> upload_open -> ...
 *     -> commit: upload_seal      the row stays, so that whoever asks hears that it is whole
 *     -> upload_end, abort, sweep: file_forget -> upload_forget -> gone
 *
 * Homes are memory: they are given and taken when a request is settled, after its commit.
 */
#include <errno.h>
#include <string.h>

#include "core/catalog/catalog_parts.h"

static bool create_is_valid(const struct hw_catalog_request *request);
static int counts_check(const struct hw_catalog_share *share, bool has_name);
static int row_add(struct hw_catalog_db *db, uint64_t file_id, const struct hw_upload *upload);
static int upload_read(struct hw_catalog_db *db, struct hw_catalog_request *request,
		       struct hw_catalog_file *ret_file);
static int row_read(struct hw_catalog_db *db, uint64_t file_id, struct hw_upload *upload);
static int row_judge(struct hw_catalog_db *db, sqlite3_stmt *statement, struct hw_upload *upload);
static int last_read(struct hw_catalog_db *db, const struct hw_catalog_file *file,
		     struct hw_catalog_request *request);
static bool is_zero(const uint8_t *bytes, uint32_t size);

int hw_catalog_upload_create(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	const struct hw_catalog_request *request = write->request;
	struct hw_catalog_share share = {0};
	int r = hw_catalog_share_find(db, request, &share);
	if (r == 0 && !hw_catalog_share_allows(&share, request)) {
		r = -EACCES;
	}
	if (r == 0 && !create_is_valid(request)) {
		r = -EINVAL;
	}
	if (r == 0) {
		r = counts_check(&share, request->name_size > 0);
	}
	if (r < 0) {
		return r;
	}
	const struct hw_upload *upload = request->upload;
	bool is_kept = share.access.mode != HW_SHARE_LIVE && upload->length != HW_LENGTH_UNKNOWN;
	struct hw_catalog_file file = {
		.file_id = db->file_id_next++,
		.length = upload->length,
		.reserved = is_kept ? upload->length : 0,
		.counted = is_kept ? upload->length : 0,
		.has_share = true,
		.has_name = request->name_size > 0,
	};
	memcpy(file.share_id, share.share_id, HW_SHARE_ID_SIZE);
	write->file_id = file.file_id;
	write->mode = share.access.mode;
	memcpy(write->share_id, share.share_id, HW_SHARE_ID_SIZE);
	r = hw_catalog_file_add(db, &file, request);
	if (r == 0 && !is_zero(upload->upload_id, HW_UPLOAD_ID_SIZE)) {
		r = row_add(db, file.file_id, upload);
	}
	if (r == 0) {
		r = hw_catalog_quota_check(db, request, share.size + file.counted);
	}
	if (r == 0 && share.access.mode != HW_SHARE_LIVE) {
		r = hw_catalog_free_check(db, request);
	}
	if (r == 0 && request->home != HW_HOME_NONE) {
		uint32_t taken = db->homes.used_count + db->pending.home_count;
		db->pending.home_count++;
		r = taken < db->homes.capacity ? 0 : -ENOBUFS;
	}
	return r;
}

static bool create_is_valid(const struct hw_catalog_request *request)
{
	const struct hw_upload *upload = request->upload;
	if (upload == NULL || upload->kind >= HW_UPLOAD_KIND_COUNT) {
		return false;
	}
	bool has_name = request->name_size > 0;
	return has_name == (upload->kind != HW_UPLOAD_PARTIAL) &&
	       request->name_size <= HW_NAME_SIZE_MAX &&
	       (upload->length <= HW_FILE_SIZE_MAX || upload->length == HW_LENGTH_UNKNOWN) &&
	       upload->metadata_size <= HW_UPLOAD_METADATA_MAX && upload->expires_ms <= INT64_MAX &&
	       request->now_ms <= INT64_MAX;
}

static int counts_check(const struct hw_catalog_share *share, bool has_name)
{
	uint32_t count = has_name ? share->file_count : share->part_count;
	return count < HW_SHARE_FILES_MAX ? 0 : -EDQUOT;
}

static int row_add(struct hw_catalog_db *db, uint64_t file_id, const struct hw_upload *upload)
{
	struct hw_merkle merkle;
	uint8_t encoded[HW_MERKLE_ENCODED_SIZE_MAX];
	hw_merkle_init(&merkle);
	uint32_t encoded_size = hw_merkle_encode(&merkle, encoded);
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_UPLOAD_ADD);
	hw_sql_bind(statement, 1, file_id);
	hw_sql_bind_bytes(statement, 2, upload->upload_id, HW_UPLOAD_ID_SIZE);
	hw_sql_bind(statement, 3, upload->kind);
	hw_sql_bind(statement, 4, upload->expires_ms);
	hw_sql_bind_bytes(statement, 5, encoded, encoded_size);
	hw_sql_bind_optional(statement, 6, upload->metadata, upload->metadata_size);
	int r = hw_sql_run(&db->sql, statement);
	if (r < 0) {
		return r;
	}
	return hw_sql_changes(&db->sql) == 1 ? 0 : -EEXIST;
}

int hw_catalog_upload_find(struct hw_catalog_db *db, const uint8_t *upload_id,
			   uint64_t *ret_file_id)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_UPLOAD_FIND);
	hw_sql_bind_bytes(statement, 1, upload_id, HW_UPLOAD_ID_SIZE);
	int r = hw_sql_step(&db->sql, statement);
	if (r == 1) {
		*ret_file_id = (uint64_t)sqlite3_column_int64(statement, 0);
		hw_sql_end(statement);
		return 0;
	}
	int gone = r < 0 ? r
			 : hw_catalog_gone_has(db, HW_CATALOG_GONE_UPLOAD, upload_id,
					       HW_UPLOAD_ID_SIZE);
	if (gone < 0) {
		return gone;
	}
	return gone == 1 ? -EIDRM : -ENOENT;
}

int hw_catalog_upload_get(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	struct hw_catalog_file file = {0};
	return upload_read(db, request, &file);
}

int hw_catalog_upload_open(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	uint16_t home = request->home;
	if (home == HW_HOME_NONE) {
		return -EINVAL;
	}
	struct hw_catalog_file file = {0};
	int r = upload_read(db, request, &file);
	if (r < 0) {
		return r;
	}
	request->extent_count = 0;
	if (file.state == HW_CATALOG_FILE_SEALED) {
		return 0;
	}
	if (request->home != HW_HOME_NONE) {
		return -EBUSY;
	}
	r = last_read(db, &file, request);
	if (r == 0) {
		r = hw_homes_add(&db->homes, file.file_id, home);
	}
	if (r == 0) {
		request->home = home;
		hw_catalog_watch_touch(db, file.file_id);
	}
	return r;
}

/* Everything that is known of it, into the request; -EIDRM when it, or its share, is past its time.
 */
static int upload_read(struct hw_catalog_db *db, struct hw_catalog_request *request,
		       struct hw_catalog_file *ret_file)
{
	struct hw_upload *upload = request->upload;
	if (upload == NULL) {
		return -EINVAL;
	}
	uint64_t file_id = 0;
	struct hw_catalog_share share = {0};
	int r = hw_catalog_upload_find(db, upload->upload_id, &file_id);
	if (r == 0) {
		r = hw_catalog_file_get(db, file_id, ret_file);
	}
	if (r == 0) {
		r = hw_catalog_share_of(db, ret_file->share_id, request->now_ms, &share);
	}
	if (r == 0) {
		r = row_read(db, file_id, upload);
	}
	if (r < 0) {
		return r;
	}
	bool has_home = hw_homes_of(&db->homes, file_id) != HW_HOME_NONE;
	bool has_expired = upload->expires_ms > 0 && upload->expires_ms <= request->now_ms;
	if (has_expired && !has_home && !upload->is_sealed) {
		return -EIDRM;
	}
	upload->length = ret_file->length;
	upload->offset = ret_file->file_size + ret_file->tail_size;
	if (upload->tail_size != ret_file->tail_size) {
		db->sql.is_broken = true;
		return -EBADMSG;
	}
	r = hw_catalog_file_about(db, file_id, false, request);
	if (r == 0) {
		memcpy(request->share_id, share.share_id, HW_SHARE_ID_SIZE);
		request->access = share.access;
		request->file_id = file_id;
		hw_catalog_file_tell(db, ret_file, request);
	}
	return r;
}

static int row_read(struct hw_catalog_db *db, uint64_t file_id, struct hw_upload *upload)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_UPLOAD_GET);
	hw_sql_bind(statement, 1, file_id);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : -ENOENT;
	}
	r = row_judge(db, statement, upload);
	hw_sql_end(statement);
	return r;
}

static int row_judge(struct hw_catalog_db *db, sqlite3_stmt *statement, struct hw_upload *upload)
{
	uint8_t encoded[HW_MERKLE_ENCODED_SIZE_MAX];
	uint32_t encoded_size = 0;
	uint32_t tail_size = 0;
	uint32_t metadata_size = 0;
	upload->kind = (uint8_t)sqlite3_column_int(statement, 0);
	upload->expires_ms = (uint64_t)sqlite3_column_int64(statement, 1);
	upload->is_sealed = sqlite3_column_int(statement, 2) != 0;
	upload->crc32 = (uint32_t)sqlite3_column_int64(statement, 3);
	int r = hw_sql_blob(&db->sql, statement, 4, sizeof(encoded), encoded, &encoded_size);
	if (r == 0) {
		r = hw_sql_blob(&db->sql, statement, 5, HW_BLOCK_SIZE - 1, upload->tail,
				&tail_size);
	}
	if (r == 0) {
		r = hw_sql_blob(&db->sql, statement, 6, HW_UPLOAD_METADATA_MAX, upload->metadata,
				&metadata_size);
	}
	upload->tail_size = (uint16_t)tail_size;
	upload->metadata_size = (uint16_t)metadata_size;
	hw_merkle_init(&upload->merkle);
	if (r == 0 && !upload->is_sealed &&
	    !hw_merkle_decode(encoded, encoded_size, &upload->merkle)) {
		db->sql.is_broken = true;
		r = -EBADMSG;
	}
	return r;
}

/* The last chunk, if it is short. */
static int last_read(struct hw_catalog_db *db, const struct hw_catalog_file *file,
		     struct hw_catalog_request *request)
{
	if (file->file_size % HW_CHUNK_SIZE == 0) {
		return 0;
	}
	request->chunk_index = (uint32_t)(file->chunk_count - 1);
	return hw_catalog_extents_read(db, request, file);
}

int hw_catalog_upload_leave(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	if (!hw_homes_remove(&db->homes, request->file_id)) {
		return -ENOENT;
	}
	hw_catalog_watch_touch(db, request->file_id);
	return 0;
}

int hw_catalog_upload_end(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	struct hw_catalog_request *request = write->request;
	struct hw_catalog_file file = {0};
	int r = upload_read(db, request, &file);
	if (r < 0) {
		return r;
	}
	if (request->home != HW_HOME_NONE) {
		return -EBUSY;
	}
	if (file.state == HW_CATALOG_FILE_SEALED && request->upload->kind != HW_UPLOAD_PARTIAL) {
		return -EPERM;
	}
	write->file_id = file.file_id;
	return hw_catalog_file_forget(db, &file, request->now_ms);
}

int hw_catalog_upload_save(struct hw_catalog_db *db, const struct hw_upload *upload,
			   const struct hw_catalog_file *file)
{
	if (upload->merkle.chunk_count != file->file_size / HW_CHUNK_SIZE) {
		return -EINVAL;
	}
	uint8_t encoded[HW_MERKLE_ENCODED_SIZE_MAX];
	uint32_t encoded_size = hw_merkle_encode(&upload->merkle, encoded);
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_UPLOAD_SAVE);
	hw_sql_bind(statement, 1, file->file_id);
	hw_sql_bind(statement, 2, upload->expires_ms);
	hw_sql_bind(statement, 3, upload->crc32);
	hw_sql_bind_bytes(statement, 4, encoded, encoded_size);
	hw_sql_bind_optional(statement, 5, upload->tail, upload->tail_size);
	return hw_sql_run(&db->sql, statement);
}

int hw_catalog_upload_seal(struct hw_catalog_db *db, uint64_t file_id, uint32_t crc32)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_UPLOAD_SEAL);
	hw_sql_bind(statement, 1, file_id);
	hw_sql_bind(statement, 2, crc32);
	return hw_sql_run(&db->sql, statement);
}

int hw_catalog_upload_forget(struct hw_catalog_db *db, uint64_t file_id, uint64_t now_ms)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_UPLOAD_FORGET);
	hw_sql_bind(statement, 1, file_id);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r; /* it could not be gone on with */
	}
	uint8_t upload_id[HW_UPLOAD_ID_SIZE];
	r = hw_sql_bytes(&db->sql, statement, 0, HW_UPLOAD_ID_SIZE, upload_id);
	hw_sql_end(statement);
	return r < 0 ? r
		     : hw_catalog_gone_add(db, HW_CATALOG_GONE_UPLOAD, upload_id, HW_UPLOAD_ID_SIZE,
					   now_ms);
}

int hw_catalog_upload_has(struct hw_catalog_db *db, uint64_t file_id)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_UPLOAD_HAS);
	hw_sql_bind(statement, 1, file_id);
	int r = hw_sql_step(&db->sql, statement);
	if (r == 1) {
		hw_sql_end(statement);
	}
	return r;
}

int hw_catalog_quota_check(const struct hw_catalog_db *db, const struct hw_catalog_request *request,
			   uint64_t share_size)
{
	if (request->share_size_max > 0 && share_size > request->share_size_max) {
		return -EDQUOT;
	}
	uint64_t stored = db->stored_size + (uint64_t)db->pending.stored_change;
	uint64_t reserved = db->reserved_size + (uint64_t)db->pending.reserved_change;
	bool is_over = request->store_size_max > 0 && stored + reserved > request->store_size_max;
	return is_over ? -ENOSPC : 0;
}

int hw_catalog_free_check(const struct hw_catalog_db *db, const struct hw_catalog_request *request)
{
	uint64_t reserved = db->reserved_size + (uint64_t)db->pending.reserved_change;
	return reserved > request->free_size ? -ENOSPC : 0;
}

static bool is_zero(const uint8_t *bytes, uint32_t size)
{
	uint8_t any = 0;
	for (uint32_t i = 0; i < size; i++) {
		any |= bytes[i];
	}
	return any == 0;
}
