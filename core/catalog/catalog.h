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
 *  1. A file is unfinished, sealed or tombstoned. A share's file is found by LOOKUP when it has a
 *     name, also while it is unfinished; what of it is durable may be read.
 *  2. A chunk is known by its root and its size (the root alone can be that of another size:
 *     schema/0001.sql), stored once, and counts its references from files. When what is appended
 *     is known already, the new extent is dropped and the old one counts one more.
 *  3. A chunk without references is forgotten in the same transaction, and its extent goes to the
 *     list of dropped extents, which the catalog's thread punches out when it has nothing better to
 *  do. 4. LOOKUP pins the file until UNPIN; a pinned file may be tombstoned, but its chunks are
 *     released only when the last pin is gone. Pins live in memory: a restart forgets them, and
 *     releases. The one exception is an unfinished file's short last chunk: it may be replaced
 *     while it is read, and whoever then finds bytes that do not match asks for the EXTENTS once
 *  more. 5. At start, tombstoned files are released, and unfinished ones that cannot be gone on
 *     with; what is then not named by a chunk is free.
 *  6. An unfinished file has at most one home: the reactor that receives it. Homes live in memory.
 *  7. A share that has expired, or was taken as often as it may be, is gone for every verb, whether
 *     SWEEP came by or not: -EIDRM. So is an upload past its time, while it has no home.
 *  8. What is announced is reserved: the sum of all lengths, and of what came without one, stays
 *     within the share's and the store's quota and the disk's free space.
 *  9. A file of a share that spills may be without its beginning: its chunks begin at first_offset,
 *     said with the first of them. EXTENTS before it are none.
 */
#ifndef HW_CORE_CATALOG_CATALOG_H
#define HW_CORE_CATALOG_CATALOG_H

#include "core/base/extent.h"
#include "core/base/limits.h"
#include "core/base/metrics.h"
#include "core/catalog/catalog_verbs.h"
#include "core/catalog/share.h"
#include "core/catalog/upload.h"
#include "core/loop/mailbox.h"

struct hw_catalog;
struct hw_catalog_request;
typedef void hw_catalog_fn(struct hw_catalog_request *request);

struct hw_catalog_request {
	struct hw_mail mail;
	struct hw_catalog *catalog; /* set by the implementation's submit, as is reply_to */
	struct hw_mailbox *reply_to;
	hw_catalog_fn *done;
	uint64_t begun_us; /* set by the implementation's submit, as is now_ms */
	uint64_t now_ms;   /* wall clock */
	enum hw_catalog_verb verb;
	/* 0, or -ENOENT (no such share, name, file; not pinned), -EIDRM (it was there, and is
	 * gone), -EACCES (token), -EEXIST (share id, link name or file name taken), -EINVAL
	 * (limits; sizes that do not add up; an extent where another one is), -EDQUOT, -ENOSPC
	 * (disk full, or quota of the store), -EROFS (the catalog took an I/O error), -EBADMSG (it
	 * is damaged), -ENOBUFS (too many files pinned), -ENOMEM, and as the verbs say. On failure
	 * nothing else of the request has changed, and its extents are not named: to be tried again
	 * or given to EXTENT_DROP. */
	int32_t res;

	/* Which share: by id, or by the link's own name. All verbs but those of uploads. */
	uint8_t share_id[HW_SHARE_ID_SIZE]; /* out: the id, when it was asked for by name */
	uint8_t link_name_size;
	char link_name[HW_LINK_NAME_SIZE_MAX];

	/* Who asks. */
	uint8_t owner_hash[HW_HASH_SIZE]; /* SHA-256 of the token given; zero: none */
	bool is_operator;
	bool is_owner;        /* SHARE_GET: out */
	bool is_replacing;    /* APPEND, COMMIT: extents[0] replaces the short last chunk */
	uint32_t change_mask; /* SHARE_CHANGE: HW_SHARE_CHANGE_* */

	/* The file. name: COMMIT of a new share, UPLOAD_CREATE: in; LOOKUP, DELETE: in, size 0: the
	 * share's only file; LOOKUP, UPLOAD_*: out. */
	uint64_t file_id; /* APPEND, COMMIT: in and out; LOOKUP, UPLOAD_*: out; the others: in */
	uint16_t name_size;
	char name[HW_NAME_SIZE_MAX];
	bool is_leaving;                 /* APPEND, COMMIT: no home afterwards, also on failure */
	uint16_t home;                   /* UPLOAD_CREATE, UPLOAD_OPEN: in; out; WATCH: in too */
	enum hw_file_state file_state;   /* LOOKUP, EXTENTS, WATCH: out; WATCH: in too */
	uint64_t file_size;              /* bytes in chunks; COMMIT: in; LOOKUP, EXTENTS: out */
	uint64_t length;                 /* LOOKUP, EXTENTS: announced, or HW_LENGTH_UNKNOWN */
	uint64_t first_offset;           /* bytes before it are nowhere; APPEND, COMMIT: in; LOOKUP,
					  * EXTENTS, WATCH: out */
	uint8_t file_root[HW_HASH_SIZE]; /* COMMIT: in; LOOKUP: out, if sealed */
	uint64_t created_ms;             /* wall clock; COMMIT: in; LOOKUP: out */
	uint32_t crc32; /* ISO 3309, of the file; COMMIT: in; LOOKUP, EXTENTS, WATCH: out, if
			 * sealed (0: from before checksums were kept) */
	/* LOOKUP, FILE_LIST, UPLOAD_*: out; UPLOAD_CREATE: its mode */
	struct hw_share_access access;

	uint32_t chunk_index;  /* EXTENTS: in: of extents[0]; LOOKUP: out: 0 */
	uint32_t extent_count; /* APPEND, COMMIT, EXTENT_DROP: in; LOOKUP, EXTENTS: out: the batch
				* full or the end of the file */
	struct hw_extent extents[HW_EXTENT_BATCH_MAX];

	/* Lent with the request; each verb says which it needs. */
	struct hw_share *share;
	struct hw_upload *upload;
	struct hw_share_file *files;
	struct hw_share *shares;
	uint32_t row_capacity;
	uint32_t row_count;
	uint64_t newest_id; /* FILE_LIST: out: no file has a larger one; ids only grow */
	uint64_t cursor_ms; /* SHARE_LIST */

	/* Quotas: UPLOAD_CREATE; APPEND and COMMIT of what was not announced. */
	uint64_t free_size;      /* in: bytes the disk has beyond its reserve; UPLOAD_CREATE, and
				  * an APPEND that tells the length at last */
	uint64_t share_size_max; /* in: of one share; 0: none */
	uint64_t store_size_max; /* in: of the whole store; 0: none */
	uint64_t reserved_size;  /* out, SWEEP too: announced and not there yet, of all uploads */
	uint64_t stored_size;    /* out, SWEEP and SCRUB_NEXT too: bytes of all chunks */
};

/* One for each reactor, plugged by core/main. */
struct hw_catalog {
	/* @request: lent until its done runs. */
	void (*submit)(struct hw_catalog *catalog, struct hw_catalog_request *request);
	const struct hw_metrics *metrics; /* of its thread, which counts revocations there */
};

/* hw_catalog_revision - what a LOOKUP said is still so while this has not changed since before it
 * Grows before any request is answered that takes a file away or changes who may have it
 * (hw_catalog_verb_is_revoking); what expires does so without a word. A number that the catalog's
 * thread counts for everybody to read. */
static inline uint64_t hw_catalog_revision(const struct hw_catalog *catalog)
{
	return hw_metrics_read(catalog->metrics, HW_METRIC_catalog_revocations);
}

static inline void hw_catalog_submit(struct hw_catalog *catalog, struct hw_catalog_request *request,
				     enum hw_catalog_verb verb, hw_catalog_fn *done)
{
	request->verb = verb;
	request->done = done;
	catalog->submit(catalog, request);
}

#endif
