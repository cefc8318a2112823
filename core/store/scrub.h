/* SPDX-License-Identifier: Apache-2.0
 *
 * scrub.h - reads back slowly what is stored, verifies it, and has put out of use what is damaged
 *
 * Room: core/store    Thread: one reactor (init: main, before it runs)    Blocks: init only
 * Allocates: never    Owns: a chunk reader, at most one slab, the note in the data directory
 * Limits: one read at a time; a slab only while more than half of the pool is free; the rate
 *
 *	init -> start -> ... stop -> (is_idle) -> deinit
 *
 * One scrubber, on one reactor, goes over all shards: any reactor may read any of them, and at its
 * rate it costs that reactor some percent of a core at most. It reads past the page cache where the
 * data directory allows it: what the disk has is checked, not what memory has, and nothing that
 * clients want is pushed out.
 *
 * A pass begins at the first extent and follows the catalog's order to the last one; what is stored
 * behind the cursor meanwhile is seen in the next pass. The rate is what all stored bytes need in
 * `days`, within RATE_MIN and rate_max; who is done early rests until the next pass is due. Where
 * the cursor is, is noted once a minute and survives a restart; a lost note begins a new pass.
 *
 * An extent may be dropped while it is read: only what the catalog says is still live is damaged.
 */
#ifndef HW_CORE_STORE_SCRUB_H
#define HW_CORE_STORE_SCRUB_H

#include "core/store/chunk_reader.h"

#define HW_SCRUB_RATE_MIN (UINT64_C(1) << 20) /* bytes/s: a small store is done soon */

/* PORT: what the scrubber asks of those who know what is stored. Each call is answered once, from a
 * later step, by hw_scrub_next_done() or hw_scrub_damaged_done(); there is one at a time. */
struct hw_scrub_port {
	void *user;
	/* Up to HW_EXTENT_BATCH_MAX live extents behind @after (lent for the call; NULL: the
	 * first). */
	void (*next)(void *user, const struct hw_extent *after);
	/* The bytes of @extent (lent for the call) are not what they were. */
	void (*damaged)(void *user, const struct hw_extent *extent);
};

enum hw_scrub_state {
	HW_SCRUB_OFF = 0,   /* nothing runs; may be freed */
	HW_SCRUB_RESTING,   /* until a timer fires: the next pass, or a disk that fails */
	HW_SCRUB_ASKING,    /* the port looks for the next extents */
	HW_SCRUB_OPENING,   /* the reader opens a chunk */
	HW_SCRUB_PACING,    /* a chunk is open; a timer fires when the rate allows a read */
	HW_SCRUB_READING,   /* the reader has our slab */
	HW_SCRUB_REPORTING, /* the port looks whether the damaged extent is still live */
	HW_SCRUB_STATE_COUNT,
};

struct hw_scrub_options {
	struct hw_store *store; /* lent until deinit */
	struct hw_worker *worker;
	const struct hw_files *files;
	struct hw_scrub_port port;
	uint32_t days;     /* > 0 */
	uint64_t rate;     /* bytes/s, one pass behind the other; 0: as days needs */
	uint64_t rate_max; /* bytes/s; > 0 */
};

/* What is known of the running pass; as it stands in the note (FORMAT.md). */
struct hw_scrub_pass {
	uint64_t begun_ms; /* wall clock; 0: no pass yet */
	uint64_t size;     /* bytes of chunks read back so far */
	uint64_t extent_count;
	uint64_t damaged_count;
	uint64_t unreadable_count; /* skipped: the disk refused, and may not another time */
	uint64_t offset;           /* the cursor: the last extent that was dealt with */
	uint32_t segment;
	uint32_t shard;
	uint32_t has_cursor; /* 0 or 1 */
	uint32_t is_over;    /* 0 or 1: resting until the next one is due */
};

struct hw_scrub_note {
	uint8_t magic[8];
	struct hw_scrub_pass pass;
	uint32_t reserved; /* 0 */
	uint32_t crc32c;   /* of all before */
};
static_assert(sizeof(struct hw_scrub_note) == 80, "the bytes of the note: FORMAT.md");

/* At a page's boundary, for reading past the page cache. Fields are private to scrub.c. */
struct hw_scrub {
	_Alignas(HW_PAGE_SIZE) struct hw_chunk_reader reader; /* first: its leaves are aligned */
	struct hw_scrub_options options;
	struct hw_scrub_pass pass;
	struct hw_scrub_note note; /* being written, while the job is in flight */
	struct hw_timer timer;
	struct hw_job job;
	struct hw_slab *slab;
	struct hw_extent extents[HW_EXTENT_BATCH_MAX];
	uint32_t extent_count;
	uint32_t extent_index;
	uint32_t block;            /* next of the open chunk */
	uint32_t tries;            /* of this extent, that the disk refused */
	uint32_t unreadable_count; /* extents in a row that the disk refused */
	uint64_t rate;             /* bytes/s */
	uint64_t due_us;           /* when the next read is paid for */
	uint64_t noted_us;
	enum hw_scrub_state state;
	bool is_stopping;
};

/* Reads the note. @options: copied. */
void hw_scrub_init(struct hw_scrub *scrub, const struct hw_scrub_options *options);
/* On its reactor. Without a start it is OFF. */
void hw_scrub_start(struct hw_scrub *scrub);
/* Begin nothing more; what is in flight ends by itself: see is_idle. Accepts one that is OFF. */
void hw_scrub_stop(struct hw_scrub *scrub);
bool hw_scrub_is_idle(const struct hw_scrub *scrub);
void hw_scrub_deinit(struct hw_scrub *scrub);

/* The port's answer to next: @res 0 and @count extents (lent for the call; 0: the end), or -errno.
 * @stored_size: bytes of all chunks there are. */
void hw_scrub_next_done(struct hw_scrub *scrub, int res, const struct hw_extent *extents,
			uint32_t count, uint64_t stored_size);
/* The port's answer to damaged: 0 it was live and is out of use now, -ENOENT it is not live any
 * more, or -errno it could not be marked. */
void hw_scrub_damaged_done(struct hw_scrub *scrub, int res);

#endif
