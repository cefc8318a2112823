/* SPDX-License-Identifier: Apache-2.0
 *
 * catalog_sqlite.h - the catalog in one SQLite file: requests in, results out, no thread, no mail
 *
 * Room: core/catalog    Thread: one at a time (the catalog's; main at start)
 * Blocks: yes, on the disk    Allocates: at open; SQLite within its page cache
 * Owns: the file, its log, the pins and homes, the list of sealed segments
 * Limits: HW_CATALOG_GROUP_MAX writes in one transaction; pin_capacity files pinned at once,
 * home_capacity received
 *
 * catalog.h says what the requests mean; this adds how they are grouped:
 *  1. Reads (hw_catalog_verb_is_read) come first and see what was committed before. Some change
 *     memory (pins, homes); a write that ends a home does so after its commit.
 *  2. All writes share one transaction, each in a savepoint: what one does wrong hurts no other.
 *     When the whole transaction does not fit on the disk, each is tried alone, so that a delete
 *     goes through where an upload does not.
 *  3. A write that failed has changed neither the catalog nor its request (but res): its extents
 *     are still the caller's, to try again or to EXTENT_DROP.
 *  4. After an I/O error nothing is written and nothing punched until a restart: -EROFS. What was
 *     being committed then is in doubt, and may be there after the restart.
 */
#ifndef HW_CORE_CATALOG_CATALOG_SQLITE_H
#define HW_CORE_CATALOG_CATALOG_SQLITE_H

#include "core/catalog/catalog.h"
#include "core/catalog/reclaim_port.h"

#define HW_CATALOG_GROUP_MAX 256U /* requests; each writes some ten pages at most for a chunk */

struct hw_catalog_db;

struct hw_catalog_db_options {
	const char *path;               /* lent for the call; NULL: in memory, for this life */
	struct hw_reclaim_port reclaim; /* copied; its context is lent until close */
	/* Files read at the same time, and those deleted meanwhile until a commit says so; > 0.
	 * Twice the readers is enough. */
	uint32_t pin_capacity;
	uint32_t home_capacity; /* files received at the same time; > 0 */
	uint32_t cache_size;    /* bytes of SQLite's page cache, at most */
	bool has_quick_check;   /* look at every page first: 1 s for some 100 MB */
};

/* Counted since open. */
struct hw_catalog_stats {
	uint64_t commits;           /* transactions that were committed */
	uint64_t extents_dropped;   /* put on the list, or given by EXTENT_DROP */
	uint64_t extents_punched;   /* given to the port, without error */
	uint64_t segments_unlinked; /* likewise */
	uint64_t reclaim_errors;    /* what the port answered with an error */
};

/* Open or make the catalog, bring its schema up to date.
 * @ret_message  gets one sentence, with its NUL, on failure
 * Returns 0, -EPROTO (written by a newer version, or not a catalog), -EBUSY (another process has
 * it), -EBADMSG (damaged), -ENOSPC, -ENOMEM, -EROFS (I/O error), or the errno of open(2). */
int hw_catalog_db_open(struct hw_catalog_db **ret_db, const struct hw_catalog_db_options *options,
		       char *ret_message, uint32_t message_size) HW_MUST_CHECK;
/* Accepts NULL. No WATCH is kept any more. */
void hw_catalog_db_close(struct hw_catalog_db *db);

/* -- start-up, in this order -- */

/* Release unfinished and tombstoned files and empty the list of dropped extents: what no chunk
 * names is free then, and the store gives it back (rule 5). In bounded transactions; a crash on the
 * way is continued by the next call. Returns 0 or -errno. */
int hw_catalog_db_recover(struct hw_catalog_db *db) HW_MUST_CHECK;

/* Give every live extent, ordered by shard, segment, offset.
 * @fn  @extent is lent for the call; returns 0, or -errno to stop with it
 * Returns 0, -EBADMSG (two of them overlap, or a row is impossible), or what fn said. */
typedef int hw_catalog_extent_fn(void *context, const struct hw_extent *extent);
int hw_catalog_db_extents_each(struct hw_catalog_db *db, hw_catalog_extent_fn *fn,
			       void *context) HW_MUST_CHECK;

/* Nothing will be appended any more to this segment, and all that was is named: unlink it when
 * nothing of it is. At start for those of earlier lives, then whenever the store seals one. */
int hw_catalog_db_segment_known(struct hw_catalog_db *db, uint32_t shard,
				uint32_t segment) HW_MUST_CHECK;

/* -- then -- */

/* Answer @count requests (any number): res of each is set, done is not called. A WATCH with res
 * -EINPROGRESS is kept until watch_next gives it.
 * @requests  the array and what it points to are lent for the call */
void hw_catalog_db_run(struct hw_catalog_db *db, struct hw_catalog_request **requests,
		       uint32_t count);
/* A WATCH that was kept and is answered now, res and all; NULL: there is none. To be asked after
 * every run and close. Close: all of them are, and none is kept any more. */
struct hw_catalog_request *hw_catalog_db_watch_next(struct hw_catalog_db *db);
void hw_catalog_db_watch_close(struct hw_catalog_db *db);
/* Is it answered from what was committed before? The others must be run in the order in which they
 * came. */
bool hw_catalog_verb_is_read(enum hw_catalog_verb verb);

/* One bounded piece of what can wait: release chunks of deleted files, punch, unlink, checkpoint.
 * Returns 1 there is more to do, 0 nothing is left, -errno (-EROFS: never again). */
int hw_catalog_db_reclaim(struct hw_catalog_db *db) HW_MUST_CHECK;
/* What the port said was busy may be tried again, by the next call of reclaim. */
void hw_catalog_db_reclaim_again(struct hw_catalog_db *db);

const struct hw_catalog_stats *hw_catalog_db_stats(const struct hw_catalog_db *db);
/* Took an I/O error: refuses writes. */
bool hw_catalog_db_is_broken(const struct hw_catalog_db *db);

#endif
