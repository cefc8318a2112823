/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a look-up:
 *
 *   share_find (with what is gone) -> file_find -> file_get -> about_read -> extents_read -> pin
 *
 * The first two run whether or not the first found anything, so that a link that was never there,
 * one that is gone, and a name that is wrong cost the same.
 */
#include <errno.h>
#include <string.h>

#include "core/catalog/catalog_parts.h"

static int target_find(struct hw_catalog_db *db, const struct hw_catalog_request *request,
		       struct hw_catalog_share *ret_share, uint64_t *ret_file_id);
static int list_row(struct hw_catalog_db *db, sqlite3_stmt *statement,
		    struct hw_share_file *ret_file);

int hw_catalog_lookup(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	struct hw_catalog_share share = {0};
	struct hw_catalog_file file = {0};
	uint64_t file_id = 0;
	int r = target_find(db, request, &share, &file_id);
	if (r == 0) {
		r = hw_catalog_file_get(db, file_id, &file);
	}
	if (r == -ENOENT && share.access.password_size > 0) {
		request->access = share.access; /* no name is told to who does not know it */
		memcpy(request->share_id, share.share_id, HW_SHARE_ID_SIZE);
	}
	if (r < 0) {
		return r;
	}
	struct hw_catalog_request found = *request;
	found.chunk_index = (uint32_t)(file.first_offset / HW_CHUNK_SIZE);
	found.file_id = file_id;
	found.access = share.access;
	memcpy(found.share_id, share.share_id, HW_SHARE_ID_SIZE);
	r = hw_catalog_file_about(db, file_id, file.state == HW_CATALOG_FILE_SEALED, &found);
	if (r == 0) {
		r = hw_catalog_extents_read(db, &found, &file);
	}
	if (r == 0) {
		r = hw_pins_add(&db->pins, file_id);
	}
	if (r == 0) {
		*request = found;
		hw_catalog_file_tell(db, &file, request);
	}
	return r;
}

/* By share and name, or by upload id. */
static int target_find(struct hw_catalog_db *db, const struct hw_catalog_request *request,
		       struct hw_catalog_share *ret_share, uint64_t *ret_file_id)
{
	if (request->upload == NULL) {
		int r = hw_catalog_share_find(db, request, ret_share);
		int found = hw_catalog_file_find(db, ret_share->share_id, request, ret_file_id);
		return r < 0 ? r : found;
	}
	struct hw_catalog_file file = {0};
	int r = hw_catalog_upload_find(db, request->upload->upload_id, ret_file_id);
	if (r == 0) {
		r = hw_catalog_file_get(db, *ret_file_id, &file);
	}
	return r < 0 ? r : hw_catalog_share_of(db, file.share_id, request->now_ms, ret_share);
}

int hw_catalog_file_find(struct hw_catalog_db *db, const uint8_t *share_id,
			 const struct hw_catalog_request *request, uint64_t *ret_file_id)
{
	if (request->name_size > HW_NAME_SIZE_MAX) {
		return -EINVAL;
	}
	bool has_name = request->name_size > 0;
	sqlite3_stmt *statement =
		hw_sql_take(&db->sql, has_name ? HW_SQL_FILE_FIND : HW_SQL_FILE_FIND_ONLY);
	hw_sql_bind_bytes(statement, 1, share_id, HW_SHARE_ID_SIZE);
	if (has_name) {
		hw_sql_bind_bytes(statement, 2, request->name, request->name_size);
	}
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : (has_name ? -ENOENT : -ENODATA);
	}
	uint64_t file_id = (uint64_t)sqlite3_column_int64(statement, 0);
	r = hw_sql_step(&db->sql, statement);
	if (r != 0) {
		hw_sql_end(statement);
		return r < 0 ? r : -EINVAL; /* no name was given, and there are several files */
	}
	*ret_file_id = file_id;
	return 0;
}

int hw_catalog_file_about(struct hw_catalog_db *db, uint64_t file_id, bool is_sealed,
			  struct hw_catalog_request *request)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_ABOUT);
	hw_sql_bind(statement, 1, file_id);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : -ENOENT;
	}
	uint32_t name_size = 0;
	r = hw_sql_blob(&db->sql, statement, 0, HW_NAME_SIZE_MAX, request->name, &name_size);
	request->name_size = (uint16_t)name_size;
	request->created_ms = (uint64_t)sqlite3_column_int64(statement, 2);
	if (r == 0 && is_sealed) {
		r = hw_sql_bytes(&db->sql, statement, 1, HW_HASH_SIZE, request->file_root);
	}
	hw_sql_end(statement);
	return r;
}

int hw_catalog_extents(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	if (!hw_pins_has(&db->pins, request->file_id)) {
		return -ENOENT; /* without a pin the answer could be wrong before it is used */
	}
	struct hw_catalog_file file = {0};
	int r = hw_catalog_file_get(db, request->file_id, &file);
	if (r == 0) {
		r = hw_catalog_extents_read(db, request, &file);
	}
	if (r == 0) {
		hw_catalog_file_tell(db, &file, request);
	}
	return r;
}

int hw_catalog_unpin(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	return hw_pins_remove(&db->pins, request->file_id);
}

int hw_catalog_file_list(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	struct hw_catalog_share share = {0};
	int r = hw_catalog_share_find(db, request, &share);
	if (request->name_size > HW_NAME_SIZE_MAX ||
	    (request->row_capacity > 0 && request->files == NULL)) {
		return -EINVAL;
	}
	uint32_t count = 0;
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_LIST);
	hw_sql_bind_bytes(statement, 1, share.share_id, HW_SHARE_ID_SIZE);
	/* The empty name is before all others, and after those that have none. */
	hw_sql_bind_bytes(statement, 2, request->name, request->name_size);
	hw_sql_bind(statement, 3, request->row_capacity);
	int step = hw_sql_step(&db->sql, statement);
	while (step == 1) {
		step = r == 0 ? list_row(db, statement, &request->files[count]) : r;
		if (step < 0) {
			hw_sql_end(statement);
			return step;
		}
		count++;
		step = hw_sql_step(&db->sql, statement);
	}
	r = r < 0 ? r : step;
	if (r == 0) {
		memcpy(request->share_id, share.share_id, HW_SHARE_ID_SIZE);
		request->access = share.access;
		request->row_count = count;
		request->newest_id = db->file_id_next - 1;
	}
	return r;
}

static int list_row(struct hw_catalog_db *db, sqlite3_stmt *statement,
		    struct hw_share_file *ret_file)
{
	bool has_length = sqlite3_column_type(statement, 1) != SQLITE_NULL;
	uint32_t name_size = 0;
	*ret_file = (struct hw_share_file){
		.file_id = (uint64_t)sqlite3_column_int64(statement, 0),
		.length = has_length ? (uint64_t)sqlite3_column_int64(statement, 1)
				     : HW_LENGTH_UNKNOWN,
		.offset = (uint64_t)sqlite3_column_int64(statement, 2),
		.created_ms = (uint64_t)sqlite3_column_int64(statement, 3),
		.crc32 = (uint32_t)sqlite3_column_int64(statement, 5),
		.has_crc32 = sqlite3_column_type(statement, 5) != SQLITE_NULL,
		.is_sealed = sqlite3_column_int(statement, 6) == HW_CATALOG_FILE_SEALED,
		.first_offset = (uint64_t)sqlite3_column_int64(statement, 8),
	};
	int r = hw_sql_blob(&db->sql, statement, 7, HW_NAME_SIZE_MAX, ret_file->name, &name_size);
	ret_file->name_size = (uint16_t)name_size;
	if (r == 0 && ret_file->is_sealed) {
		r = hw_sql_bytes(&db->sql, statement, 4, HW_HASH_SIZE, ret_file->root);
	}
	return r;
}
