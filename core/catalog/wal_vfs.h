/* SPDX-License-Identifier: Apache-2.0
 *
 * wal_vfs.h - SQLite's write-ahead log written in one piece a commit, not in two a page
 *
 * Room: core/catalog    Thread: the database's (registration: before any is opened)    Blocks: yes
 * Allocates: one buffer for each open log
 *
 * SQLite writes each page of a commit to its log as a head of 24 bytes and the page: a hundred
 * calls for sixteen uploads, which cost as much as the rest of the commit. A log opened by this
 * interface (sqlite.org/vfs.html) gathers what is written one behind the other and gives it to the
 * kernel in one call, before it is read, measured, cut, synced or closed. All other files are the
 * system's own. A write that fails is told by whichever of these calls comes next: by the commit's
 * own sync at the latest.
 */
#ifndef HW_CORE_CATALOG_WAL_VFS_H
#define HW_CORE_CATALOG_WAL_VFS_H

#include <stdint.h>

#include "core/base/check.h"

#define HW_WAL_VFS_NAME "hawser"
/* Bytes gathered at most. The system's file takes less than 128 KiB at once (os_unix.c). */
#define HW_WAL_BUFFER_SIZE 65536U

/* For sqlite3_open_v2(). Idempotent. Returns 0 or -ENOMEM. */
int hw_wal_vfs_register(void) HW_MUST_CHECK;

#endif
