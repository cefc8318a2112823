/* SPDX-License-Identifier: Apache-2.0
 *
 * check.h - hawserd --check: reads all that is stored, at once, while nobody serves it
 *
 * Room: core/main    Thread: main; hashes on as many threads as there are cpus    Blocks: yes
 * Allocates: buffers, the list of what is damaged    Owns: the data directory, meanwhile
 *
 *	files (lock) -> catalog (every page) -> recovery's looking-only pass -> hash every live
 *	extent -> mark the damaged -> [repair: recovery] -> report (check_report.h)
 */
#ifndef HW_CORE_MAIN_CHECK_H
#define HW_CORE_MAIN_CHECK_H

#include <stdatomic.h>

#include "core/base/config.h"
#include "core/catalog/catalog_check.h"
#include "core/loop/thread.h"
#include "core/main/ports.h"

#define HW_CHECK_BATCH_MAX  1024U /* extents that the threads share out; 4 GiB at most */
#define HW_CHECK_THREAD_MAX 64U

struct hw_check;

/* One thread that reads and hashes. */
struct hw_checker {
	struct hw_thread thread;
	struct hw_check *check;
	uint8_t *bytes; /* one extent, page-aligned */
	uint32_t shard; /* of fd */
	uint32_t segment;
	int fd;       /* -1: none */
	bool is_main; /* and tells how far we are */
};

struct hw_check {
	const struct hw_config *config;
	struct hw_files files;
	struct hw_ports ports;
	struct hw_recover looked;
	struct hw_recover repaired;
	struct hw_catalog_counts counts;
	struct hw_checker checkers[HW_CHECK_THREAD_MAX];
	uint32_t checker_count;
	struct hw_extent batch[HW_CHECK_BATCH_MAX];
	bool is_damaged[HW_CHECK_BATCH_MAX]; /* each written by one thread */
	uint32_t batch_count;
	atomic_uint next_index; /* in the batch */
	atomic_int error;       /* the first thing that kept us from checking; 0: none */
	atomic_ullong read_size;
	struct hw_extent *damaged;
	uint32_t damaged_count;
	uint32_t damaged_capacity;
	uint32_t unmarked_count; /* that the catalog could not write down */
	uint64_t live_size;      /* bytes on the disk that live extents take */
	uint64_t used_size;      /* bytes that segments take, before a repair */
	uint64_t left_size;      /* after it */
	uint64_t begun_us;
	uint64_t told_us;
	bool is_torn;     /* the catalog names what the segments do not have */
	bool is_repaired; /* the recovery pass was made */
};

/* Returns the process's exit status: 0 all is well, 1 something is damaged, 2 could not check (what
 * was in the way was said). */
int hw_check_run(const struct hw_config *config);

#endif
