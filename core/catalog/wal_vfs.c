/* SPDX-License-Identifier: Apache-2.0
 *
 *   open -+-> (not a log) the system's own file
 *         +-> log: write ... write -> flush -> sync
 *
 * The system's file of a log lies behind ours in the memory that SQLite gives for both.
 */
#include "core/catalog/wal_vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

struct log_file {
	sqlite3_file base;
	sqlite3_file *target; /* the system's */
	uint8_t *bytes;       /* HW_WAL_BUFFER_SIZE: gathered, not written yet */
	int64_t offset;       /* where they belong */
	uint32_t size;
};

/* SQLite links it into its list. */
static sqlite3_vfs g_vfs;

static struct log_file *log_of(sqlite3_file *file)
{
	return (struct log_file *)(void *)file;
}

/* What fails is forgotten: SQLite takes the commit back and writes those places again. */
static int flush(struct log_file *log)
{
	uint32_t size = log->size;
	log->size = 0;
	if (size == 0) {
		return SQLITE_OK;
	}
	return log->target->pMethods->xWrite(log->target, log->bytes, (int)size, log->offset);
}

static int log_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
	struct log_file *log = log_of(file);
	bool is_next = offset == log->offset + (int64_t)log->size;
	if (!is_next || (uint32_t)size > HW_WAL_BUFFER_SIZE - log->size) {
		int code = flush(log);
		if (code != SQLITE_OK) {
			return code;
		}
		log->offset = offset;
	}
	if ((uint32_t)size > HW_WAL_BUFFER_SIZE) {
		log->offset = offset + size;
		return log->target->pMethods->xWrite(log->target, bytes, size, offset);
	}
	memcpy(log->bytes + log->size, bytes, (size_t)size);
	log->size += (uint32_t)size;
	return SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *ret_bytes, int size, sqlite3_int64 offset)
{
	struct log_file *log = log_of(file);
	int code = flush(log);
	return code != SQLITE_OK
		       ? code
		       : log->target->pMethods->xRead(log->target, ret_bytes, size, offset);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct log_file *log = log_of(file);
	int code = flush(log);
	return code != SQLITE_OK ? code : log->target->pMethods->xTruncate(log->target, size);
}

static int log_sync(sqlite3_file *file, int flags)
{
	struct log_file *log = log_of(file);
	int code = flush(log);
	return code != SQLITE_OK ? code : log->target->pMethods->xSync(log->target, flags);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	struct log_file *log = log_of(file);
	int code = flush(log);
	return code != SQLITE_OK ? code : log->target->pMethods->xFileSize(log->target, ret_size);
}

static int log_close(sqlite3_file *file)
{
	struct log_file *log = log_of(file);
	int code = flush(log);
	int closed = log->target->pMethods->xClose(log->target);
	sqlite3_free(log->bytes);
	return code != SQLITE_OK ? code : closed;
}

static int log_lock(sqlite3_file *file, int level)
{
	return log_of(file)->target->pMethods->xLock(log_of(file)->target, level);
}

static int log_unlock(sqlite3_file *file, int level)
{
	return log_of(file)->target->pMethods->xUnlock(log_of(file)->target, level);
}

static int log_lock_check(sqlite3_file *file, int *ret_is_locked)
{
	return log_of(file)->target->pMethods->xCheckReservedLock(log_of(file)->target,
								  ret_is_locked);
}

static int log_control(sqlite3_file *file, int what, void *argument)
{
	return log_of(file)->target->pMethods->xFileControl(log_of(file)->target, what, argument);
}

static int log_sector_size(sqlite3_file *file)
{
	return log_of(file)->target->pMethods->xSectorSize(log_of(file)->target);
}

static int log_characteristics(sqlite3_file *file)
{
	return log_of(file)->target->pMethods->xDeviceCharacteristics(log_of(file)->target);
}

static const sqlite3_io_methods g_log_methods = {
	.iVersion = 1,
	.xClose = log_close,
	.xRead = log_read,
	.xWrite = log_write,
	.xTruncate = log_truncate,
	.xSync = log_sync,
	.xFileSize = log_size,
	.xLock = log_lock,
	.xUnlock = log_unlock,
	.xCheckReservedLock = log_lock_check,
	.xFileControl = log_control,
	.xSectorSize = log_sector_size,
	.xDeviceCharacteristics = log_characteristics,
};

static sqlite3_vfs *system_of(const sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

static int file_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
		     int *ret_flags)
{
	sqlite3_vfs *system = system_of(vfs);
	if ((flags & SQLITE_OPEN_WAL) == 0) {
		return system->xOpen(system, path, file, flags, ret_flags);
	}
	struct log_file *log = log_of(file);
	*log = (struct log_file){.target = (sqlite3_file *)(void *)(log + 1)};
	log->bytes = sqlite3_malloc((int)HW_WAL_BUFFER_SIZE);
	if (log->bytes == NULL) {
		return SQLITE_NOMEM;
	}
	int code = system->xOpen(system, path, log->target, flags, ret_flags);
	if (code != SQLITE_OK) {
		sqlite3_free(log->bytes);
		return code;
	}
	log->base.pMethods = &g_log_methods;
	return SQLITE_OK;
}

int hw_wal_vfs_register(void)
{
	sqlite3_vfs *system = sqlite3_vfs_find(NULL);
	if (sqlite3_vfs_find(HW_WAL_VFS_NAME) != NULL) {
		return 0;
	}
	if (system == NULL) { /* SQLite could not begin */
		return -ENOMEM;
	}
	g_vfs = *system; /* all else is the system's, which takes no notice of whose struct it is */
	g_vfs.zName = HW_WAL_VFS_NAME;
	g_vfs.pNext = NULL;
	g_vfs.pAppData = system;
	g_vfs.szOsFile = (int)sizeof(struct log_file) + system->szOsFile;
	g_vfs.xOpen = file_open;
	return sqlite3_vfs_register(&g_vfs, 0) == SQLITE_OK ? 0 : -ENOMEM;
}
