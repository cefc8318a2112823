/* SPDX-License-Identifier: Apache-2.0
 *
 * data_dir.h - a real data directory of a test: made under TMPDIR, gone at the end
 *
 * Room: tests/unit/store    Thread: one    Blocks: yes    Allocates: never
 */
#ifndef HW_TESTS_UNIT_STORE_DATA_DIR_H
#define HW_TESTS_UNIT_STORE_DATA_DIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/store/files.h"

struct data_dir {
	char path[200];
};

static inline void data_dir_make(struct data_dir *dir)
{
	const char *base = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): one thread */
	(void)snprintf(dir->path, sizeof(dir->path), "%s/hw-store-XXXXXX",
		       base != NULL ? base : "/tmp");
	const char *made = mkdtemp(dir->path);
	hw_assert(made != NULL);
}

static inline int data_dir_remove_one(const char *path, const struct stat *status, int type,
				      struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline void data_dir_remove(const struct data_dir *dir)
{
	int r = nftw(dir->path, data_dir_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	hw_assert(r == 0);
}

static inline void data_dir_segment_path(const struct data_dir *dir, uint32_t shard,
					 uint32_t segment, char ret_path[300])
{
	(void)snprintf(ret_path, 300, "%s/shard-%02u/seg-%08u.dat", dir->path, shard, segment);
}

/* Bytes that the file takes on the disk; -1: there is none. */
static inline int64_t data_dir_used_size(const struct data_dir *dir, uint32_t shard,
					 uint32_t segment)
{
	char path[300];
	struct stat status;
	data_dir_segment_path(dir, shard, segment, path);
	return stat(path, &status) == 0 ? (int64_t)status.st_blocks * 512 : -1;
}

#endif
