/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a chunk:
 *
 *   chunks_add -> [last_take] -> chunk_add: chunk_ref (known: one more; damaged: healed) or new
 *              -> row of file_chunk -> [chunk_unref of the one that was replaced]
 *   chunk_unref: one less; the last one -> forgotten, its extent into dropped
 *
 * What stays true:
 *  1. Chunks of a file are numbered in the order of their arrival, so there are no gaps but perhaps
 *     one at the beginning (first_offset), which is counted as if it were there. All but
 *     the last are full: a file can grow only while its size is chunk_count * HW_CHUNK_SIZE.
 *  2. refs of a chunk is the number of rows of file_chunk that name it; never 0.
 *  3. No two places on the disk that chunks or the list of dropped extents name share a byte. So
 *     punching what is on the list cannot harm a chunk; whoever appends is checked, not believed.
 */
#include <errno.h>
#include <string.h>

#include "core/catalog/catalog_parts.h"

struct chunk_key {
	uint8_t root[HW_HASH_SIZE];
	uint64_t size;
};

static int last_take(struct hw_catalog_db *db, struct hw_catalog_file *file,
		     struct chunk_key *ret_old);
static int extent_add(struct hw_catalog_db *db, const struct hw_extent *extent,
		      struct hw_catalog_file *file);
static int chunk_add(struct hw_catalog_db *db, const struct hw_extent *extent);
static int chunk_ref(struct hw_catalog_db *db, const struct hw_extent *extent);
static int chunk_known(struct hw_catalog_db *db, const struct hw_extent *extent,
		       const struct hw_extent *old, bool is_damaged);
static int chunk_move(struct hw_catalog_db *db, const struct hw_extent *extent);
static bool is_same_place(const struct hw_extent *a, const struct hw_extent *b);

int hw_catalog_chunks_add(struct hw_catalog_db *db, const struct hw_catalog_request *request,
			  struct hw_catalog_file *file)
{
	if (request->extent_count > HW_EXTENT_BATCH_MAX ||
	    (request->is_replacing && request->extent_count == 0)) {
		return -EINVAL;
	}
	struct chunk_key old = {0};
	int r = request->is_replacing ? last_take(db, file, &old) : 0;
	for (uint32_t i = 0; r == 0 && i < request->extent_count; i++) {
		r = extent_add(db, &request->extents[i], file);
	}
	if (r < 0 || !request->is_replacing) {
		return r;
	}
	/* Now and not before: what replaces it may be the same content. */
	return hw_catalog_chunk_unref(db, old.root, old.size);
}

int hw_catalog_first_apply(const struct hw_catalog_request *request, bool may_spill,
			   struct hw_catalog_file *file)
{
	uint64_t first_offset = request->first_offset;
	if (first_offset == file->first_offset) {
		return 0;
	}
	if (!may_spill || request->upload != NULL || file->chunk_count > 0 ||
	    request->extent_count == 0 || first_offset % HW_CHUNK_SIZE != 0 ||
	    first_offset > HW_FILE_SIZE_MAX) {
		return -EINVAL;
	}
	file->first_offset = first_offset;
	file->file_size = first_offset;
	file->chunk_count = first_offset / HW_CHUNK_SIZE;
	return 0;
}

/* The file is without its short last chunk, whose reference is still counted. */
static int last_take(struct hw_catalog_db *db, struct hw_catalog_file *file,
		     struct chunk_key *ret_old)
{
	if (file->file_size % HW_CHUNK_SIZE == 0) {
		return -EINVAL;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_CHUNK_TAKE);
	hw_sql_bind(statement, 1, file->file_id);
	hw_sql_bind(statement, 2, file->chunk_count - 1);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		db->sql.is_broken |= r == 0; /* a file without its last chunk */
		return r < 0 ? r : -EBADMSG;
	}
	r = hw_sql_bytes(&db->sql, statement, 0, HW_HASH_SIZE, ret_old->root);
	ret_old->size = (uint64_t)sqlite3_column_int64(statement, 1);
	hw_sql_end(statement);
	if (r == 0 && ret_old->size != file->file_size % HW_CHUNK_SIZE) {
		db->sql.is_broken = true;
		r = -EBADMSG;
	}
	file->chunk_count--;
	file->file_size -= file->file_size % HW_CHUNK_SIZE;
	return r;
}

static int extent_add(struct hw_catalog_db *db, const struct hw_extent *extent,
		      struct hw_catalog_file *file)
{
	if (!hw_sql_extent_is_valid(extent) ||
	    file->file_size != file->chunk_count * HW_CHUNK_SIZE ||
	    file->file_size + extent->size > HW_FILE_SIZE_MAX) {
		return -EINVAL;
	}
	int r = chunk_add(db, extent);
	if (r < 0) {
		return r;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_CHUNK_ADD);
	hw_sql_bind(statement, 1, file->file_id);
	hw_sql_bind(statement, 2, file->chunk_count);
	hw_sql_bind_bytes(statement, 3, extent->root, HW_HASH_SIZE);
	hw_sql_bind(statement, 4, extent->size);
	file->chunk_count++;
	file->file_size += extent->size;
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
	db->pending.stored_change += extent->size;
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
	/* Not "damaged_ms IS NOT NULL" in the statement: SQLite 3.40 says 1 there, wrongly. */
	bool is_damaged = sqlite3_column_type(statement, 5) != SQLITE_NULL;
	hw_sql_end(statement);
	if (r == 0 && !is_same_place(&old, extent)) {
		r = chunk_known(db, extent, &old, is_damaged);
	}
	return r < 0 ? r : 1;
}

/* Of two places of one content one is dropped: the new one, unless the old one is damaged. */
static int chunk_known(struct hw_catalog_db *db, const struct hw_extent *extent,
		       const struct hw_extent *old, bool is_damaged)
{
	int r = hw_catalog_place_is_taken(db, extent);
	if (r != 0) {
		return r < 0 ? r : -EINVAL;
	}
	if (!is_damaged) {
		return hw_catalog_dropped_add(db, extent);
	}
	r = chunk_move(db, extent);
	return r < 0 ? r : hw_catalog_dropped_add(db, old);
}

static int chunk_move(struct hw_catalog_db *db, const struct hw_extent *extent)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_CHUNK_MOVE);
	hw_sql_bind_bytes(statement, 1, extent->root, HW_HASH_SIZE);
	hw_sql_bind(statement, 2, extent->size);
	hw_sql_bind_place(statement, 3, extent);
	return hw_sql_run(&db->sql, statement);
}

static bool is_same_place(const struct hw_extent *a, const struct hw_extent *b)
{
	return a->shard == b->shard && a->segment == b->segment && a->offset == b->offset;
}

int hw_catalog_chunk_unref(struct hw_catalog_db *db, const uint8_t *root, uint64_t size)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_CHUNK_UNREF);
	hw_sql_bind_bytes(statement, 1, root, HW_HASH_SIZE);
	hw_sql_bind(statement, 2, size & INT64_MAX);
	int r = hw_sql_run(&db->sql, statement);
	if (r < 0 || hw_sql_changes(&db->sql) == 1) {
		return r;
	}
	/* That was not it: this is the last reference. */
	statement = hw_sql_take(&db->sql, HW_SQL_CHUNK_FORGET);
	hw_sql_bind_bytes(statement, 1, root, HW_HASH_SIZE);
	hw_sql_bind(statement, 2, size & INT64_MAX);
	r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		db->sql.is_broken |= r == 0; /* a reference to nothing */
		return r < 0 ? r : -EBADMSG;
	}
	struct hw_extent extent = {0};
	r = hw_sql_extent(&db->sql, statement, &extent);
	hw_sql_end(statement);
	extent.size = (uint32_t)size;
	db->pending.stored_change -= (int64_t)size;
	return r < 0 ? r : hw_catalog_dropped_add(db, &extent);
}

int hw_catalog_dropped_add(struct hw_catalog_db *db, const struct hw_extent *extent)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_DROPPED_ADD);
	hw_sql_bind_place(statement, 1, extent);
	hw_sql_bind(statement, 4, extent->size);
	int r = hw_sql_run(&db->sql, statement);
	db->pending.dropped += r == 0 ? 1 : 0;
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

/* The extents from chunk_index on; a chunk that should be there and is not means damage. */
int hw_catalog_extents_read(struct hw_catalog_db *db, struct hw_catalog_request *request,
			    const struct hw_catalog_file *file)
{
	uint32_t first = request->chunk_index;
	uint64_t left = first < file->chunk_count ? file->chunk_count - first : 0;
	uint32_t count = 0;
	if (first < file->first_offset / HW_CHUNK_SIZE) {
		request->extent_count = 0;
		return 0;
	}
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

int hw_catalog_scrub_next(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	if (request->extent_count > 0 && !hw_sql_extent_is_valid(&request->extents[0])) {
		return -EINVAL;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_CHUNK_SCRUB);
	if (request->extent_count > 0) {
		hw_sql_bind_place(statement, 1, &request->extents[0]);
	} else {
		int code = sqlite3_bind_int(statement, 1, -1); /* before shard 0 */
		hw_assert(code == SQLITE_OK);
		hw_sql_bind(statement, 2, 0);
		hw_sql_bind(statement, 3, 0);
	}
	hw_sql_bind(statement, 4, HW_EXTENT_BATCH_MAX);
	struct hw_extent extents[HW_EXTENT_BATCH_MAX];
	uint32_t count = 0;
	int r = hw_sql_step(&db->sql, statement);
	while (r == 1) {
		hw_assert(count < HW_EXTENT_BATCH_MAX);
		r = hw_sql_extent(&db->sql, statement, &extents[count]);
		if (r < 0) {
			hw_sql_end(statement);
			return r;
		}
		count++;
		r = hw_sql_step(&db->sql, statement);
	}
	if (r == 0) {
		memcpy(request->extents, extents, count * sizeof(extents[0]));
		request->extent_count = count;
		request->stored_size = db->stored_size;
	}
	return r;
}

int hw_catalog_damaged(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	const struct hw_catalog_request *request = write->request;
	if (request->extent_count != 1 || !hw_sql_extent_is_valid(&request->extents[0]) ||
	    request->now_ms > INT64_MAX) {
		return -EINVAL;
	}
	const struct hw_extent *extent = &request->extents[0];
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_CHUNK_DAMAGED);
	hw_sql_bind_bytes(statement, 1, extent->root, HW_HASH_SIZE);
	hw_sql_bind(statement, 2, extent->size);
	hw_sql_bind_place(statement, 3, extent);
	hw_sql_bind(statement, 6, request->now_ms);
	int r = hw_sql_run(&db->sql, statement);
	if (r < 0) {
		return r;
	}
	return hw_sql_changes(&db->sql) == 1 ? 0 : -ENOENT;
}
