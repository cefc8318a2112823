/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of opening:
 *
 *   file_make (0600) -> sqlite3_open -> settings_apply -> schema_migrate -> statements_prepare
 *
 * Decisions:
 *   WAL, synchronous FULL: a commit is one append and one fsync, and it is durable (RELIABILITY C3:
 *   WAL with NORMAL loses the last commits at a power cut).
 *   EXCLUSIVE locking: one process, so no shared memory file and no cache to look after.
 *   The log is copied back by us and not inside a commit: 4 MiB of scattered writes and two fsyncs
 *   would be a stall of every group that meets them. Whoever runs the catalog calls
 *   hw_sql_checkpoint() when nobody waits, and now and then when somebody always does.
 *   auto_vacuum none: pages of deleted rows are used again; moving pages to shrink a file that is a
 *   thousandth of the data is work for nothing.
 */
#include "core/catalog/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/catalog/schema.h"
#include "core/catalog/wal_vfs.h"

#define APPLICATION_ID  0x48777331 /* "Hws1"; as in schema/0001.sql */
#define IN_MEMORY       ":memory:" /* SQLite's word for it */
#define BUSY_TIMEOUT_MS 2000
#define PRAGMA_SIZE_MAX 128U
#define OFFSET_MAX                                                                                 \
	((uint64_t)INT64_MAX -                                                                     \
	 UINT64_C(2) * HW_CHUNK_SIZE) /* its end is a number too             \
							     */
#define SQL_LIMIT_LENGTH (1 << 16)    /* bytes of a row: the largest has a name of 255 */

static int file_make(const char *path);
static int settings_apply(struct hw_sql *sql, const struct hw_sql_options *options);
static int file_judge(struct hw_sql *sql, const struct hw_sql_options *options, int *ret_version,
		      const char **ret_why);
static int schema_migrate(struct hw_sql *sql, uint32_t version);
static int statements_prepare(struct hw_sql *sql);
static int error_of(struct hw_sql *sql, int code);
static int execute(struct hw_sql *sql, const char *text);
static int pragma_number(struct hw_sql *sql, const char *text, int *ret_number);
static int wal_grown(void *context, sqlite3 *handle, const char *name, int page_count);

/* Which segments are sealed: of this life only (statements.def). */
#define SEALED_TABLE                                                                               \
	"CREATE TEMP TABLE sealed (shard INTEGER NOT NULL, segment INTEGER NOT NULL, "             \
	"is_due INTEGER NOT NULL, PRIMARY KEY (shard, segment)) STRICT, WITHOUT ROWID; "           \
	"CREATE INDEX temp.sealed_due ON sealed (is_due) WHERE is_due = 1"

#define HW_SQL(id, text) text,
static const char *const g_texts[HW_SQL_COUNT] = {
#include "core/catalog/statements.def"
};
#undef HW_SQL

int hw_sql_open(struct hw_sql *sql, const struct hw_sql_options *options, char *ret_message,
		uint32_t message_size)
{
	*sql = (struct hw_sql){0};
	const char *why = "cannot be opened";
	int version = 0;
	const char *path = options->path != NULL ? options->path : IN_MEMORY;
	int r = options->path != NULL ? file_make(path) : 0;
	if (r == 0) {
		r = hw_wal_vfs_register();
	}
	if (r == 0) {
		int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
		r = error_of(sql, sqlite3_open_v2(path, &sql->handle, flags, HW_WAL_VFS_NAME));
	}
	if (r == 0) {
		r = settings_apply(sql, options);
	}
	if (r == 0) {
		r = file_judge(sql, options, &version, &why);
	}
	if (r == 0) {
		why = "cannot be migrated";
		r = schema_migrate(sql, (uint32_t)version);
	}
	if (r == 0) {
		r = statements_prepare(sql);
	}
	if (r < 0) {
		if (r == -EBUSY) {
			why = "is in use by another process";
		}
		(void)snprintf(ret_message, message_size, "The catalog %s %s (%s).", path, why,
			       sql->handle == NULL ? strerrordesc_np(-r)
						   : sqlite3_errmsg(sql->handle));
		hw_sql_close(sql);
	}
	return r;
}

void hw_sql_close(struct hw_sql *sql)
{
	if (sql == NULL) {
		return;
	}
	for (uint32_t i = 0; i < HW_SQL_COUNT; i++) {
		(void)sqlite3_finalize(hw_move(&sql->statements[i])); /* repeats an old error */
	}
	int code = sqlite3_close(hw_move(&sql->handle));
	hw_assert(code == SQLITE_OK); /* BUSY would be a statement that we forgot */
}

/* SQLite would make it by the umask; its log takes the mode from it. */
static int file_make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	if (fd < 0) {
		return -errno;
	}
	int r = fchmod(fd, S_IRUSR | S_IWUSR) < 0 ? -errno : 0;
	(void)close(fd); /* nothing was written */
	return r;
}

static int settings_apply(struct hw_sql *sql, const struct hw_sql_options *options)
{
	sqlite3 *handle = sql->handle;
	(void)sqlite3_busy_timeout(handle, BUSY_TIMEOUT_MS);
	(void)sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, SQL_LIMIT_LENGTH);
	(void)sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	char cache[PRAGMA_SIZE_MAX];
	(void)snprintf(cache, sizeof(cache), "PRAGMA cache_size = -%u", options->cache_size / 1024);
	const char *const settings[] = {
		/* EXCLUSIVE comes before WAL: then there is no -shm file. */
		"PRAGMA locking_mode = EXCLUSIVE",
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
		"PRAGMA trusted_schema = OFF",
		"PRAGMA cell_size_check = ON",
		"PRAGMA temp_store = MEMORY",
		"PRAGMA journal_size_limit = 16777216",
		cache,
	};
	for (uint32_t i = 0; i < hw_count_of(settings); i++) {
		int r = execute(sql, settings[i]);
		if (r < 0) {
			return r;
		}
	}
	(void)sqlite3_wal_hook(handle, wal_grown, sql); /* in place of the automatic checkpoint */
	return execute(sql, SEALED_TABLE);
}

/* Is it ours, whole, and of a version that we know? */
static int file_judge(struct hw_sql *sql, const struct hw_sql_options *options, int *ret_version,
		      const char **ret_why)
{
	int version = 0;
	int application = 0;
	int table_count = 0;
	int r = pragma_number(sql, "PRAGMA user_version", &version);
	if (r == 0) {
		r = pragma_number(sql, "PRAGMA application_id", &application);
	}
	if (r == 0) {
		r = pragma_number(sql, "SELECT count(*) FROM sqlite_schema", &table_count);
	}
	if (r < 0) {
		return r;
	}
	if (version < 0 || version > (int)hw_schema_version) {
		*ret_why = "was written by a newer version of this program";
		return -EPROTO;
	}
	bool is_new = version == 0 && application == 0 && table_count == 0;
	if (!is_new && (version == 0 || application != APPLICATION_ID)) {
		*ret_why = "is a database of another program";
		return -EPROTO;
	}
	if (options->has_quick_check) {
		/* "ok" is no number: count the lines that are not "ok" instead. */
		int error_count = 0;
		*ret_why = "is damaged";
		r = pragma_number(sql,
				  "SELECT count(*) FROM pragma_quick_check "
				  "WHERE quick_check <> 'ok'",
				  &error_count);
		if (r < 0 || error_count > 0) {
			return r < 0 ? r : -EBADMSG;
		}
	}
	*ret_version = version;
	return 0;
}

/* The first write: it also takes the lock that the connection keeps for life. */
static int schema_migrate(struct hw_sql *sql, uint32_t version)
{
	/* A migration may rebuild a table that others refer to. */
	int r = execute(sql, "PRAGMA foreign_keys = OFF");
	if (r == 0) {
		r = execute(sql, "BEGIN IMMEDIATE");
	}
	for (uint32_t i = version; r == 0 && i < hw_schema_version; i++) {
		char text[PRAGMA_SIZE_MAX];
		(void)snprintf(text, sizeof(text), "PRAGMA user_version = %u", i + 1);
		r = execute(sql, hw_schema_migrations[i]);
		if (r == 0) {
			r = execute(sql, text);
		}
	}
	if (r == 0) {
		r = execute(sql, "COMMIT");
	}
	return r < 0 ? r : execute(sql, "PRAGMA foreign_keys = ON");
}

static int statements_prepare(struct hw_sql *sql)
{
	for (uint32_t i = 0; i < HW_SQL_COUNT; i++) {
		int code = sqlite3_prepare_v3(sql->handle, g_texts[i], -1,
					      SQLITE_PREPARE_PERSISTENT, &sql->statements[i], NULL);
		if (code != SQLITE_OK) {
			return error_of(sql, code);
		}
	}
	return 0;
}

static int error_of(struct hw_sql *sql, int code)
{
	/* A quota is a full disk to us, and SQLite has no word for it. */
	bool is_quota = code == SQLITE_IOERR_WRITE && sql->handle != NULL &&
			sqlite3_system_errno(sql->handle) == EDQUOT;
	switch (is_quota ? SQLITE_FULL : code & 0xff) {
	case SQLITE_OK:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
		return -EINVAL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		sql->is_broken = true;
		return -EBADMSG;
	default:
		sql->is_broken = true;
		return -EROFS;
	}
}

static int execute(struct hw_sql *sql, const char *text)
{
	return error_of(sql, sqlite3_exec(sql->handle, text, NULL, NULL, NULL));
}

static int pragma_number(struct hw_sql *sql, const char *text, int *ret_number)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(sql->handle, text, -1, &statement, NULL);
	if (code == SQLITE_OK) {
		code = sqlite3_step(statement);
	}
	if (code == SQLITE_ROW) {
		*ret_number = sqlite3_column_int(statement, 0);
		code = SQLITE_OK;
	}
	(void)sqlite3_finalize(statement); /* repeats the step's error */
	return error_of(sql, code);
}

static int wal_grown(void *context, sqlite3 *handle, const char *name, int page_count)
{
	(void)handle;
	(void)name;
	struct hw_sql *sql = context;
	sql->wal_page_count = (uint32_t)page_count;
	return SQLITE_OK;
}

sqlite3_stmt *hw_sql_take(struct hw_sql *sql, enum hw_sql_id id)
{
	hw_assert(id < HW_SQL_COUNT);
	sqlite3_stmt *statement = sql->statements[id];
	hw_assert(sqlite3_stmt_busy(statement) == 0);
	return statement;
}

void hw_sql_bind(sqlite3_stmt *statement, int column, uint64_t value)
{
	hw_assert(value <= INT64_MAX);
	int code = sqlite3_bind_int64(statement, column, (sqlite3_int64)value);
	hw_assert(code == SQLITE_OK);
}

void hw_sql_bind_bytes(sqlite3_stmt *statement, int column, const void *bytes, uint32_t size)
{
	int code = sqlite3_bind_blob(statement, column, bytes, (int)size, SQLITE_STATIC);
	hw_assert(code == SQLITE_OK);
}

void hw_sql_bind_optional(sqlite3_stmt *statement, int column, const void *bytes, uint32_t size)
{
	if (size > 0) { /* else it is as clear_bindings left it */
		hw_sql_bind_bytes(statement, column, bytes, size);
	}
}

void hw_sql_bind_place(sqlite3_stmt *statement, int first, const struct hw_extent *extent)
{
	hw_sql_bind(statement, first, extent->shard);
	hw_sql_bind(statement, first + 1, extent->segment);
	hw_sql_bind(statement, first + 2, extent->offset);
}

int hw_sql_step(struct hw_sql *sql, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		return 1;
	}
	int r = code == SQLITE_DONE ? 0 : error_of(sql, code);
	hw_sql_end(statement);
	return r;
}

void hw_sql_end(sqlite3_stmt *statement)
{
	(void)sqlite3_reset(statement); /* repeats the step's error */
	(void)sqlite3_clear_bindings(statement);
}

int hw_sql_run(struct hw_sql *sql, sqlite3_stmt *statement)
{
	int r = hw_sql_step(sql, statement);
	hw_assert(r <= 0);
	return r;
}

uint32_t hw_sql_changes(const struct hw_sql *sql)
{
	return (uint32_t)sqlite3_changes(sql->handle);
}

int hw_sql_bytes(struct hw_sql *sql, sqlite3_stmt *statement, int column, uint32_t size,
		 uint8_t *ret_bytes)
{
	const void *bytes = sqlite3_column_blob(statement, column);
	if (bytes == NULL || sqlite3_column_bytes(statement, column) != (int)size) {
		sql->is_broken = true;
		return -EBADMSG;
	}
	memcpy(ret_bytes, bytes, size);
	return 0;
}

int hw_sql_blob(struct hw_sql *sql, sqlite3_stmt *statement, int column, uint32_t size_max,
		void *ret_bytes, uint32_t *ret_size)
{
	const void *bytes = sqlite3_column_blob(statement, column);
	int size = sqlite3_column_bytes(statement, column);
	if (size < 0 || (uint32_t)size > size_max || (size > 0 && bytes == NULL)) {
		sql->is_broken = true;
		return -EBADMSG;
	}
	if (size > 0) {
		memcpy(ret_bytes, bytes, (size_t)size);
	}
	*ret_size = (uint32_t)size;
	return 0;
}

int hw_sql_extent(struct hw_sql *sql, sqlite3_stmt *statement, struct hw_extent *ret_extent)
{
	sqlite3_int64 shard = sqlite3_column_int64(statement, 0);
	sqlite3_int64 segment = sqlite3_column_int64(statement, 1);
	sqlite3_int64 offset = sqlite3_column_int64(statement, 2);
	sqlite3_int64 size =
		sqlite3_column_count(statement) > 3 ? sqlite3_column_int64(statement, 3) : 1;
	struct hw_extent extent = {0};
	bool fits = shard >= 0 && shard < HW_SHARD_COUNT_MAX && segment >= 0 &&
		    segment <= UINT32_MAX && offset >= 0 && size >= 1 && size <= HW_CHUNK_SIZE;
	if (fits) {
		extent.shard = (uint32_t)shard;
		extent.segment = (uint32_t)segment;
		extent.offset = (uint64_t)offset;
		extent.size = (uint32_t)size;
	}
	if (!fits || !hw_sql_extent_is_valid(&extent)) {
		sql->is_broken = true;
		return -EBADMSG;
	}
	if (sqlite3_column_count(statement) > 4) {
		int r = hw_sql_bytes(sql, statement, 4, HW_HASH_SIZE, extent.root);
		if (r < 0) {
			return r;
		}
	}
	*ret_extent = extent;
	return 0;
}

bool hw_sql_extent_is_valid(const struct hw_extent *extent)
{
	return extent->size >= 1 && extent->size <= HW_CHUNK_SIZE &&
	       extent->shard < HW_SHARD_COUNT_MAX && extent->offset % HW_PAGE_SIZE == 0 &&
	       extent->offset <= OFFSET_MAX;
}

int hw_sql_begin(struct hw_sql *sql)
{
	hw_assert(!hw_sql_is_in_transaction(sql));
	if (sql->is_broken) {
		return -EROFS;
	}
	return hw_sql_run(sql, hw_sql_take(sql, HW_SQL_BEGIN));
}

int hw_sql_commit(struct hw_sql *sql)
{
	int r = sql->is_broken ? -EROFS : hw_sql_run(sql, hw_sql_take(sql, HW_SQL_COMMIT));
	if (r < 0) {
		hw_sql_rollback(sql);
	}
	return r;
}

void hw_sql_rollback(struct hw_sql *sql)
{
	if (hw_sql_is_in_transaction(sql)) {
		/* An error would be an I/O error, which is_broken remembers. */
		(void)!hw_sql_run(sql, hw_sql_take(sql, HW_SQL_ROLLBACK));
	}
}

bool hw_sql_is_in_transaction(const struct hw_sql *sql)
{
	return sqlite3_get_autocommit(sql->handle) == 0;
}

int hw_sql_checkpoint(struct hw_sql *sql)
{
	if (sql->wal_page_count < HW_SQL_WAL_PAGES || sql->is_broken) {
		return sql->is_broken ? -EROFS : 0;
	}
	int code =
		sqlite3_wal_checkpoint_v2(sql->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	/* Also after an error: the next commit says how much there is, and asks again. */
	sql->wal_page_count = 0;
	return error_of(sql, code);
}
