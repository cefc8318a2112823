/* SPDX-License-Identifier: Apache-2.0
 *
 * catalog_db.h - the inside of struct hw_catalog_db, shared by the files that make it up
 *
 * Room: core/catalog, private to it    Thread: one at a time    Blocks: yes
 * Allocates: as catalog_sqlite.h says
 *
 * What its parts call of each other: catalog_parts.h.
 */
#ifndef HW_CORE_CATALOG_CATALOG_DB_H
#define HW_CORE_CATALOG_CATALOG_DB_H

#include "core/catalog/catalog_sqlite.h"
#include "core/catalog/homes.h"
#include "core/catalog/pins.h"
#include "core/catalog/sql.h"

#define HW_CATALOG_PUNCHED_MAX 256U /* holes made before their rows must be deleted */
#define HW_CATALOG_PIECE_FILES 64U  /* let go of in one turn: some 10 ms */

enum hw_catalog_file_state { /* as in schema/0002.sql */
			     HW_CATALOG_FILE_UNFINISHED = 0,
			     HW_CATALOG_FILE_SEALED,
			     HW_CATALOG_FILE_TOMBSTONED, /* still read; the last UNPIN ends this */
			     HW_CATALOG_FILE_RELEASING,  /* hw_catalog_release() ends this */
			     HW_CATALOG_FILE_STATE_COUNT,
};

/* What was there, and is answered -EIDRM for a while; as in schema/0002.sql. */
enum hw_catalog_gone {
	HW_CATALOG_GONE_SHARE = 0,
	HW_CATALOG_GONE_LINK,
	HW_CATALOG_GONE_UPLOAD,
};

struct hw_catalog_file {
	uint64_t file_id;
	enum hw_catalog_file_state state;
	uint64_t file_size;
	uint64_t chunk_count;
	uint64_t first_offset; /* chunks before it are counted, and nowhere */
	uint64_t length;       /* HW_LENGTH_UNKNOWN */
	uint64_t reserved;
	uint64_t counted;
	uint32_t tail_size;
	uint32_t crc32; /* if sealed */
	bool has_share;
	bool has_name;
	bool has_ended; /* its share has */
	uint8_t share_id[HW_SHARE_ID_SIZE];
};

/* A share without what only its owner asks for. */
struct hw_catalog_share {
	uint8_t share_id[HW_SHARE_ID_SIZE];
	uint8_t owner_hash[HW_HASH_SIZE];
	uint64_t size;
	uint32_t file_count;
	uint32_t part_count;
	bool is_made_by_commit;
	bool has_ended;
	struct hw_share_access access;
};

/* One write of a group, from its execution to its commit. */
struct hw_catalog_write {
	struct hw_catalog_request *request;
	uint64_t file_id;                   /* what the request will be told, or is about */
	uint8_t mode;                       /* UPLOAD_CREATE: of the share; likewise */
	uint8_t share_id[HW_SHARE_ID_SIZE]; /* UPLOAD_CREATE: likewise */
	int res;
};

/* What the open transaction will have changed in memory once it is committed. */
struct hw_catalog_pending {
	uint64_t dropped;         /* extents put on the list */
	int64_t stored_change;    /* bytes */
	int64_t reserved_change;  /* bytes */
	int64_t gone_change;      /* rows */
	uint32_t home_count;      /* homes that will be taken when all requests are answered */
	uint32_t tombstone_count; /* of tombstones in struct hw_catalog_db */
	bool has_releasing;       /* files, or shares that have ended */
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
	bool has_busy;    /* some of the list are to be tried again (hw_catalog_db_reclaim_again) */
	bool has_punched; /* this pass made holes */
};

/* Requests that wait, by file; private to catalog_watch.c. */
struct hw_catalog_watches {
	struct hw_mail **buckets;
	uint32_t bucket_mask;
	struct hw_mail *ready; /* to be given back */
	bool is_closed;
};

struct hw_catalog_db {
	struct hw_sql sql;
	struct hw_pins pins;
	struct hw_homes homes;
	struct hw_catalog_watches watches;
	struct hw_reclaim_port port;
	struct hw_catalog_stats stats;
	struct hw_catalog_reclaim reclaim;
	struct hw_catalog_write writes[HW_CATALOG_GROUP_MAX];
	uint64_t file_id_next; /* never given twice in one life, so that no pin can be mistaken */
	uint64_t stored_size;  /* as in the table total, committed */
	uint64_t reserved_size;
	uint64_t gone_count;
	struct hw_catalog_pending pending;
	uint64_t tombstones[HW_CATALOG_GROUP_MAX + HW_CATALOG_PIECE_FILES]; /* pinned files */
};

#endif
