/* SPDX-License-Identifier: Apache-2.0
 *
 * sql.h - one connection to SQLite, its statements, and what its errors mean here
 *
 * Room: core/catalog, private to it    Thread: one at a time    Blocks: yes
 * Allocates: SQLite does, up to its page cache and what a statement needs
 * Owns: the connection, the prepared statements
 *
 * Errors: -ENOSPC no room (the transaction is gone, the next may work), -ENOMEM likewise, -EINVAL a
 * constraint refused the row, -EBUSY another process has the file, -EBADMSG the file is damaged,
 * -EROFS an I/O error. The last two set is_broken: an fsync that failed may not be asked again, for
 * the kernel then calls lost pages clean (HAZARDS 1.9), so nothing is written any more.
 */
#ifndef HW_CORE_CATALOG_SQL_H
#define HW_CORE_CATALOG_SQL_H

#include <sqlite3.h>

#include "core/base/extent.h"

#define HW_SQL(id, text) HW_SQL_##id,
enum hw_sql_id {
#include "core/catalog/statements.def"
	HW_SQL_COUNT
};
#undef HW_SQL

struct hw_sql {
	sqlite3 *handle;
	sqlite3_stmt *statements[HW_SQL_COUNT];
	uint32_t wal_page_count; /* in the log, since the last checkpoint */
	bool is_broken;
};

struct hw_sql_options {
	const char *path;    /* lent for the call; made with mode 0600 when it is not there. NULL:
			      * in memory, for a catalog that ends with its process */
	uint32_t cache_size; /* bytes of page cache, at most */
	bool has_quick_check;
};

/* Open or make, migrate, prepare.
 * @ret_message  gets one sentence, with its NUL, on failure
 * Returns 0, -EPROTO (of a newer version, or not a catalog), or as above. */
int hw_sql_open(struct hw_sql *sql, const struct hw_sql_options *options, char *ret_message,
		uint32_t message_size) HW_MUST_CHECK;
/* Accepts zeroed and half-opened. */
void hw_sql_close(struct hw_sql *sql);

/* The statement, not in use by anybody else, to bind and step. */
sqlite3_stmt *hw_sql_take(struct hw_sql *sql, enum hw_sql_id id);
/* @column from 1. Values above INT64_MAX are a bug: callers check limits first. */
void hw_sql_bind(sqlite3_stmt *statement, int column, uint64_t value);
/* @bytes: lent until the statement is done or ended. */
void hw_sql_bind_bytes(sqlite3_stmt *statement, int column, const void *bytes, uint32_t size);
/* The same; NULL when @size is 0. */
void hw_sql_bind_optional(sqlite3_stmt *statement, int column, const void *bytes, uint32_t size);
/* Bind shard, segment and offset from column @first on. */
void hw_sql_bind_place(sqlite3_stmt *statement, int first, const struct hw_extent *extent);
/* Returns 1 a row is there, 0 done (and ended), -errno (and ended). */
int hw_sql_step(struct hw_sql *sql, sqlite3_stmt *statement) HW_MUST_CHECK;
/* Give up the rows that are left. */
void hw_sql_end(sqlite3_stmt *statement);
/* Step a statement that gives no rows. Returns 0 or -errno. */
int hw_sql_run(struct hw_sql *sql, sqlite3_stmt *statement) HW_MUST_CHECK;
/* Rows changed by the last statement that was done. */
uint32_t hw_sql_changes(const struct hw_sql *sql);

/* What a row says, judged: the file may be damaged. @column from 0.
 * Return 0 or -EBADMSG (and is_broken). */
int hw_sql_bytes(struct hw_sql *sql, sqlite3_stmt *statement, int column, uint32_t size,
		 uint8_t *ret_bytes) HW_MUST_CHECK;
/* At most @size_max bytes; NULL is none. */
int hw_sql_blob(struct hw_sql *sql, sqlite3_stmt *statement, int column, uint32_t size_max,
		void *ret_bytes, uint32_t *ret_size) HW_MUST_CHECK;
/* shard, segment, offset and, from column 3 on if there are so many, size and root. */
int hw_sql_extent(struct hw_sql *sql, sqlite3_stmt *statement,
		  struct hw_extent *ret_extent) HW_MUST_CHECK;
/* A place and size that an extent can have. */
bool hw_sql_extent_is_valid(const struct hw_extent *extent);

/* begin: -EROFS when broken. commit: after an error nothing of the transaction is there. */
int hw_sql_begin(struct hw_sql *sql) HW_MUST_CHECK;
int hw_sql_commit(struct hw_sql *sql) HW_MUST_CHECK;
void hw_sql_rollback(struct hw_sql *sql);
bool hw_sql_is_in_transaction(const struct hw_sql *sql);

/* Copy the log into the file when it has grown past HW_SQL_WAL_PAGES. Returns 0 or -errno. */
#define HW_SQL_WAL_PAGES 4000U /* of 4 KiB */
int hw_sql_checkpoint(struct hw_sql *sql) HW_MUST_CHECK;

#endif
