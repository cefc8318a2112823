/* SPDX-License-Identifier: Apache-2.0
 *
 * catalog.h - PORT: what is asked of the metadata, and what is answered
 *
 * Room: core/catalog    Thread: submit from a reactor; done on the same reactor    Blocks: never
 * Allocates: never    Limits: HW_EXTENT_BATCH_MAX extents in one request
 *
 * One request object, embedded in the conversation that asks. It is lent to the catalog from submit
 * until done, which runs from a later turn of the reactor. A write is durable when done runs with
 * res >= 0.
 *
 * Rules of the data (kept by every implementation, and by its tests):
 *  1. A file is unfinished, sealed or tombstoned. Only a sealed file is found by LOOKUP.
 *  2. A chunk is known by its root and its size (the root alone can be that of another size:
 *     schema/0001.sql), stored once, and counts its references from files. When what is appended
 *     is known already, the new extent is dropped and the old one counts one more.
 *  3. A chunk without references is forgotten in the same transaction, and its extent goes to the
 * list of dropped extents, which the catalog's thread punches out when it has nothing better to do.
 *  4. LOOKUP pins the file until UNPIN; a pinned file may be tombstoned, but its chunks are
 * released only when the last pin is gone. Pins live in memory: a restart forgets them, and
 * releases.
 *  5. At start, unfinished and tombstoned files are released; what is then not named by a chunk is
 * free.
 */
#ifndef HW_CORE_CATALOG_CATALOG_H
#define HW_CORE_CATALOG_CATALOG_H

#include "core/base/extent.h"
#include "core/base/limits.h"
#include "core/loop/mailbox.h"

enum hw_catalog_verb {
	HW_CATALOG_NONE = 0,
	HW_CATALOG_APPEND,  /* the next chunks of an unfinished file; file_id 0 begins one */
	HW_CATALOG_COMMIT,  /* the last chunks (or none), and the file is sealed in a new share;
			     * file_id 0: they are all of it */
	HW_CATALOG_ABORT,   /* forget an unfinished file */
	HW_CATALOG_LOOKUP,  /* find by share and name, pin, and give the first extents */
	HW_CATALOG_EXTENTS, /* more extents of a pinned file, from chunk_index on */
	HW_CATALOG_UNPIN,
	HW_CATALOG_DELETE,      /* tombstone, if the owner's token matches */
	HW_CATALOG_EXTENT_DROP, /* these extents were never named: punch them out now */
	HW_CATALOG_VERB_COUNT,
};

struct hw_catalog;
struct hw_catalog_request;
typedef void hw_catalog_fn(struct hw_catalog_request *request);

struct hw_catalog_request {
	struct hw_mail mail;
	struct hw_catalog *catalog; /* set by the implementation's submit, as is reply_to */
	struct hw_mailbox *reply_to;
	hw_catalog_fn *done;
	uint64_t begun_us; /* set by the implementation's submit */
	enum hw_catalog_verb verb;
	/* 0, or -ENOENT (no such share, name, file; not pinned), -EACCES (token), -EEXIST (share
	 * id taken), -EINVAL (limits; sizes that do not add up; an extent where another one is),
	 * -ENOSPC (disk full), -EROFS (the catalog took an I/O error), -EBADMSG (it is damaged),
	 * -ENOBUFS (too many files pinned), -ENOMEM. On failure nothing else of the request has
	 * changed, and its extents are not named: to be tried again or given to EXTENT_DROP. */
	int32_t res;

	uint64_t file_id; /* APPEND, COMMIT: in and out; LOOKUP: out; the others: in */
	uint8_t share_id[HW_SHARE_ID_SIZE]; /* COMMIT, LOOKUP, DELETE: in */
	uint8_t owner_hash[HW_HASH_SIZE];   /* SHA-256 of the owner token; COMMIT, DELETE: in */
	char name[HW_NAME_SIZE_MAX]; /* COMMIT: in; LOOKUP, DELETE: in, size 0: the share's only
					file; LOOKUP: out */
	uint16_t name_size;
	uint64_t file_size;              /* bytes; COMMIT: in; LOOKUP: out */
	uint8_t file_root[HW_HASH_SIZE]; /* COMMIT: in; LOOKUP: out */
	uint64_t created_ms;             /* wall clock; COMMIT: in; LOOKUP: out */

	uint32_t chunk_index;  /* EXTENTS: in: of extents[0]; LOOKUP: out: 0 */
	uint32_t extent_count; /* APPEND, COMMIT, EXTENT_DROP: in; LOOKUP, EXTENTS: out: the batch
				* full or the end of the file */
	struct hw_extent extents[HW_EXTENT_BATCH_MAX];
};

/* One for each reactor, plugged by core/main. */
struct hw_catalog {
	/* @request: lent until its done runs. */
	void (*submit)(struct hw_catalog *catalog, struct hw_catalog_request *request);
};

static inline void hw_catalog_submit(struct hw_catalog *catalog, struct hw_catalog_request *request,
				     enum hw_catalog_verb verb, hw_catalog_fn *done)
{
	request->verb = verb;
	request->done = done;
	catalog->submit(catalog, request);
}

#endif
