/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: only a catalog of ours is opened, by one process, readable by nobody else; and the log does
 * not grow without end.
 * Method: a file of each wrong kind; a second process; the sizes of the files after many commits.
 */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/catalog/schema.h"

static int setup(void **state)
{
	static struct fixture fixture;
	fixture_init(&fixture);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	fixture_deinit(*state);
	return 0;
}

static uint64_t file_size(const char *path, uint32_t *ret_mode)
{
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	*ret_mode = status.st_mode & 0777;
	return (uint64_t)status.st_size;
}

static void files_are_private(void **state)
{
	struct fixture *fixture = *state;
	char wal[128];
	uint32_t mode = 0;
	file_make(fixture, 1, 0, 1);
	(void)snprintf(wal, sizeof(wal), "%s-wal", fixture->path);
	(void)file_size(fixture->path, &mode);
	assert_int_equal(mode, 0600);
	(void)file_size(wal, &mode);
	assert_int_equal(mode, 0600);
	(void)snprintf(wal, sizeof(wal), "%s-shm", fixture->path);
	assert_int_equal(access(wal, F_OK), -1);
}

static void settings_are_in_force(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(fixture_number(fixture, "PRAGMA synchronous"), 2);
	assert_int_equal(fixture_number(fixture, "PRAGMA foreign_keys"), 1);
	assert_int_equal(fixture_number(fixture, "PRAGMA trusted_schema"), 0);
	assert_int_equal(fixture_number(fixture, "PRAGMA temp_store"), 2);
	assert_int_equal(fixture_number(fixture, "PRAGMA user_version"), 3);
	assert_int_equal(fixture_number(fixture, "SELECT journal_mode = 'wal' FROM "
						 "pragma_journal_mode"),
			 1);
	assert_int_equal(fixture_number(fixture, "SELECT locking_mode = 'exclusive' FROM "
						 "pragma_locking_mode"),
			 1);
}

/* The plans that the room counts on: none of the statements walks over a whole table. */
static void plan_check(sqlite3 *handle, const char *text)
{
	char explain[1024];
	(void)snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", text);
	sqlite3_stmt *plan = NULL;
	assert_int_equal(sqlite3_prepare_v2(handle, explain, -1, &plan, NULL), SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(plan, 3);
		bool is_scan = strncmp(line, "SCAN", 4) == 0 && strstr(line, "CONSTANT") == NULL;
		if (!is_scan && strstr(line, "TEMP B-TREE") == NULL) {
			continue;
		}
		fail_msg("%s: %s", text, line);
	}
	assert_int_equal(sqlite3_finalize(plan), SQLITE_OK);
}

static void no_statement_scans(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t i = 0; i < HW_SQL_COUNT; i++) {
		if (i != HW_SQL_EXTENTS_ALL && i != HW_SQL_DROPPED_FORGET_SOME &&
		    i != HW_SQL_GONE_COUNT) {
			/* Those mean the whole table, or any part of it. */
			plan_check(fixture->db->sql.handle,
				   sqlite3_sql(fixture->db->sql.statements[i]));
		}
	}
}

/* Change the file from outside, then try to open it. */
static void spoiled(struct fixture *fixture, const char *sql, int expected, const char *word)
{
	hw_catalog_db_close(hw_move(&fixture->db));
	sqlite3 *handle = NULL;
	assert_int_equal(sqlite3_open(fixture->path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	char message[256] = "";
	assert_int_equal(fixture_try_open(fixture, message, sizeof(message)), expected);
	assert_non_null(strstr(message, word));
	assert_non_null(strstr(message, fixture->path));
	assert_null(fixture->db);
}

static void newer_version_is_refused(void **state)
{
	spoiled(*state, "PRAGMA user_version = 4", -EPROTO, "newer version");
}

static void negative_version_is_refused(void **state)
{
	spoiled(*state, "PRAGMA user_version = -1", -EPROTO, "version");
}

static void foreign_database_is_refused(void **state)
{
	spoiled(*state, "PRAGMA application_id = 5", -EPROTO, "another program");
}

static void foreign_table_is_refused(void **state)
{
	spoiled(*state, "PRAGMA user_version = 0; PRAGMA application_id = 0", -EPROTO,
		"another program");
}

static void overwrite(const char *path, long offset, const char *bytes, uint32_t size)
{
	FILE *file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void noise_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char message[256] = "";
	hw_catalog_db_close(hw_move(&fixture->db));
	overwrite(fixture->path, 0, "this is no database, is it?", 27);
	assert_int_equal(fixture_try_open(fixture, message, sizeof(message)), -EBADMSG);
}

static void damage_is_found_by_the_quick_check(void **state)
{
	struct fixture *fixture = *state;
	char message[256] = "";
	char zeros[HW_PAGE_SIZE] = {0};
	file_make(fixture, 1, 0, 40);
	hw_catalog_db_close(hw_move(&fixture->db));
	overwrite(fixture->path, 2L * HW_PAGE_SIZE, zeros, sizeof(zeros));
	assert_int_equal(fixture_try_open(fixture, message, sizeof(message)), -EBADMSG);
}

static void path_is_judged(void **state)
{
	struct fixture *fixture = *state;
	char message[256] = "";
	struct fixture other = {0};
	(void)snprintf(other.path, sizeof(other.path), "%s/none/catalog.db", fixture->directory);
	assert_int_equal(fixture_try_open(&other, message, sizeof(message)), -ENOENT);
	assert_non_null(strstr(message, "No such file"));
	(void)snprintf(other.path, sizeof(other.path), "%s", fixture->directory);
	assert_int_equal(fixture_try_open(&other, message, sizeof(message)), -EISDIR);
}

static void second_process_is_refused(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 1);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		/* No SQLite object of the parent may be touched here: a new one, by the path. */
		struct fixture other = {0};
		char message[256] = "";
		(void)memcpy(other.path, fixture->path, sizeof(other.path));
		int r = fixture_try_open(&other, message, sizeof(message));
		_exit(r == -EBUSY && strstr(message, "another process") != NULL ? 0 : 1);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	file_make(fixture, 2, 1, 1);
}

static void log_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	char wal[128];
	uint32_t mode = 0;
	uint64_t largest = 0;
	(void)snprintf(wal, sizeof(wal), "%s-wal", fixture->path);
	for (uint32_t i = 0; i < 1500; i++) {
		file_make(fixture, i, i * 4, 4);
		fixture_drain(fixture);
		largest = hw_max(largest, file_size(wal, &mode));
	}
	assert_true(largest < UINT64_C(2) * HW_PAGE_SIZE * HW_SQL_WAL_PAGES);
	assert_true(file_size(fixture->path, &mode) > UINT64_C(100) * HW_PAGE_SIZE);
	fixture_judge(fixture);
}

/* What version 1 left when it was killed: two sealed files that share a chunk, one that is being
 * received, one deleted while it was read, one half released, one extent to punch. */
static const char *const g_first_rows[] = {
	"PRAGMA user_version = 1",
	"INSERT INTO share VALUES (X'01000000000000000000000000000000', "
	"X'0202020202020202020202020202020202020202020202020202020202020202', 7), "
	"(X'02000000000000000000000000000000', zeroblob(32), 8)",
	"INSERT INTO file SELECT 1, 1, 4194304 + 100, 2, share_id, "
	"CAST('file-1.bin' AS BLOB), zeroblob(32), 77 FROM share WHERE created_ms = 7",
	"INSERT INTO file SELECT 2, 1, 4194304, 1, share_id, X'62', zeroblob(32), 78 "
	"FROM share WHERE created_ms = 8",
	"INSERT INTO file VALUES (3, 0, 4194304, 1, NULL, NULL, NULL, NULL), "
	"(4, 2, 100, 1, NULL, NULL, zeroblob(32), 79), (5, 3, 4194304, 1, NULL, NULL, NULL, NULL)",
	"INSERT INTO chunk VALUES (zeroblob(32), 4194304, 0, 1, 0, 3), "
	"(zeroblob(32), 100, 0, 1, 8388608, 2)",
	"INSERT INTO file_chunk SELECT f.file_id, 0, c.root, c.size FROM file f, chunk c "
	"WHERE f.file_id IN (1, 2, 3) AND c.size = 4194304",
	"INSERT INTO file_chunk SELECT f.file_id, f.file_id = 1, c.root, c.size "
	"FROM file f, chunk c WHERE f.file_id IN (1, 4) AND c.size = 100",
	"INSERT INTO dropped VALUES (0, 1, 20971520, 5000)",
};

static void first_version_make(const char *path)
{
	sqlite3 *handle = NULL;
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, hw_schema_migrations[0], NULL, NULL, NULL),
			 SQLITE_OK);
	for (uint32_t i = 0; i < hw_count_of(g_first_rows); i++) {
		assert_int_equal(sqlite3_exec(handle, g_first_rows[i], NULL, NULL, NULL),
				 SQLITE_OK);
	}
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static void first_version_is_brought_up_to_date(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	struct hw_share share;
	hw_catalog_db_close(hw_move(&fixture->db));
	assert_int_equal(unlink(fixture->path), 0);
	first_version_make(fixture->path);
	fixture_open(fixture);
	fixture_judge(fixture);
	assert_int_equal(fixture_number(fixture, "PRAGMA user_version"), 3);
	assert_int_equal(fixture_number(fixture, "PRAGMA foreign_keys"), 1);
	assert_int_equal(fixture->db->stored_size, HW_CHUNK_SIZE + 100);
	fixture_recover(fixture);
	fixture_judge(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 2);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM chunk"), 2);
	assert_int_equal(share_lookup(fixture, 1, &request), 0);
	assert_int_equal(request.file_size, HW_CHUNK_SIZE + 100);
	assert_int_equal(request.length, HW_CHUNK_SIZE + 100);
	assert_int_equal(request.extent_count, 2);
	assert_int_equal(request.extents[1].offset, 8388608);
	assert_int_equal(request.created_ms, 77);
	assert_int_equal(request.access.expires_ms, HW_EXPIRES_NEVER);
	assert_int_equal(request.access.downloads_max, 0);
	assert_int_equal(request.access.mode, HW_SHARE_STORED);
	assert_int_equal(file_unpin(fixture, request.file_id), 0);
	request_share(&request, HW_CATALOG_SHARE_GET, 1);
	request.share = &share;
	request.now_ms = INT64_MAX;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_true(request.is_owner);
	assert_int_equal(share.created_ms, 7);
	assert_int_equal(share.size, HW_CHUNK_SIZE + 100);
	assert_int_equal(share.file_count, 1);
	/* Its only file goes, and so does the share: as it was with version 1. */
	assert_int_equal(share_delete(fixture, 1), 0);
	assert_int_equal(share_lookup(fixture, 1, &request), -ENOENT);
	fixture_drain(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM share"), 1);
	assert_int_equal(fixture->db->stored_size, HW_CHUNK_SIZE);
	fixture_judge(fixture);
}

/* A catalog that ends with its process. */
static void memory_needs_no_file(void **state)
{
	struct fixture *fixture = *state;
	struct hw_sql sql;
	char message[256] = "";
	const struct hw_sql_options options = {.cache_size = FIXTURE_CACHE_SIZE};
	(void)fixture;
	assert_int_equal(hw_sql_open(&sql, &options, message, sizeof(message)), 0);
	assert_int_equal(hw_sql_begin(&sql), 0);
	assert_int_equal(hw_sql_commit(&sql), 0);
	hw_sql_close(&sql);
	assert_int_equal(access(":memory:", F_OK), -1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(files_are_private),
		CASE(settings_are_in_force),
		CASE(no_statement_scans),
		CASE(newer_version_is_refused),
		CASE(negative_version_is_refused),
		CASE(foreign_database_is_refused),
		CASE(foreign_table_is_refused),
		CASE(noise_is_refused),
		CASE(damage_is_found_by_the_quick_check),
		CASE(path_is_judged),
		CASE(second_process_is_refused),
		CASE(log_is_bounded),
		CASE(first_version_is_brought_up_to_date),
		CASE(memory_needs_no_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
