/* SPDX-License-Identifier: Apache-2.0
 *
 * segment_log.h - the segments that one reactor appends to: reserve an extent, sync in groups, seal
 *
 * Room: core/store    Thread: the owning reactor    Blocks: never (files are made by jobs)
 * Allocates: never    Owns: the shard's open segments and their file slots
 * Limits: HW_SEGMENT_OPEN_MAX segments open for writing; full answers -EAGAIN, and the waiter is
 * called
 *
 * An extent is unsettled from reserve until settle or drop: the catalog may be about to name it. A
 * segment is sealed when it is full and nothing in it is unsettled.
 */
#ifndef HW_CORE_STORE_SEGMENT_LOG_H
#define HW_CORE_STORE_SEGMENT_LOG_H

#include "core/base/extent.h"
#include "core/loop/job.h"
#include "core/store/files.h"

#define HW_SEGMENT_OPEN_MAX                                                                        \
	32U /* one filling, one ahead, the rest waiting for slow uploads to end */

/* What the rest of the daemon must know of segments; plugged by core/main. Thread: the worker. */
struct hw_segment_port {
	void *user;
	/* From now on nothing of it is named anew: it may be unlinked when nothing of it is named.
	 */
	void (*sealed)(void *user, uint32_t shard, uint32_t segment);
};

enum hw_segment_state {
	HW_SEGMENT_FREE = 0, /* not in use */
	HW_SEGMENT_CREATING, /* the worker makes the file */
	HW_SEGMENT_BINDING,  /* the ring takes its descriptor */
	HW_SEGMENT_READY,    /* empty, waits to become the active one */
	HW_SEGMENT_ACTIVE,   /* extents are reserved here */
	HW_SEGMENT_FULL,     /* no new extents; the unsettled ones wake it */
	HW_SEGMENT_SEALING,  /* the worker cuts it */
	HW_SEGMENT_CLOSING,  /* the ring gives its slot back */
	HW_SEGMENT_STATE_COUNT,
};

struct hw_segment_log;

struct hw_segment {
	struct hw_segment_log *log;
	struct hw_job job;    /* create, seal */
	struct hw_op slot_op; /* bind, close */
	struct hw_op sync_op;
	struct hw_list sync_next; /* waiters whom the next sync covers */
	struct hw_list sync_now;  /* waiters whom the sync in flight covers */
	uint64_t sync_begun_us;
	uint64_t size; /* bytes allocated */
	uint64_t tail; /* bytes reserved */
	uint32_t number;
	uint32_t slot;
	uint32_t unsettled_count;
	int fd; /* between create and bind */
	enum hw_segment_state state;
	bool is_bound;  /* its file is in its slot */
	bool is_failed; /* a write or sync failed: nothing new, and what is unsynced is lost */
};

/* Waits for a sync, or for space; embedded. done runs from a later step, with 0 or -errno. */
struct hw_segment_waiter {
	struct hw_list link;
	void (*done)(struct hw_segment_waiter *waiter, int res);
};

/* Gives space back that was never named; embedded. done may be NULL. */
struct hw_extent_drop {
	struct hw_job job;
	struct hw_segment *segment;
	uint64_t offset;
	uint64_t size;
	void (*done)(struct hw_extent_drop *drop);
};

struct hw_segment_log_options {
	struct hw_reactor *reactor;
	struct hw_worker *worker;
	const struct hw_files *files;
	struct hw_segment_port port;
	uint64_t segment_size; /* bytes; what a new segment should have */
	uint32_t shard;
	uint32_t next_segment; /* number of the first one */
	/* PORT: all HW_SEGMENT_OPEN_MAX are open and somebody waits: give up what still writes to
	 * the oldest full one. At the end of a turn; may be NULL. */
	void (*crowded)(void *user, const struct hw_segment *oldest);
	void *crowded_user;
	uint32_t file_index_base; /* ring file indices base .. base + HW_SEGMENT_OPEN_MAX - 1 are
				     ours */
};

struct hw_segment_log {
	struct hw_segment_log_options options;
	struct hw_turn_hook hook;
	struct hw_segment segments[HW_SEGMENT_OPEN_MAX];
	struct hw_segment *active; /* or NULL */
	struct hw_segment *ahead;  /* CREATING, BINDING or READY; or NULL */
	struct hw_list waiters;    /* for space */
	bool is_crowded;           /* no segment could be opened for lack of a place */
	struct hw_job free_job;    /* asks the disk */
	uint64_t free_size;        /* bytes that new segments may take, as last heard */
	uint64_t promised_size; /* bytes that running uploads announced and did not reserve yet */
	uint64_t asked_us;      /* when free_size was asked last */
	uint64_t failed_us;     /* when the last create failed; 0: it did not */
	uint32_t drop_count;    /* drops lent to the worker */
	int create_error;       /* of it */
};

void hw_segment_log_init(struct hw_segment_log *log, const struct hw_segment_log_options *options);
/* Nothing may be in flight. Segments stay as they are: the next start cuts them. */
void hw_segment_log_deinit(struct hw_segment_log *log);
bool hw_segment_log_is_idle(const struct hw_segment_log *log);

/* hw_segment_reserve - room for @disk_size bytes (whole pages) at the tail of the active segment
 * Returns 0 and the place; -EAGAIN: hw_segment_wait and ask again; -ENOSPC, -EROFS: no. */
int hw_segment_reserve(struct hw_segment_log *log, uint32_t disk_size,
		       struct hw_segment **ret_segment, uint64_t *ret_offset) HW_MUST_CHECK;
void hw_segment_wait(struct hw_segment_log *log, struct hw_segment_waiter *waiter);
/* Out of whatever line it stands in; its done does not run. */
void hw_segment_wait_end(struct hw_segment_waiter *waiter);

/* Durable: everything whose write was done before this call. done gets 0, or -EIO and the segment
 * is failed (a failed sync is never tried again: HAZARDS 1.9). */
void hw_segment_sync(struct hw_segment *segment, struct hw_segment_waiter *waiter);
/* A write to it failed: nothing more is reserved in it. */
void hw_segment_fail(struct hw_segment *segment, int error);

/* The extent is named by the catalog now. */
void hw_segment_settle(struct hw_segment *segment);
/* Part of an extent will never be named. @is_last: the extent is settled with it. @drop: lent until
 * done. */
void hw_segment_drop(struct hw_segment *segment, struct hw_extent_drop *drop, bool is_last);

/* Is there room for @size bytes more than was promised already? Counts it as promised. Returns 0,
 * -ENOSPC. */
int hw_segment_promise(struct hw_segment_log *log, uint64_t size) HW_MUST_CHECK;
void hw_segment_promise_end(struct hw_segment_log *log, uint64_t size);
/* Bytes that could be stored now. */
uint64_t hw_segment_log_free_size(const struct hw_segment_log *log);

#endif
