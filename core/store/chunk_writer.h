/* SPDX-License-Identifier: Apache-2.0
 *
 * chunk_writer.h - one chunk on its way to the disk: slabs in, a durable extent out
 *
 * Room: core/store    Thread: the owning reactor    Blocks: never    Allocates: never
 * Owns: the slabs it was given, until they are hashed and written; its extent, until done
 * Limits: HW_WRITER_SLABS_MAX slabs at once; HW_WRITER_PARTS_MAX while it keeps them
 *
 *	begin -> append (a slab, while has_room) ... -> finish -> done(0)     the extent is on disk,
 * synced
 *	                                             \-> abort  -> done(-ECANCELED)
 *	keeping: begin -> append ... [-> finish] -> store | pass      hashed, and held until then
 * An error of the disk or of the space ends it with done(-errno) whenever it happens; then nothing
 * is left of the chunk. After done(0) the extent is unsettled: the caller settles or drops it
 *(segment_log.h).
 */
#ifndef HW_CORE_STORE_CHUNK_WRITER_H
#define HW_CORE_STORE_CHUNK_WRITER_H

#include "core/store/store.h"

#define HW_WRITER_SLABS_MAX 4U /* writes in flight: 256 KiB x 4 fill the disk's queue (LIMITS) */
#define HW_WRITER_PARTS_MAX                                                                        \
	HW_CHUNK_SLABS /* slabs of a chunk that is kept: all, if they are full */

enum hw_chunk_writer_state {
	HW_WRITER_IDLE = 0,  /* nothing of a chunk; may be begun or freed */
	HW_WRITER_OPEN,      /* takes slabs */
	HW_WRITER_FINISHING, /* takes no more; waits for writes and hashes in flight */
	HW_WRITER_LEAVES,    /* the leaves are being written */
	HW_WRITER_SYNCING,   /* waits for the group's sync */
	HW_WRITER_FAILING,   /* waits for what is in flight, then gives the extent back */
	HW_WRITER_DROPPING,  /* the worker punches the extent out */
	HW_WRITER_STATE_COUNT,
};

struct hw_chunk_writer;

/* One slab at work. */
struct hw_writer_part {
	struct hw_op op;
	struct hw_digest_job digest;
	struct hw_chunk_writer *writer;
	struct hw_slab *slab;  /* NULL: the part is free */
	uint32_t offset;       /* bytes, in the chunk */
	uint32_t written_size; /* bytes */
	uint32_t stuck_count;  /* writes in a row without progress */
	bool is_hashed;
	bool is_written;
};

/* Embedded in the caller at a page's boundary. Fields are private to chunk_writer.c but extent and
 * segment, which are valid from done(0) on. */
struct hw_chunk_writer {
	_Alignas(HW_PAGE_SIZE) struct hw_hash leaves[HW_CHUNK_BLOCKS];
	struct hw_extent extent;
	struct hw_segment *segment;
	struct hw_store *store;
	struct hw_writer_part parts[HW_WRITER_PARTS_MAX];
	struct hw_op leaves_op;
	struct hw_segment_waiter waiter;
	struct hw_extent_drop drop;
	struct hw_extent_drop surplus_drop;
	struct hw_mail mail;
	void *owner; /* for the callbacks */
	/* A part became free: has_room() may have changed. Not called once finish or abort was. */
	void (*progress)(struct hw_chunk_writer *writer);
	void (*done)(struct hw_chunk_writer *writer, int res);
	uint32_t size_max;      /* bytes the chunk may become */
	uint32_t reserved_size; /* bytes on disk, 0: not yet */
	uint32_t leaves_written_size;
	uint32_t leaves_stuck_count;
	int error;
	enum hw_chunk_writer_state state;
	bool is_volatile; /* nothing is stored: hashed only, and the extent is no place */
	bool is_keeping;  /* nobody has decided yet: hashed, and held */
	bool is_exact;    /* size_max is what it will be */
	bool is_waiting_for_space;
	bool is_mail_posted; /* to ourselves */
};

static_assert(sizeof(struct hw_hash) == HW_HASH_SIZE, "leaves are written as they lie in memory");

/* @size_max: 1 .. HW_CHUNK_SIZE; @is_exact: it will be just that. The callbacks,
 * is_volatile and is_keeping are set first. */
void hw_chunk_writer_begin(struct hw_chunk_writer *writer, struct hw_store *store,
			   uint32_t size_max, bool is_exact);
bool hw_chunk_writer_has_room(const struct hw_chunk_writer *writer);
/* @slab: moved; in state FILLING, whole blocks but for the chunk's last slab. Only while has_room.
 */
void hw_chunk_writer_append(struct hw_chunk_writer *writer, struct hw_slab *slab);
/* Take the space for a chunk of unknown size now, not with its first full slab, its second or its
 * end. Who appended a slab that was not full and waits for more bytes must call it, or keeps the
 * slab for as long as it waits. */
void hw_chunk_writer_reserve(struct hw_chunk_writer *writer);
/* What is_keeping left open: the chunk is stored as any other, or (pass) nothing of it is, as if it
 * had been volatile from the beginning. No callback comes inside. */
void hw_chunk_writer_store(struct hw_chunk_writer *writer);
void hw_chunk_writer_pass(struct hw_chunk_writer *writer);
/* No more slabs; at least one was appended. done comes; of one that keeps, after store or pass. */
void hw_chunk_writer_finish(struct hw_chunk_writer *writer);
/* Give up, at any time between begin and done; done(-ECANCELED or the error that came first) comes.
 */
void hw_chunk_writer_abort(struct hw_chunk_writer *writer);
/* May it be freed or begun anew? True from done on. */
bool hw_chunk_writer_is_idle(const struct hw_chunk_writer *writer);

#endif
