/* SPDX-License-Identifier: Apache-2.0
 *
 * zip.h - the bytes of a ZIP of stored files, and what lies at any offset of it
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing
 * Limits: HW_ZIP_SIZE_MAX bytes; names of HW_NAME_SIZE_MAX bytes
 *
 * Sizes and checksums are known before the first byte is sent, so nothing has to follow a file (no
 * data descriptor), and the archive's size is exact. Entries are given one at a time, in the same
 * order each time, and are never held together:
 *
 *	layout_init -> layout_add ... -> layout_end          once through all entries: size and tag
 *	cursor_init -> cursor_entry, cursor_write, cursor_skip ... as cursor.state says
 *
 * A cursor may start at any offset. It goes through the entries from the first one on (once for
 * what lies among the files, once for what lies behind them), because an offset is the sum of what
 * comes before it; and to its last entry even when it ends before, to see that they are the ones
 * that the layout was made of.
 */
#ifndef HW_NET_WIRE_ZIP_H
#define HW_NET_WIRE_ZIP_H

#include "net/wire/zip_record.h"
#include "simd/sha256.h"

#define HW_ZIP_SIZE_MAX (UINT64_C(1) << 62) /* bytes; so that no sum overflows */

/* May be read after layout_end. */
struct hw_zip_layout {
	uint64_t central_offset; /* bytes before the central directory: headers and files */
	uint64_t central_size;
	uint32_t entry_count;
	struct hw_sha256 sha;
	struct hw_hash tag; /* of everything the archive's bytes depend on: a strong ETag */
};

enum hw_zip_state {
	HW_ZIP_DONE = 0,    /* all was given */
	HW_ZIP_WANTS_ENTRY, /* cursor_entry: entry_index of the list, as before */
	HW_ZIP_WANTS_WRITE, /* cursor_write: bytes of a record */
	HW_ZIP_WANTS_FILE,  /* cursor_file says which bytes of the entry's file; cursor_skip */
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
	struct hw_zip_entry entry;
	struct hw_sha256 sha;
	uint32_t entry_index;
	enum hw_zip_phase phase;
	enum hw_zip_state state;
};

void hw_zip_layout_init(struct hw_zip_layout *layout);
/* Returns 0, or -EFBIG: the archive would be longer than HW_ZIP_SIZE_MAX (the layout is as it was).
 */
int hw_zip_layout_add(struct hw_zip_layout *layout, const struct hw_zip_entry *entry) HW_MUST_CHECK;
void hw_zip_layout_end(struct hw_zip_layout *layout);
/* Bytes of the archive. */
uint64_t hw_zip_size(const struct hw_zip_layout *layout);

/* @layout: ended; lent as long as the cursor is used. @offset < @end_offset <= hw_zip_size(). */
void hw_zip_cursor_init(struct hw_zip_cursor *cursor, const struct hw_zip_layout *layout,
			uint64_t offset, uint64_t end_offset);
void hw_zip_cursor_entry(struct hw_zip_cursor *cursor, const struct hw_zip_entry *entry);
/* Writes as much of the record as fits and is wanted. Returns bytes; @capacity > 0. */
uint32_t hw_zip_cursor_write(struct hw_zip_cursor *cursor, uint8_t *bytes, uint32_t capacity);
/* Bytes of the file that are to follow, from *ret_offset on in the file. */
uint64_t hw_zip_cursor_file(const struct hw_zip_cursor *cursor, uint64_t *ret_offset);
/* The next @size of them were taken; at most what cursor_file says. */
void hw_zip_cursor_skip(struct hw_zip_cursor *cursor, uint64_t size);

#endif
