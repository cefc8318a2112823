/* SPDX-License-Identifier: Apache-2.0
 *
 * file_reader.h - verified slabs of one pinned file, from any offset on
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 * Owns: a window of the file's extents; one chunk that is open; the slab that is being filled
 *
 *	(LOOKUP with request, found) -> begin -> read -> done ... -> cancel -> (UNPIN with request)
 *
 * The chunk stays open from one read to the next, so that its leaves are read once. Whoever makes
 * its client wait must cancel: an open chunk keeps its segment in its place.
 */
#ifndef HW_NET_TALK_FILE_READER_H
#define HW_NET_TALK_FILE_READER_H

#include "core/store/chunk_reader.h"
#include "net/talk/talk.h"

#define HW_LEND_SIZE_MAX 1048576U /* bytes; of a file that are lent at once */
#define HW_LEND_SIZE_MIN 262144U  /* below, a slab is cheaper than two ways to a kernel thread */

/* Bytes of a segment, which the caller may pass on unread: verified, and in memory. */
struct hw_file_lent {
	uint64_t offset; /* in the segment */
	uint32_t file;   /* slot of the ring */
	int fd;          /* the same file */
	uint32_t size;   /* bytes; 0: nothing is lent */
};

/* Embedded in the caller. Private to file_reader.c but request, file_id, lent and lend_size_max. */
struct hw_file_reader {
	struct hw_chunk_reader chunk_reader;
	/* The caller's to find and to unpin the file with, while nothing is being read. */
	struct hw_catalog_request request;
	struct hw_slab_waiter slab_waiter;
	struct hw_talks *talks;
	/* @slab: moved; HELD, all of it verified; its byte at @res is the one that was asked for.
	 * NULL and 0: lent says what there is instead, until the next call of read or cancel.
	 * On failure NULL, and @res is -errno: -ECANCELED if it was cancelled. Never inside a call
	 * of the caller's. */
	void (*done)(struct hw_file_reader *reader, struct hw_slab *slab, int res);
	struct hw_slab *filling; /* lent to chunk_reader */
	struct hw_file_lent lent;
	struct hw_mail mail;    /* an answer that must not come inside a call */
	uint32_t lend_size_max; /* bytes that may be lent instead of read; 0: none */
	uint64_t file_id;
	uint64_t offset;       /* of the byte that is asked for */
	uint64_t chunk_index;  /* of the chunk that is open */
	uint64_t window_first; /* index of the chunk in request.extents[0] */
	bool is_open;
	bool is_reading; /* the disk, the catalog or the line for slabs wakes it: done will come */
	bool is_cancelled;
	bool is_tentative; /* places may be let go of while they are read: chunk_reader.h */
};

/* Once, before the file is looked up. */
void hw_file_reader_init(struct hw_file_reader *reader, struct hw_talks *talks,
			 void (*done)(struct hw_file_reader *reader, struct hw_slab *slab,
				      int res));
/* request is a LOOKUP that found the file: its extents are the first window. */
void hw_file_reader_begin(struct hw_file_reader *reader);

/* hw_file_reader_read - the slab that has the byte at @offset, below the file's size
 * Returns 0 (done comes), or -EBADMSG: the catalog's rows do not add up to the file. Nothing else
 * may be under way. */
int hw_file_reader_read(struct hw_file_reader *reader, uint64_t offset) HW_MUST_CHECK;
/* What is lent has left memory meanwhile. Then cancel. */
void hw_file_reader_distrust(struct hw_file_reader *reader);
/* What is being read is not wanted, and nothing else is soon: the chunk is closed. Who waits in
 * line for a slab leaves it at once, and done does not come; what is in flight has still to land,
 * and done says so. */
void hw_file_reader_cancel(struct hw_file_reader *reader);
/* Forget the window: the next one begins with this chunk, wherever it comes from. */
void hw_file_reader_window_drop(struct hw_file_reader *reader, uint64_t chunk_index);
/* Where the chunk with the byte at @offset is; NULL: it is not in the window. */
const struct hw_extent *hw_file_reader_place(const struct hw_file_reader *reader, uint64_t offset);
/* The place of one chunk, which the catalog need not know yet. @extent: copied. */
void hw_file_reader_window_set(struct hw_file_reader *reader, uint64_t chunk_index,
			       const struct hw_extent *extent);
/* done will come. */
static inline bool hw_file_reader_is_reading(const struct hw_file_reader *reader)
{
	return reader->is_reading;
}

#endif
