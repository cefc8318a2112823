/* SPDX-License-Identifier: Apache-2.0
 *
 * catalog_db.h - the inside of struct hw_catalog_db, shared by the files that make it up
 *
 * Room: core/catalog, private to it    Thread: one at a time    Blocks: yes
 * Allocates: as catalog_sqlite.h says
 *
 *   catalog_sqlite.c   open, close, groups and transactions
 *   catalog_file.c     the verbs: files, shares, chunks
 *   catalog_reclaim.c  release, punch, unlink
 *   catalog_recover.c  start-up
 */
#ifndef HW_CORE_CATALOG_CATALOG_DB_H
#define HW_CORE_CATALOG_CATALOG_DB_H

#include "core/catalog/catalog_sqlite.h"
#include "core/catalog/pins.h"
#include "core/catalog/sql.h"

#define HW_CATALOG_PUNCHED_MAX 256U /* holes made before their rows must be deleted */

/* One write of a group, from its execution to its commit. */
struct hw_catalog_write {
	struct hw_catalog_request *request;
	uint64_t file_id; /* what the request will be told, or is about */
	int res;
};

/* How far reclaiming is; private to catalog_reclaim.c, but for the hints that others set. */
struct hw_catalog_reclaim {
	struct hw_extent punched[HW_CATALOG_PUNCHED_MAX]; /* holes whose rows are still there */
	uint32_t punched_count;
	struct hw_extent cursor; /* the last place looked at in this pass over the list */
	bool has_cursor;
	bool is_pass_over;
	uint32_t due_count; /* files let go of in the open transaction */
	/* Hints: false means surely none. */
	bool has_releasing;
	bool has_dropped;
	bool has_segments_due;
};

struct hw_catalog_db {
	struct hw_sql sql;
	struct hw_pins pins;
	struct hw_reclaim_port port;
	struct hw_catalog_stats stats;
	struct hw_catalog_reclaim reclaim;
	struct hw_catalog_write writes[HW_CATALOG_GROUP_MAX];
	uint64_t file_id_next; /* never given twice in one life, so that no pin can be mistaken */
	uint64_t dropped_pending; /* extents put on the list by the open transaction */
};

/* -- catalog_file.c: one verb each, inside a savepoint if it writes. Return 0 or -errno -- */
int hw_catalog_append(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_commit(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_abort(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_delete(struct hw_catalog_db *db, struct hw_catalog_write *write) HW_MUST_CHECK;
int hw_catalog_lookup(struct hw_catalog_db *db, struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_extents(struct hw_catalog_db *db, struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_unpin(struct hw_catalog_db *db, struct hw_catalog_request *request) HW_MUST_CHECK;
/* Put on the list. */
int hw_catalog_dropped_add(struct hw_catalog_db *db, const struct hw_extent *extent) HW_MUST_CHECK;
/* Does @extent share bytes with a chunk, or with what is on the list? 1, 0, or -errno. */
int hw_catalog_place_is_taken(struct hw_catalog_db *db,
			      const struct hw_extent *extent) HW_MUST_CHECK;

/* -- catalog_reclaim.c -- */
int hw_catalog_extents_drop(struct hw_catalog_db *db,
			    struct hw_catalog_request *request) HW_MUST_CHECK;
int hw_catalog_segment_seal(struct hw_catalog_db *db, uint32_t shard,
			    uint32_t segment) HW_MUST_CHECK;
/* Release at most @chunk_max chunks of files that nobody needs; inside a transaction.
 * Returns 1 there may be more, 0 none is left, -errno. */
int hw_catalog_release(struct hw_catalog_db *db, uint32_t chunk_max) HW_MUST_CHECK;
/* What rides along with any transaction: delete the rows of what was punched, and let go of deleted
 * files whose last reader is gone. begin: inside it; end: after its commit. */
int hw_catalog_ride_begin(struct hw_catalog_db *db) HW_MUST_CHECK;
void hw_catalog_ride_end(struct hw_catalog_db *db);

/* -- catalog_sqlite.c: commit, and count what was dropped; after an error nothing is left -- */
int hw_catalog_transaction_end(struct hw_catalog_db *db) HW_MUST_CHECK;

#endif
