/* SPDX-License-Identifier: Apache-2.0
 *
 * chunk_reader.h - verified blocks of one chunk, out of its extent
 *
 * Room: core/store    Thread: reactor    Blocks: never    Allocates: never
 * Owns: a view of the segment, from open to close; the leaves, once they matched the chunk's root
 *
 *	open -> opened(0) -> read -> read_done(size) ... -> close
 *
 * No byte is handed out that did not match its leaf when it came from the disk, and no leaf is
 * used that does not belong to the root: what the disk changed is -EBADMSG. Somebody else (the
 * catalog's pin) keeps the extent in its place.
 */
#ifndef HW_CORE_STORE_CHUNK_READER_H
#define HW_CORE_STORE_CHUNK_READER_H

#include "core/store/store.h"

enum hw_chunk_reader_state {
	HW_READER_CLOSED = 0,
	HW_READER_OPENING, /* the segment is being opened */
	HW_READER_LEAVES,  /* the leaves are being read */
	HW_READER_OPEN,    /* nothing in flight */
	HW_READER_READING, /* blocks are being read */
	HW_READER_HASHING, /* blocks wait for the digest */
	HW_READER_STATE_COUNT,
};

/* Embedded in the caller. Fields are private to chunk_reader.c but extent. */
struct hw_chunk_reader {
	struct hw_hash leaves[HW_CHUNK_BLOCKS];
	struct hw_extent extent;
	struct hw_store *store;
	struct hw_segment_reader reader;
	struct hw_op op;
	struct hw_mail mail;
	struct hw_digest_job digest;
	struct hw_hash found[HW_SLAB_BLOCKS]; /* of the blocks just read */
	struct hw_slab *slab;                 /* lent, READING and HASHING */
	uint32_t first_block;
	uint32_t size;        /* bytes wanted */
	uint32_t read_size;   /* bytes there */
	uint32_t stuck_count; /* reads in a row without progress */
	uint32_t fills;       /* hw_fills_of() the extent, before it was read */
	/* res 0, or -errno: then the reader is closed. */
	void (*opened)(struct hw_chunk_reader *reader, int res);
	/* res: bytes in the slab, all verified; or -errno, the slab's contents are void. */
	void (*read_done)(struct hw_chunk_reader *reader, int res);
	enum hw_chunk_reader_state state;
	bool is_trusted; /* what is being read was compared before, and was in memory ever since */
	/* Set before open. is_direct: from the disk, past the page cache; the reader then stands at
	 * a page's boundary. is_quiet: what does not match is neither logged nor counted, for the
	 * caller does not know yet whether anybody still wants it. */
	bool is_direct;
	bool is_quiet;
};

/* @extent: copied; as the catalog has it, which may be damaged: -EBADMSG. opened comes, from a
 * later step. */
void hw_chunk_reader_open(struct hw_chunk_reader *reader, struct hw_store *store,
			  const struct hw_extent *extent);
/* Blocks from @first_block on, as many as the slab and the chunk hold, into @slab (FILLING; lent
 * until read_done; its size is set). One at a time. */
void hw_chunk_reader_read(struct hw_chunk_reader *reader, struct hw_slab *slab,
			  uint32_t first_block);
/* How many bytes from @first_block on were compared before and are in memory now, at most @size:
 * they need not be read to be passed on (verified.h). While OPEN. */
uint32_t hw_chunk_reader_trusted(struct hw_chunk_reader *reader, uint32_t first_block,
				 uint32_t size);
/* Some of it is not in memory though that was said: it is read and compared again. While OPEN. */
void hw_chunk_reader_distrust(struct hw_chunk_reader *reader);
/* Only while OPEN or CLOSED. */
void hw_chunk_reader_close(struct hw_chunk_reader *reader);

#endif
