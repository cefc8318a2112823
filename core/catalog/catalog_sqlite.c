/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a group:
 *
 *   run -> read each -> writes_run (by HW_CATALOG_GROUP_MAX) -> transaction_run:
 *            BEGIN, [savepoint_run -> verb_write] for each, ride_begin, COMMIT, ride_end, settle
 * each no room? each write alone in a transaction
 *       -> after each (EXTENT_DROP: no row of the file is changed)
 */
#include "core/catalog/catalog_sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/failpoint.h"
#include "core/catalog/catalog_db.h"

static int file_id_load(struct hw_catalog_db *db);
static int verb_read(struct hw_catalog_db *db, struct hw_catalog_request *request);
static bool verb_is_write(enum hw_catalog_verb verb);
static void writes_run(struct hw_catalog_db *db, uint32_t count);
static int transaction_run(struct hw_catalog_db *db, struct hw_catalog_write *writes,
			   uint32_t count);
static int savepoint_run(struct hw_catalog_db *db, struct hw_catalog_write *write);
static int verb_write(struct hw_catalog_db *db, struct hw_catalog_write *write);
static void settle(struct hw_catalog_db *db, struct hw_catalog_write *write);
static void failpoints_before(enum hw_catalog_verb verb);
static void failpoints_after(enum hw_catalog_verb verb);

int hw_catalog_db_open(struct hw_catalog_db **ret_db, const struct hw_catalog_db_options *options,
		       char *ret_message, uint32_t message_size)
{
	hw_assert(options->reclaim.punch != NULL);
	hw_assert(options->reclaim.segment_unlink != NULL);
	struct hw_catalog_db *db = calloc(1, sizeof(*db));
	int r = db == NULL ? -ENOMEM : hw_pins_init(&db->pins, options->pin_capacity);
	if (r < 0) {
		(void)snprintf(ret_message, message_size, "No memory for the catalog.");
		free(db);
		return r;
	}
	const struct hw_sql_options sql_options = {.path = options->path,
						   .cache_size = options->cache_size,
						   .has_quick_check = options->has_quick_check};
	r = hw_sql_open(&db->sql, &sql_options, ret_message, message_size);
	if (r == 0) {
		r = file_id_load(db);
	}
	if (r < 0) {
		hw_catalog_db_close(db);
		return r;
	}
	db->port = options->reclaim;
	db->reclaim.has_releasing = true; /* from an earlier life, perhaps */
	db->reclaim.has_dropped = true;
	*ret_db = db;
	return 0;
}

void hw_catalog_db_close(struct hw_catalog_db *db)
{
	if (db == NULL) {
		return;
	}
	hw_sql_close(&db->sql);
	hw_pins_deinit(&db->pins);
	free(db);
}

static int file_id_load(struct hw_catalog_db *db)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_FILE_ID_MAX);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : -EBADMSG;
	}
	db->file_id_next = (uint64_t)sqlite3_column_int64(statement, 0) + 1;
	hw_sql_end(statement);
	return 0;
}

bool hw_catalog_verb_is_read(enum hw_catalog_verb verb)
{
	return verb == HW_CATALOG_LOOKUP || verb == HW_CATALOG_EXTENTS || verb == HW_CATALOG_UNPIN;
}

static bool verb_is_write(enum hw_catalog_verb verb)
{
	return verb == HW_CATALOG_APPEND || verb == HW_CATALOG_COMMIT || verb == HW_CATALOG_ABORT ||
	       verb == HW_CATALOG_DELETE;
}

void hw_catalog_db_run(struct hw_catalog_db *db, struct hw_catalog_request **requests,
		       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		hw_assert(requests[i]->verb > HW_CATALOG_NONE);
		hw_assert(requests[i]->verb < HW_CATALOG_VERB_COUNT);
		requests[i]->res = verb_read(db, requests[i]);
	}
	uint32_t write_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (verb_is_write(requests[i]->verb)) {
			db->writes[write_count++] =
				(struct hw_catalog_write){.request = requests[i]};
		}
		if (write_count == HW_CATALOG_GROUP_MAX || i + 1 == count) {
			writes_run(db, write_count);
			write_count = 0;
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		if (requests[i]->verb == HW_CATALOG_EXTENT_DROP) {
			requests[i]->res = hw_catalog_extents_drop(db, requests[i]);
		}
	}
}

static int verb_read(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	switch (request->verb) {
	case HW_CATALOG_LOOKUP:
		return hw_catalog_lookup(db, request);
	case HW_CATALOG_EXTENTS:
		return hw_catalog_extents(db, request);
	case HW_CATALOG_UNPIN:
		return hw_catalog_unpin(db, request);
	default:
		return 0; /* its turn comes */
	}
}

static void writes_run(struct hw_catalog_db *db, uint32_t count)
{
	if (count == 0) {
		return;
	}
	int r = transaction_run(db, db->writes, count);
	bool may_work_alone = (r == -ENOSPC || r == -ENOMEM) && count > 1;
	for (uint32_t i = 0; i < count; i++) {
		int alone = may_work_alone ? transaction_run(db, &db->writes[i], 1) : r;
		db->writes[i].request->res = alone < 0 ? alone : db->writes[i].res;
	}
}

/* Returns 0: each has its own res; -errno: of none of them anything was written. */
static int transaction_run(struct hw_catalog_db *db, struct hw_catalog_write *writes,
			   uint32_t count)
{
	int r = hw_sql_begin(&db->sql);
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		r = savepoint_run(db, &writes[i]);
	}
	if (r == 0) {
		r = hw_catalog_ride_begin(db);
	}
	if (r < 0) {
		db->dropped_pending = 0;
		hw_sql_rollback(&db->sql);
		return db->sql.is_broken ? -EROFS : r;
	}
	for (uint32_t i = 0; i < count; i++) {
		failpoints_before(writes[i].request->verb);
	}
	r = hw_catalog_transaction_end(db);
	if (r < 0) {
		return r;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (writes[i].res == 0) {
			settle(db, &writes[i]);
		}
		failpoints_after(writes[i].request->verb);
	}
	return 0;
}

int hw_catalog_transaction_end(struct hw_catalog_db *db)
{
	uint64_t dropped = db->dropped_pending;
	db->dropped_pending = 0;
	int r = hw_sql_commit(&db->sql);
	if (r < 0) {
		return db->sql.is_broken ? -EROFS : r;
	}
	db->stats.commits++;
	db->stats.extents_dropped += dropped;
	if (dropped > 0) {
		db->reclaim.has_dropped = true;
		HW_FAILPOINT(extent_dropped);
	}
	hw_catalog_ride_end(db);
	return 0;
}

/* Returns 0: @write has its own res; -errno: the transaction cannot go on. */
static int savepoint_run(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	struct hw_sql *sql = &db->sql;
	uint64_t dropped = db->dropped_pending;
	write->file_id = 0;
	int r = hw_sql_run(sql, hw_sql_take(sql, HW_SQL_SAVEPOINT));
	if (r < 0) {
		return r;
	}
	write->res = verb_write(db, write);
	if (write->res < 0) {
		/* Without room or memory SQLite mostly rolls everything back by itself. */
		if (sql->is_broken || !hw_sql_is_in_transaction(sql)) {
			return write->res;
		}
		db->dropped_pending = dropped;
		r = hw_sql_run(sql, hw_sql_take(sql, HW_SQL_SAVEPOINT_UNDO));
		if (r < 0) {
			return r;
		}
	}
	return hw_sql_run(sql, hw_sql_take(sql, HW_SQL_SAVEPOINT_END));
}

static int verb_write(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	switch (write->request->verb) {
	case HW_CATALOG_APPEND:
		return hw_catalog_append(db, write);
	case HW_CATALOG_COMMIT:
		return hw_catalog_commit(db, write);
	case HW_CATALOG_ABORT:
		return hw_catalog_abort(db, write);
	default:
		hw_assert(write->request->verb == HW_CATALOG_DELETE);
		return hw_catalog_delete(db, write);
	}
}

/* The write is durable: now the memory may know, and the one who asked. */
static void settle(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	switch (write->request->verb) {
	case HW_CATALOG_APPEND:
	case HW_CATALOG_COMMIT:
		write->request->file_id = write->file_id;
		break;
	case HW_CATALOG_ABORT:
		db->reclaim.has_releasing = true;
		break;
	case HW_CATALOG_DELETE:
		if (hw_pins_has(&db->pins, write->file_id)) {
			hw_pins_tombstone(&db->pins, write->file_id);
		} else {
			db->reclaim.has_releasing = true;
		}
		break;
	default:
		break;
	}
}

static void failpoints_before(enum hw_catalog_verb verb)
{
	if (verb == HW_CATALOG_APPEND) {
		HW_FAILPOINT(append_before_commit);
	} else if (verb == HW_CATALOG_COMMIT) {
		HW_FAILPOINT(commit_before_commit);
	} else if (verb == HW_CATALOG_DELETE) {
		HW_FAILPOINT(delete_before_commit);
	}
}

static void failpoints_after(enum hw_catalog_verb verb)
{
	if (verb == HW_CATALOG_APPEND) {
		HW_FAILPOINT(append_after_commit);
	} else if (verb == HW_CATALOG_COMMIT) {
		HW_FAILPOINT(commit_after_commit);
	} else if (verb == HW_CATALOG_DELETE) {
		HW_FAILPOINT(delete_after_commit);
	}
}

const struct hw_catalog_stats *hw_catalog_db_stats(const struct hw_catalog_db *db)
{
	return &db->stats;
}

bool hw_catalog_db_is_broken(const struct hw_catalog_db *db)
{
	return db->sql.is_broken;
}
