/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a log that is gathered is, for whoever reads it, measures it or finds it after a crash, the
 * same as one that is written piece by piece; what cannot be written is told.
 *
 * Method: random writes, reads, cuts and syncs against the bytes that should be there, by seeds;
 * after each sync the file is read around us. A database over it, larger than the system takes at
 * once. A file that may not grow.
 */
#include "core/catalog/wal_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/prng.h"

#define FILE_MAX   (1U << 20)
#define STEP_COUNT 3000U
#define SEED_COUNT 20U
#define LOG_FLAGS  (SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL)

static char g_folder[64];
static char g_path[96];
static uint8_t g_model[FILE_MAX];
static uint8_t g_found[FILE_MAX];
static uint64_t g_size;

static int folder_make(void **state)
{
	(void)state;
	(void)snprintf(g_folder, sizeof(g_folder), "/tmp/hawser-wal-XXXXXX");
	assert_non_null(mkdtemp(g_folder));
	/* SQLite gives a log the mode of its database, whose name it knows by this end. */
	(void)snprintf(g_path, sizeof(g_path), "%s/log", g_folder);
	int fd = open(g_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	(void)snprintf(g_path, sizeof(g_path), "%s/log-wal", g_folder);
	return hw_wal_vfs_register();
}

static int folder_remove(void **state)
{
	static const char *const names[] = {"log", "log-wal", "db", "db-wal", "db-shm"};
	(void)state;
	char path[128];
	for (uint32_t i = 0; i < hw_count_of(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", g_folder, names[i]);
		(void)unlink(path); /* not all tests make all of them */
	}
	return rmdir(g_folder);
}

static sqlite3_file *log_open(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(HW_WAL_VFS_NAME);
	assert_non_null(vfs);
	sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
	assert_non_null(file);
	int flags = 0;
	assert_int_equal(vfs->xOpen(vfs, g_path, file, LOG_FLAGS, &flags), SQLITE_OK);
	return file;
}

static void log_close(sqlite3_file *file)
{
	assert_int_equal(file->pMethods->xClose(file), SQLITE_OK);
	free(file);
}

static void write_some(struct hw_prng *prng, sqlite3_file *file)
{
	/* As a log is written: mostly one behind the other, heads and pages. */
	static uint64_t next;
	uint64_t offset = hw_prng_chance(prng, 90) ? next : hw_prng_below(prng, FILE_MAX / 2);
	uint32_t size = hw_prng_chance(prng, 50) ? 24 : 4096;
	size = hw_prng_chance(prng, 2) ? 70000 : size;
	if (offset > g_size || offset + size > FILE_MAX) {
		offset = 0;
	}
	for (uint32_t i = 0; i < size; i++) {
		g_model[offset + i] = (uint8_t)hw_prng_next(prng);
	}
	assert_int_equal(
		file->pMethods->xWrite(file, g_model + offset, (int)size, (sqlite3_int64)offset),
		SQLITE_OK);
	next = offset + size;
	g_size = next > g_size ? next : g_size;
}

static void read_some(struct hw_prng *prng, sqlite3_file *file)
{
	uint64_t offset = hw_prng_below(prng, g_size + 1);
	uint64_t size = hw_prng_below(prng, g_size - offset + 1);
	assert_int_equal(file->pMethods->xRead(file, g_found, (int)size, (sqlite3_int64)offset),
			 SQLITE_OK);
	assert_memory_equal(g_found, g_model + offset, size);
}

static void disk_check(void)
{
	int fd = open(g_path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, g_found, FILE_MAX), g_size);
	assert_memory_equal(g_found, g_model, g_size);
	assert_int_equal(close(fd), 0);
}

static void step_once(struct hw_prng *prng, sqlite3_file *file)
{
	const sqlite3_io_methods *methods = file->pMethods;
	sqlite3_int64 size = 0;
	write_some(prng, file);
	if (hw_prng_chance(prng, 10)) {
		read_some(prng, file);
	}
	if (hw_prng_chance(prng, 5)) {
		assert_int_equal(methods->xFileSize(file, &size), SQLITE_OK);
		assert_int_equal(size, g_size);
	}
	if (hw_prng_chance(prng, 10)) {
		assert_int_equal(methods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
		disk_check();
	}
	if (hw_prng_chance(prng, 2)) {
		g_size = hw_prng_below(prng, g_size);
		assert_int_equal(methods->xTruncate(file, (sqlite3_int64)g_size), SQLITE_OK);
	}
}

static void it_is_as_if_written_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
		struct hw_prng prng;
		hw_prng_init(&prng, seed);
		g_size = 0;
		(void)unlink(g_path); /* of the seed before */
		sqlite3_file *file = log_open();
		for (uint32_t step = 0; step < STEP_COUNT / SEED_COUNT; step++) {
			step_once(&prng, file);
		}
		log_close(file);
		disk_check();
	}
}

static void run(sqlite3 *db, const char *text)
{
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

/* A commit of a thousand pages, read back from the log by somebody who opens it anew. */
static void a_database_is_whole(void **state)
{
	(void)state;
	char path[96];
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	(void)snprintf(path, sizeof(path), "%s/db", g_folder);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	assert_int_equal(sqlite3_open_v2(path, &db, flags, HW_WAL_VFS_NAME), SQLITE_OK);
	run(db, "PRAGMA locking_mode = EXCLUSIVE");
	run(db, "PRAGMA journal_mode = WAL");
	run(db, "PRAGMA synchronous = FULL");
	run(db, "CREATE TABLE t (k INTEGER PRIMARY KEY, v BLOB)");
	run(db, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) "
		"INSERT INTO t SELECT i, randomblob(1000) FROM n");
	run(db, "BEGIN; DELETE FROM t WHERE k % 2 = 0; ROLLBACK");
	run(db, "DELETE FROM t WHERE k % 4 = 0");
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(statement, 0), 3000);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	run(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* At the sync at the latest; and then it can be written again. */
static void what_cannot_be_written_is_told(void **state)
{
	(void)state;
	static const char page[4096] = {1};
	struct rlimit was;
	struct rlimit tight;
	(void)unlink(g_path); /* of another test */
	sqlite3_file *file = log_open();
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	tight = (struct rlimit){.rlim_cur = 4096, .rlim_max = was.rlim_max};
	(void)signal(SIGXFSZ, SIG_IGN); /* the former one is restored below */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_int_equal(file->pMethods->xWrite(file, page, 4096, 4096), SQLITE_OK);
	assert_int_not_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	(void)signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(file->pMethods->xWrite(file, page, 4096, 4096), SQLITE_OK);
	assert_int_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
	struct stat status;
	assert_int_equal(stat(g_path, &status), 0);
	assert_int_equal(status.st_size, 8192);
	log_close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_as_if_written_at_once),
		cmocka_unit_test(a_database_is_whole),
		cmocka_unit_test(what_cannot_be_written_is_told),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
