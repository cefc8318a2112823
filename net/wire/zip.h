/* SPDX-License-Identifier: Apache-2.0
 *
 * zip.h - the bytes of a ZIP of stored files, and what lies at any offset of it
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing
 * Limits: HW_ZIP_SIZE_MAX bytes; names of HW_NAME_SIZE_MAX bytes
 *
 * Entries are given one at a time, in the same order each time, and are never held together:
 *
 *	layout_init -> layout_add ... -> layout_end          once through all entries: size and tag
 *	cursor_init -> cursor_entry, cursor_write, cursor_skip ... as cursor.state says
 *
 * A cursor may start at any offset. It goes through the entries from the first one on (once for
 * what lies among the files, once for what lies behind them), because an offset is the sum of what
 * comes before it; and to its last entry even when it ends before, to see that they are the ones
 * that the layout was made of.
 *
 * Where all entries are whole, nothing follows a file, the size is exact and the tag is one of all
 * bytes. An archive with others is *live*: it has no tag, and is read from its beginning to its end
 * only; the cursor asks for what is to come (file_ends, end), adds up what it was told, and
 * compares that with what the same entries say when the directory is written. Its size is exact all
 * the same unless there is one whose size nobody knows; then it is *open*.
 */
#ifndef HW_NET_WIRE_ZIP_H
#define HW_NET_WIRE_ZIP_H

#include "net/wire/zip_record.h"
#include "simd/sha256.h"

#define HW_ZIP_SIZE_MAX     (UINT64_C(1) << 62) /* bytes; so that no sum overflows */
#define HW_ZIP_SIZE_UNKNOWN UINT64_MAX

/* May be read after layout_end. */
struct hw_zip_layout {
	uint64_t central_offset; /* bytes before the central directory: headers and files */
	uint64_t central_size;
	uint32_t entry_count;
	struct hw_sha256 sha;
	struct hw_hash tag; /* of everything the archive's bytes depend on: a strong ETag; if it is
			     * not live */
	bool is_live;       /* an entry is not whole */
	bool is_open;       /* an entry is open: the offset and size above are without its bytes */
};

enum hw_zip_state {
	HW_ZIP_DONE = 0,    /* all was given */
	HW_ZIP_WANTS_ENTRY, /* cursor_entry: entry_index of the list, as before */
	HW_ZIP_WANTS_WRITE, /* cursor_write: bytes of a record */
	HW_ZIP_WANTS_FILE,  /* cursor_file says which bytes of the entry's file; cursor_skip, or
			     * cursor_file_ends */
	HW_ZIP_WANTS_END,   /* cursor_end: the checksum of the entry's file */
	HW_ZIP_IS_CHANGED,  /* these entries are not the layout's: what was given is void */
	HW_ZIP_STATE_COUNT,
};

enum hw_zip_phase {
	HW_ZIP_FILES = 0, /* local headers and files */
	HW_ZIP_CENTRAL,
	HW_ZIP_TAIL,
	HW_ZIP_PHASE_COUNT,
};

/* May be copied, to come back to a place while its entry's name is still lent. state, offset,
 * entry and entry_index may be read. */
struct hw_zip_cursor {
	const struct hw_zip_layout *layout;
	uint64_t offset;       /* of the next byte, in the archive */
	uint64_t end_offset;   /* of the first byte not wanted */
	uint64_t part_offset;  /* of the current entry's first byte in this phase */
	uint64_t part_size;    /* 0: no entry */
	uint64_t local_offset; /* of its local header */
	uint64_t file_size;    /* bytes of its file; HW_ZIP_SIZE_MAX: that is not known yet */
	struct hw_zip_entry entry;
	struct hw_sha256 sha;         /* of this phase's entries */
	struct hw_sha256 outcome_sha; /* live, among the files: of what the directory has to say */
	struct hw_hash outcome;       /* that, when all files were there */
	struct hw_zip_end end;        /* live, among the files: as far as it was added up */
	uint32_t entry_index;
	enum hw_zip_phase phase;
	enum hw_zip_state state;
	bool has_end; /* the entry's size and checksum are known */
};

void hw_zip_layout_init(struct hw_zip_layout *layout);
/* Returns 0, or -EFBIG: the archive would be longer than HW_ZIP_SIZE_MAX (the layout is as it was).
 */
int hw_zip_layout_add(struct hw_zip_layout *layout, const struct hw_zip_entry *entry) HW_MUST_CHECK;
void hw_zip_layout_end(struct hw_zip_layout *layout);
/* Bytes of the archive; HW_ZIP_SIZE_UNKNOWN if it is open. */
uint64_t hw_zip_size(const struct hw_zip_layout *layout);

/* @layout: ended; lent as long as the cursor is used. @offset < @end_offset <= hw_zip_size(); live:
 * 0 and that. */
void hw_zip_cursor_init(struct hw_zip_cursor *cursor, const struct hw_zip_layout *layout,
			uint64_t offset, uint64_t end_offset);
/* @entry: of the layout. Behind the files all are complete, whatever their kind is. */
void hw_zip_cursor_entry(struct hw_zip_cursor *cursor, const struct hw_zip_entry *entry);
/* Writes as much of the record as fits and is wanted. Returns bytes; @capacity > 0. */
uint32_t hw_zip_cursor_write(struct hw_zip_cursor *cursor, uint8_t *bytes, uint32_t capacity);
/* Bytes of the file that are to follow, from *ret_offset on in the file. */
uint64_t hw_zip_cursor_file(const struct hw_zip_cursor *cursor, uint64_t *ret_offset);
/* The next @size of them were taken; at most what cursor_file says. */
void hw_zip_cursor_skip(struct hw_zip_cursor *cursor, uint64_t size);
/* The file of an open entry has no more bytes than were taken. */
void hw_zip_cursor_file_ends(struct hw_zip_cursor *cursor);
void hw_zip_cursor_end(struct hw_zip_cursor *cursor, uint32_t crc32);

#endif
