/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a file:
 *
 *                 [append]             [commit]            [delete, nobody reads]
 *   (nothing) ---------> UNFINISHED ---------> SEALED ----------------------> RELEASING ->
 * (nothing) |                    |  [delete, pinned]             ^ | '----------> TOMBSTONED
 * --------'
 *                            '-----[abort]------------------------ last unpin ----'
 *
 * What stays true:
 *  1. Chunks of a file are numbered in the order of their arrival, so there are no gaps. All but
 *     the last are full: a file can grow only while its size is chunk_count * HW_CHUNK_SIZE.
 *  2. refs of a chunk is the number of rows of file_chunk that name it; never 0.
 *  3. No two places on the disk that chunks or the list of dropped extents name share a byte. So
 *     punching what is on the list cannot harm a chunk; whoever appends is checked, not believed.
 */
#include <errno.h>
#include <string.h>

#include "core/catalog/catalog_db.h"
#include "simd/sha256.h"

/* As in schema/0001.sql. */
enum file_state {
	FILE_UNFINISHED = 0, /* appended to; the uploader ends this */
	FILE_SEALED,         /* found by LOOKUP; DELETE ends this */
	FILE_TOMBSTONED,     /* still read; the last UNPIN ends this */
	FILE_RELEASING,      /* hw_catalog_release() ends this */
	FILE_STATE_COUNT,
};

struct file_row {
	enum file_state state;
	uint64_t file_size;
	uint64_t chunk_count;
};

static int file_get(struct hw_catalog_db *db, uint64_t file_id, struct file_row *ret_row);
static int file_begin(struct hw_catalog_db *db, uint64_t *ret_file_id);
static int unfinished_get(struct hw_catalog_db *db, struct hw_catalog_write *write,
			  struct file_row *ret_row);
static int extents_add(struct hw_catalog_db *db, struct hw_catalog_write *write,
		       struct file_row *row);
static int chunk_add(struct hw_catalog_db *db, const struct hw_extent *extent);
static int chunk_ref(struct hw_catalog_db *db, const struct hw_extent *extent);
static int file_seal(struct hw_catalog_db *db, const struct hw_catalog_write *write);
static int share_add(struct hw_catalog_db *db, const struct hw_catalog_request *request);
static int owned_get(struct hw_catalog_db *db, const struct hw_catalog_request *request,
		     uint64_t *ret_file_id);
static int lookup_row(struct hw_catalog_db *db, sqlite3_stmt *statement,
		      struct hw_catalog_request *found);
static int extents_read(struct hw_catalog_db *db, struct hw_catalog_request *request,
			uint64_t chunk_count);
static bool commit_is_valid(const struct hw_catalog_request *request);

int hw_catalog_append(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	if (write->request->extent_count == 0) {
		return -EINVAL;
	}
	struct file_row row = {0};
	int r = unfinished_get(db, write, &row);
	return r < 0 ? r : extents_add(db, write, &row);
}

int hw_catalog_commit(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	const struct hw_catalog_request *request = write->request;
	if (!commit_is_valid(request)) {
		return -EINVAL;
	}
	struct file_row row = {0};
	int r = unfinished_get(db, write, &row);
	if (r == 0 && request->extent_count > 0) {
		r = extents_add(db, write, &row);
	}
	if (r < 0) {
		return r;
	}
	if (row.file_size != request->file_size) {
		return -EINVAL;
	}
	r = share_add(db, request);
	return r < 0 ? r : file_seal(db, write);
}

int hw_catalog_abort(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	uint64_t file_id = write->request->file_id;
	if (file_id > INT64_MAX) {
		return -ENOENT;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_ABORT);
	hw_sql_bind(statement, 1, file_id);
	int r = hw_sql_run(&db->sql, statement);
	if (r < 0) {
		return r;
	}
	return hw_sql_changes(&db->sql) == 1 ? 0 : -ENOENT;
}

int hw_catalog_delete(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	const struct hw_catalog_request *request = write->request;
	int r = owned_get(db, request, &write->file_id);
	if (r < 0) {
		return r;
	}
	bool is_pinned = hw_pins_has(&db->pins, write->file_id);
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_TOMBSTONE);
	hw_sql_bind(statement, 1, write->file_id);
	hw_sql_bind(statement, 2, is_pinned ? FILE_TOMBSTONED : FILE_RELEASING);
	r = hw_sql_run(&db->sql, statement);
	if (r < 0) {
		return r;
	}
	hw_assert(hw_sql_changes(&db->sql) == 1);
	statement = hw_sql_take(&db->sql, HW_SQL_SHARE_FORGET);
	hw_sql_bind_bytes(statement, 1, request->share_id, HW_SHARE_ID_SIZE);
	return hw_sql_run(&db->sql, statement);
}

int hw_catalog_lookup(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	if (request->name_size > HW_NAME_SIZE_MAX) {
		return -EINVAL;
	}
	bool has_name = request->name_size > 0;
	sqlite3_stmt *statement =
		hw_sql_take(&db->sql, has_name ? HW_SQL_LOOKUP : HW_SQL_LOOKUP_ONLY);
	hw_sql_bind_bytes(statement, 1, request->share_id, HW_SHARE_ID_SIZE);
	if (has_name) {
		hw_sql_bind_bytes(statement, 2, request->name, request->name_size);
	}
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : -ENOENT;
	}
	struct hw_catalog_request found = *request;
	r = lookup_row(db, statement, &found);
	uint64_t chunk_count = (uint64_t)sqlite3_column_int64(statement, 2);
	if (r == 0) {
		r = hw_sql_step(&db->sql, statement);
	}
	if (r != 0) {
		hw_sql_end(statement);
		return r < 0 ? r : -EINVAL; /* no name was given, and there are several files */
	}
	r = extents_read(db, &found, chunk_count);
	if (r == 0) {
		r = hw_pins_add(&db->pins, found.file_id);
	}
	if (r == 0) {
		*request = found;
	}
	return r;
}

int hw_catalog_extents(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	if (!hw_pins_has(&db->pins, request->file_id)) {
		return -ENOENT; /* without a pin the answer could be wrong before it is used */
	}
	struct file_row row = {0};
	int r = file_get(db, request->file_id, &row);
	if (r < 0) {
		return r;
	}
	return extents_read(db, request, row.chunk_count);
}

int hw_catalog_unpin(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	return hw_pins_remove(&db->pins, request->file_id);
}

static int file_get(struct hw_catalog_db *db, uint64_t file_id, struct file_row *ret_row)
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
	struct file_row row = {
		.state = (enum file_state)sqlite3_column_int(statement, 0),
		.file_size = (uint64_t)sqlite3_column_int64(statement, 1),
		.chunk_count = (uint64_t)sqlite3_column_int64(statement, 2),
	};
	hw_sql_end(statement);
	bool is_valid = row.state < FILE_STATE_COUNT && row.file_size <= HW_FILE_SIZE_MAX &&
			row.chunk_count == (row.file_size + HW_CHUNK_SIZE - 1) / HW_CHUNK_SIZE;
	if (!is_valid) {
		db->sql.is_broken = true;
		return -EBADMSG;
	}
	*ret_row = row;
	return 0;
}

static int file_begin(struct hw_catalog_db *db, uint64_t *ret_file_id)
{
	uint64_t file_id = db->file_id_next++;
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_BEGIN);
	hw_sql_bind(statement, 1, file_id);
	int r = hw_sql_run(&db->sql, statement);
	if (r == 0) {
		*ret_file_id = file_id;
	}
	return r;
}

/* The file that the request adds to, made when the request begins one. */
static int unfinished_get(struct hw_catalog_db *db, struct hw_catalog_write *write,
			  struct file_row *ret_row)
{
	write->file_id = write->request->file_id;
	if (write->file_id == 0) {
		*ret_row = (struct file_row){0};
		return file_begin(db, &write->file_id);
	}
	int r = file_get(db, write->file_id, ret_row);
	if (r < 0) {
		return r;
	}
	return ret_row->state == FILE_UNFINISHED ? 0 : -ENOENT;
}

static int extents_add(struct hw_catalog_db *db, struct hw_catalog_write *write,
		       struct file_row *row)
{
	const struct hw_catalog_request *request = write->request;
	if (request->extent_count > HW_EXTENT_BATCH_MAX) {
		return -EINVAL;
	}
	for (uint32_t i = 0; i < request->extent_count; i++) {
		const struct hw_extent *extent = &request->extents[i];
		if (!hw_sql_extent_is_valid(extent) ||
		    row->file_size != row->chunk_count * HW_CHUNK_SIZE ||
		    row->file_size + extent->size > HW_FILE_SIZE_MAX) {
			return -EINVAL;
		}
		int r = chunk_add(db, extent);
		if (r < 0) {
			return r;
		}
		sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_CHUNK_ADD);
		hw_sql_bind(statement, 1, write->file_id);
		hw_sql_bind(statement, 2, row->chunk_count);
		hw_sql_bind_bytes(statement, 3, extent->root, HW_HASH_SIZE);
		hw_sql_bind(statement, 4, extent->size);
		r = hw_sql_run(&db->sql, statement);
		if (r < 0) {
			return r;
		}
		row->chunk_count++;
		row->file_size += extent->size;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_GROW);
	hw_sql_bind(statement, 1, write->file_id);
	hw_sql_bind(statement, 2, row->file_size);
	hw_sql_bind(statement, 3, row->chunk_count);
	return hw_sql_run(&db->sql, statement);
}

/* One reference to this content; where it is stored already, the new place is dropped. */
static int chunk_add(struct hw_catalog_db *db, const struct hw_extent *extent)
{
	int r = chunk_ref(db, extent);
	if (r != 0) {
		return r < 0 ? r : 0;
	}
	r = hw_catalog_place_is_taken(db, extent);
	if (r != 0) {
		return r < 0 ? r : -EINVAL;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_CHUNK_ADD);
	hw_sql_bind_bytes(statement, 1, extent->root, HW_HASH_SIZE);
	hw_sql_bind(statement, 2, extent->size);
	hw_sql_bind_place(statement, 3, extent);
	return hw_sql_run(&db->sql, statement);
}

/* Returns 1 it was known and counts one more, 0 it is new, -errno. */
static int chunk_ref(struct hw_catalog_db *db, const struct hw_extent *extent)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_CHUNK_REF);
	hw_sql_bind_bytes(statement, 1, extent->root, HW_HASH_SIZE);
	hw_sql_bind(statement, 2, extent->size);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r;
	}
	struct hw_extent old = {0};
	r = hw_sql_extent(&db->sql, statement, &old);
	hw_sql_end(statement);
	if (r < 0) {
		return r;
	}
	bool is_same_place = old.shard == extent->shard && old.segment == extent->segment &&
			     old.offset == extent->offset;
	if (is_same_place) {
		return 1;
	}
	r = hw_catalog_place_is_taken(db, extent);
	if (r != 0) {
		return r < 0 ? r : -EINVAL;
	}
	r = hw_catalog_dropped_add(db, extent);
	return r < 0 ? r : 1;
}

int hw_catalog_dropped_add(struct hw_catalog_db *db, const struct hw_extent *extent)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_DROPPED_ADD);
	hw_sql_bind_place(statement, 1, extent);
	hw_sql_bind(statement, 4, extent->size);
	int r = hw_sql_run(&db->sql, statement);
	db->dropped_pending += r == 0 ? 1 : 0;
	return r;
}

int hw_catalog_place_is_taken(struct hw_catalog_db *db, const struct hw_extent *extent)
{
	const enum hw_sql_id ids[] = {HW_SQL_CHUNK_BEFORE, HW_SQL_DROPPED_BEFORE};
	for (uint32_t i = 0; i < hw_count_of(ids); i++) {
		sqlite3_stmt *statement = hw_sql_take(&db->sql, ids[i]);
		hw_sql_bind(statement, 1, extent->shard);
		hw_sql_bind(statement, 2, extent->segment);
		hw_sql_bind(statement, 3, extent->offset + hw_extent_disk_size(extent->size));
		int r = hw_sql_step(&db->sql, statement);
		if (r < 0) {
			return r;
		}
		if (r == 0) {
			continue;
		}
		uint64_t offset = (uint64_t)sqlite3_column_int64(statement, 0);
		uint32_t size = (uint32_t)sqlite3_column_int(statement, 1);
		hw_sql_end(statement);
		if (offset + hw_extent_disk_size(size) > extent->offset) {
			return 1;
		}
	}
	return 0;
}

static int file_seal(struct hw_catalog_db *db, const struct hw_catalog_write *write)
{
	const struct hw_catalog_request *request = write->request;
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_SEAL);
	hw_sql_bind(statement, 1, write->file_id);
	hw_sql_bind_bytes(statement, 2, request->share_id, HW_SHARE_ID_SIZE);
	hw_sql_bind_bytes(statement, 3, request->name, request->name_size);
	hw_sql_bind_bytes(statement, 4, request->file_root, HW_HASH_SIZE);
	hw_sql_bind(statement, 5, request->created_ms);
	int r = hw_sql_run(&db->sql, statement);
	if (r == 0) {
		hw_assert(hw_sql_changes(&db->sql) == 1);
	}
	return r;
}

static int share_add(struct hw_catalog_db *db, const struct hw_catalog_request *request)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_ADD);
	hw_sql_bind_bytes(statement, 1, request->share_id, HW_SHARE_ID_SIZE);
	hw_sql_bind_bytes(statement, 2, request->owner_hash, HW_HASH_SIZE);
	hw_sql_bind(statement, 3, request->created_ms);
	int r = hw_sql_run(&db->sql, statement);
	if (r < 0) {
		return r;
	}
	return hw_sql_changes(&db->sql) == 1 ? 0 : -EEXIST;
}

/* The file that DELETE is about, if the token is its owner's. */
static int owned_get(struct hw_catalog_db *db, const struct hw_catalog_request *request,
		     uint64_t *ret_file_id)
{
	if (request->name_size > HW_NAME_SIZE_MAX) {
		return -EINVAL;
	}
	bool has_name = request->name_size > 0;
	sqlite3_stmt *statement =
		hw_sql_take(&db->sql, has_name ? HW_SQL_OWNED : HW_SQL_OWNED_ONLY);
	hw_sql_bind_bytes(statement, 1, request->share_id, HW_SHARE_ID_SIZE);
	if (has_name) {
		hw_sql_bind_bytes(statement, 2, request->name, request->name_size);
	}
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : -ENOENT;
	}
	struct hw_hash stored = {0};
	struct hw_hash given = {0};
	memcpy(given.bytes, request->owner_hash, sizeof(given.bytes));
	uint64_t file_id = (uint64_t)sqlite3_column_int64(statement, 0);
	r = hw_sql_bytes(&db->sql, statement, 1, HW_HASH_SIZE, stored.bytes);
	bool is_owner = r == 0 && hw_hash_equal(&stored, &given);
	if (r == 0) {
		r = hw_sql_step(&db->sql, statement);
	}
	if (r != 0) {
		hw_sql_end(statement);
	}
	if (r < 0 || !is_owner) {
		return r < 0 ? r : -EACCES;
	}
	*ret_file_id = file_id;
	return r == 0 ? 0 : -EINVAL; /* no name was given, and there are several files */
}

static int lookup_row(struct hw_catalog_db *db, sqlite3_stmt *statement,
		      struct hw_catalog_request *found)
{
	const void *name = sqlite3_column_blob(statement, 5);
	int name_size = sqlite3_column_bytes(statement, 5);
	if (name == NULL || name_size > (int)HW_NAME_SIZE_MAX) {
		db->sql.is_broken = true;
		return -EBADMSG;
	}
	memcpy(found->name, name, (size_t)name_size);
	found->name_size = (uint16_t)name_size;
	found->file_id = (uint64_t)sqlite3_column_int64(statement, 0);
	found->file_size = (uint64_t)sqlite3_column_int64(statement, 1);
	found->created_ms = (uint64_t)sqlite3_column_int64(statement, 4);
	found->chunk_index = 0;
	return hw_sql_bytes(&db->sql, statement, 3, HW_HASH_SIZE, found->file_root);
}

/* The extents from chunk_index on; a chunk that should be there and is not means damage. */
static int extents_read(struct hw_catalog_db *db, struct hw_catalog_request *request,
			uint64_t chunk_count)
{
	uint32_t first = request->chunk_index;
	uint64_t left = first < chunk_count ? chunk_count - first : 0;
	uint32_t count = 0;
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_EXTENTS);
	hw_sql_bind(statement, 1, request->file_id);
	hw_sql_bind(statement, 2, first);
	hw_sql_bind(statement, 3, HW_EXTENT_BATCH_MAX);
	struct hw_extent extents[HW_EXTENT_BATCH_MAX];
	int r = hw_sql_step(&db->sql, statement);
	while (r == 1 && count < HW_EXTENT_BATCH_MAX) {
		r = hw_sql_extent(&db->sql, statement, &extents[count]);
		if (r == 0 && sqlite3_column_int64(statement, 5) != (int64_t)first + count) {
			r = -EBADMSG;
		}
		if (r < 0) {
			hw_sql_end(statement);
			break;
		}
		count++;
		r = hw_sql_step(&db->sql, statement);
	}
	if (r == 0 && count != hw_min(left, HW_EXTENT_BATCH_MAX)) {
		r = -EBADMSG;
	}
	if (r < 0) {
		db->sql.is_broken |= r == -EBADMSG;
		return r;
	}
	memcpy(request->extents, extents, count * sizeof(extents[0]));
	request->extent_count = count;
	return 0;
}

static bool commit_is_valid(const struct hw_catalog_request *request)
{
	return request->name_size >= 1 && request->name_size <= HW_NAME_SIZE_MAX &&
	       request->file_size <= HW_FILE_SIZE_MAX && request->created_ms <= INT64_MAX;
}
