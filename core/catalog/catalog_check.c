/* SPDX-License-Identifier: Apache-2.0
 *
 * These statements read whole tables, so they are not among those of statements.def, of which none
 * may, and are prepared when somebody asks.
 */
#include "core/catalog/catalog_check.h"

#include <errno.h>
#include <string.h>

#include "core/catalog/catalog_db.h"

static const char g_counts[] = "SELECT (SELECT count(*) FROM share WHERE ended_ms IS NULL), "
			       "(SELECT count(*) FROM file WHERE state = 1), "
			       "(SELECT count(*) FROM file WHERE state = 0 AND state <> 1), "
			       "(SELECT count(*) FROM chunk), "
			       "(SELECT coalesce(sum(size), 0) FROM chunk)";
static const char g_owners[] = "SELECT share_id, name FROM file WHERE EXISTS (SELECT 1 FROM "
			       "file_chunk c WHERE c.file_id = file.file_id AND c.root = ?1 "
			       "AND c.size = ?2) ORDER BY file_id";

/* Returns 0, -ENOMEM, or -EBADMSG: the file has no such tables. */
static int prepare(struct hw_catalog_db *db, const char *text, sqlite3_stmt **ret_statement)
{
	int code = sqlite3_prepare_v2(db->sql.handle, text, -1, ret_statement, NULL);
	if (code != SQLITE_OK) {
		return code == SQLITE_NOMEM ? -ENOMEM : -EBADMSG;
	}
	return 0;
}

static int counts_read(struct hw_catalog_db *db, sqlite3_stmt *statement,
		       struct hw_catalog_counts *ret_counts)
{
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : -EBADMSG;
	}
	*ret_counts = (struct hw_catalog_counts){
		.share_count = (uint64_t)sqlite3_column_int64(statement, 0),
		.file_count = (uint64_t)sqlite3_column_int64(statement, 1),
		.unfinished_count = (uint64_t)sqlite3_column_int64(statement, 2),
		.chunk_count = (uint64_t)sqlite3_column_int64(statement, 3),
		.chunk_size = (uint64_t)sqlite3_column_int64(statement, 4),
	};
	hw_sql_end(statement);
	return 0;
}

int hw_catalog_db_counts(struct hw_catalog_db *db, struct hw_catalog_counts *ret_counts)
{
	sqlite3_stmt *statement = NULL;
	int r = prepare(db, g_counts, &statement);
	if (r >= 0) {
		r = counts_read(db, statement, ret_counts);
	}
	(void)sqlite3_finalize(statement); /* repeats an old error */
	return r;
}

static int owner_read(struct hw_sql *sql, sqlite3_stmt *statement,
		      struct hw_catalog_owner *ret_owner)
{
	if (sqlite3_column_type(statement, 0) != SQLITE_NULL) {
		int r = hw_sql_bytes(sql, statement, 0, HW_SHARE_ID_SIZE, ret_owner->share_id);
		if (r < 0) {
			return r;
		}
	}
	int size = sqlite3_column_bytes(statement, 1);
	if (size > (int)HW_NAME_SIZE_MAX) {
		return -EBADMSG;
	}
	if (size > 0) {
		memcpy(ret_owner->name, sqlite3_column_blob(statement, 1), (size_t)size);
	}
	ret_owner->name_size = (uint16_t)size;
	return 0;
}

static int owners_walk(struct hw_catalog_db *db, sqlite3_stmt *statement, hw_catalog_owner_fn *fn,
		       void *context)
{
	int r = hw_sql_step(&db->sql, statement);
	while (r == 1) {
		struct hw_catalog_owner owner = {0};
		r = owner_read(&db->sql, statement, &owner);
		if (r == 0) {
			r = fn(context, &owner);
		}
		if (r < 0) {
			hw_sql_end(statement);
			return r;
		}
		r = hw_sql_step(&db->sql, statement);
	}
	return r;
}

int hw_catalog_db_owners_each(struct hw_catalog_db *db, const struct hw_extent *extent,
			      hw_catalog_owner_fn *fn, void *context)
{
	sqlite3_stmt *statement = NULL;
	int r = prepare(db, g_owners, &statement);
	if (r < 0) {
		return r;
	}
	hw_sql_bind_bytes(statement, 1, extent->root, HW_HASH_SIZE);
	hw_sql_bind(statement, 2, extent->size);
	r = owners_walk(db, statement, fn, context);
	(void)sqlite3_finalize(statement); /* repeats an old error */
	return r;
}
