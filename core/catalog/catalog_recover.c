/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a start:
 *
 *   recover: unfinished_forget (those without an upload id), tombstoned_give_up, release_all,
 *            dropped_empty
 *     -> extents_each: what lives, in the order of the disk; the store gives back the rest
 *     -> segment_known, for each file of the store
 *
 * Why the list is emptied and not punched: the store punches everything that no chunk names, which
 * covers the list and also what a crash left that no list ever knew.
 */
#include <errno.h>
#include <string.h>

#include "core/base/failpoint.h"
#include "core/catalog/catalog_parts.h"

#define STEP_FILES 512U
/* Changed in one transaction: nobody waits yet, so larger than a piece of reclaiming. */
#define STEP_ROWS 8192U

static int unfinished_forget(struct hw_catalog_db *db);
static int unfinished_read(struct hw_catalog_db *db, uint64_t after, uint64_t *ret_file_ids,
			   uint32_t *ret_count);
static int files_forget(struct hw_catalog_db *db, const uint64_t *file_ids, uint32_t count);
static int tombstoned_give_up(struct hw_catalog_db *db);
static int release_all(struct hw_catalog_db *db);
static int dropped_empty(struct hw_catalog_db *db);
static int step_run(struct hw_catalog_db *db, sqlite3_stmt *statement, uint32_t *ret_changes);
static bool is_behind(const struct hw_extent *last, const struct hw_extent *extent);

int hw_catalog_db_recover(struct hw_catalog_db *db)
{
	HW_FAILPOINT(recovery_opened);
	int r = unfinished_forget(db);
	if (r == 0) {
		r = tombstoned_give_up(db);
	}
	if (r == 0) {
		r = release_all(db);
	}
	if (r == 0) {
		r = dropped_empty(db);
	}
	if (r < 0) {
		return r;
	}
	db->reclaim.has_releasing = false;
	db->reclaim.has_dropped = false;
	/* What happened in an earlier life is no work of this one. */
	memset(&db->stats, 0, sizeof(db->stats));
	HW_FAILPOINT(recovery_forgot);
	return 0;
}

/* Each loop below ends: every step takes rows away, or goes past them, and nobody adds any. */
static int unfinished_forget(struct hw_catalog_db *db)
{
	uint64_t file_ids[STEP_FILES] = {0};
	uint32_t count = STEP_FILES;
	while (count == STEP_FILES) {
		int r = unfinished_read(db, file_ids[STEP_FILES - 1], file_ids, &count);
		if (r == 0 && count > 0) {
			r = files_forget(db, file_ids, count);
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* Those that cannot be gone on with, behind file @after. */
static int unfinished_read(struct hw_catalog_db *db, uint64_t after, uint64_t *ret_file_ids,
			   uint32_t *ret_count)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_UNFINISHED);
	hw_sql_bind(statement, 1, after);
	hw_sql_bind(statement, 2, STEP_FILES);
	uint32_t count = 0;
	int r = hw_sql_step(&db->sql, statement);
	while (r == 1) {
		hw_assert(count < STEP_FILES);
		ret_file_ids[count++] = (uint64_t)sqlite3_column_int64(statement, 0);
		r = hw_sql_step(&db->sql, statement);
	}
	*ret_count = count;
	return r;
}

static int files_forget(struct hw_catalog_db *db, const uint64_t *file_ids, uint32_t count)
{
	int r = hw_catalog_transaction_begin(db);
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		struct hw_catalog_file file = {0};
		r = hw_catalog_file_get(db, file_ids[i], &file);
		if (r == 0) {
			r = hw_catalog_file_forget(db, &file, 0);
		}
	}
	if (r < 0) {
		hw_catalog_transaction_undo(db);
		return r;
	}
	r = hw_catalog_transaction_end(db);
	return r < 0 ? r : hw_sql_checkpoint(&db->sql);
}

static int tombstoned_give_up(struct hw_catalog_db *db)
{
	uint32_t changes = STEP_ROWS;
	while (changes == STEP_ROWS) {
		sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_GIVE_UP);
		hw_sql_bind(statement, 1, HW_CATALOG_FILE_TOMBSTONED);
		hw_sql_bind(statement, 2, STEP_ROWS);
		int r = step_run(db, statement, &changes);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int release_all(struct hw_catalog_db *db)
{
	int release = 1;
	while (release > 0) {
		int r = hw_catalog_transaction_begin(db);
		release = r == 0 ? hw_catalog_release(db, STEP_ROWS) : r;
		if (release < 0) {
			hw_catalog_transaction_undo(db);
			return release;
		}
		r = hw_catalog_transaction_end(db);
		if (r == 0) {
			r = hw_sql_checkpoint(&db->sql);
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int dropped_empty(struct hw_catalog_db *db)
{
	uint32_t changes = STEP_ROWS;
	while (changes == STEP_ROWS) {
		sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_DROPPED_FORGET_SOME);
		hw_sql_bind(statement, 1, STEP_ROWS);
		int r = step_run(db, statement, &changes);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* One statement is one transaction by itself. */
static int step_run(struct hw_catalog_db *db, sqlite3_stmt *statement, uint32_t *ret_changes)
{
	if (db->sql.is_broken) {
		hw_sql_end(statement);
		return -EROFS;
	}
	int r = hw_sql_run(&db->sql, statement);
	*ret_changes = hw_sql_changes(&db->sql);
	return r < 0 ? r : hw_sql_checkpoint(&db->sql);
}

int hw_catalog_db_extents_each(struct hw_catalog_db *db, hw_catalog_extent_fn *fn, void *context)
{
	struct hw_extent last = {0};
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_EXTENTS_ALL);
	int r = hw_sql_step(&db->sql, statement);
	while (r == 1) {
		struct hw_extent extent = {0};
		r = hw_sql_extent(&db->sql, statement, &extent);
		if (r == 0 && !is_behind(&last, &extent)) {
			db->sql.is_broken = true; /* nothing may be punched on such a map */
			r = -EBADMSG;
		}
		if (r == 0) {
			r = fn(context, &extent);
		}
		if (r < 0) {
			hw_sql_end(statement);
			return r;
		}
		last = extent;
		r = hw_sql_step(&db->sql, statement);
	}
	return r;
}

/* @last has size 0 at first. */
static bool is_behind(const struct hw_extent *last, const struct hw_extent *extent)
{
	if (last->shard != extent->shard || last->segment != extent->segment || last->size == 0) {
		return true;
	}
	return last->offset + hw_extent_disk_size(last->size) <= extent->offset;
}

int hw_catalog_db_segment_known(struct hw_catalog_db *db, uint32_t shard, uint32_t segment)
{
	return hw_catalog_segment_seal(db, shard, segment);
}
