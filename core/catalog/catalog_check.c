/* SPDX-License-Identifier: Apache-2.0 */
#include "core/catalog/catalog_check.h"

#include <errno.h>
#include <string.h>

#include "core/catalog/catalog_db.h"

int hw_catalog_db_counts(struct hw_catalog_db *db, struct hw_catalog_counts *ret_counts)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_COUNTS);
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

int hw_catalog_db_owners_each(struct hw_catalog_db *db, const struct hw_extent *extent,
			      hw_catalog_owner_fn *fn, void *context)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_CHUNK_OWNERS);
	hw_sql_bind_bytes(statement, 1, extent->root, HW_HASH_SIZE);
	hw_sql_bind(statement, 2, extent->size);
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
