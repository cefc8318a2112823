/* SPDX-License-Identifier: Apache-2.0
 *
 *   cursor_entry -> part_settle -> WRITE or FILE -> ... -> part_next -> the next entry
 *                                                              |
 *                                                              +-> phase_end -> the next phase
 */
#include "net/wire/zip.h"

#include <errno.h>
#include <string.h>

static const char g_tag_begin[] = "hawser zip 1"; /* goes up when the bytes of archives change */

static void part_settle(struct hw_zip_cursor *cursor);
static void part_next(struct hw_zip_cursor *cursor);
static void phase_end(struct hw_zip_cursor *cursor);

/* -- layout -- */

static void tag_begin(struct hw_sha256 *sha)
{
	hw_sha256_init(sha);
	hw_sha256_update(sha, g_tag_begin, sizeof(g_tag_begin));
}

static void tag_add(struct hw_sha256 *sha, const struct hw_zip_entry *entry)
{
	struct hw_zip_record record = {.size = 0};
	hw_zip_put(&record, entry->name.size, 2);
	hw_zip_put(&record, entry->size, 8);
	hw_zip_put(&record, entry->mtime_s, 8);
	hw_zip_put(&record, entry->crc32, 4);
	hw_sha256_update(sha, record.bytes, record.size);
	hw_sha256_update(sha, entry->root, HW_HASH_SIZE);
	hw_sha256_update(sha, entry->name.bytes, entry->name.size);
}

void hw_zip_layout_init(struct hw_zip_layout *layout)
{
	*layout = (struct hw_zip_layout){0};
	tag_begin(&layout->sha);
}

int hw_zip_layout_add(struct hw_zip_layout *layout, const struct hw_zip_entry *entry)
{
	hw_assert(entry->name.size > 0 && entry->name.size <= HW_NAME_SIZE_MAX);
	uint32_t record_size = hw_zip_central_size(entry, layout->central_offset);
	uint64_t size = layout->central_offset + layout->central_size + hw_zip_local_size(entry) +
			record_size + HW_ZIP_END_SIZE_MAX;
	if (entry->size > HW_ZIP_SIZE_MAX || size + entry->size > HW_ZIP_SIZE_MAX ||
	    layout->entry_count == UINT32_MAX) {
		return -EFBIG;
	}
	layout->central_offset += hw_zip_local_size(entry) + entry->size;
	layout->central_size += record_size;
	layout->entry_count++;
	tag_add(&layout->sha, entry);
	return 0;
}

void hw_zip_layout_end(struct hw_zip_layout *layout)
{
	hw_sha256_final(&layout->sha, &layout->tag);
}

static struct hw_zip_end end_of(const struct hw_zip_layout *layout)
{
	return (struct hw_zip_end){
		.central_offset = layout->central_offset,
		.central_size = layout->central_size,
		.entry_count = layout->entry_count,
	};
}

uint64_t hw_zip_size(const struct hw_zip_layout *layout)
{
	struct hw_zip_end end = end_of(layout);
	return layout->central_offset + layout->central_size + hw_zip_end_size(&end);
}

/* -- cursor -- */

static uint64_t phase_end_offset(const struct hw_zip_cursor *cursor)
{
	const struct hw_zip_layout *layout = cursor->layout;
	return layout->central_offset + (cursor->phase == HW_ZIP_FILES ? 0 : layout->central_size);
}

static void phase_begin(struct hw_zip_cursor *cursor, enum hw_zip_phase phase)
{
	cursor->phase = phase;
	cursor->part_offset = phase == HW_ZIP_FILES ? 0 : cursor->layout->central_offset;
	cursor->part_size = 0;
	cursor->local_offset = 0;
	cursor->entry_index = 0;
	tag_begin(&cursor->sha);
	cursor->state = HW_ZIP_WANTS_ENTRY;
}

void hw_zip_cursor_init(struct hw_zip_cursor *cursor, const struct hw_zip_layout *layout,
			uint64_t offset, uint64_t end_offset)
{
	hw_assert(offset < end_offset && end_offset <= hw_zip_size(layout));
	*cursor = (struct hw_zip_cursor){
		.layout = layout,
		.offset = offset,
		.end_offset = end_offset,
	};
	phase_begin(cursor, offset < layout->central_offset ? HW_ZIP_FILES : HW_ZIP_CENTRAL);
	if (layout->entry_count == 0) {
		phase_end(cursor);
	}
}

void hw_zip_cursor_entry(struct hw_zip_cursor *cursor, const struct hw_zip_entry *entry)
{
	hw_assert(cursor->state == HW_ZIP_WANTS_ENTRY);
	hw_assert(entry->name.size > 0 && entry->name.size <= HW_NAME_SIZE_MAX);
	cursor->entry = *entry;
	cursor->entry.root = NULL;
	tag_add(&cursor->sha, entry);
	if (entry->size > HW_ZIP_SIZE_MAX) {
		cursor->state = HW_ZIP_IS_CHANGED;
		return;
	}
	cursor->part_size = cursor->phase == HW_ZIP_FILES
				    ? hw_zip_local_size(entry) + entry->size
				    : hw_zip_central_size(entry, cursor->local_offset);
	if (cursor->part_size > phase_end_offset(cursor) - cursor->part_offset) {
		cursor->state = HW_ZIP_IS_CHANGED;
		return;
	}
	part_settle(cursor);
}

static uint64_t part_record_size(const struct hw_zip_cursor *cursor)
{
	return cursor->phase == HW_ZIP_FILES ? hw_zip_local_size(&cursor->entry)
					     : cursor->part_size;
}

/* What of the current part comes next. */
static void part_settle(struct hw_zip_cursor *cursor)
{
	if (cursor->offset == cursor->end_offset ||
	    cursor->offset >= cursor->part_offset + cursor->part_size) {
		part_next(cursor);
		return;
	}
	hw_assert(cursor->offset >= cursor->part_offset);
	bool is_record = cursor->offset < cursor->part_offset + part_record_size(cursor);
	cursor->state = is_record ? HW_ZIP_WANTS_WRITE : HW_ZIP_WANTS_FILE;
}

static void part_next(struct hw_zip_cursor *cursor)
{
	if (cursor->phase == HW_ZIP_TAIL) {
		hw_assert(cursor->offset == cursor->end_offset);
		cursor->state = HW_ZIP_DONE;
		return;
	}
	cursor->part_offset += cursor->part_size;
	cursor->part_size = 0;
	cursor->local_offset += hw_zip_local_size(&cursor->entry) + cursor->entry.size;
	cursor->entry_index++;
	cursor->state = HW_ZIP_WANTS_ENTRY;
	if (cursor->entry_index == cursor->layout->entry_count) {
		phase_end(cursor);
	}
}

/* All entries were seen: were they those of the layout? */
static void phase_end(struct hw_zip_cursor *cursor)
{
	struct hw_hash tag;
	hw_sha256_final(&cursor->sha, &tag);
	if (cursor->part_offset != phase_end_offset(cursor) ||
	    !hw_hash_equal(&tag, &cursor->layout->tag)) {
		cursor->state = HW_ZIP_IS_CHANGED;
		return;
	}
	if (cursor->offset == cursor->end_offset) {
		cursor->state = HW_ZIP_DONE;
		return;
	}
	if (cursor->phase == HW_ZIP_FILES) {
		phase_begin(cursor, HW_ZIP_CENTRAL);
		return;
	}
	cursor->phase = HW_ZIP_TAIL;
	struct hw_zip_end end = end_of(cursor->layout);
	cursor->part_size = hw_zip_end_size(&end);
	cursor->state = HW_ZIP_WANTS_WRITE;
}

uint32_t hw_zip_cursor_write(struct hw_zip_cursor *cursor, uint8_t *bytes, uint32_t capacity)
{
	hw_assert(cursor->state == HW_ZIP_WANTS_WRITE && capacity > 0);
	struct hw_zip_record record = {.size = 0};
	if (cursor->phase == HW_ZIP_FILES) {
		hw_zip_put_local(&record, &cursor->entry);
	} else if (cursor->phase == HW_ZIP_CENTRAL) {
		hw_zip_put_central(&record, &cursor->entry, cursor->local_offset);
	} else {
		struct hw_zip_end end = end_of(cursor->layout);
		hw_zip_put_end(&record, &end);
	}
	hw_assert(record.size == part_record_size(cursor));
	uint64_t done_size = cursor->offset - cursor->part_offset;
	uint64_t size = hw_min(record.size - done_size, cursor->end_offset - cursor->offset);
	size = hw_min(size, capacity);
	memcpy(bytes, record.bytes + done_size, size);
	cursor->offset += size;
	part_settle(cursor);
	return (uint32_t)size;
}

uint64_t hw_zip_cursor_file(const struct hw_zip_cursor *cursor, uint64_t *ret_offset)
{
	hw_assert(cursor->state == HW_ZIP_WANTS_FILE);
	uint64_t part_end = cursor->part_offset + cursor->part_size;
	*ret_offset = cursor->entry.size - (part_end - cursor->offset);
	return hw_min(part_end, cursor->end_offset) - cursor->offset;
}

void hw_zip_cursor_skip(struct hw_zip_cursor *cursor, uint64_t size)
{
	uint64_t offset = 0;
	hw_assert(size > 0 && size <= hw_zip_cursor_file(cursor, &offset));
	cursor->offset += size;
	part_settle(cursor);
}
