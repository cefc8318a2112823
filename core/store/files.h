/* SPDX-License-Identifier: Apache-2.0
 *
 * files.h - the data directory: every blocking call on it, in one place
 *
 * Room: core/store    Thread: the worker (start-up: main)    Blocks: yes    Allocates: lists only
 * Owns: the directory's descriptor and its lock
 *
 * Two implementations, chosen at link time: files_posix.c and tests/sim/files_sim.c. All paths are
 * relative to the directory's descriptor, and built from numbers only: no name from outside ever
 * becomes a path.
 */
#ifndef HW_CORE_STORE_FILES_H
#define HW_CORE_STORE_FILES_H

#include "core/base/check.h"
#include "core/base/limits.h"

struct hw_files {
	int dir_fd;
	int lock_fd;
	uint64_t reserve_size; /* bytes of the disk that new segments leave free */
	bool is_direct;        /* segments are written past the page cache */
};

/* Make or open the directory @path, take its lock (waiting up to 5 s for a predecessor's last
 * writes: HAZARDS 1.1), check the format. @wants_direct: probe O_DIRECT; without it is_direct is
 * false. Returns 0; -EBUSY another process holds the lock, -EPROTO an unknown format, or what the
 * kernel said. */
int hw_files_open(struct hw_files *files, const char *path, uint64_t reserve_size,
		  bool wants_direct) HW_MUST_CHECK;
void hw_files_close(struct hw_files *files);

/* Bytes that new segments may take: what is free less the reserve; 0 when there is less than that.
 */
int hw_files_free_size(const struct hw_files *files, uint64_t *ret_size) HW_MUST_CHECK;

/* A new segment of *size bytes, allocated and durable in its directory, open for writing. When the
 * disk has less than *size left, half of it is tried, and so on down to @size_min; *size says what
 * it became. Returns the descriptor (the caller's); -ENOSPC, -EEXIST, or what the kernel said. */
int hw_files_segment_create(const struct hw_files *files, uint32_t shard, uint32_t segment,
			    uint64_t *size, uint64_t size_min) HW_MUST_CHECK;
/* For reading through the page cache. Returns the descriptor, or -ENOENT. */
int hw_files_segment_open(const struct hw_files *files, uint32_t shard,
			  uint32_t segment) HW_MUST_CHECK;
/* Are all these bytes of a segment open for reading in memory? Never waits for the disk; false
 * where the kernel cannot tell (before 6.5). Thread: any. */
bool hw_files_is_cached(int fd, uint64_t offset, uint64_t size);
/* Bytes that the kernel may read behind what is asked for, at most. Thread: main, at start. */
uint64_t hw_files_ahead_size(const struct hw_files *files);
/* For reading what the disk has, not what the page cache has (where is_direct: memory, offsets and
 * sizes are then whole pages), and without filling the cache. Returns as above. */
int hw_files_segment_open_direct(const struct hw_files *files, uint32_t shard,
				 uint32_t segment) HW_MUST_CHECK;
/* Would a hole there, made now, show in what is being sent? Pages that were given to a socket as
 * they are (hw_ring_pages_send) stay what they are while whole folios are taken out of the page
 * cache; but one that lies across an edge of the hole is filled with zeros in its place, also
 * where a socket, or on the same machine the client, still has it. So what can leave the cache at
 * the edges is made to leave, and true says that something did not. A neighbour's pages that are on
 * their way look the same. False where nothing is sent that way (before Linux 6.5). */
bool hw_files_is_on_its_way(const struct hw_files *files, uint32_t shard, uint32_t segment,
			    uint64_t offset, uint64_t size);
/* Give the blocks of [offset, offset + size) back; reads there answer zeros. -ENOENT is no error:
 * 0. */
int hw_files_segment_punch(const struct hw_files *files, uint32_t shard, uint32_t segment,
			   uint64_t offset, uint64_t size) HW_MUST_CHECK;
/* Cut to @size bytes, which also gives back what was allocated behind. */
int hw_files_segment_cut(const struct hw_files *files, uint32_t shard, uint32_t segment,
			 uint64_t size) HW_MUST_CHECK;
/* Bytes from the first to the last. */
int hw_files_segment_size(const struct hw_files *files, uint32_t shard, uint32_t segment,
			  uint64_t *ret_size) HW_MUST_CHECK;
/* Bytes that the disk has given it, as du counts them: less than its size where holes are. */
int hw_files_segment_used_size(const struct hw_files *files, uint32_t shard, uint32_t segment,
			       uint64_t *ret_size) HW_MUST_CHECK;
int hw_files_segment_unlink(const struct hw_files *files, uint32_t shard,
			    uint32_t segment) HW_MUST_CHECK;

/* A small file that may be lost: where the scrubber is. Written anew as a whole, not synced; what
 * is read back was written by one write, or is an older one. @size: HW_FILES_NOTE_SIZE_MAX at most.
 * read returns the bytes there were (up to @size), -ENOENT, or what the kernel said. */
#define HW_FILES_NOTE_SIZE_MAX 4096U
int hw_files_note_write(const struct hw_files *files, const void *bytes,
			uint32_t size) HW_MUST_CHECK;
int hw_files_note_read(const struct hw_files *files, void *ret_bytes, uint32_t size) HW_MUST_CHECK;

/* Is there such a file in the directory itself? Returns 1, 0 or -errno. */
int hw_files_has(const struct hw_files *files, const char *name) HW_MUST_CHECK;
/* The numbers of the segments of @shard that exist, in rising order; none when it has no directory.
 * @ret_segments: moved to the caller, who frees it with hw_files_list_free (NULL when none).
 * Returns how many, or -errno. */
int hw_files_segment_list(const struct hw_files *files, uint32_t shard,
			  uint32_t **ret_segments) HW_MUST_CHECK;
void hw_files_list_free(uint32_t *segments);

#endif
