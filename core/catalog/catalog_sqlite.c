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
#include <string.h>

#include "core/base/failpoint.h"
#include "core/catalog/catalog_parts.h"

static int memory_init(struct hw_catalog_db *db, const struct hw_catalog_db_options *options);
static int file_id_load(struct hw_catalog_db *db);
static int totals_load(struct hw_catalog_db *db);
static void writes_run(struct hw_catalog_db *db, uint32_t count);
static int transaction_run(struct hw_catalog_db *db, struct hw_catalog_write *writes,
			   uint32_t count);
static int savepoint_run(struct hw_catalog_db *db, struct hw_catalog_write *write);
static int totals_store(struct hw_catalog_db *db);
static void settle(struct hw_catalog_db *db, struct hw_catalog_write *write);
static void home_leave(struct hw_catalog_db *db, const struct hw_catalog_request *request);
static bool is_adding(enum hw_catalog_verb verb);
static bool is_ending(enum hw_catalog_verb verb);
static void failpoints_before(enum hw_catalog_verb verb);
static void failpoints_after(enum hw_catalog_verb verb);

int hw_catalog_db_open(struct hw_catalog_db **ret_db, const struct hw_catalog_db_options *options,
		       char *ret_message, uint32_t message_size)
{
	hw_assert(options->reclaim.punch != NULL);
	hw_assert(options->reclaim.segment_unlink != NULL);
	struct hw_catalog_db *db = calloc(1, sizeof(*db));
	int r = db == NULL ? -ENOMEM : memory_init(db, options);
	if (r < 0) {
		(void)snprintf(ret_message, message_size, "No memory for the catalog.");
		hw_catalog_db_close(db);
		return r;
	}
	const struct hw_sql_options sql_options = {.path = options->path,
						   .cache_size = options->cache_size,
						   .has_quick_check = options->has_quick_check};
	r = hw_sql_open(&db->sql, &sql_options, ret_message, message_size);
	if (r == 0) {
		r = file_id_load(db);
	}
	if (r == 0) {
		r = totals_load(db);
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
	hw_catalog_watches_deinit(&db->watches);
	hw_homes_deinit(&db->homes);
	hw_pins_deinit(&db->pins);
	free(db);
}

static int memory_init(struct hw_catalog_db *db, const struct hw_catalog_db_options *options)
{
	int r = hw_pins_init(&db->pins, options->pin_capacity);
	if (r == 0) {
		r = hw_homes_init(&db->homes, options->home_capacity);
	}
	return r < 0 ? r : hw_catalog_watches_init(&db->watches, options->pin_capacity);
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

static int totals_load(struct hw_catalog_db *db)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_TOTAL_GET);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : -EBADMSG;
	}
	db->stored_size = (uint64_t)sqlite3_column_int64(statement, 0);
	db->reserved_size = (uint64_t)sqlite3_column_int64(statement, 1);
	hw_sql_end(statement);
	statement = hw_sql_take(&db->sql, HW_SQL_GONE_COUNT); /* a bounded table */
	r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : -EBADMSG;
	}
	db->gone_count = (uint64_t)sqlite3_column_int64(statement, 0);
	hw_sql_end(statement);
	return 0;
}

/* In the order of enum hw_catalog_verb. Homes and pins are memory: who leaves or opens need not
 * wait for a commit, and sees a home until the write that ends it is settled. */
static const struct verb {
	int (*read)(struct hw_catalog_db *db, struct hw_catalog_request *request);
	int (*write)(struct hw_catalog_db *db, struct hw_catalog_write *write);
} g_verbs[HW_CATALOG_VERB_COUNT] = {
	[HW_CATALOG_APPEND] = {.write = hw_catalog_append},
	[HW_CATALOG_COMMIT] = {.write = hw_catalog_commit},
	[HW_CATALOG_ABORT] = {.write = hw_catalog_abort},
	[HW_CATALOG_EXTENT_DROP] = {0}, /* neither: after the writes */
	[HW_CATALOG_LOOKUP] = {.read = hw_catalog_lookup},
	[HW_CATALOG_EXTENTS] = {.read = hw_catalog_extents},
	[HW_CATALOG_UNPIN] = {.read = hw_catalog_unpin},
	[HW_CATALOG_WATCH] = {.read = hw_catalog_watch},
	[HW_CATALOG_COUNT] = {.write = hw_catalog_count},
	[HW_CATALOG_SHARE_CREATE] = {.write = hw_catalog_share_create},
	[HW_CATALOG_SHARE_GET] = {.read = hw_catalog_share_get},
	[HW_CATALOG_SHARE_CHANGE] = {.write = hw_catalog_share_change},
	[HW_CATALOG_SHARE_END] = {.write = hw_catalog_share_end},
	[HW_CATALOG_DELETE] = {.write = hw_catalog_delete},
	[HW_CATALOG_FILE_LIST] = {.read = hw_catalog_file_list},
	[HW_CATALOG_SHARE_LIST] = {.read = hw_catalog_share_list},
	[HW_CATALOG_UPLOAD_CREATE] = {.write = hw_catalog_upload_create},
	[HW_CATALOG_UPLOAD_GET] = {.read = hw_catalog_upload_get},
	[HW_CATALOG_UPLOAD_OPEN] = {.read = hw_catalog_upload_open},
	[HW_CATALOG_UPLOAD_LEAVE] = {.read = hw_catalog_upload_leave},
	[HW_CATALOG_UPLOAD_END] = {.write = hw_catalog_upload_end},
	[HW_CATALOG_SWEEP] = {.write = hw_catalog_sweep},
	[HW_CATALOG_SCRUB_NEXT] = {.read = hw_catalog_scrub_next},
	[HW_CATALOG_DAMAGED] = {.write = hw_catalog_damaged},
};

bool hw_catalog_verb_is_read(enum hw_catalog_verb verb)
{
	return g_verbs[verb].read != NULL;
}

void hw_catalog_db_run(struct hw_catalog_db *db, struct hw_catalog_request **requests,
		       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		hw_assert(requests[i]->verb > HW_CATALOG_NONE);
		hw_assert(requests[i]->verb < HW_CATALOG_VERB_COUNT);
		if (g_verbs[requests[i]->verb].read != NULL) {
			requests[i]->res = g_verbs[requests[i]->verb].read(db, requests[i]);
		}
	}
	uint32_t write_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (g_verbs[requests[i]->verb].write != NULL) {
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
		home_leave(db, db->writes[i].request);
	}
}

/* Returns 0: each has its own res; -errno: of none of them anything was written. */
static int transaction_run(struct hw_catalog_db *db, struct hw_catalog_write *writes,
			   uint32_t count)
{
	int r = hw_catalog_transaction_begin(db);
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		r = savepoint_run(db, &writes[i]);
	}
	if (r == 0) {
		r = hw_catalog_ride_begin(db);
	}
	if (r < 0) {
		hw_catalog_transaction_undo(db);
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
		if (writes[i].res >= 0) {
			settle(db, &writes[i]);
		}
		failpoints_after(writes[i].request->verb);
	}
	return 0;
}

int hw_catalog_transaction_begin(struct hw_catalog_db *db)
{
	db->pending = (struct hw_catalog_pending){0};
	return hw_sql_begin(&db->sql);
}

void hw_catalog_transaction_undo(struct hw_catalog_db *db)
{
	db->pending = (struct hw_catalog_pending){0};
	hw_sql_rollback(&db->sql);
}

int hw_catalog_transaction_end(struct hw_catalog_db *db)
{
	const struct hw_catalog_pending *pending = &db->pending;
	int r = totals_store(db);
	if (r == 0) {
		r = hw_sql_commit(&db->sql);
	}
	if (r < 0) {
		hw_catalog_transaction_undo(db);
		return db->sql.is_broken ? -EROFS : r;
	}
	db->stats.commits++;
	db->stats.extents_dropped += pending->dropped;
	db->stored_size += (uint64_t)pending->stored_change;
	db->reserved_size += (uint64_t)pending->reserved_change;
	db->gone_count += (uint64_t)pending->gone_change;
	db->reclaim.has_releasing |= pending->has_releasing;
	for (uint32_t i = 0; i < pending->tombstone_count; i++) {
		hw_pins_tombstone(&db->pins, db->tombstones[i]);
		hw_catalog_watch_touch(db, db->tombstones[i]);
	}
	if (pending->dropped > 0) {
		db->reclaim.has_dropped = true;
		HW_FAILPOINT(extent_dropped);
	}
	hw_catalog_ride_end(db);
	return 0;
}

static int totals_store(struct hw_catalog_db *db)
{
	int64_t stored = db->pending.stored_change;
	int64_t reserved = db->pending.reserved_change;
	if (stored == 0 && reserved == 0) {
		return 0;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_TOTAL_CHANGE);
	hw_sql_bind(statement, 1, (uint64_t)hw_max(stored, 0));
	hw_sql_bind(statement, 2, (uint64_t)hw_max(-stored, 0));
	hw_sql_bind(statement, 3, (uint64_t)hw_max(reserved, 0));
	hw_sql_bind(statement, 4, (uint64_t)hw_max(-reserved, 0));
	return hw_sql_run(&db->sql, statement);
}

/* Returns 0: @write has its own res; -errno: the transaction cannot go on. */
static int savepoint_run(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	struct hw_sql *sql = &db->sql;
	const struct hw_catalog_pending pending = db->pending;
	write->file_id = 0;
	int r = hw_sql_run(sql, hw_sql_take(sql, HW_SQL_SAVEPOINT));
	if (r < 0) {
		return r;
	}
	write->res = g_verbs[write->request->verb].write(db, write);
	if (write->res < 0) {
		/* Without room or memory SQLite mostly rolls everything back by itself. */
		if (sql->is_broken || !hw_sql_is_in_transaction(sql)) {
			return write->res;
		}
		db->pending = pending;
		r = hw_sql_run(sql, hw_sql_take(sql, HW_SQL_SAVEPOINT_UNDO));
		if (r < 0) {
			return r;
		}
	}
	return hw_sql_run(sql, hw_sql_take(sql, HW_SQL_SAVEPOINT_END));
}

/* The write is durable: now the memory may know, and the one who asked. */
static void settle(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	struct hw_catalog_request *request = write->request;
	switch (request->verb) {
	case HW_CATALOG_UPLOAD_CREATE:
		if (request->home != HW_HOME_NONE) {
			int r = hw_homes_add(&db->homes, write->file_id, request->home);
			hw_assert(r == 0); /* there was room for all that were pending */
		}
		request->file_id = write->file_id;
		request->access.mode = write->mode;
		memcpy(request->share_id, write->share_id, HW_SHARE_ID_SIZE);
		break;
	case HW_CATALOG_APPEND:
	case HW_CATALOG_COMMIT:
		request->file_id = write->file_id;
		hw_catalog_watch_touch(db, write->file_id);
		break;
	case HW_CATALOG_SWEEP:
		hw_catalog_watch_expire(db, request->now_ms);
		break;
	default:
		break;
	}
	request->stored_size = db->stored_size;
	request->reserved_size = db->reserved_size;
}

/* Whoever received the file does not any more. */
static void home_leave(struct hw_catalog_db *db, const struct hw_catalog_request *request)
{
	bool is_end = request->verb == HW_CATALOG_ABORT ||
		      (request->verb == HW_CATALOG_COMMIT && request->res >= 0);
	bool is_leaving = request->is_leaving && (request->verb == HW_CATALOG_APPEND ||
						  request->verb == HW_CATALOG_COMMIT);
	if ((is_end || is_leaving) && hw_homes_remove(&db->homes, request->file_id)) {
		hw_catalog_watch_touch(db, request->file_id);
	}
}

static bool is_adding(enum hw_catalog_verb verb)
{
	return verb == HW_CATALOG_APPEND || verb == HW_CATALOG_UPLOAD_CREATE;
}

static bool is_ending(enum hw_catalog_verb verb)
{
	return verb == HW_CATALOG_DELETE || verb == HW_CATALOG_SHARE_END ||
	       verb == HW_CATALOG_UPLOAD_END;
}

static void failpoints_before(enum hw_catalog_verb verb)
{
	if (is_adding(verb)) {
		HW_FAILPOINT(append_before_commit);
	} else if (verb == HW_CATALOG_COMMIT) {
		HW_FAILPOINT(commit_before_commit);
	} else if (is_ending(verb)) {
		HW_FAILPOINT(delete_before_commit);
	}
}

static void failpoints_after(enum hw_catalog_verb verb)
{
	if (is_adding(verb)) {
		HW_FAILPOINT(append_after_commit);
	} else if (verb == HW_CATALOG_COMMIT) {
		HW_FAILPOINT(commit_after_commit);
	} else if (is_ending(verb)) {
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
