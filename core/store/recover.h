/* SPDX-License-Identifier: Apache-2.0
 *
 * recover.h - start-up: what the catalog does not name is free space
 *
 * Room: core/store    Thread: main, before the others    Blocks: yes
 * Allocates: a list of segment numbers, one shard's at a time    Owns: that list
 *
 *	begin -> extent (each live one, ordered by shard, segment, offset) -> end
 *
 * punches out everything between the live extents, cuts every segment behind its last one, unlinks
 * those without any. With is_check, set after
 * begin, it only looks whether it could: the catalog and the segments may not belong together, and
 * then nothing must be touched. Doing it again changes nothing: a crash in the middle is repaired
 * by the next start.
 */
#ifndef HW_CORE_STORE_RECOVER_H
#define HW_CORE_STORE_RECOVER_H

#include "core/base/extent.h"
#include "core/store/files.h"

/* A segment that stays, now that it has its shape. */
typedef void hw_recover_fn(void *user, uint32_t shard, uint32_t segment);

struct hw_recover {
	const struct hw_files *files;
	hw_recover_fn *segment_kept; /* may be NULL */
	void *user;
	uint32_t *segments; /* of the current shard, on disk; rising */
	uint32_t count;
	uint32_t index;          /* of the current segment; those before are settled */
	uint32_t shard;          /* the current one */
	bool is_check;           /* look only: nothing is punched, cut or unlinked */
	bool is_inside;          /* segments[index] has live extents, of which we have seen some */
	uint64_t segment_size;   /* bytes of the current segment's file */
	uint64_t covered_offset; /* bytes of it up to which all is settled */
	/* What came of it, for the log; next_segments is where new numbers begin. */
	uint32_t next_segments[HW_SHARD_COUNT_MAX];
	uint64_t kept_count;
	uint64_t unlinked_count;
	uint64_t punched_size; /* bytes asked to be punched; some may have been holes before */
};

int hw_recover_begin(struct hw_recover *recover, const struct hw_files *files,
		     hw_recover_fn *segment_kept, void *user) HW_MUST_CHECK;
/* Returns 0; -EBADMSG: out of order, overlapping, or beyond its file's end (the catalog and the
 * segments do not belong together). */
int hw_recover_extent(struct hw_recover *recover, const struct hw_extent *extent) HW_MUST_CHECK;
/* After the last extent, or after an error (@is_complete false: only the list is freed). */
int hw_recover_end(struct hw_recover *recover, bool is_complete) HW_MUST_CHECK;

#endif
