/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a sweep:
 *
 *   sweep -> shares_end (expired) -> uploads_end (expired, and nobody receives them)
 *         -> gone_forget (older than a week, or too many); after the commit: those who watch
 *
 * Each step does a piece; what is left says so by the result, and comes with the next sweep.
 */
#include <errno.h>
#include <string.h>

#include "core/catalog/catalog_parts.h"

#define PIECE_SHARES   64U     /* ended in one sweep */
#define PIECE_GONE     256U    /* forgotten in one sweep */
#define GONE_COUNT_MAX 100000U /* rows; some 5 MB */
#define GONE_MS_MAX    (UINT64_C(7) * 24 * 3600 * 1000)

static int shares_end(struct hw_catalog_db *db, uint64_t now_ms);
static int uploads_end(struct hw_catalog_db *db, uint64_t now_ms);
static int uploads_expired(struct hw_catalog_db *db, uint64_t now_ms, uint64_t *ret_file_ids,
			   uint32_t *ret_count);
static int gone_forget(struct hw_catalog_db *db, uint64_t now_ms);

int hw_catalog_sweep(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	uint64_t now_ms = write->request->now_ms;
	if (now_ms > INT64_MAX) {
		return -EINVAL;
	}
	int shares = shares_end(db, now_ms);
	int uploads = shares < 0 ? shares : uploads_end(db, now_ms);
	int gone = uploads < 0 ? uploads : gone_forget(db, now_ms);
	if (gone < 0) {
		return gone;
	}
	return shares > 0 || uploads > 0 || gone > 0 ? 1 : 0;
}

/* As the two below, returns 1 there may be more, 0, or -errno. */
static int shares_end(struct hw_catalog_db *db, uint64_t now_ms)
{
	for (uint32_t i = 0; i < PIECE_SHARES; i++) {
		uint8_t share_id[HW_SHARE_ID_SIZE];
		sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_EXPIRED);
		hw_sql_bind(statement, 1, now_ms);
		int r = hw_sql_step(&db->sql, statement);
		if (r <= 0) {
			return r;
		}
		r = hw_sql_bytes(&db->sql, statement, 0, HW_SHARE_ID_SIZE, share_id);
		hw_sql_end(statement);
		if (r == 0) {
			r = hw_catalog_share_end_now(db, share_id, now_ms);
		}
		if (r < 0) {
			return r;
		}
	}
	return 1;
}

static int uploads_end(struct hw_catalog_db *db, uint64_t now_ms)
{
	uint64_t file_ids[HW_CATALOG_PIECE_FILES];
	uint32_t count = 0;
	int r = uploads_expired(db, now_ms, file_ids, &count);
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		struct hw_catalog_file file = {0};
		r = hw_catalog_file_get(db, file_ids[i], &file);
		if (r == 0) {
			r = hw_catalog_file_forget(db, &file, now_ms);
		}
	}
	if (r < 0) {
		return r;
	}
	return count == HW_CATALOG_PIECE_FILES ? 1 : 0;
}

/* Those that are being received stay: at most as many as there are homes. */
static int uploads_expired(struct hw_catalog_db *db, uint64_t now_ms, uint64_t *ret_file_ids,
			   uint32_t *ret_count)
{
	uint32_t count = 0;
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_UPLOAD_EXPIRED);
	hw_sql_bind(statement, 1, now_ms);
	int r = hw_sql_step(&db->sql, statement);
	while (r == 1 && count < HW_CATALOG_PIECE_FILES) {
		uint64_t file_id = (uint64_t)sqlite3_column_int64(statement, 0);
		if (hw_homes_of(&db->homes, file_id) == HW_HOME_NONE) {
			ret_file_ids[count++] = file_id;
		}
		r = hw_sql_step(&db->sql, statement);
	}
	if (r == 1) {
		hw_sql_end(statement);
	}
	*ret_count = count;
	return r < 0 ? r : 0;
}

static int gone_forget(struct hw_catalog_db *db, uint64_t now_ms)
{
	int64_t count = (int64_t)db->gone_count + db->pending.gone_change;
	bool is_full = count > GONE_COUNT_MAX;
	uint64_t before_ms = now_ms > GONE_MS_MAX ? now_ms - GONE_MS_MAX : 0;
	uint64_t over = is_full ? (uint64_t)count - GONE_COUNT_MAX : PIECE_GONE;
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_GONE_FORGET);
	hw_sql_bind(statement, 1, is_full ? (uint64_t)INT64_MAX : before_ms);
	hw_sql_bind(statement, 2, hw_min(over, (uint64_t)PIECE_GONE));
	int r = hw_sql_run(&db->sql, statement);
	if (r < 0) {
		return r;
	}
	uint32_t changes = hw_sql_changes(&db->sql);
	db->pending.gone_change -= changes;
	return changes == PIECE_GONE ? 1 : 0;
}

int hw_catalog_gone_add(struct hw_catalog_db *db, enum hw_catalog_gone kind, const void *id,
			uint32_t size, uint64_t now_ms)
{
	int was = hw_catalog_gone_has(db, kind, id, size);
	if (was < 0) {
		return was;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_GONE_ADD);
	hw_sql_bind(statement, 1, (uint64_t)kind);
	hw_sql_bind_bytes(statement, 2, id, size);
	hw_sql_bind(statement, 3, hw_min(now_ms, (uint64_t)INT64_MAX));
	db->pending.gone_change += was == 0 ? 1 : 0;
	return hw_sql_run(&db->sql, statement);
}

int hw_catalog_gone_has(struct hw_catalog_db *db, enum hw_catalog_gone kind, const void *id,
			uint32_t size)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_GONE_HAS);
	hw_sql_bind(statement, 1, (uint64_t)kind);
	hw_sql_bind_bytes(statement, 2, id, size);
	int r = hw_sql_step(&db->sql, statement);
	if (r == 1) {
		hw_sql_end(statement);
	}
	return r;
}
