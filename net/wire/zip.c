/* SPDX-License-Identifier: Apache-2.0
 *
 *   cursor_entry -> part_settle -> WRITE, FILE or END -> ... -> part_next -> the next entry
 *                                                                   |
 *                                                                   +-> phase_end -> the next phase
 *
 * A part is a record, and among the files the file behind it, and perhaps a descriptor behind that.
 */
#include "net/wire/zip.h"

#include <errno.h>
#include <string.h>

static const char g_tag_begin[] = "hawser zip 1"; /* goes up when the bytes of archives change */
static const char g_outcome_begin[] = "hawser zip outcome"; /* never leaves the process */

static void part_settle(struct hw_zip_cursor *cursor);
static void part_next(struct hw_zip_cursor *cursor);
static void phase_end(struct hw_zip_cursor *cursor);

/* -- what entries come to -- */

static void tag_begin(struct hw_sha256 *sha)
{
	hw_sha256_init(sha);
	hw_sha256_update(sha, g_tag_begin, sizeof(g_tag_begin));
}

/* What is known of an entry before its bytes are there. */
static void tag_add(struct hw_sha256 *sha, const struct hw_zip_entry *entry)
{
	bool is_whole = entry->kind == HW_ZIP_WHOLE;
	uint8_t no_root[HW_HASH_SIZE] = {(uint8_t)entry->kind};
	struct hw_zip_record record = {.size = 0};
	hw_zip_put(&record, entry->name.size, 2);
	hw_zip_put(&record, entry->kind == HW_ZIP_OPEN ? 0 : entry->size, 8);
	hw_zip_put(&record, entry->mtime_s, 8);
	hw_zip_put(&record, is_whole ? entry->crc32 : 0, 4);
	hw_sha256_update(sha, record.bytes, record.size);
	hw_sha256_update(sha, is_whole ? entry->root : no_root, HW_HASH_SIZE);
	hw_sha256_update(sha, entry->name.bytes, entry->name.size);
}

static void outcome_begin(struct hw_sha256 *sha)
{
	hw_sha256_init(sha);
	hw_sha256_update(sha, g_outcome_begin, sizeof(g_outcome_begin));
}

/* What the directory says of it. */
static void outcome_add(struct hw_sha256 *sha, const struct hw_zip_entry *entry)
{
	struct hw_zip_record record = {.size = 0};
	hw_zip_put(&record, entry->name.size, 2);
	hw_zip_put(&record, entry->size, 8);
	hw_zip_put(&record, entry->mtime_s, 8);
	hw_zip_put(&record, entry->crc32, 4);
	hw_zip_put(&record, entry->kind, 1);
	hw_sha256_update(sha, record.bytes, record.size);
	hw_sha256_update(sha, entry->name.bytes, entry->name.size);
}

/* -- layout -- */

/* Bytes of an entry among the files, without those of its file. */
static uint64_t records_size(const struct hw_zip_entry *entry)
{
	return hw_zip_local_size(entry) + hw_zip_descriptor_size(entry);
}

void hw_zip_layout_init(struct hw_zip_layout *layout)
{
	*layout = (struct hw_zip_layout){0};
	tag_begin(&layout->sha);
}

int hw_zip_layout_add(struct hw_zip_layout *layout, const struct hw_zip_entry *entry)
{
	hw_assert(entry->name.size > 0 && entry->name.size <= HW_NAME_SIZE_MAX);
	uint64_t file_size = entry->kind == HW_ZIP_OPEN ? 0 : entry->size;
	uint32_t record_size = hw_zip_central_size(entry, layout->central_offset);
	uint64_t size = layout->central_offset + layout->central_size + records_size(entry) +
			record_size + HW_ZIP_END_SIZE_MAX;
	if (file_size > HW_ZIP_SIZE_MAX || size + file_size > HW_ZIP_SIZE_MAX ||
	    layout->entry_count == UINT32_MAX) {
		return -EFBIG;
	}
	layout->central_offset += records_size(entry) + file_size;
	layout->central_size += record_size;
	layout->entry_count++;
	layout->is_live = layout->is_live || entry->kind != HW_ZIP_WHOLE;
	layout->is_open = layout->is_open || entry->kind == HW_ZIP_OPEN;
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
	return layout->is_open
		       ? HW_ZIP_SIZE_UNKNOWN
		       : layout->central_offset + layout->central_size + hw_zip_end_size(&end);
}

/* -- cursor -- */

static uint64_t phase_end_offset(const struct hw_zip_cursor *cursor)
{
	if (cursor->phase == HW_ZIP_FILES) {
		return cursor->layout->is_open ? HW_ZIP_SIZE_MAX : cursor->layout->central_offset;
	}
	return cursor->end.central_offset + cursor->end.central_size;
}

static void phase_begin(struct hw_zip_cursor *cursor, enum hw_zip_phase phase)
{
	cursor->phase = phase;
	cursor->part_offset = phase == HW_ZIP_FILES ? 0 : cursor->end.central_offset;
	cursor->part_size = 0;
	cursor->local_offset = 0;
	cursor->entry_index = 0;
	if (phase == HW_ZIP_CENTRAL && cursor->layout->is_live) {
		outcome_begin(&cursor->sha);
	} else {
		tag_begin(&cursor->sha);
	}
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
		.outcome = layout->tag,
		.end = end_of(layout),
	};
	if (layout->is_live) {
		hw_assert(offset == 0 && end_offset == hw_zip_size(layout));
		cursor->end.central_size = 0;
		outcome_begin(&cursor->outcome_sha);
	}
	phase_begin(cursor, offset < layout->central_offset ? HW_ZIP_FILES : HW_ZIP_CENTRAL);
	if (layout->entry_count == 0) {
		phase_end(cursor);
	}
}

/* Could it be one of these archives at all? */
static bool is_kind_known(const struct hw_zip_cursor *cursor, const struct hw_zip_entry *entry)
{
	const struct hw_zip_layout *layout = cursor->layout;
	return (entry->kind == HW_ZIP_WHOLE || layout->is_live) &&
	       (entry->kind != HW_ZIP_OPEN || layout->is_open);
}

void hw_zip_cursor_entry(struct hw_zip_cursor *cursor, const struct hw_zip_entry *entry)
{
	hw_assert(cursor->state == HW_ZIP_WANTS_ENTRY);
	hw_assert(entry->name.size > 0 && entry->name.size <= HW_NAME_SIZE_MAX);
	bool is_file = cursor->phase == HW_ZIP_FILES;
	bool is_to_come = is_file && entry->kind == HW_ZIP_OPEN;
	cursor->entry = *entry;
	cursor->entry.root = NULL;
	cursor->entry.size = is_to_come ? 0 : entry->size;
	cursor->has_end = !is_file || entry->kind == HW_ZIP_WHOLE;
	if (!is_kind_known(cursor, entry) || cursor->entry.size > HW_ZIP_SIZE_MAX) {
		cursor->state = HW_ZIP_IS_CHANGED;
		return;
	}
	if (!is_file && cursor->layout->is_live) {
		outcome_add(&cursor->sha, entry);
	} else {
		tag_add(&cursor->sha, entry);
	}
	cursor->part_size = is_file ? records_size(entry) + cursor->entry.size
				    : hw_zip_central_size(entry, cursor->local_offset);
	if (cursor->part_size > phase_end_offset(cursor) - cursor->part_offset) {
		cursor->state = HW_ZIP_IS_CHANGED;
		return;
	}
	cursor->file_size = is_to_come ? HW_ZIP_SIZE_MAX : cursor->entry.size;
	cursor->part_size += is_to_come ? HW_ZIP_SIZE_MAX : 0;
	part_settle(cursor);
}

/* Bytes of the record that the part begins with. */
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
	uint64_t seen_size = cursor->offset - cursor->part_offset;
	uint64_t record_size = part_record_size(cursor);
	if (seen_size < record_size) {
		cursor->state = HW_ZIP_WANTS_WRITE;
	} else if (seen_size < record_size + cursor->file_size) {
		cursor->state = HW_ZIP_WANTS_FILE;
	} else {
		cursor->state = cursor->has_end ? HW_ZIP_WANTS_WRITE : HW_ZIP_WANTS_END;
	}
}

static void part_next(struct hw_zip_cursor *cursor)
{
	const struct hw_zip_entry *entry = &cursor->entry;
	if (cursor->phase == HW_ZIP_TAIL) {
		hw_assert(cursor->offset == cursor->end_offset);
		cursor->state = HW_ZIP_DONE;
		return;
	}
	if (cursor->phase == HW_ZIP_FILES && cursor->layout->is_live) {
		hw_assert(cursor->has_end);
		outcome_add(&cursor->outcome_sha, entry);
		cursor->end.central_size += hw_zip_central_size(entry, cursor->local_offset);
	}
	cursor->part_offset += cursor->part_size;
	cursor->part_size = 0;
	cursor->local_offset += records_size(entry) + entry->size;
	cursor->entry_index++;
	cursor->state = HW_ZIP_WANTS_ENTRY;
	if (cursor->entry_index == cursor->layout->entry_count) {
		phase_end(cursor);
	}
}

/* All entries were seen: were they those of the layout? And those in the directory the ones that
 * were sent? */
static void phase_end(struct hw_zip_cursor *cursor)
{
	const struct hw_zip_layout *layout = cursor->layout;
	bool is_file = cursor->phase == HW_ZIP_FILES;
	bool is_end_free = is_file && layout->is_open;
	struct hw_hash tag;
	hw_sha256_final(&cursor->sha, &tag);
	if ((!is_end_free && cursor->part_offset != phase_end_offset(cursor)) ||
	    !hw_hash_equal(&tag, is_file ? &layout->tag : &cursor->outcome)) {
		cursor->state = HW_ZIP_IS_CHANGED;
		return;
	}
	if (cursor->offset == cursor->end_offset) {
		cursor->state = HW_ZIP_DONE;
		return;
	}
	if (is_file) {
		cursor->end.central_offset = cursor->part_offset;
		if (layout->is_live) {
			hw_sha256_final(&cursor->outcome_sha, &cursor->outcome);
		}
		phase_begin(cursor, HW_ZIP_CENTRAL);
		return;
	}
	cursor->phase = HW_ZIP_TAIL;
	cursor->part_size = hw_zip_end_size(&cursor->end);
	if (layout->is_open) {
		cursor->end_offset = cursor->part_offset + cursor->part_size;
	}
	cursor->state = HW_ZIP_WANTS_WRITE;
}

/* The record that the cursor is in. Returns where in the archive it begins. */
static uint64_t record_make(const struct hw_zip_cursor *cursor, struct hw_zip_record *record)
{
	uint64_t file_offset = cursor->part_offset + part_record_size(cursor);
	if (cursor->phase == HW_ZIP_TAIL) {
		hw_zip_put_end(record, &cursor->end);
	} else if (cursor->phase == HW_ZIP_CENTRAL) {
		hw_zip_put_central(record, &cursor->entry, cursor->local_offset);
	} else if (cursor->offset >= file_offset) {
		hw_zip_put_descriptor(record, &cursor->entry);
		hw_assert(record->size == hw_zip_descriptor_size(&cursor->entry));
		return file_offset + cursor->entry.size;
	} else {
		hw_zip_put_local(record, &cursor->entry);
	}
	hw_assert(record->size == part_record_size(cursor));
	return cursor->part_offset;
}

uint32_t hw_zip_cursor_write(struct hw_zip_cursor *cursor, uint8_t *bytes, uint32_t capacity)
{
	hw_assert(cursor->state == HW_ZIP_WANTS_WRITE && capacity > 0);
	struct hw_zip_record record = {.size = 0};
	uint64_t done_size = cursor->offset - record_make(cursor, &record);
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
	uint64_t begin = cursor->part_offset + part_record_size(cursor);
	*ret_offset = cursor->offset - begin;
	return hw_min(begin + cursor->file_size, cursor->end_offset) - cursor->offset;
}

void hw_zip_cursor_skip(struct hw_zip_cursor *cursor, uint64_t size)
{
	uint64_t offset = 0;
	hw_assert(size > 0 && size <= hw_zip_cursor_file(cursor, &offset));
	cursor->offset += size;
	part_settle(cursor);
}

void hw_zip_cursor_file_ends(struct hw_zip_cursor *cursor)
{
	uint64_t size = 0;
	(void)hw_zip_cursor_file(cursor, &size); /* what would follow does not */
	hw_assert(cursor->entry.kind == HW_ZIP_OPEN && cursor->file_size == HW_ZIP_SIZE_MAX);
	cursor->entry.size = size;
	cursor->file_size = size;
	cursor->part_size = records_size(&cursor->entry) + size;
	if (cursor->part_size > HW_ZIP_SIZE_MAX - cursor->part_offset) {
		cursor->state = HW_ZIP_IS_CHANGED; /* no archive can hold it */
		return;
	}
	part_settle(cursor);
}

void hw_zip_cursor_end(struct hw_zip_cursor *cursor, uint32_t crc32)
{
	hw_assert(cursor->state == HW_ZIP_WANTS_END);
	cursor->entry.crc32 = crc32;
	cursor->has_end = true;
	part_settle(cursor);
}
