/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of an extent that nobody needs:
 *
 *   a share has ended: its files are let go of, a piece at a time
 *   its chunk loses the last reference -> row in dropped        one transaction
 *     -> punch (the hole is made)                               after its commit
 *     -> the row is deleted                                     with the next commit there is
 *     -> the segment is looked at: sealed and empty? unlink
 *
 * What stays true:
 *  1. Nothing is punched but what a committed row of dropped names, or what was never named.
 *  2. A row goes only after its hole was made: a crash between the two repeats the hole, which is
 *     harmless, for nothing is ever written twice at one place (and recovery empties the list).
 *  3. A segment is unlinked only when no chunk and no row of dropped names it; so its number may be
 *     used again.
 *
 * What is busy stays on the list, and is tried again by a later pass.
 *
 * A pass goes over the list in the order of places. What it punched is kept in memory, and its rows
 * are deleted by the next group of writes, or by a transaction for that alone when the pass is over
 * or the memory is full.
 */
#include <errno.h>

#include "core/base/failpoint.h"
#include "core/catalog/catalog_parts.h"

#define PIECE_CHUNKS   512U /* released in one turn: some 10 ms */
#define PIECE_PUNCHES  16U  /* in one turn: each is a system call that may wait for the journal */
#define PIECE_BUSY     2U   /* likewise: to find that out takes milliseconds */
#define PIECE_SEGMENTS 16U

static bool must_commit(const struct hw_catalog_db *db);
static int transaction_piece(struct hw_catalog_db *db);
static int release_next(struct hw_catalog_db *db, uint32_t chunk_max, uint32_t *ret_chunk_count);
static int chunks_release(struct hw_catalog_db *db, uint64_t file_id, uint32_t chunk_max,
			  uint32_t *ret_chunk_count);
static int punched_delete(struct hw_catalog_db *db);
static int punch_piece(struct hw_catalog_db *db);
static int dropped_read(struct hw_catalog_db *db, struct hw_extent *ret_extents,
			uint32_t *ret_count);
static int punch(struct hw_catalog_db *db, const struct hw_extent *extent, bool was_read);
static int segments_piece(struct hw_catalog_db *db);
static int segment_try(struct hw_catalog_db *db, uint32_t shard, uint32_t segment);
static int segment_statement(struct hw_catalog_db *db, enum hw_sql_id id, uint32_t shard,
			     uint32_t segment);

int hw_catalog_db_reclaim(struct hw_catalog_db *db)
{
	struct hw_catalog_reclaim *reclaim = &db->reclaim;
	if (db->sql.is_broken) {
		return -EROFS; /* what was being committed is in doubt: leave all bytes alone */
	}
	int r = 0;
	if (must_commit(db)) {
		r = transaction_piece(db);
	}
	if (r == 0 && reclaim->has_dropped && !reclaim->is_pass_over) {
		r = punch_piece(db);
	} else if (r == 0 && reclaim->has_segments_due) {
		r = segments_piece(db);
	}
	if (r == 0) {
		r = hw_sql_checkpoint(&db->sql);
	}
	if (r < 0) {
		return db->sql.is_broken ? -EROFS : r;
	}
	return must_commit(db) || reclaim->has_dropped || reclaim->has_segments_due;
}

static bool must_commit(const struct hw_catalog_db *db)
{
	const struct hw_catalog_reclaim *reclaim = &db->reclaim;
	bool is_full = reclaim->punched_count + PIECE_PUNCHES > HW_CATALOG_PUNCHED_MAX;
	return reclaim->has_releasing || reclaim->is_pass_over || is_full ||
	       hw_pins_has_due(&db->pins);
}

static int transaction_piece(struct hw_catalog_db *db)
{
	int r = hw_catalog_transaction_begin(db);
	if (r == 0) {
		r = hw_catalog_ride_begin(db);
	}
	int release = r == 0 ? hw_catalog_release(db, PIECE_CHUNKS) : r;
	if (release < 0) {
		hw_catalog_transaction_undo(db);
		return release;
	}
	/* Before the commit, which may find more files to release. */
	bool was_releasing = db->reclaim.has_releasing;
	db->reclaim.has_releasing = release > 0;
	r = hw_catalog_transaction_end(db);
	if (r < 0) {
		db->reclaim.has_releasing = was_releasing;
	}
	return r;
}

int hw_catalog_release(struct hw_catalog_db *db, uint32_t chunk_max)
{
	int ended = hw_catalog_ended_release(db);
	if (ended < 0) {
		return ended;
	}
	uint32_t chunk_count = 0;
	for (uint32_t files = 0; files < HW_CATALOG_PIECE_FILES && chunk_count < chunk_max;
	     files++) {
		uint32_t released = 0;
		int r = release_next(db, chunk_max - chunk_count, &released);
		if (r <= 0) {
			return r < 0 ? r : ended;
		}
		chunk_count += released;
	}
	return 1;
}

/* Returns 1 a file lost chunks or is gone, 0 there is no file to release, -errno. */
static int release_next(struct hw_catalog_db *db, uint32_t chunk_max, uint32_t *ret_chunk_count)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_TO_RELEASE);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r;
	}
	uint64_t file_id = (uint64_t)sqlite3_column_int64(statement, 0);
	hw_sql_end(statement);
	r = chunks_release(db, file_id, chunk_max, ret_chunk_count);
	if (r < 0 || *ret_chunk_count == chunk_max) {
		return r < 0 ? r : 1;
	}
	statement = hw_sql_take(&db->sql, HW_SQL_FILE_FORGET);
	hw_sql_bind(statement, 1, file_id);
	r = hw_sql_run(&db->sql, statement);
	return r < 0 ? r : 1;
}

static int chunks_release(struct hw_catalog_db *db, uint64_t file_id, uint32_t chunk_max,
			  uint32_t *ret_chunk_count)
{
	uint32_t count = 0;
	uint64_t last = 0;
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_CHUNKS);
	hw_sql_bind(statement, 1, file_id);
	hw_sql_bind(statement, 2, chunk_max);
	int r = hw_sql_step(&db->sql, statement);
	while (r == 1) {
		uint8_t root[HW_HASH_SIZE];
		r = hw_sql_bytes(&db->sql, statement, 0, HW_HASH_SIZE, root);
		uint64_t size = (uint64_t)sqlite3_column_int64(statement, 1);
		last = (uint64_t)sqlite3_column_int64(statement, 2);
		if (r == 0) {
			r = hw_catalog_chunk_unref(db, root, size);
		}
		if (r < 0) {
			hw_sql_end(statement);
			return r;
		}
		count++;
		r = hw_sql_step(&db->sql, statement);
	}
	if (r == 0 && count > 0) {
		statement = hw_sql_take(&db->sql, HW_SQL_FILE_CHUNKS_FORGET);
		hw_sql_bind(statement, 1, file_id);
		hw_sql_bind(statement, 2, last);
		r = hw_sql_run(&db->sql, statement);
	}
	*ret_chunk_count = count;
	return r;
}

int hw_catalog_ride_begin(struct hw_catalog_db *db)
{
	uint64_t due[HW_CATALOG_PIECE_FILES];
	uint32_t count = hw_pins_due(&db->pins, due, HW_CATALOG_PIECE_FILES);
	for (uint32_t i = 0; i < count; i++) {
		sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_UNPINNED);
		hw_sql_bind(statement, 1, due[i]);
		int r = hw_sql_run(&db->sql, statement);
		if (r < 0) {
			return r;
		}
	}
	db->reclaim.due_count = count;
	return punched_delete(db);
}

void hw_catalog_ride_end(struct hw_catalog_db *db)
{
	struct hw_catalog_reclaim *reclaim = &db->reclaim;
	if (reclaim->due_count > 0) {
		hw_pins_forget_due(&db->pins, reclaim->due_count);
		reclaim->due_count = 0;
		reclaim->has_releasing = true;
	}
	if (reclaim->punched_count > 0) {
		reclaim->punched_count = 0;
		reclaim->has_segments_due = true;
	}
	if (reclaim->is_pass_over) {
		/* Rows may have come in behind the cursor: the next pass says. */
		reclaim->is_pass_over = false;
		reclaim->has_cursor = false;
	}
}

static int punched_delete(struct hw_catalog_db *db)
{
	const struct hw_catalog_reclaim *reclaim = &db->reclaim;
	for (uint32_t i = 0; i < reclaim->punched_count; i++) {
		const struct hw_extent *extent = &reclaim->punched[i];
		sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_DROPPED_FORGET);
		hw_sql_bind_place(statement, 1, extent);
		int r = hw_sql_run(&db->sql, statement);
		if (r < 0) {
			return r;
		}
		bool is_next_same = i + 1 < reclaim->punched_count &&
				    extent->shard == reclaim->punched[i + 1].shard &&
				    extent->segment == reclaim->punched[i + 1].segment;
		if (is_next_same) {
			continue;
		}
		r = segment_statement(db, HW_SQL_SEALED_DUE, extent->shard, extent->segment);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int punch_piece(struct hw_catalog_db *db)
{
	struct hw_catalog_reclaim *reclaim = &db->reclaim;
	hw_assert(reclaim->punched_count + PIECE_PUNCHES <= HW_CATALOG_PUNCHED_MAX);
	struct hw_extent extents[PIECE_PUNCHES];
	uint32_t count = 0;
	int r = dropped_read(db, extents, &count);
	if (r < 0) {
		return r;
	}
	bool is_end = count < PIECE_PUNCHES;
	uint32_t done_count = 0;
	for (uint32_t busy_count = 0; done_count < count && busy_count < PIECE_BUSY; done_count++) {
		if (punch(db, &extents[done_count], true) == -EBUSY) {
			reclaim->has_busy = true;
			busy_count++;
			continue;
		}
		HW_FAILPOINT(extent_punched);
		reclaim->punched[reclaim->punched_count++] = extents[done_count];
		reclaim->has_punched = true;
	}
	if (done_count > 0) {
		reclaim->cursor = extents[done_count - 1];
		reclaim->has_cursor = true;
	}
	if (is_end && done_count == count) {
		/* A pass that did nothing from the start on is the end of the list. */
		reclaim->is_pass_over = reclaim->has_punched;
		reclaim->has_dropped = reclaim->has_punched;
		reclaim->has_cursor = reclaim->has_cursor && reclaim->has_punched;
		reclaim->has_punched = false;
	}
	return 0;
}

/* The next rows after the cursor, at most PIECE_PUNCHES. */
static int dropped_read(struct hw_catalog_db *db, struct hw_extent *ret_extents,
			uint32_t *ret_count)
{
	const struct hw_catalog_reclaim *reclaim = &db->reclaim;
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_DROPPED_AFTER);
	if (reclaim->has_cursor) {
		hw_sql_bind_place(statement, 1, &reclaim->cursor);
	} else {
		int code = sqlite3_bind_int(statement, 1, -1); /* before shard 0 */
		hw_assert(code == SQLITE_OK);
		hw_sql_bind(statement, 2, 0);
		hw_sql_bind(statement, 3, 0);
	}
	hw_sql_bind(statement, 4, PIECE_PUNCHES);
	uint32_t count = 0;
	int r = hw_sql_step(&db->sql, statement);
	while (r == 1) {
		hw_assert(count < PIECE_PUNCHES);
		r = hw_sql_extent(&db->sql, statement, &ret_extents[count]);
		if (r < 0) {
			hw_sql_end(statement);
			return r;
		}
		count++;
		r = hw_sql_step(&db->sql, statement);
	}
	*ret_count = count;
	return r;
}

static int punch(struct hw_catalog_db *db, const struct hw_extent *extent, bool was_read)
{
	hw_assert(hw_sql_extent_is_valid(extent));
	int r = db->port.punch(db->port.context, extent, was_read);
	db->stats.extents_punched += r == 0 ? 1 : 0;
	/* The space comes back at the next start. */
	db->stats.reclaim_errors += r < 0 && r != -EBUSY ? 1 : 0;
	return r;
}

void hw_catalog_db_reclaim_again(struct hw_catalog_db *db)
{
	if (!db->reclaim.has_dropped) { /* else a pass is under way, which may meet more of them */
		db->reclaim.has_dropped = db->reclaim.has_busy;
		db->reclaim.has_busy = false;
	}
}

int hw_catalog_extents_drop(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	if (db->sql.is_broken) {
		return -EROFS; /* the commit that failed may have named them after all */
	}
	if (request->extent_count > HW_EXTENT_BATCH_MAX) {
		return -EINVAL;
	}
	for (uint32_t i = 0; i < request->extent_count; i++) {
		if (!hw_sql_extent_is_valid(&request->extents[i])) {
			return -EINVAL;
		}
		int r = hw_catalog_place_is_taken(db, &request->extents[i]);
		if (r != 0) {
			return r < 0 ? r : -EINVAL;
		}
	}
	for (uint32_t i = 0; i < request->extent_count; i++) {
		db->stats.extents_dropped++;
		(void)punch(db, &request->extents[i], false); /* counted, and not busy */
	}
	return 0;
}

int hw_catalog_segment_seal(struct hw_catalog_db *db, uint32_t shard, uint32_t segment)
{
	if (shard >= HW_SHARD_COUNT_MAX) {
		return -EINVAL;
	}
	int r = segment_statement(db, HW_SQL_SEALED_ADD, shard, segment);
	if (r == 0) {
		db->reclaim.has_segments_due = true;
	}
	return r;
}

static int segments_piece(struct hw_catalog_db *db)
{
	for (uint32_t i = 0; i < PIECE_SEGMENTS; i++) {
		sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SEALED_NEXT);
		int r = hw_sql_step(&db->sql, statement);
		if (r <= 0) {
			db->reclaim.has_segments_due = r < 0;
			return r;
		}
		uint32_t shard = (uint32_t)sqlite3_column_int(statement, 0);
		uint32_t segment = (uint32_t)sqlite3_column_int64(statement, 1);
		hw_sql_end(statement);
		r = segment_try(db, shard, segment);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int segment_try(struct hw_catalog_db *db, uint32_t shard, uint32_t segment)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SEGMENT_IN_USE);
	hw_sql_bind(statement, 1, shard);
	hw_sql_bind(statement, 2, segment);
	int r = hw_sql_step(&db->sql, statement);
	if (r < 0) {
		return r;
	}
	hw_assert(r == 1);
	bool is_in_use = sqlite3_column_int(statement, 0) != 0;
	hw_sql_end(statement);
	if (is_in_use) {
		return segment_statement(db, HW_SQL_SEALED_LATER, shard, segment);
	}
	/* First forgotten, then removed: what cannot be removed is not tried for ever. */
	r = segment_statement(db, HW_SQL_SEALED_FORGET, shard, segment);
	if (r < 0) {
		return r;
	}
	r = db->port.segment_unlink(db->port.context, shard, segment);
	db->stats.segments_unlinked += r == 0 ? 1 : 0;
	db->stats.reclaim_errors += r < 0 ? 1 : 0;
	HW_FAILPOINT(segment_unlinked);
	return 0;
}

static int segment_statement(struct hw_catalog_db *db, enum hw_sql_id id, uint32_t shard,
			     uint32_t segment)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, id);
	hw_sql_bind(statement, 1, shard);
	hw_sql_bind(statement, 2, segment);
	return hw_sql_run(&db->sql, statement);
}
