/* SPDX-License-Identifier: Apache-2.0
 *
 * catalog_check.h - what an operator wants to know of a catalog that nobody serves from
 *
 * Room: core/catalog    Thread: one at a time    Blocks: yes, on the disk    Allocates: SQLite does
 */
#ifndef HW_CORE_CATALOG_CATALOG_CHECK_H
#define HW_CORE_CATALOG_CATALOG_CHECK_H

#include "core/catalog/catalog_sqlite.h"

struct hw_catalog_counts {
	uint64_t share_count;
	uint64_t file_count;       /* whole ones */
	uint64_t unfinished_count; /* uploads that may be gone on with, or will be given up */
	uint64_t chunk_count;
	uint64_t chunk_size; /* bytes of all chunks, without padding and leaves */
};

/* Reads every row of the small tables. Returns 0 or -errno. */
int hw_catalog_db_counts(struct hw_catalog_db *db,
			 struct hw_catalog_counts *ret_counts) HW_MUST_CHECK;

/* A file that has the chunk. */
struct hw_catalog_owner {
	uint8_t share_id[HW_SHARE_ID_SIZE]; /* all zero: none (any more) */
	uint16_t name_size;                 /* 0: unfinished, or without a name */
	char name[HW_NAME_SIZE_MAX];
};

/* Give every file that has the chunk of @extent (its root and size). Reads the whole table of
 * chunks: for a check, not for a request.
 * @fn  @owner is lent for the call; returns 0, or -errno to stop with it
 * Returns 0, or -errno, or what fn said. */
typedef int hw_catalog_owner_fn(void *context, const struct hw_catalog_owner *owner);
int hw_catalog_db_owners_each(struct hw_catalog_db *db, const struct hw_extent *extent,
			      hw_catalog_owner_fn *fn, void *context) HW_MUST_CHECK;

#endif
